// The publishers that wait because somebody they publish to cannot take more.
//
// Back-pressure in place of loss: a held connection is not read, so its sender's TCP window closes.
// Those who met a slow receiver are let go together, as soon as a receiver has drained, and at the
// latest after slow_consumer_hold (QoS 0) or full_queue_hold (QoS 1 and 2); a receiver that is
// still behind by then loses messages, and holds nobody. Those who met a backlog of the node itself
// (the disk, another shard), or of other nodes, wait until it is gone: nothing would be lost there,
// only memory would grow. What comes of other nodes waits likewise (far_inbox.h). Threads:
// shard-local.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "broker/detail/shard_context.h"
#include "runtime/task.h"
#include "runtime/timer.h"

namespace kith::broker {

class Connection;

/// What a message met on its way. Ordered: the later, the longer the wait.
enum class Congestion : std::uint8_t {
    None,
    Receiver,  // a client whose socket cannot take more
    Queue,     // a client that does not acknowledge as fast as it is sent
    Far,       // other nodes, whose clients or links cannot take more
    Backlog,   // a shard or the store that cannot take more
};

class HoldList final : public runtime::Timer, public runtime::Task {
  public:
    explicit HoldList(ShardContext& context) : context_(context) {}

    /// A message on its way met this.
    void note(Congestion congestion) { noted_ = std::max(noted_, congestion); }
    /// What was noted since the last call.
    [[nodiscard]] Congestion take_noted() { return std::exchange(noted_, Congestion::None); }

    /// `connection` has stopped reading; allow_input() comes later.
    void hold(Connection& connection, Congestion reason);
    void forget(Connection& connection);
    /// Somebody has room again: lets everybody go whose reason may be over, later in this turn.
    void release();
    /// When whoever waits for this reason is looked at again at the latest.
    [[nodiscard]] Instant end_of(Congestion reason) const;
    void arm_until(Instant end);
    /// The router keeps its credits back for this reason.
    void hold_credits(Congestion reason);

    void on_timer(Instant now) override;
    void run_task() override;

  private:
    struct Held {
        Connection* connection;
        Congestion reason;
        Instant until;
    };

    void release_far(bool has_room);

    ShardContext& context_;
    std::vector<Held> held_;
    Instant credits_until_ = Instant::never();
    bool has_room_ = false;  // release() was called
    Congestion noted_ = Congestion::None;
};

}  // namespace kith::broker
