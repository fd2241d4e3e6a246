// The publishers that wait because somebody they publish to cannot take more.
//
// Back-pressure in place of loss: a held connection is not read, so its sender's TCP window closes.
// Those who met a slow receiver are let go together, as soon as a receiver has drained, and at the
// latest after slow_consumer_hold; a receiver that is still behind by then loses QoS 0 messages,
// and holds nobody. Those who met a backlog of the node itself (the disk, another shard) wait until
// it is gone: nothing would be lost there, only memory would grow. Threads: shard-local.
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
    Receiver,  // a client that cannot take more
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
    /// Lets everybody go whose reason is over, later in this turn.
    void release();
    /// Starts the clock without holding a connection: for credits that are kept back.
    void arm();

    void on_timer(Instant now) override;
    void run_task() override;

  private:
    struct Held {
        Connection* connection;
        Congestion reason;
    };

    ShardContext& context_;
    std::vector<Held> held_;
    Congestion noted_ = Congestion::None;
};

}  // namespace kith::broker
