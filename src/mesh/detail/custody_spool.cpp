// What waits for long: in memory up to a bound, on disk alone beyond it, and dropped at last.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/detail/custody_impl.h"

namespace kith::mesh {

bool Custody::Impl::waits_without_way(const HeldMessage& message) const {
    return message.is_own && message.data().kind != DataKind::Void &&
           std::ranges::none_of(message.legs, [](const Leg& leg) {
               return leg.via != NodeId() || leg.waits_for != NodeId();
           });
}

/// The content of the oldest messages that nobody can be sent leaves memory, until the rest fits.
void Custody::Impl::keep_within_bounds(Instant now) {
    for (auto it = held.lower_bound(spool_looked_at);
         it != held.end() && held_bytes > options.spool_memory_bytes_max; ++it) {
        HeldMessage& message = it->second;
        const bool is_storing = store.can_fetch() && !message.is_stored && !message.is_away();
        if (is_storing && message.is_own) {
            break;  // on_stored() goes on from here; those behind it are not stored either
        }
        spool_looked_at = it->first;
        if (message.is_away() || !waits_without_way(message)) {
            continue;
        }
        if (store.can_fetch()) {
            put_away(message);
        } else {
            listener.on_custody_drop(DropReason::SpoolFull, message.data());
            make_void(message);
        }
    }
    while (spooled.count > options.spool_messages_max ||
           spooled.bytes > options.spool_disk_bytes_max) {
        const auto oldest =
            std::ranges::find_if(held, [](const auto& entry) { return entry.second.is_away(); });
        CHECK(oldest != held.end());
        evict(oldest->first, now);
    }
}

void Custody::Impl::put_away(HeldMessage& message) {
    count_bytes(message, 0 - message.bytes());
    message.put_away();
    count_away(message, 1);
}

/// Gives up what it says and keeps its places in the streams.
void Custody::Impl::make_void(HeldMessage& message) {
    count_bytes(message, 0 - message.bytes());
    count_away(message, -1);
    message.make_void();
}

/// Gives up a message of this node; those behind it in its streams go on without it.
void Custody::Impl::evict(const DataId& id, Instant now) {
    HeldMessage& message = held.at(id);
    listener.on_custody_drop(DropReason::SpoolFull, message.data());
    message.is_told = true;  // whoever asked for more than the disk is not told what is not true
    while (message.legs.size() > 1) {
        finish(message, message.legs.front().to.node, now);
    }
    finish(message, message.legs.front().to.node, now);
}

void Custody::Impl::want(HeldMessage& message) {
    if (!message.is_wanted) {
        message.is_wanted = true;
        wanted.push_back(message.id());
    }
}

bool Custody::Impl::has_room_to_fetch() const {
    return fetches.size() < kFetchesMax && fetching_bytes < kFetchBytesMax &&
           held_bytes + fetching_bytes < options.spool_memory_bytes_max + kFetchBytesMax;
}

/// At the end of each turn: asks the disk for what has a way by now.
void Custody::Impl::fetch_wanted() {
    for (const DataId& id : std::exchange(brought_back, {})) {
        const auto found = held.find(id);
        if (found != held.end() && held_bytes > options.spool_memory_bytes_max &&
            !found->second.is_away() && waits_without_way(found->second)) {
            put_away(found->second);  // it lost its way again
        }
    }
    while (!wanted.empty() && has_room_to_fetch()) {
        const auto found = held.find(wanted.front());
        wanted.pop_front();
        if (found == held.end()) {
            continue;
        }
        if (!found->second.is_away()) {
            found->second.is_wanted = false;
            continue;
        }
        fetches.emplace(found->second.ticket, found->second.away_bytes());
        fetching_bytes += found->second.away_bytes();
        store.fetch(found->second.ticket);
    }
}

void Custody::on_fetched(CustodyTicket ticket, const Data* content, Instant now) {
    const auto fetch = impl_->fetches.find(ticket);
    if (fetch == impl_->fetches.end()) {
        return;
    }
    impl_->fetching_bytes -= fetch->second;
    impl_->fetches.erase(fetch);
    const auto named = impl_->tickets.find(ticket);
    if (named == impl_->tickets.end()) {
        return;
    }
    HeldMessage& message = impl_->held.at(named->second);
    message.is_wanted = false;
    if (!message.is_away()) {
        return;
    }
    impl_->count_away(message, -1);
    if (content == nullptr) {
        impl_->listener.on_custody_drop(DropReason::StoreLost, message.data());
        message.make_void();
    } else {
        message.bring_back(*content);
        impl_->count_bytes(message, message.bytes());
        impl_->brought_back.push_back(message.id());
    }
    for (const Leg& leg : message.legs) {
        const bool waits = leg.via == NodeId() && leg.tries >= kGroupTries;
        if (waits && !leg.to.groups.empty() && !message.is_away()) {
            impl_->listener.on_groups_waiting(message.id(), leg.to.node);
        }
    }
    impl_->dispatch(message, now);
}

}  // namespace kith::mesh
