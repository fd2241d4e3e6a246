// The publishers that wait because somebody they publish to cannot take more.
//
// Back-pressure in place of loss: a held connection is not read, so its sender's TCP window closes.
// All are let go together, as soon as a receiver has drained or a link has credit, and at the
// latest after slow_consumer_hold; a receiver that is still behind by then loses QoS 0 messages,
// and holds nobody. Threads: shard-local.
#pragma once

#include <vector>

#include "broker/detail/shard_context.h"
#include "runtime/task.h"
#include "runtime/timer.h"

namespace kith::broker {

class Connection;

class HoldList final : public runtime::Timer, public runtime::Task {
  public:
    explicit HoldList(ShardContext& context) : context_(context) {}

    void hold(Connection& connection);
    void forget(Connection& connection);
    /// Lets everybody go, later in this turn.
    void release();
    /// Starts the clock without holding a connection: for credits that are kept back.
    void arm();

    void on_timer(Instant now) override;
    void run_task() override;

  private:
    ShardContext& context_;
    std::vector<Connection*> held_;
};

}  // namespace kith::broker
