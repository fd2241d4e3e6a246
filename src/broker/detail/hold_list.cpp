#include "broker/detail/hold_list.h"

#include <algorithm>

#include "broker/detail/connection.h"
#include "broker/detail/router.h"

namespace kith::broker {

void HoldList::hold(Connection& connection, Congestion reason) {
    held_.push_back({&connection, reason});
    ++context_.counters.publishers_held;
    arm();
}

void HoldList::forget(Connection& connection) {
    std::erase_if(held_, [&](const Held& held) { return held.connection == &connection; });
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
    const bool is_backlogged = context_.router->is_backlogged();
    std::vector<Held> held;
    held.swap(held_);
    for (const Held& each : held) {
        if (each.reason == Congestion::Backlog && is_backlogged) {
            held_.push_back(each);
            arm();
            continue;
        }
        // It takes up its input where it stopped, and may be held again.
        each.connection->allow_input(Connection::Stop::Held);
    }
}

}  // namespace kith::broker
