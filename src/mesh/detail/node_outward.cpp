// What a node tells of itself, for whom a message is, and which way it goes.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "bus/topic.h"
#include "mesh/detail/node_impl.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {
namespace {

/// The id that is written in 16 hexadecimal digits; 0: it is none.
NodeId id_in(std::string_view digits) {
    std::uint64_t value = 0;
    const auto* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, 16);
    const bool is_id = digits.size() == 16 && parsed.ec == std::errc() && parsed.ptr == end;
    return is_id ? NodeId(value) : NodeId();
}

}  // namespace

/// What others would refuse is not told; they keep what was told before.
void MeshNode::Impl::tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now) {
    if (!records.tell(kind, part, body, now)) {
        drop(DropReason::RecordTooLarge, nullptr);
    }
}

void MeshNode::Impl::tell_link_state(Instant now) {
    LinkStateBody body;
    body.role = options.role;
    body.name = options.name;
    body.locators.assign(locators.begin(), locators.end());
    for (const Neighbors::State& neighbor : neighbors.up()) {
        body.neighbors.push_back({neighbor.node, neighbor.cost});
    }
    tell(RecordKind::LinkState, 0, encode(body), now);
    routes.touch(now);
}

void MeshNode::Impl::tell_interest(std::uint16_t part, Instant now) {
    tell(RecordKind::Interest, part, local_interest.body(part), now);
    unconfirmed[part] = records.own_version(RecordKind::Interest, part);
}

void MeshNode::Impl::compute_routes(Instant now) {
    Graph graph;
    for (const StoredRecord* record : records.all(RecordKind::LinkState)) {
        if (Result<LinkStateBody> body = decode_link_state(record->body())) {
            // A node may forward less than it is allowed to, not more.
            const bool is_leaf = ports.trust.role_of(record->key.origin) == NodeRole::Leaf;
            body->role = is_leaf ? NodeRole::Leaf : body->role;
            graph.add(record->key.origin, *body);
        }
    }
    graph.finish();
    routes.compute(std::move(graph), now);
    ++counters.spf_runs;
    std::vector<NodeId> reachable;
    for (NodeIndex index = 0; index < routes.graph().size(); ++index) {
        const NodeId node = routes.graph().node(index);
        if (routes.is_reachable(node)) {
            reachable.push_back(node);
        }
    }
    arrivals.set_reachable(reachable, now);
    ports.events.on_routes(reachable.size());
    custody.on_routes(now);
}

/// QoS 0: one copy to each neighbour behind which somebody wants it, and then nothing is known.
void MeshNode::Impl::forward(const Data& data, NodeId from, Instant now) {
    boost::container::small_vector<std::pair<NodeId, Destination>, 8> ways;
    for (const Destination& destination : data.destinations) {
        const NodeId way = way_to(destination.node, {from});
        if (way == NodeId()) {
            drop(DropReason::NoRoute, &data);
        } else if (neighbors.is_full(way)) {
            drop(DropReason::Congestion, &data);
        } else {
            ways.emplace_back(way, destination);
        }
    }
    std::ranges::stable_sort(ways, {}, [](const auto& way) { return way.first; });
    Data copy = data;
    for (auto way = ways.begin(); way != ways.end();) {
        const NodeId neighbor = way->first;
        copy.destinations.clear();
        for (; way != ways.end() && way->first == neighbor; ++way) {
            copy.destinations.push_back(way->second);
        }
        send_data(neighbor, copy, {}, now);
    }
}

NodeId MeshNode::Impl::way_to(NodeId destination, const NodeIds& avoid) const {
    const RouteTable::Hops hops = routes.hops(destination);
    const std::array candidates{hops.next_hop, hops.alternative,
                                neighbors.find(destination) == nullptr ? NodeId() : destination};
    NodeId suspect;
    for (const NodeId candidate : candidates) {
        const Neighbors::State* known = candidate == NodeId() ? nullptr : neighbors.find(candidate);
        if (known == nullptr || std::ranges::find(avoid, candidate) != avoid.end()) {
            continue;
        }
        if (!known->is_suspect) {
            return candidate;
        }
        suspect = suspect == NodeId() ? candidate : suspect;
    }
    return suspect;
}

/// With more destinations than a frame takes, as several.
void MeshNode::Impl::send_data(NodeId neighbor, const Data& data, const SharedBytes& payload,
                               Instant now) {
    std::span<const Destination> left = data.destinations;
    if (fitting_count(left) == left.size()) {
        send_frame(neighbor, data, payload, now);
        return;
    }
    Data part = data;
    while (!left.empty()) {
        const auto here = left.first(fitting_count(left));
        part.destinations.assign(here.begin(), here.end());
        send_frame(neighbor, part, payload, now);
        left = left.subspan(here.size());
    }
}

void MeshNode::Impl::send_frame(NodeId neighbor, const Data& data, const SharedBytes& payload,
                                Instant now) {
    // A small payload is copied behind its head: cheaper than a second piece for the socket.
    const bool is_apart = data.payload.size() > kInlinePayloadBytesMax && !payload.empty();
    const Bytes head = writer.write_data(data, is_apart ? Bytes{} : data.payload);
    neighbors.send(neighbor, data.priority, head, is_apart ? payload : SharedBytes{}, now);
}

/// Of a share group the member that is nearest; among equals the smallest id.
NodeId MeshNode::Impl::nearest(const std::vector<NodeId>& nodes) const {
    NodeId best;
    std::uint32_t best_cost = kUnreachable;
    for (const NodeId node : nodes) {
        const std::uint32_t cost = routes.cost(node);
        if (best == NodeId() || cost < best_cost) {
            best = node;
            best_cost = cost;
        }
    }
    return best;
}

Data MeshNode::Impl::data_of(const Publication& publication) {
    Data data;
    data.id = {options.self, options.epoch, ++last_sequence};
    data.priority = publication.priority;
    data.hops_left = kHopsMax;
    data.qos = static_cast<std::uint8_t>(publication.qos);
    data.retain = publication.retain;
    data.flow = publication.flow;
    data.number = publication.number;
    data.published_at_ms = publication.published_at.ms();
    data.expires_after_ms = publication.expires_after_ms;
    data.tenant = publication.tenant;
    data.topic = publication.topic;
    data.properties = publication.properties;
    data.payload = publication.payload;
    return data;
}

/// A message of this node, to its destinations.
void MeshNode::Impl::send(const Data& data, const Custody::Promise& promise, Instant now) {
    if (data.qos == 0 || data.destinations.empty()) {
        forward(data, NodeId(), now);
        on_published(promise.token, promise.level);
    } else {
        custody.publish(data, promise, now);
    }
    end_turn(now);
}

bool MeshNode::Impl::is_named(NodeId node, std::string_view name) const {
    const StoredRecord* record = records.find({node, RecordKind::LinkState, 0});
    if (record == nullptr) {
        return false;
    }
    const Result<LinkStateBody> body = decode_link_state(record->body());
    return body && body->name == name;
}

/// The node with this id, or else the nearest with this name, if anybody reads the topic there.
/// What other nodes say that they read is not theirs.
Destinations MeshNode::Impl::inbox_of(std::string_view name,
                                      const InterestTable::Match& match) const {
    const NodeId id = id_in(name);
    if (id == options.self || name == options.name) {
        return {};
    }
    std::vector<NodeId> readers = match.nodes;
    for (const InterestTable::Match::Group& group : match.groups) {
        readers.insert(readers.end(), group.nodes.begin(), group.nodes.end());
    }
    std::vector<NodeId> named;
    for (const NodeId node : readers) {
        if (node == id) {
            named.assign(1, node);
            break;
        }
        if (is_named(node, name)) {
            named.push_back(node);
        }
    }
    if (named.empty()) {
        return {};
    }
    Destination owner{.node = nearest(named), .groups = {}};
    owner.for_all = std::ranges::binary_search(match.nodes, owner.node);
    for (const InterestTable::Match::Group& group : match.groups) {
        if (std::ranges::binary_search(group.nodes, owner.node) &&
            owner.groups.size() < kDestinationGroupsMax) {
            owner.groups.push_back(group.id);
        }
    }
    return {owner};
}

Destinations MeshNode::Impl::destinations_of(const Publication& publication) {
    const InterestTable::Match& match = interest.match(publication.tenant, publication.topic);
    if (const std::string_view name = bus::node_inbox_name(publication.topic); !name.empty()) {
        return inbox_of(name, match);
    }
    Destinations destinations;
    for (const NodeId node : match.nodes) {
        destinations.push_back({.node = node, .groups = {}});
    }
    for (const InterestTable::Match::Group& group : match.groups) {
        if (local_interest.has_group(group.id)) {
            continue;  // a member here is nearer than all others
        }
        const NodeId node = nearest(group.nodes);
        auto at = std::ranges::lower_bound(destinations, node, {}, &Destination::node);
        if (at == destinations.end() || at->node != node) {
            at = destinations.insert(at, {.node = node, .for_all = false, .groups = {}});
        }
        if (at->groups.size() == kDestinationGroupsMax) {
            drop(DropReason::TooLarge, nullptr);
            continue;
        }
        at->groups.push_back(group.id);
    }
    std::ranges::sort(destinations, {}, &Destination::node);
    if (publication.reachable_only) {
        const auto is_away = [this](const Destination& each) {
            return way_to(each.node, {}) == NodeId();
        };
        destinations.erase(std::remove_if(destinations.begin(), destinations.end(), is_away),
                           destinations.end());
    }
    return destinations;
}

/// A member of the group that can be reached, rather one that has no other part in the message.
NodeId MeshNode::Impl::other_member(const InterestTable::Match& match, std::uint64_t group,
                                    NodeId member) const {
    const auto found = std::ranges::find(match.groups, group, &InterestTable::Match::Group::id);
    if (found == match.groups.end()) {
        return {};
    }
    std::vector<NodeId> apart;
    std::vector<NodeId> others;
    for (const NodeId node : found->nodes) {
        if (node != member && routes.is_reachable(node)) {
            others.push_back(node);
            if (!std::ranges::binary_search(match.nodes, node)) {
                apart.push_back(node);
            }
        }
    }
    return nearest(apart.empty() ? others : apart);
}

/// Whom the message waits for may have died with it or without it: another member of its share
/// groups gets a message of its own. Once for each message; that one may go on to a third member.
void MeshNode::Impl::reassign_groups(const DataId& id, NodeId from, Instant now) {
    std::optional<Data> data = custody.find(id, now);
    if (!data || data->kind == DataKind::Void) {
        return;
    }
    const InterestTable::Match& match = interest.match(data->tenant, data->topic);
    Destinations destinations;
    Custody::Groups taken;
    for (const std::uint64_t group : custody.groups_of(id, from)) {
        const NodeId node = other_member(match, group, from);
        if (node == NodeId()) {
            continue;
        }
        taken.push_back(group);
        auto at = std::ranges::lower_bound(destinations, node, {}, &Destination::node);
        if (at == destinations.end() || at->node != node) {
            at = destinations.insert(at, {.node = node, .for_all = false, .groups = {}});
        }
        at->groups.push_back(group);
    }
    if (destinations.empty()) {
        return;
    }
    data->id.sequence = ++last_sequence;
    data->destinations = std::move(destinations);
    custody.publish(*data, {}, now);
    custody.release_groups(id, from, taken);
}

}  // namespace kith::mesh
