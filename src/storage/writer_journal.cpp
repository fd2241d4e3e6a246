#include "storage/writer_journal.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "storage/backoff.h"

namespace kith::storage {
namespace {

struct Submission {
    ShardId shard;
    CommitTicket ticket;
    WriteBatch batch;
};

class WriterJournal final : public Journal {
  public:
    WriterJournal(std::unique_ptr<MessageStore> store, const WriterJournalOptions& options,
                  CommitListener& listener, const Log& log)
        : store_(std::move(store)),
          listener_(listener),
          log_(log),
          last_tickets_(options.shard_count),
          group_tickets_(options.shard_count),
          backoff_(options.retry_wait_min, options.retry_wait_max) {
        CHECK(options.shard_count > 0);
        CHECK(options.shard_count <= limits::kShardsMax);
        thread_ = std::thread([this] { run(); });
    }
    ~WriterJournal() override;

    CommitTicket submit(ShardId shard, WriteBatch& batch) override;
    JournalCounters counters() const override;
    void between_commits(const std::function<void(MessageStore&)>& task) override;

  private:
    struct Task {
        const std::function<void(MessageStore&)>& run;
        bool is_done = false;
    };

    // On the writer's thread.
    void run();
    [[nodiscard]] bool wait_for_work();
    void run_task(std::unique_lock<std::mutex>& lock);
    void commit_all();
    [[nodiscard]] std::size_t take_group(std::size_t first);
    [[nodiscard]] bool commit_group();
    [[nodiscard]] Status try_commit();
    [[nodiscard]] bool wait_to_retry();
    void note_failure(const Error& error);
    void note_success();
    void report(std::size_t first, std::size_t behind);
    void recycle();

    const std::unique_ptr<MessageStore> store_;
    CommitListener& listener_;
    const Log& log_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable task_done_;
    // Under the mutex.
    std::vector<Submission> pending_;
    std::vector<Task*> tasks_;  // one for each thread that waits in between_commits()
    std::vector<WriteBatch> spare_;
    std::size_t spare_bytes_ = 0;
    std::vector<CommitTicket> last_tickets_;  // by shard
    JournalCounters counters_;
    bool closing_ = false;

    // The writer's own.
    std::vector<Submission> working_;
    std::vector<const WriteBatch*> group_;
    std::vector<CommitTicket> group_tickets_;  // by shard; 0 without a batch in the group
    Backoff backoff_;
    StoreState state_ = StoreState::Healthy;
    Error last_error_{};
    std::uint32_t close_try_count_ = 0;
    std::uint64_t lost_count_ = 0;

    std::thread thread_;
};

WriterJournal::~WriterJournal() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

CommitTicket WriterJournal::submit(ShardId shard, WriteBatch& batch) {
    CommitTicket ticket;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        CHECK(shard.value() < last_tickets_.size());
        ticket = last_tickets_[shard.value()].next();
        last_tickets_[shard.value()] = ticket;
        was_empty = pending_.empty();
        ++counters_.pending_batches;
        counters_.pending_bytes += batch.size_bytes();
        WriteBatch empty;
        if (!spare_.empty()) {
            empty = std::move(spare_.back());
            spare_.pop_back();
            spare_bytes_ -= empty.kept_bytes();
        }
        pending_.push_back({shard, ticket, std::exchange(batch, std::move(empty))});
    }
    if (was_empty) {
        wake_.notify_one();
    }
    return ticket;
}

JournalCounters WriterJournal::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
}

void WriterJournal::between_commits(const std::function<void(MessageStore&)>& task) {
    Task waiting{task};
    std::unique_lock lock(mutex_);
    CHECK(!closing_);
    tasks_.push_back(&waiting);
    wake_.notify_one();
    task_done_.wait(lock, [&] { return waiting.is_done; });
}

void WriterJournal::run() {
    while (wait_for_work()) {
        commit_all();
        recycle();
    }
    if (lost_count_ > 0) {
        LOG(log_, Error, "store closed with changes unwritten", {"batches", lost_count_});
    }
}

/// False when the journal is closing and nothing is left.
bool WriterJournal::wait_for_work() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closing_ || !pending_.empty() || !tasks_.empty(); });
    const bool has_task = !tasks_.empty();
    if (has_task) {
        run_task(lock);  // one only: a thread that asks again and again does not hold up commits
    }
    std::swap(pending_, working_);
    return has_task || !working_.empty();
}

void WriterJournal::run_task(std::unique_lock<std::mutex>& lock) {
    Task* const task = tasks_.front();
    tasks_.erase(tasks_.begin());
    lock.unlock();
    task->run(*store_);
    lock.lock();
    task->is_done = true;
    task_done_.notify_all();
}

void WriterJournal::commit_all() {
    std::size_t first = 0;
    while (first < working_.size()) {
        const std::size_t behind = take_group(first);
        if (!commit_group()) {
            lost_count_ += working_.size() - first;
            return;
        }
        report(first, behind);
        if (const Status tidied = store_->tidy(); !tidied) {
            LOG(log_, Warn, "store housekeeping failed", {"reason", tidied.error().text},
                {"code", tidied.error().code});
        }
        first = behind;
    }
}

/// Puts submissions from `first` on into the group, as many as fit into one transaction; returns
/// the index behind the last.
std::size_t WriterJournal::take_group(std::size_t first) {
    group_.clear();
    std::fill(group_tickets_.begin(), group_tickets_.end(), CommitTicket());
    std::size_t bytes = 0;
    std::size_t at = first;
    while (at < working_.size()) {
        const Submission& submission = working_[at];
        bytes += submission.batch.size_bytes();
        if (at > first && bytes > kGroupBytesMax) {
            break;
        }
        group_.push_back(&submission.batch);
        group_tickets_[submission.shard.value()] = submission.ticket;
        ++at;
    }
    return at;
}

/// False only if the journal is closing and the store keeps failing.
bool WriterJournal::commit_group() {
    for (;;) {
        const Status status = try_commit();
        if (status) {
            note_success();
            return true;
        }
        note_failure(status.error());
        if (!wait_to_retry()) {
            return false;
        }
    }
}

Status WriterJournal::try_commit() {
    // style: a real thread measures a real disk; no decision depends on this clock.
    const auto start = std::chrono::steady_clock::now();
    Status status = store_->commit(group_);
    // style: as above.
    const auto took = std::chrono::steady_clock::now() - start;
    const auto took_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    const std::lock_guard lock(mutex_);
    counters_.commit_us_max = std::max(counters_.commit_us_max, took_us);
    return status;
}

/// False if the journal is closing and has tried often enough.
bool WriterJournal::wait_to_retry() {
    std::unique_lock lock(mutex_);
    if (closing_ && ++close_try_count_ >= kCloseTriesMax) {
        return false;
    }
    // A journal that begins to close while it waits tries again at once, then starts its count with
    // short waits, whatever the last wait was.
    const bool was_closing = closing_;
    // style: as in try_commit().
    const auto until = std::chrono::steady_clock::now() + backoff_.next();
    const auto is_awaited = [&] { return (closing_ && !was_closing) || !tasks_.empty(); };
    while (wake_.wait_until(lock, until, is_awaited) && !tasks_.empty()) {
        run_task(lock);
    }
    if (closing_ && !was_closing) {
        backoff_.reset();
    }
    return true;
}

void WriterJournal::note_failure(const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        ++counters_.failures;
    }
    if (state_ == StoreState::Healthy || !(error == last_error_)) {
        state_ = StoreState::Degraded;
        last_error_ = error;
        LOG(log_, Error, "store cannot write, will retry", {"reason", error.text},
            {"code", error.code});
        listener_.on_store_state(state_, error);
    }
}

void WriterJournal::note_success() {
    backoff_.reset();
    if (state_ == StoreState::Degraded) {
        state_ = StoreState::Healthy;
        LOG(log_, Info, "store writes again");
        listener_.on_store_state(state_, Error{ErrorKind::Io, 0, ""});
    }
}

void WriterJournal::report(std::size_t first, std::size_t behind) {
    {
        const std::lock_guard lock(mutex_);
        ++counters_.commits;
        for (std::size_t at = first; at < behind; ++at) {
            const WriteBatch& batch = working_[at].batch;
            counters_.changes += batch.change_count();
            counters_.bytes += batch.size_bytes();
            --counters_.pending_batches;
            counters_.pending_bytes -= batch.size_bytes();
        }
    }
    for (std::size_t shard = 0; shard < group_tickets_.size(); ++shard) {
        if (group_tickets_[shard] != CommitTicket()) {
            listener_.on_committed(ShardId(static_cast<std::uint16_t>(shard)),
                                   group_tickets_[shard]);
        }
    }
}

/// Gives batches back for reuse, outside the time that anybody waits for.
void WriterJournal::recycle() {
    for (Submission& submission : working_) {
        submission.batch.clear();
    }
    {
        const std::lock_guard lock(mutex_);
        const std::size_t bytes_max = kSpareBytesPerShardMax * last_tickets_.size();
        for (Submission& submission : working_) {
            const std::size_t bytes = submission.batch.kept_bytes();
            if (spare_bytes_ + bytes <= bytes_max && spare_.size() < kPlacesKeptMax) {
                spare_bytes_ += bytes;
                spare_.push_back(std::move(submission.batch));
            }
        }
    }
    working_.clear();
    if (working_.capacity() > kPlacesKeptMax) {
        working_.shrink_to_fit();
    }
}

}  // namespace

std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                             const WriterJournalOptions& options,
                                             CommitListener& listener, const Log& log) {
    return std::make_unique<WriterJournal>(std::move(store), options, listener, log);
}

std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                             std::uint16_t shard_count, CommitListener& listener,
                                             const Log& log) {
    return make_writer_journal(std::move(store), WriterJournalOptions{.shard_count = shard_count},
                               listener, log);
}

}  // namespace kith::storage
