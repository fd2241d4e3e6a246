#include "broker/detail/hold_list.h"

#include <algorithm>
#include <utility>

#include "broker/detail/connection.h"
#include "broker/detail/far_side.h"
#include "broker/detail/router.h"

namespace kith::broker {

void HoldList::hold(Connection& connection, Congestion reason) {
    const Instant until = end_of(reason);
    held_.push_back({&connection, reason, until});
    ++context_.counters.publishers_held;
    arm_until(until);
}

void HoldList::forget(Connection& connection) {
    std::erase_if(held_, [&](const Held& held) { return held.connection == &connection; });
}

void HoldList::release() {
    has_room_ = true;
    context_.shard.defer(*this);
}

void HoldList::hold_credits(Congestion reason) {
    credits_until_ = end_of(reason);
    arm_until(credits_until_);
}

/// A backlog is looked at as often as a receiver.
Instant HoldList::end_of(Congestion reason) const {
    const BrokerOptions& options = context_.options();
    return context_.shard.now() +
           (reason == Congestion::Queue ? options.full_queue_hold : options.slow_consumer_hold);
}

void HoldList::arm_until(Instant end) {
    if (!is_armed() || end < deadline()) {
        context_.shard.arm(*this, end);
    }
}

void HoldList::on_timer(Instant) {
    context_.shard.defer(*this);
}

void HoldList::run_task() {
    cancel();
    const bool has_room = std::exchange(has_room_, false);
    const Instant now = context_.shard.now();
    if (has_room || now >= credits_until_) {
        credits_until_ = Instant::never();
        context_.router->release_credits();
    } else if (credits_until_ != Instant::never()) {
        arm_until(credits_until_);
    }
    const bool is_backlogged = context_.router->is_backlogged();
    std::vector<Held> held;
    held.swap(held_);
    for (Held& each : held) {
        const bool goes_on =
            each.reason >= Congestion::Far ? !is_backlogged : has_room || now >= each.until;
        if (goes_on) {
            // It takes up its input where it stopped, and may be held again.
            each.connection->allow_input(Connection::Stop::Held);
            continue;
        }
        if (each.until <= now) {
            each.until = end_of(each.reason);
        }
        held_.push_back(each);
        arm_until(each.until);
    }
    release_far(has_room);
}

/// Behind the publishers of this node.
void HoldList::release_far(bool has_room) {
    if (context_.far_side == nullptr) {
        return;
    }
    FarInbox& inbox = context_.far_side->inbox();
    inbox.go_on(has_room);
    if (const Instant next = inbox.deadline(); next != Instant::never()) {
        arm_until(next);
    }
}

}  // namespace kith::broker
