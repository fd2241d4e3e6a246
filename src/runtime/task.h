// Work that an object asks its shard to run once, later in the same turn.
//
// Intrusive and idempotent: queueing a queued task does nothing, destroying one removes it. That is
// how a connection gets one flush and one deferred step a turn, however many messages it took.
// Threads: shard-local.
#pragma once

#include <boost/intrusive/list.hpp>

namespace kith::runtime {

class Task : public boost::intrusive::list_base_hook<
                 boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Task() = default;
    virtual void run_task() = 0;

    [[nodiscard]] bool is_queued() const { return is_linked(); }
    void cancel_task() { unlink(); }
};

using TaskList = boost::intrusive::list<Task, boost::intrusive::constant_time_size<false>>;

}  // namespace kith::runtime
