#include "sdk/detail/subscription_list.h"

#include <algorithm>
#include <utility>

#include "sdk/client_limits.h"

namespace kith::sdk {

Done SubscriptionList::add(std::string filter, const SubscribeOptions& options, DoneHandler done) {
    const auto found = entries_.find(filter);
    if (found == entries_.end() && entries_.size() >= kSubscriptionsMax) {
        return Failure{FailureKind::Limit, "too many subscriptions"};
    }
    wanted_.insert(filter);
    Entry entry{.options = options, .done = std::move(done)};
    if (found == entries_.end()) {
        entries_.emplace(std::move(filter), std::move(entry));
        return {};
    }
    DoneHandler replaced = std::exchange(found->second, std::move(entry)).done;
    call(std::move(replaced), Failure{FailureKind::Stopped, "subscribed again meanwhile"});
    return {};
}

Done SubscriptionList::remove(const std::string& filter, DoneHandler done) {
    const auto found = entries_.find(filter);
    if (found == entries_.end()) {
        return Failure{FailureKind::Invalid, "there is no such subscription"};
    }
    if (removals_.size() >= kSubscriptionsMax) {
        return Failure{FailureKind::Limit, "too many subscriptions are being removed"};
    }
    DoneHandler replaced = std::move(found->second.done);
    entries_.erase(found);
    wanted_.erase(filter);
    removals_.push_back({.filter = filter, .done = std::move(done)});
    call(std::move(replaced), Failure{FailureKind::Stopped, "unsubscribed meanwhile"});
    return {};
}

SubscriptionList::Request SubscriptionList::next() {
    // Removals first: a filter that was removed and is wanted again ends up subscribed.
    if (const Request removal = next_removal(); removal.filter != nullptr) {
        return removal;
    }
    if (wanted_.empty()) {
        return {};
    }
    const std::optional<PacketId> id = packet_ids_.take();
    if (!id) {
        return {};
    }
    const auto found = entries_.find(*wanted_.begin());
    wanted_.erase(wanted_.begin());
    found->second.state = State::Asked;
    found->second.packet_id = *id;
    asked_.emplace(*id, found->first);
    return {.filter = &found->first, .options = &found->second.options, .packet_id = *id};
}

SubscriptionList::Request SubscriptionList::next_removal() {
    const auto removal = std::ranges::find(removals_, PacketId{}, &Removal::packet_id);
    if (removal == removals_.end()) {
        return {};
    }
    const std::optional<PacketId> id = packet_ids_.take();
    if (!id) {
        return {};
    }
    removal->packet_id = *id;
    return {.filter = &removal->filter, .options = nullptr, .packet_id = *id};
}

bool SubscriptionList::complete(PacketId id, Done outcome) {
    const auto asked = asked_.find(id);
    if (asked == asked_.end()) {
        return complete_removal(id, std::move(outcome));
    }
    const auto found = entries_.find(asked->second);
    asked_.erase(asked);
    packet_ids_.release(id);
    if (found == entries_.end() || found->second.packet_id != id) {
        return true;  // removed or replaced since
    }
    found->second.state = State::Active;
    found->second.packet_id = PacketId{};
    DoneHandler done = std::move(found->second.done);
    if (!outcome) {
        entries_.erase(found);
    }
    call(std::move(done), std::move(outcome));
    return true;
}

bool SubscriptionList::complete_removal(PacketId id, Done outcome) {
    const auto removal = std::ranges::find(removals_, id, &Removal::packet_id);
    if (removal == removals_.end()) {
        return false;
    }
    DoneHandler done = std::move(removal->done);
    removals_.erase(removal);
    packet_ids_.release(id);
    call(std::move(done), std::move(outcome));
    return true;
}

void SubscriptionList::resume(bool session_present) {
    forget_asked();
    for (auto& [filter, entry] : entries_) {
        if (entry.state != State::Active || !session_present) {
            entry.state = State::Wanted;
            entry.packet_id = PacketId{};
            wanted_.insert(filter);
        }
    }
    if (!session_present) {
        for (Removal& removal : std::exchange(removals_, {})) {
            call(std::move(removal.done), {});
        }
    }
}

/// The answers to what an earlier connection asked will never come.
void SubscriptionList::forget_asked() {
    for (const auto& [id, filter] : asked_) {
        packet_ids_.release(id);
    }
    asked_.clear();
    for (Removal& removal : removals_) {
        if (removal.packet_id != PacketId{}) {
            packet_ids_.release(std::exchange(removal.packet_id, PacketId{}));
        }
    }
}

void SubscriptionList::fail_all(const Failure& failure) {
    forget_asked();
    wanted_.clear();
    for (auto& [filter, entry] : std::exchange(entries_, {})) {
        call(std::move(entry.done), failure);
    }
    for (Removal& removal : std::exchange(removals_, {})) {
        call(std::move(removal.done), failure);
    }
}

void SubscriptionList::call(DoneHandler done, Done outcome) {
    if (done) {
        done(std::move(outcome));
    }
}

}  // namespace kith::sdk
