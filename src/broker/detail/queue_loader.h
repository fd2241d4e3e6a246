// Brings back what durable sessions have on disk only, part by part, as their windows drain.
//
// Asks for the next part when a window is half empty, and takes what comes in order. A part that
// has been overtaken (the session ended, or gave more to the disk) is not used. What has expired on
// disk is deleted there without being loaded: as it is met, when a queue is full, and from time to
// time. Limits: BrokerOptions::session_window_* and queue_memory_bytes_max; one read of a session
// at a time. Threads: shard-local.
#pragma once

#include "broker/detail/outbound_queue.h"
#include "broker/detail/shard_context.h"
#include "runtime/timer.h"
#include "storage/journal.h"

namespace kith::broker {

class Session;

class QueueLoader {
  public:
    explicit QueueLoader(ShardContext& context)
        : context_(context), sweep_timer_([this](Instant) { sweep_all(); }) {}

    /// What this session may have in memory now.
    [[nodiscard]] OutboundQueue::Limits window_limits(const Session& session) const;
    /// Asks for more if there is more, and room for it.
    void refill(Session& session);
    /// The journal has read.
    void on_read(const storage::QueuePart& part);
    /// Requires: is_spilling().
    void on_stored(Session& session, std::uint64_t sequence);
    /// Its client has gone: what it was not sent need not stay in memory.
    void on_left(Session& session);
    /// The session ends.
    void forget(Session& session);
    /// Looks for expired messages on disk, now and then. Requires: is_spilling().
    void sweep(Session& session);
    /// Messages that an earlier run may have sent have not been read back yet.
    [[nodiscard]] bool may_have_sent_more(const Session& session) const;
    /// Recovery: `session` has this on disk. Before the shard runs.
    void restore(Session& session, const storage::QueueRecord& record);
    /// The shard's first turn.
    void start();

  private:
    void on_swept(Session& session, const storage::QueuePart& part);
    void drop_forbidden(Session& session);
    void drop(Session& session, const storage::QueuePart::Dropped& dropped);
    void sweep_all();
    void end_if_over(Session& session);
    [[nodiscard]] bool is_short_of_memory(const Session& session) const;

    ShardContext& context_;
    runtime::CallbackTimer sweep_timer_;
};

}  // namespace kith::broker
