#include "mesh/detail/custody.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "mesh/detail/custody_impl.h"

namespace kith::mesh {

Custody::Custody(const MeshOptions& options, CustodyPort& store, CustodyListener& listener)
    : impl_(std::make_unique<Impl>(options, store, listener)) {}
Custody::~Custody() = default;

void Custody::publish(const Data& data, const Promise& promise, Instant now) {
    CHECK(!data.destinations.empty());
    Data named = data;
    named.id = {impl_->options.self, impl_->options.epoch, data.id.sequence};
    HeldMessage& message = impl_->hold(named, now);
    message.is_own = true;
    message.token = promise.token;
    message.level = promise.level;
    for (const Destination& destination : data.destinations) {
        Leg& leg = message.legs.emplace_back();
        leg.to = destination;
        const OutgoingStreams::Key stream = impl_->stream_of(message, destination.node);
        leg.to.stream_sequence = impl_->streams.append(stream, {named.id, message.bytes()});
        leg.to.stream_first = impl_->streams.first_open(stream);
        leg.is_open = impl_->streams.open(stream, leg.to.stream_sequence);
        impl_->watch_groups(message, leg, now);
    }
    impl_->store_it(message);
    impl_->dispatch(message, now);
    impl_->keep_within_bounds(now);
    if (impl_->options.mutants.forgets_custody) {
        impl_->pretend_delivered(named.id, now);
    }
}

void Custody::relay(const Data& data, NodeId from, Instant now) {
    if (data.id.origin == impl_->options.self) {
        impl_->send_away(data, from);
        return;
    }
    const auto found = impl_->held.find(data.id);
    if (found == impl_->held.end() && impl_->relayed_bytes >= kRelayBytesMax) {
        impl_->refuse(data, from);
        return;
    }
    HeldMessage& message = found == impl_->held.end() ? impl_->hold(data, now) : found->second;
    for (const Destination& destination : data.destinations) {
        Leg* leg = message.leg(destination.node);
        if (leg == nullptr) {
            leg = &message.legs.emplace_back();
            leg->to = destination;
            leg->upstreams.push_back(from);
        } else if (leg->via == from) {
            // It came back from where it went to: a loop.
            impl_->listener.send_custody(from,
                                         {data.id, CustodyVerdict::Returned, {destination.node}});
        } else {
            add_once(leg->upstreams, from);
        }
    }
    if (data.wants_replica && message.ticket.value() == 0) {
        impl_->store_it(message);
    }
    impl_->dispatch(message, now);
    if (impl_->options.mutants.forgets_custody) {
        impl_->pretend_delivered(data.id, now);
    }
}

void Custody::restore(CustodyTicket ticket, const Data& data, Instant now) {
    HeldMessage& message = impl_->hold(data, now);
    message.is_own = data.id.origin == impl_->options.self;
    message.is_stored = true;
    message.is_told = true;
    message.ticket = ticket;
    impl_->tickets.emplace(ticket, data.id);
    impl_->last_ticket = std::max(impl_->last_ticket, ticket);
    for (const Destination& destination : data.destinations) {
        Leg& leg = message.legs.emplace_back();
        leg.to = destination;
        leg.may_be_there = true;
        if (message.is_own) {
            leg.is_open = false;
            impl_->streams.restore(impl_->stream_of(message, destination.node),
                                   destination.stream_sequence, {data.id, message.bytes()});
        }
    }
    impl_->list_if_waiting(message);
    impl_->restored_at = now;
    impl_->keep_within_bounds(now);
}

void Custody::on_custody(NodeId neighbor, const CustodyEntry& entry, Instant now) {
    boost::container::small_vector<NodeId, 4> nodes(entry.destinations.begin(),
                                                    entry.destinations.end());
    if (nodes.empty()) {
        const auto found = impl_->held.find(entry.id);
        if (found == impl_->held.end()) {
            return;
        }
        for (const Leg& leg : found->second.legs) {
            if (leg.via == neighbor) {
                nodes.push_back(leg.to.node);
            }
        }
    }
    for (const NodeId node : nodes) {
        const auto found = impl_->held.find(entry.id);
        Leg* leg = found == impl_->held.end() ? nullptr : found->second.leg(node);
        if (leg == nullptr) {
            continue;
        }
        HeldMessage& message = found->second;
        switch (entry.verdict) {
            case CustodyVerdict::Accepted:
                impl_->finish(message, node, now);
                break;
            case CustodyVerdict::Returned:
                if (leg->via == neighbor) {
                    impl_->hand(*leg, NodeId());
                    leg->avoid = neighbor;
                    leg->is_due = true;
                    impl_->dispatch(message, now);
                }
                break;
            case CustodyVerdict::Held:
                leg->is_held = true;
                impl_->tell(message);
                break;
            case CustodyVerdict::Waiting:
                if (leg->via == neighbor) {
                    impl_->be_patient(message, *leg, now);
                }
                break;
        }
    }
}

void Custody::on_stored(CustodyTicket ticket, Instant now) {
    const auto found = impl_->tickets.find(ticket);
    if (found == impl_->tickets.end()) {
        return;
    }
    HeldMessage& message = impl_->held.at(found->second);
    message.is_stored = true;
    impl_->tell(message);
    for (const Leg& leg : message.legs) {
        for (const NodeId upstream : leg.upstreams) {
            impl_->listener.send_custody(upstream,
                                         {message.id(), CustodyVerdict::Held, {leg.to.node}});
        }
    }
    impl_->keep_within_bounds(now);
}

void Custody::on_neighbor_suspect(NodeId neighbor, Instant now) {
    impl_->leave(neighbor, NeighborChange::Suspect, now);
}

void Custody::on_neighbor_down(NodeId neighbor, Instant now) {
    for (auto& [id, message] : impl_->held) {
        for (Leg& leg : message.legs) {
            // style: clang 14 does not compile what std::ranges::remove() returns.
            leg.upstreams.erase(std::remove(leg.upstreams.begin(), leg.upstreams.end(), neighbor),
                                leg.upstreams.end());
        }
    }
    impl_->waiting.erase(neighbor);
    impl_->leave(neighbor, NeighborChange::Down, now);
}

void Custody::on_routes(Instant now) {
    impl_->spool_looked_at = {};
    for (auto message = impl_->held.begin(); message != impl_->held.end();) {
        HeldMessage& it = (message++)->second;
        bool is_waiting = false;
        for (Leg& leg : it.legs) {
            leg.avoid = NodeId();
            leg.is_due = leg.via.value() == 0;
            is_waiting = is_waiting || (leg.is_open && leg.is_due);
        }
        if (!is_waiting) {
            continue;
        }
        impl_->dispatch(it, now);
        if (it.is_own || it.ticket.value() != 0) {
            continue;
        }
        for (std::size_t i = 0; i < it.legs.size();) {
            if (it.legs[i].via.value() == 0 && it.legs[i].waits_for.value() == 0) {
                impl_->give_back(it, it.legs[i]);
            } else {
                ++i;
            }
        }
        if (it.legs.empty()) {
            impl_->forget(it);
        }
    }
    impl_->keep_within_bounds(now);
}

void Custody::send_waiting(Instant now) {
    for (auto at = impl_->waiting.begin(); at != impl_->waiting.end();) {
        for (std::size_t i = 0; i < kPriorityCount; ++i) {
            impl_->serve(at->first, static_cast<Priority>(i), now);
        }
        // What was sent may wait for another neighbour now, which adds to the map only.
        const bool is_done =
            std::ranges::all_of(at->second, [](const auto& line) { return line.empty(); });
        at = is_done ? impl_->waiting.erase(at) : std::next(at);
    }
    impl_->keep_within_bounds(now);
    impl_->fetch_wanted();
}

void Custody::on_timer(Instant now) {
    // Bounded: what is tried again is due later than now.
    if (impl_->restored_at <= now) {
        impl_->restored_at = Instant::never();
        impl_->send_restored(now);
    }
    while (const std::optional<DataId> due = impl_->retries.take(now)) {
        const auto found = impl_->held.find(*due);
        if (found == impl_->held.end()) {
            continue;
        }
        impl_->retry(found->second, now);
    }
    impl_->lapse_some(now);
}

Instant Custody::deadline() const {
    return std::min({impl_->retries.deadline(), impl_->restored_at, impl_->lapses.deadline()});
}

std::optional<Data> Custody::find(const DataId& id, Instant now) const {
    const auto found = impl_->held.find(id);
    if (found == impl_->held.end() || found->second.is_away()) {
        return std::nullopt;
    }
    return found->second.outgoing({}, now);
}

Custody::Groups Custody::groups_of(const DataId& id, NodeId destination) const {
    const auto found = impl_->held.find(id);
    const Leg* leg = found == impl_->held.end() ? nullptr : found->second.leg(destination);
    const bool is_waiting = leg != nullptr && leg->via == NodeId() && leg->waits_for == NodeId();
    return is_waiting && impl_->may_go_to_others(found->second, *leg) ? leg->to.groups : Groups{};
}

void Custody::release_groups(const DataId& id, NodeId destination, const Groups& groups) {
    const auto found = impl_->held.find(id);
    Leg* leg = found == impl_->held.end() ? nullptr : found->second.leg(destination);
    if (leg == nullptr) {
        return;
    }
    Groups left;
    for (const std::uint64_t group : leg->to.groups) {
        if (std::ranges::find(groups, group) == groups.end()) {
            left.push_back(group);
        }
    }
    leg->to.groups = std::move(left);
    Destinations destinations;
    for (const Leg& other : found->second.legs) {
        destinations.push_back(other.to);
    }
    impl_->store.settle(found->second.ticket, destinations);
}

std::size_t Custody::held_count() const {
    return impl_->held.size();
}
std::size_t Custody::handed_count(NodeId neighbor) const {
    const auto found = impl_->handed.find(neighbor);
    return found == impl_->handed.end() ? 0 : found->second;
}
bool Custody::is_congested(Priority priority) const {
    const auto is_slow = [&](const OutgoingStreams::Lane& lane) {
        return lane.second == priority && impl_->listener.way_to(lane.first, {}) != NodeId();
    };
    return std::ranges::any_of(impl_->waiting,
                               [priority](const auto& lines) {
                                   return !lines.second[static_cast<std::size_t>(priority)].empty();
                               }) ||
           std::ranges::any_of(impl_->streams.full(), is_slow);
}
const Custody::Spooled& Custody::spooled() const {
    return impl_->spooled;
}
std::size_t Custody::held_bytes() const {
    return impl_->held_bytes;
}

}  // namespace kith::mesh
