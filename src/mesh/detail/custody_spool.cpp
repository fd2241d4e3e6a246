// What waits for long: in memory up to a bound, on disk alone beyond it, and dropped at last.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/detail/custody_impl.h"

namespace kith::mesh {

/// The content of the oldest messages that nobody can be sent leaves memory, until the rest fits.
/// What does not fit on the disk either is given up, that first which has least time left.
void Custody::Impl::keep_within_bounds(Instant now) {
    if (!store.can_fetch()) {
        drop_first_in_memory(now);
        return;
    }
    for (auto it = held.lower_bound(spool_looked_at);
         it != held.end() && held_bytes > options.spool_memory_bytes_max; ++it) {
        HeldMessage& message = it->second;
        const bool is_storing = !message.is_stored && !message.is_away();
        if (is_storing && message.is_own) {
            break;  // on_stored() goes on from here; those behind it are not stored either
        }
        spool_looked_at = it->first;
        // What was fetched is needed until the end of the turn.
        if (!message.is_away() && !message.is_wanted && waits_without_way(message)) {
            put_away(message);
        }
    }
    while (spooled.count > options.spool_messages_max ||
           spooled.bytes > options.spool_disk_bytes_max) {
        const std::optional<Lapses::Entry> first = lapses.first(SpoolPlace::Disk);
        CHECK(first);
        evict(first->id, now);
    }
}

/// Without a disk. What is listed and does not wait any more is taken off the list, so that it is
/// looked at once; it is listed again when it loses its way.
void Custody::Impl::drop_first_in_memory(Instant now) {
    while (held_bytes > options.spool_memory_bytes_max) {
        const std::optional<Lapses::Entry> first = lapses.first(SpoolPlace::Memory);
        if (!first) {
            return;
        }
        HeldMessage& message = held.at(first->id);
        unlist(message);
        if (waits_without_way(message)) {
            evict(first->id, now);
        }
    }
}

/// Takes its time with many that lapse together.
void Custody::Impl::lapse_some(Instant now) {
    for (std::size_t i = 0; i < kLapsesAtOnce && lapses.deadline() <= now; ++i) {
        const std::optional<Lapses::Entry> in_memory = lapses.first(SpoolPlace::Memory);
        const bool is_in_memory = in_memory && in_memory->at <= now;
        give_up(held.at((is_in_memory ? in_memory : lapses.first(SpoolPlace::Disk))->id), now);
    }
}

/// Its time is over: whoever cannot be reached is not waited for any more.
void Custody::Impl::give_up(HeldMessage& message, Instant now) {
    const bool has_expired = message.has_expired(now);
    const DataId id = message.id();
    NodeIds lost;
    for (const Leg& leg : message.legs) {
        if (waits(leg) && listener.way_to(leg.to.node, {}) == NodeId()) {
            lost.push_back(leg.to.node);
        }
    }
    if (message.data().kind != DataKind::Void && (has_expired || !lost.empty())) {
        listener.on_custody_drop(has_expired ? DropReason::Expired : DropReason::TooOld,
                                 message.data());
        if (has_expired) {
            make_void(message);
        }
    }
    message.is_told = message.is_told || !lost.empty();  // of what is not true
    unlist(message);
    for (const NodeId node : lost) {
        if (message.is_own) {
            finish(message, node, now);  // the last one forgets it
        } else {
            give_back(message, *message.leg(node));
        }
    }
    const auto left = held.find(id);
    if (left != held.end() && left->second.legs.empty()) {
        forget(left->second);
    } else if (left != held.end() &&
               (std::ranges::any_of(left->second.legs, &waits) || left->second.is_away())) {
        list(left->second, now + kLapseInterval);  // behind others of its stream
    }
}

void Custody::Impl::put_away(HeldMessage& message) {
    unlist(message);
    count_bytes(message, 0 - message.bytes());
    message.put_away();
    count_away(message, 1);
    list(message, message.lapses_at(options.partition_ttl));
}

/// Gives up what it says and keeps its places in the streams.
void Custody::Impl::make_void(HeldMessage& message) {
    const Instant listed_at = message.listed_at;
    unlist(message);
    count_bytes(message, 0 - message.bytes());
    count_away(message, -1);
    message.make_void();
    if (listed_at != Instant::never()) {
        list(message, listed_at);
    }
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
        if (found != held.end()) {
            found->second.is_wanted = false;
        }
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
    if (!message.is_away()) {
        message.is_wanted = false;
        return;
    }
    if (content == nullptr) {
        impl_->listener.on_custody_drop(DropReason::StoreLost, message.data());
        impl_->make_void(message);
        message.is_wanted = false;
    } else {
        impl_->unlist(message);
        impl_->count_away(message, -1);
        message.bring_back(*content);
        impl_->count_bytes(message, message.bytes());
        impl_->brought_back.push_back(message.id());
    }
    for (const Leg& leg : message.legs) {
        const bool waits = leg.via == NodeId() && leg.tries >= kGroupTries;
        if (waits && !leg.to.groups.empty() && !message.is_away()) {
            impl_->reassign(message, leg);
        }
    }
    impl_->dispatch(message, now);
}

}  // namespace kith::mesh
