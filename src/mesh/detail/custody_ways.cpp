// Which way a message goes, when it leaves, and when it is tried again.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/detail/custody_impl.h"

namespace kith::mesh {
namespace {

/// Of so many tries one looks for another member of a group with what is on disk alone.
constexpr std::uint8_t kTriesBetween = 4;

/// Counts on and on, though only to what a byte holds.
std::uint8_t next_try(std::uint8_t tries) {
    return static_cast<std::uint8_t>(tries < 255 ? tries + 1 : 256 - kTriesBetween);
}

}  // namespace

/// A message of this node has come back to it. Where it has arrived, nobody needs to wait any more;
/// for the rest, the way that it took is a loop.
void Custody::Impl::send_away(const Data& data, NodeId from) {
    const auto found = held.find(data.id);
    for (const Destination& destination : data.destinations) {
        const bool is_open = found != held.end() && found->second.leg(destination.node) != nullptr;
        listener.send_custody(from, {data.id,
                                     is_open ? CustodyVerdict::Returned : CustodyVerdict::Accepted,
                                     {destination.node}});
    }
}

void Custody::Impl::store_it(HeldMessage& message) {
    last_ticket = last_ticket.next();
    message.ticket = last_ticket;
    tickets.emplace(last_ticket, message.id());
    Destinations destinations;
    for (const Leg& leg : message.legs) {
        destinations.push_back(leg.to);
    }
    std::ranges::sort(destinations, {}, &Destination::node);
    Data data = message.data();
    data.destinations = std::move(destinations);
    store.store(message.ticket, data);
}

/// Sends every leg that is due and has a way, one copy to each neighbour.
void Custody::Impl::dispatch(HeldMessage& message, Instant now) {
    if (message.data().kind != DataKind::Void && message.has_expired(now)) {
        listener.on_custody_drop(DropReason::Expired, message.data());
        make_void(message);
    }
    NodeIds neighbors;
    bool lacks_content = false;
    for (Leg& leg : message.legs) {
        if (!leg.is_due || !leg.is_open) {
            continue;
        }
        NodeIds avoid = leg.upstreams;
        avoid.push_back(leg.avoid);
        const NodeId way = listener.way_to(leg.to.node, avoid);
        if (way != NodeId() && message.is_away()) {
            lacks_content = true;
            continue;
        }
        if (way != NodeId() && wait_for_room(message, leg, way)) {
            continue;
        }
        leg.waits_for = NodeId();
        leg.is_due = false;
        leg.leaves = true;
        hand(leg, way);
        if (way == NodeId() && !message.is_away()) {
            spool_looked_at = std::min(spool_looked_at, message.id());
        }
        leg.tried_at = now;
        leg.tries = next_try(leg.tries);
        retries.add(message.id(), leg.tries, now);
        if (leg.via.value() != 0) {
            add_once(neighbors, leg.via);
        }
    }
    for (const NodeId neighbor : neighbors) {
        send(message, neighbor, now);
    }
    list_if_waiting(message);
    if (lacks_content) {
        want(message);
    }
    if (message.level == PublishLevel::Reachable) {
        tell(message);  // a leg may have lost its way
    }
}

/// Whether there is no room for it; then it is in the line from now on.
bool Custody::Impl::wait_for_room(HeldMessage& message, Leg& leg, NodeId neighbor) {
    const Priority priority = message.data().priority;
    const auto lines = waiting.find(neighbor);
    WaitingLine* line =
        lines == waiting.end() ? nullptr : &lines->second[static_cast<std::size_t>(priority)];
    const bool is_its_turn = line == nullptr || line->empty() || line == served;
    if (is_its_turn && listener.has_room(neighbor, priority)) {
        return false;
    }
    if (leg.waits_for != neighbor) {
        leg.waits_for = neighbor;
        line = line != nullptr ? line : &waiting[neighbor][static_cast<std::size_t>(priority)];
        line->push_back(message.id());
    }
    return true;
}

/// Sends what waits for a neighbour, as long as there is room.
void Custody::Impl::serve(NodeId neighbor, Priority priority, Instant now) {
    WaitingLine& line = waiting.at(neighbor)[static_cast<std::size_t>(priority)];
    served = &line;
    while (!line.empty() && listener.has_room(neighbor, priority)) {
        const auto found = held.find(line.front());
        line.pop_front();
        if (found == held.end()) {
            continue;
        }
        bool is_waiting = false;
        for (Leg& leg : found->second.legs) {
            if (leg.waits_for == neighbor) {
                leg.waits_for = NodeId();
                is_waiting = true;
            }
        }
        if (is_waiting) {
            dispatch(found->second, now);
        }
    }
    served = nullptr;
}

/// Sends what dispatch() has chosen for this neighbour.
void Custody::Impl::send(HeldMessage& message, NodeId neighbor, Instant now) {
    Destinations destinations;
    for (Leg& leg : message.legs) {
        if (leg.via != neighbor || !std::exchange(leg.leaves, false)) {
            continue;
        }
        leg.may_be_there = true;
        if (message.is_own) {
            leg.to.stream_first = streams.first_open(stream_of(message, leg.to.node));
        }
        destinations.push_back(leg.to);
    }
    // Legs are in the order in which they came.
    std::ranges::sort(destinations, {}, &Destination::node);
    Data data = message.outgoing(std::move(destinations), now);
    data.wants_replica = message.is_own && message.level == PublishLevel::NextHop;
    listener.send_data(neighbor, data, message.payload(), now);
}

/// One place became free: sends the next of what its stream held back.
void Custody::Impl::open_more(NodeId destination, Priority priority, Instant now) {
    while (const auto next = streams.next_to_open(destination, priority)) {
        if (!streams.open(next->key, next->place)) {
            return;
        }
        HeldMessage& message = held.at(next->id);
        Leg& leg = *message.leg(destination);
        leg.is_open = true;
        leg.tries = 0;
        dispatch(message, now);
    }
}

void Custody::Impl::finish(HeldMessage& message, NodeId destination, Instant now) {
    Leg* leg = message.leg(destination);
    for (const NodeId upstream : leg->upstreams) {
        listener.send_custody(upstream, {message.id(), CustodyVerdict::Accepted, {destination}});
    }
    const bool is_own = message.is_own;
    const OutgoingStreams::Key stream = stream_of(message, destination);
    const std::uint64_t place = leg->to.stream_sequence;
    hand(*leg, NodeId());
    message.erase_leg(destination);
    if (message.legs.empty()) {
        tell(message);
        forget(message);
    } else if (message.ticket.value() != 0) {
        Destinations left;
        for (const Leg& other : message.legs) {
            left.push_back(other.to);
        }
        store.settle(message.ticket, left);
        tell(message);
        list_if_waiting(message);
    }
    if (is_own) {
        streams.finish(stream, place);
        open_more(destination, stream.priority, now);
    }
}

/// A relay without a way, and without a store that answers for it, does not keep a message.
void Custody::Impl::give_back(HeldMessage& message, Leg& leg) {
    for (const NodeId upstream : leg.upstreams) {
        listener.send_custody(upstream, {message.id(), CustodyVerdict::Returned, {leg.to.node}});
    }
    hand(leg, NodeId());
    message.erase_leg(leg.to.node);
}

/// The destination has it, and clients there are slow: sent again, it would only be a duplicate.
void Custody::Impl::be_patient(const HeldMessage& message, Leg& leg, Instant now) {
    for (const NodeId upstream : leg.upstreams) {
        listener.send_custody(upstream, {message.id(), CustodyVerdict::Waiting, {leg.to.node}});
    }
    leg.tries = RetryQueue::kTriesMax;
    leg.tried_at = now;
    retries.add(message.id(), leg.tries, now);
}

/// There is no room for it here.
void Custody::Impl::refuse(const Data& data, NodeId from) {
    listener.on_custody_drop(DropReason::Congestion, data);
    CustodyEntry entry{data.id, CustodyVerdict::Returned, {}};
    for (const Destination& destination : data.destinations) {
        entry.destinations.push_back(destination.node);
    }
    listener.send_custody(from, std::move(entry));
}

/// Tells the publisher of an own message as soon as it is where it was to be.
void Custody::Impl::tell(HeldMessage& message) {
    if (!message.is_own || message.is_told || message.token == 0) {
        return;
    }
    const bool is_delivered = message.legs.empty();
    const bool is_elsewhere = std::ranges::all_of(message.legs, &Leg::is_held);
    const bool is_enough =
        (message.level == PublishLevel::Local && message.is_stored) ||
        (message.level == PublishLevel::NextHop && message.is_stored && is_elsewhere) ||
        (message.level == PublishLevel::Reachable && message.is_stored && has_no_way(message));
    if (is_delivered || is_enough) {
        message.is_told = true;
        listener.on_published(message.token, message.level);
    }
}

/// Nobody who could still get it can be reached now.
bool Custody::Impl::has_no_way(const HeldMessage& message) const {
    return std::ranges::all_of(message.legs, [this](const Leg& leg) {
        return listener.way_to(leg.to.node, {}) == NodeId();
    });
}

/// What is overdue goes another way if there is one by now, or the same again.
void Custody::Impl::retry(HeldMessage& message, Instant now) {
    for (std::size_t i = 0; i < message.legs.size();) {
        Leg& leg = message.legs[i];
        const bool is_overdue =
            leg.waits_for == NodeId() && now - leg.tried_at >= RetryQueue::patience(leg.tries);
        if (!leg.is_open || !is_overdue) {
            if (is_overdue) {
                retry_closed(message, leg, now);
            }
            ++i;
            continue;
        }
        const bool waits = leg.via.value() == 0;
        if (waits && !message.is_own && message.ticket.value() == 0) {
            give_back(message, leg);
            continue;
        }
        const bool is_patient = leg.tries < kGroupTries || leg.to.groups.empty();
        if (waits && message.is_own && !is_patient) {
            reassign(message, leg);
        }
        hand(leg, NodeId());
        leg.avoid = NodeId();
        leg.is_due = true;
        ++i;
    }
    if (message.legs.empty()) {
        forget(message);
    } else {
        dispatch(message, now);
    }
}

/// A leg that its stream holds back is not sent, but its share groups must not wait for ever for a
/// member behind whose older messages it stands.
void Custody::Impl::watch_groups(const HeldMessage& message, Leg& leg, Instant now) {
    if (!leg.is_open && !leg.to.groups.empty()) {
        leg.tries = 1;
        leg.tried_at = now;
        retries.add(message.id(), leg.tries, now);
    }
}

/// Another member of its groups is to get it, for which its content is needed. That is fetched for
/// it every two minutes only: there may be no other member.
void Custody::Impl::reassign(HeldMessage& message, const Leg& leg) {
    if (options.mutants.reassigns_nothing || !may_go_to_others(message, leg)) {
        return;
    }
    if (!message.is_away()) {
        listener.on_groups_waiting(message.id(), leg.to.node);
    } else if (leg.tries % kTriesBetween == kGroupTries) {
        want(message);
    }
}

void Custody::Impl::retry_closed(HeldMessage& message, Leg& leg, Instant now) {
    if (leg.to.groups.empty()) {
        return;
    }
    if (listener.way_to(leg.to.node, {}) != NodeId()) {
        return watch_groups(message, leg, now);
    }
    if (leg.tries >= kGroupTries) {
        reassign(message, leg);
    }
    leg.tries = next_try(leg.tries);
    leg.tried_at = now;
    retries.add(message.id(), leg.tries, now);
}

void Custody::Impl::leave(NodeId neighbor, NeighborChange change, Instant now) {
    for (auto& [id, message] : held) {
        bool is_waiting = false;
        for (Leg& leg : message.legs) {
            if (leg.via != neighbor && leg.waits_for != neighbor) {
                continue;
            }
            NodeIds avoid = leg.upstreams;
            avoid.push_back(neighbor);
            const NodeId other = listener.way_to(leg.to.node, avoid);
            const bool is_better = other.value() != 0 && !listener.is_suspect(other);
            if (change == NeighborChange::Down || is_better) {
                hand(leg, NodeId());
                leg.avoid = neighbor;
                leg.waits_for = NodeId();
                leg.tries = 0;
                leg.is_due = true;
                is_waiting = true;
            }
        }
        if (is_waiting) {
            dispatch(message, now);
        }
    }
}

void Custody::Impl::send_restored(Instant now) {
    for (auto& [id, message] : held) {
        for (std::size_t i = 0; i < message.legs.size(); ++i) {
            if (!message.legs[i].is_open) {
                open_more(message.legs[i].to.node, message.data().priority, now);
                watch_groups(message, message.legs[i], now);
            }
        }
        dispatch(message, now);
    }
}

/// A planted mistake: whatever was sent once is taken for arrived.
void Custody::Impl::pretend_delivered(const DataId& id, Instant now) {
    for (auto found = held.find(id); found != held.end(); found = held.find(id)) {
        finish(found->second, found->second.legs.front().to.node, now);
    }
}

}  // namespace kith::mesh
