// One thread, one event loop, and everything that lives on it.
//
// A shard owns a timer wheel, a mailbox from every peer shard, and a Network. The backends (epoll/
// for the machine, sim/ for the simulation) drive it through the same turn, whose order is fixed:
//
//     timers, mailboxes, readable sockets, deferred work, completions, flush, poll
//
// so that whatever a turn's input causes is sent with one system call a stream at the turn's end.
// The loop never blocks but in poll, and never syncs a disk.
// Threads: shard-local, but for post_completion() and stop(), which any thread may call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "runtime/mail.h"
#include "runtime/task.h"
#include "runtime/timer.h"

namespace kith::runtime {

class ChunkPool;
class Network;

class Shard {
  public:
    virtual ~Shard() = default;
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    [[nodiscard]] ShardId id() const { return id_; }
    [[nodiscard]] std::uint16_t shard_count() const { return shard_count_; }

    /// Read once at the start of the turn.
    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] WallTime wall_now() const { return wall_now_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] const Log& log() const { return *log_; }
    [[nodiscard]] Network& network() { return *network_; }
    [[nodiscard]] ChunkPool& chunks() { return *chunks_; }

    /// Calls timer.on_timer() at or after `deadline`; moves an armed timer.
    virtual void arm(Timer& timer, Instant deadline) = 0;
    void arm_after(Timer& timer, Duration delay) { arm(timer, now_ + delay); }

    /// Runs the task once, after this turn's input.
    void defer(Task& task) {
        if (!task.is_queued()) {
            deferred_.push_back(task);
        }
    }
    /// Runs the task once, in the flush phase: after all deferred work and completions.
    void flush_later(Task& task) {
        if (!task.is_queued()) {
            flushing_.push_back(task);
        }
    }

    /// Delivers `mail` on shard `to` in its next turn; mail between two shards keeps its order.
    /// To this very shard: in the next turn too. Never blocks.
    virtual void post(ShardId to, std::unique_ptr<Mail> mail) = 0;
    template <typename F>
    requires std::is_invocable_v<F&, Shard&>
    void post(ShardId to, F&& action) { post(to, make_mail(std::forward<F>(action))); }

    /// Delivers `mail` here, in the completions phase. Any thread.
    virtual void post_completion(std::unique_ptr<Mail> mail) = 0;

    /// Ends run() after the current turn. Any thread.
    virtual void stop() = 0;

  protected:
    Shard(ShardId id, std::uint16_t shard_count, std::uint64_t seed, const Log& log)
        : id_(id), shard_count_(shard_count), random_(seed), log_(&log) {}

    ShardId id_;
    std::uint16_t shard_count_;
    Instant now_;
    WallTime wall_now_;
    Random random_;
    const Log* log_;
    Network* network_ = nullptr;  // set by the backend's constructor
    ChunkPool* chunks_ = nullptr;
    TaskList deferred_;
    TaskList flushing_;
};

/// A timer that calls a function; for code that is not hot.
class CallbackTimer final : public Timer {
  public:
    explicit CallbackTimer(std::function<void(Instant)> callback)
        : callback_(std::move(callback)) {}
    void on_timer(Instant now) override { callback_(now); }

  private:
    std::function<void(Instant)> callback_;
};

}  // namespace kith::runtime
