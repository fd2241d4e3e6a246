// One thread, one event loop, and everything that lives on it.
//
// A shard owns a timer wheel, a mailbox from every peer shard, and a Network. The backends (epoll/
// for the machine, sim/ for the simulation) drive it through the same turn, whose order is fixed:
//
//     timers, mailboxes, readable sockets, deferred work, completions, flush, poll
//
// so that whatever a turn's input causes is sent with one system call a stream at the turn's end.
// Work that completions defer runs before the flush, too. The loop never blocks but in poll, and
// never syncs a disk.
// Threads: shard-local, but for post_completion() and stop(), which any thread may call.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "runtime/chunk_pool.h"
#include "runtime/mail.h"
#include "runtime/pollable.h"
#include "runtime/task.h"
#include "runtime/timer.h"
#include "runtime/timer_wheel.h"

namespace kith::runtime {

class Network;

/// What a shard counted since it was made.
struct ShardCounters {
    std::uint64_t turns = 0;
    std::uint64_t streams_accepted = 0;
    std::uint64_t accept_pauses = 0;      // out of descriptors or memory
    std::uint64_t mail_overflows = 0;     // mail that found its mailbox full and waited
    std::uint64_t wakeups_sent = 0;       // a sleeping peer shard was woken
    std::uint64_t turns_lent = 0;         // turns of this shard that a peer's thread ran for it
    std::uint64_t datagrams_dropped = 0;  // too large to take, or no room to send

    // TLS servers.
    std::uint64_t tls_handshakes_open = 0;  // now
    std::uint64_t tls_handshakes_done = 0;
    std::uint64_t tls_handshakes_refused = 0;              // kTlsHandshakesMax
    std::array<std::uint64_t, 9> tls_handshakes_failed{};  // by TlsFailure

    // Listeners behind a proxy.
    std::uint64_t proxy_headers = 0;
    std::uint64_t proxy_refused_untrusted = 0;  // who connected is no trusted proxy
    std::uint64_t proxy_refused_header = 0;     // none came, or a wrong one
    std::uint64_t proxy_refused_timeout = 0;
    std::uint64_t proxy_refused_limit = 0;
};

struct ShardOptions {
    ShardId id;
    std::uint16_t shard_count = 1;
    std::uint64_t seed = 0;
};

class Shard {
  public:
    virtual ~Shard();
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
    [[nodiscard]] ChunkPool& chunks() { return chunks_; }
    [[nodiscard]] ShardCounters& counters() { return counters_; }

    /// Calls timer.on_timer() at or after `deadline`; moves an armed timer.
    void arm(Timer& timer, Instant deadline) { wheel_.arm(timer, deadline); }
    void arm_after(Timer& timer, Duration delay) { arm(timer, now_ + delay); }

    /// Runs the task once, after this turn's input. What deferred work defers runs in this turn
    /// too, for kTaskRoundsMax rounds; the rest in the next one.
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
    void post(ShardId to, std::unique_ptr<Mail> mail);
    template <typename F>
    requires std::is_invocable_v<F&, Shard&>
    void post(ShardId to, F&& action) { post(to, make_mail(std::forward<F>(action))); }

    /// Delivers `mail` here, in the completions phase. Any thread.
    void post_completion(std::unique_ptr<Mail> mail);

    /// Ends run() after the current turn. Any thread.
    virtual void stop() = 0;

    // --- For this module's streams, listeners and ports ---

    /// Has the object's on_ready() called in the next input phase.
    void mark_ready(Pollable& pollable, Readiness readiness);

    /// Where reads go: one buffer for all, filled and handled within one on_ready().
    [[nodiscard]] MutableBytes read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }

    /// Runs a callback of `object` into a handler; false if the handler destroyed, aborted or
    /// detached the object meanwhile, which must then not be touched.
    template <typename F>
    [[nodiscard]] bool dispatch(const Pollable& object, F&& callback) {
        dispatching_ = &object;
        callback();
        return std::exchange(dispatching_, nullptr) == &object;
    }
    void leave_dispatch(const Pollable& object) {
        if (dispatching_ == &object) {
            dispatching_ = nullptr;
        }
    }

  protected:
    Shard(const ShardOptions& options, const Log& log, Instant now);

    /// The turn but for poll.
    void run_turn(Instant now, WallTime wall_now);
    /// The same in two halves: all up to the flush, which may have to wait; the flush.
    void begin_turn(Instant now, WallTime wall_now);
    void finish_turn();
    /// How many objects wait for the flush, counted up to `count_max`.
    [[nodiscard]] std::size_t flushes_waiting(std::size_t count_max) const;

    /// Something waits for the next turn, which must follow at once.
    [[nodiscard]] bool has_work() const;
    /// When the next timer is due; never() without one.
    [[nodiscard]] Instant next_deadline() { return wheel_.next_deadline(); }

    /// Drops what was never delivered. Mail may own streams of this shard: the backend calls this
    /// before it takes its poller apart.
    void drop_mail();

    Instant now_;
    WallTime wall_now_;
    Network* network_ = nullptr;  // set by the backend's constructor
    ShardCounters counters_;

  private:
    using ReadyList = boost::intrusive::list<Pollable, boost::intrusive::base_hook<PollableHook>,
                                             boost::intrusive::constant_time_size<false>>;

    /// To another shard.
    virtual void post_to_peer(ShardId to, std::unique_ptr<Mail> mail) = 0;
    /// Delivers what peers have posted.
    virtual void receive_mail() = 0;
    /// Wakes the peers that this turn has posted to.
    virtual void wake_peers() = 0;
    /// Ends a poll that waits. Any thread.
    virtual void wake() = 0;
    /// Whether the calling thread may touch what is shard-local here.
    [[nodiscard]] virtual bool may_use() const { return true; }

    void deliver_own_mail();
    void handle_ready();
    void deliver_completions();
    static void run_tasks(TaskList& tasks);

    ShardId id_;
    std::uint16_t shard_count_;
    Random random_;
    const Log* log_;
    TimerWheel wheel_;
    ChunkPool chunks_;
    std::unique_ptr<std::uint8_t[]> read_buffer_;
    ReadyList ready_;
    TaskList deferred_;
    TaskList flushing_;
    const Pollable* dispatching_ = nullptr;
    std::vector<std::unique_ptr<Mail>> own_mail_;
    std::vector<std::unique_ptr<Mail>> delivering_;  // kept for its capacity

    std::mutex completions_mutex_;
    std::vector<std::unique_ptr<Mail>> completions_;  // guarded by the mutex
    std::atomic<bool> has_completions_ = false;
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
