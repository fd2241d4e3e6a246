#include "mesh/detail/custody.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "mesh/detail/held_message.h"
#include "mesh/detail/outgoing_streams.h"
#include "mesh/detail/retry_queue.h"

namespace kith::mesh {
namespace {

bool contains(const NodeIds& nodes, NodeId node) {
    return std::ranges::find(nodes, node) != nodes.end();
}

void add_once(NodeIds& nodes, NodeId node) {
    if (!contains(nodes, node)) {
        nodes.push_back(node);
    }
}

}  // namespace

struct Custody::Impl {
    using Table = std::map<DataId, HeldMessage>;

    Impl(const MeshOptions& options_in, CustodyPort& store_in, CustodyListener& listener_in)
        : options(options_in), store(store_in), listener(listener_in) {}

    const MeshOptions& options;
    CustodyPort& store;
    CustodyListener& listener;
    Table held;
    OutgoingStreams streams;
    std::map<CustodyTicket, DataId> tickets;
    std::map<NodeId, std::size_t> handed;  // legs that a neighbour has; none of 0
    /// Messages that wait for room, in order, by neighbour and class; some may be done with.
    using WaitingLine = std::deque<DataId>;
    std::map<NodeId, std::array<WaitingLine, kPriorityCount>> waiting;
    WaitingLine* served = nullptr;  // may send, though others wait in it
    RetryQueue retries;
    Instant restored_at = Instant::never();  // messages of the life before have not been sent yet
    std::size_t held_bytes = 0;
    std::size_t relayed_bytes = 0;  // of these, messages of others
    std::uint64_t last_sequence = 0;
    CustodyTicket last_ticket;
    DataId spool_looked_at;  // messages before it have nothing that could be dropped

    OutgoingStreams::Key stream_of(const HeldMessage& message, NodeId destination) const {
        return {destination, message.data().priority, message.id().epoch};
    }
    [[nodiscard]] bool is_of_others(const HeldMessage& message) const {
        return message.id().origin != options.self;
    }
    HeldMessage& hold(const Data& data, Instant now) {
        HeldMessage& message = held.try_emplace(data.id, data, now).first->second;
        count_bytes(message, message.bytes());
        return message;
    }
    /// Adds to what is held; a number below zero, as unsigned ones wrap, takes away.
    void count_bytes(const HeldMessage& message, std::size_t change) {
        held_bytes += change;
        relayed_bytes += is_of_others(message) ? change : 0;
    }
    /// Who has it now; 0: it waits here.
    void hand(Leg& leg, NodeId neighbor) {
        if (const auto before = handed.find(leg.via);
            before != handed.end() && --before->second == 0) {
            handed.erase(before);
        }
        leg.via = neighbor;
        if (neighbor != NodeId()) {
            ++handed[neighbor];
        }
    }
    void forget(HeldMessage& message) {
        count_bytes(message, 0 - message.bytes());
        if (message.ticket.value() != 0) {
            tickets.erase(message.ticket);
            store.settle(message.ticket, {});
        }
        held.erase(message.id());
    }
    [[nodiscard]] bool wait_for_room(HeldMessage& message, Leg& leg, NodeId neighbor);
    void serve(NodeId neighbor, Priority priority, Instant now);
    void store_it(HeldMessage& message);
    void dispatch(HeldMessage& message, Instant now);
    void send(HeldMessage& message, NodeId neighbor, Instant now);
    void open_more(NodeId destination, Priority priority, Instant now);
    void finish(HeldMessage& message, NodeId destination, Instant now);
    void give_back(HeldMessage& message, Leg& leg);
    void refuse(const Data& data, NodeId from);
    void send_away(const Data& data, NodeId from);
    void tell(HeldMessage& message);
    [[nodiscard]] bool has_no_way(const HeldMessage& message) const;
    void retry(HeldMessage& message, Instant now);
    void watch_groups(const HeldMessage& message, Leg& leg, Instant now);
    void retry_closed(const HeldMessage& message, Leg& leg, Instant now);
    void leave(NodeId neighbor, NeighborChange change, Instant now);
    void drop_beyond_spool();
    void send_restored(Instant now);
    void pretend_delivered(const DataId& id, Instant now);
};

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
        count_bytes(message, 0 - message.bytes());
        message.make_void();
    }
    NodeIds neighbors;
    for (Leg& leg : message.legs) {
        if (!leg.is_due || !leg.is_open) {
            continue;
        }
        NodeIds avoid = leg.upstreams;
        avoid.push_back(leg.avoid);
        const NodeId way = listener.way_to(leg.to.node, avoid);
        if (way != NodeId() && wait_for_room(message, leg, way)) {
            continue;
        }
        leg.waits_for = NodeId();
        leg.is_due = false;
        leg.leaves = true;
        hand(leg, way);
        leg.tried_at = now;
        leg.tries = static_cast<std::uint8_t>(std::min(leg.tries + 1, 255));
        retries.add(message.id(), leg.tries, now);
        if (leg.via.value() != 0) {
            add_once(neighbors, leg.via);
        }
    }
    for (const NodeId neighbor : neighbors) {
        send(message, neighbor, now);
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
            listener.on_groups_waiting(message.id(), leg.to.node);
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

void Custody::Impl::retry_closed(const HeldMessage& message, Leg& leg, Instant now) {
    if (leg.to.groups.empty()) {
        return;
    }
    if (listener.way_to(leg.to.node, {}) != NodeId()) {
        return watch_groups(message, leg, now);
    }
    if (leg.tries >= kGroupTries) {
        listener.on_groups_waiting(message.id(), leg.to.node);
    }
    leg.tries = static_cast<std::uint8_t>(std::min(leg.tries + 1, 255));
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

/// The oldest message that nobody can be sent gives up its content, until the rest fits.
void Custody::Impl::drop_beyond_spool() {
    for (auto it = held.lower_bound(spool_looked_at);
         it != held.end() && held_bytes > options.spool_bytes_max; ++it) {
        HeldMessage& message = it->second;
        spool_looked_at = it->first;
        const bool waits =
            message.is_own && message.data().kind != DataKind::Void &&
            std::ranges::none_of(message.legs, [](const Leg& leg) { return leg.via.value() != 0; });
        if (waits) {
            listener.on_custody_drop(DropReason::SpoolFull, message.data());
            count_bytes(message, 0 - message.bytes());
            message.make_void();
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
        leg.to.stream_sequence = impl_->streams.append(stream, named.id);
        leg.to.stream_first = impl_->streams.first_open(stream);
        leg.is_open = impl_->streams.open(stream, leg.to.stream_sequence);
        impl_->watch_groups(message, leg, now);
    }
    impl_->store_it(message);
    impl_->dispatch(message, now);
    impl_->drop_beyond_spool();
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
        if (message.is_own) {
            leg.is_open = false;
            impl_->streams.restore(impl_->stream_of(message, destination.node),
                                   destination.stream_sequence, data.id);
        }
    }
    impl_->restored_at = now;
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
        }
    }
}

void Custody::on_stored(CustodyTicket ticket, Instant) {
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
}

Instant Custody::deadline() const {
    return std::min(impl_->retries.deadline(), impl_->restored_at);
}

std::optional<Data> Custody::find(const DataId& id, Instant now) const {
    const auto found = impl_->held.find(id);
    if (found == impl_->held.end()) {
        return std::nullopt;
    }
    return found->second.outgoing({}, now);
}

Custody::Groups Custody::groups_of(const DataId& id, NodeId destination) const {
    const auto found = impl_->held.find(id);
    const Leg* leg = found == impl_->held.end() ? nullptr : found->second.leg(destination);
    return leg == nullptr ? Groups{} : leg->to.groups;
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
    return std::ranges::any_of(impl_->waiting, [priority](const auto& lines) {
        return !lines.second[static_cast<std::size_t>(priority)].empty();
    });
}
std::size_t Custody::held_bytes() const {
    return impl_->held_bytes;
}

}  // namespace kith::mesh
