#include "runtime/shard.h"

#include "base/check.h"
#include "runtime/limits.h"

namespace kith::runtime {

Shard::Shard(const ShardOptions& options, const Log& log, Instant now)
    : now_(now),
      id_(options.id),
      shard_count_(options.shard_count),
      random_(options.seed),
      log_(&log),
      wheel_(now),
      read_buffer_(new std::uint8_t[kReadBufferBytes]) {
    CHECK(id_.value() < shard_count_);
}

Shard::~Shard() = default;

void Shard::run_turn(Instant now, WallTime wall_now) {
    begin_turn(now, wall_now);
    finish_turn();
}

void Shard::begin_turn(Instant now, WallTime wall_now) {
    now_ = now;
    wall_now_ = wall_now;
    ++counters_.turns;
    wheel_.advance(now);
    deliver_own_mail();
    receive_mail();
    handle_ready();
    run_tasks(deferred_);
    deliver_completions();
    run_tasks(deferred_);
    wake_peers();  // before the flush, so that peers work while this shard is in system calls
}

void Shard::finish_turn() {
    run_tasks(flushing_);
    wake_peers();
}

std::size_t Shard::flushes_waiting(std::size_t count_max) const {
    std::size_t count = 0;
    for (auto task = flushing_.begin(); task != flushing_.end() && count < count_max; ++task) {
        ++count;
    }
    return count;
}

void Shard::post(ShardId to, std::unique_ptr<Mail> mail) {
    CHECK(to.value() < shard_count_);
    CHECK(mail != nullptr);
    DCHECK(may_use());
    if (to == id_) {
        own_mail_.push_back(std::move(mail));
    } else {
        post_to_peer(to, std::move(mail));
    }
}

void Shard::post_completion(std::unique_ptr<Mail> mail) {
    CHECK(mail != nullptr);
    {
        const std::lock_guard lock(completions_mutex_);
        completions_.push_back(std::move(mail));
        has_completions_.store(true, std::memory_order_release);
    }
    wake();
}

void Shard::mark_ready(Pollable& pollable, Readiness readiness) {
    pollable.readiness_ = pollable.readiness_ | readiness;
    if (!pollable.is_linked()) {
        ready_.push_back(pollable);
    }
}

bool Shard::has_work() const {
    return !ready_.empty() || !deferred_.empty() || !flushing_.empty() || !own_mail_.empty() ||
           has_completions_.load(std::memory_order_acquire);
}

void Shard::drop_mail() {
    own_mail_.clear();
    const std::lock_guard lock(completions_mutex_);
    completions_.clear();
}

void Shard::deliver_own_mail() {
    // Mail that this mail posts to this shard waits for the next turn.
    delivering_.swap(own_mail_);
    for (std::unique_ptr<Mail>& mail : delivering_) {
        mail->deliver(*this);
        mail.reset();
    }
    delivering_.clear();
}

void Shard::handle_ready() {
    ReadyList batch;
    batch.swap(ready_);
    while (!batch.empty()) {
        Pollable& pollable = batch.front();
        batch.pop_front();
        pollable.on_ready(std::exchange(pollable.readiness_, Readiness::None));
    }
}

void Shard::deliver_completions() {
    if (!has_completions_.load(std::memory_order_acquire)) {
        return;
    }
    {
        const std::lock_guard lock(completions_mutex_);
        delivering_.swap(completions_);
        has_completions_.store(false, std::memory_order_release);
    }
    for (std::unique_ptr<Mail>& mail : delivering_) {
        mail->deliver(*this);
        mail.reset();
    }
    delivering_.clear();
}

void Shard::run_tasks(TaskList& tasks) {
    for (std::size_t round = 0; round < kTaskRoundsMax && !tasks.empty(); ++round) {
        TaskList batch;
        batch.swap(tasks);
        while (!batch.empty()) {
            Task& task = batch.front();
            batch.pop_front();
            task.run_task();  // may destroy any task, this one too
        }
    }
}

}  // namespace kith::runtime
