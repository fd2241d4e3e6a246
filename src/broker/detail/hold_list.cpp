#include "broker/detail/hold_list.h"

#include "broker/detail/connection.h"
#include "broker/detail/router.h"

namespace kith::broker {

void HoldList::hold(Connection& connection) {
    held_.push_back(&connection);
    ++context_.counters.publishers_held;
    arm();
}

void HoldList::forget(Connection& connection) {
    std::erase(held_, &connection);
}

void HoldList::release() {
    context_.shard.defer(*this);
}

void HoldList::arm() {
    if (!is_armed()) {
        context_.shard.arm_after(*this, context_.options().slow_consumer_hold);
    }
}

void HoldList::on_timer(Instant) {
    release();
}

void HoldList::run_task() {
    cancel();
    context_.router->release_credits();
    std::vector<Connection*> released;
    released.swap(held_);
    // Each takes up its input where it stopped, and may be held again.
    for (Connection* connection : released) {
        connection->resume_input();
    }
}

}  // namespace kith::broker
