#include "node/detail/mesh_view.h"

#include <algorithm>
#include <string_view>

namespace kith::node {
namespace {

using mesh::NodeId;

std::string name_or_empty(NodeId node) {
    return node == NodeId() ? std::string() : mesh::node_name_of(node);
}

const mesh::NeighborView* find(const std::vector<mesh::NeighborView>& neighbors, NodeId node) {
    const auto found = std::ranges::find(neighbors, node, &mesh::NeighborView::node);
    return found == neighbors.end() ? nullptr : &*found;
}

/// What is known of the ways to others, asked for once.
struct Ways {
    NodeId self;
    std::vector<mesh::NeighborView> neighbors;
    std::vector<mesh::RouteView> routes;  // in order of node
};

std::string state_of(NodeId node, const Ways& ways) {
    if (node == ways.self) {
        return "self";
    }
    if (const mesh::NeighborView* neighbor = find(ways.neighbors, node)) {
        return neighbor->is_suspect ? "suspect" : "neighbor";
    }
    const auto route = std::ranges::lower_bound(ways.routes, node, {}, &mesh::RouteView::node);
    const bool is_reachable =
        route != ways.routes.end() && route->node == node && route->next_hop != NodeId();
    return is_reachable ? "reachable" : "unreachable";
}

api::MeshNodeFacts node_facts(const mesh::NodeView& node, const Ways& ways) {
    api::MeshNodeFacts facts{.id = mesh::node_name_of(node.node),
                             .name = node.name,
                             .role = node.role == mesh::NodeRole::Leaf ? "leaf" : "router",
                             .state = state_of(node.node, ways),
                             .is_leaving = node.is_leaving};
    for (const mesh::ToldNeighbor& neighbor : node.neighbors) {
        facts.neighbors.push_back({mesh::node_name_of(neighbor.node), neighbor.cost});
    }
    return facts;
}

api::MeshRouteFacts route_facts(const mesh::RouteView& route) {
    return {.to = mesh::node_name_of(route.node),
            .next_hop = name_or_empty(route.next_hop),
            .alternative = name_or_empty(route.alternative),
            .cost = route.cost};
}

api::MeshLinkFacts link_facts(const mesh::LiveLinkView& link,
                              const std::vector<mesh::NeighborView>& neighbors, Instant now) {
    api::MeshLinkFacts facts{.to = mesh::node_name_of(link.node),
                             .address = link.remote.to_string(),
                             .is_dialled = link.is_dialled,
                             .queue_bytes = link.waiting_bytes,
                             .received_bytes = link.received_bytes,
                             .sent_bytes = link.sent_bytes,
                             .age_ms = to_ms(now - link.open_since)};
    if (const mesh::NeighborView* neighbor = find(neighbors, link.node)) {
        facts.is_up = true;
        facts.rtt_ms = std::chrono::duration<double, std::milli>(neighbor->round_trip).count();
        facts.loss = neighbor->loss;
        facts.cost = neighbor->cost;
        facts.custody_count = neighbor->custody_count;
    }
    return facts;
}

void add_counters(api::MeshFacts& facts, const mesh::MeshHost& host) {
    const mesh::MeshCounters& core = host.node().counters();
    for (std::size_t i = 0; i < mesh::kDropReasonCount; ++i) {
        facts.drops.emplace_back(to_string(static_cast<mesh::DropReason>(i)), core.drops[i]);
    }
    facts.custody_count = core.custody_held;
    facts.spool_count = core.spool_count;
    facts.spool_bytes = core.spool_bytes;
    facts.state_count = core.state.entries;
    facts.state_events = {{"conflict", core.state.conflicts},
                          {"repaired", core.state.repaired},
                          {"from_the_future", core.state.refused_ahead},
                          {"full", core.state.refused_full}};
    const mesh::MeshHostCounters& links = host.counters();
    facts.events = {{"dialled", links.dials},
                    {"accepted", links.accepted},
                    {"accept_refused", links.accepts_refused},
                    {"up", links.links_up},
                    {"handshake_broken", links.handshakes_broken},
                    {"handshake_timeout", links.handshakes_timed_out},
                    {"not_a_member", links.not_members},
                    {"own_address", links.own_addresses},
                    {"duplicate", links.duplicates},
                    {"malformed", links.malformed},
                    {"overflow", links.overflows}};
}

/// Of circuits, which carry forwarded connections and nothing else, and of the desk here.
api::MeshForwardFacts forward_facts(const mesh::CircuitCounters& circuits,
                                    const mesh::ForwardDeskCounters& desk) {
    using mesh::CircuitEnd;
    using mesh::ForwardVerdict;
    const auto ended = [&circuits](CircuitEnd end) {
        return circuits.ended[static_cast<std::size_t>(end)];
    };
    const auto verdict = [&desk](ForwardVerdict each) {
        return desk.verdicts[static_cast<std::size_t>(each)];
    };
    return {.ends = circuits.ends,
            .carried = circuits.carried,
            .bytes = {{"in", circuits.bytes_in},
                      {"out", circuits.bytes_out},
                      {"carried", circuits.bytes_carried},
                      {"dropped", circuits.bytes_dropped}},
            .events = {{"opened", circuits.opened},
                       {"accepted", circuits.accepted},
                       {"way_lost", circuits.ways_lost},
                       {"resent", circuits.resends},
                       {"refused_full", circuits.refused_full},
                       {"ended_no_way", ended(CircuitEnd::NoWay)},
                       {"ended_broken", ended(CircuitEnd::Broken)},
                       {"ended_gone", ended(CircuitEnd::Gone)},
                       {"service_connected", verdict(ForwardVerdict::Accepted)},
                       {"service_not_allowed", verdict(ForwardVerdict::NotAllowed)},
                       {"service_unreachable", verdict(ForwardVerdict::Unreachable)},
                       {"service_broken", verdict(ForwardVerdict::Broken)},
                       {"stranger", desk.strangers}}};
}

std::string verdict_word(mesh::JoinVerdict verdict) {
    switch (verdict) {
        case mesh::JoinVerdict::Accepted:
            return "join_accepted";
        case mesh::JoinVerdict::NotInvited:
            return "join_not_invited";
        case mesh::JoinVerdict::Expired:
            return "join_expired";
        case mesh::JoinVerdict::UsedUp:
            return "join_used_up";
        case mesh::JoinVerdict::Revoked:
            return "join_revoked";
        case mesh::JoinVerdict::Busy:
            return "join_busy";
        case mesh::JoinVerdict::NotPossible:
            return "join_not_possible";
        case mesh::JoinVerdict::Malformed:
            return "join_malformed";
    }
    return "join_unknown";
}

void add_newcomers(api::MeshFacts& facts, const mesh::JoinDeskCounters& desk) {
    facts.events.emplace_back("newcomer", desk.channels);
    facts.events.emplace_back("newcomer_refused", desk.refused);
    facts.events.emplace_back("newcomer_timeout", desk.timed_out);
    facts.events.emplace_back("newcomer_broken", desk.broken + desk.malformed);
    for (std::size_t i = 0; i < mesh::kJoinVerdictCount; ++i) {
        facts.events.emplace_back(verdict_word(static_cast<mesh::JoinVerdict>(i)),
                                  desk.verdicts[i]);
    }
}

}  // namespace

api::MeshFacts mesh_facts(const MeshPillar& mesh, const api::MeshWanted& wanted) {
    const mesh::Membership& membership = mesh.membership();
    api::MeshFacts facts{.is_on = mesh.is_on(),
                         .membership = std::string(mesh::to_string(membership.state)),
                         .mesh = {},
                         .may_invite = membership.is_issuer,
                         .off_reason = mesh.off_reason(),
                         .node = {},
                         .name = membership.name,
                         .address = {}};
    if (membership.state != mesh::MembershipState::None) {
        facts.mesh = mesh::mesh_name_of(membership.mesh());
    }
    if (!mesh.is_on()) {
        return facts;
    }
    const mesh::MeshHost& host = mesh.host();
    facts.node = mesh::node_name_of(mesh.trust().self());
    facts.address = host.address() ? host.address()->to_string() : std::string();
    const Ways ways{.self = mesh.trust().self(),
                    .neighbors = host.node().neighbors(),
                    .routes = wanted.nodes || wanted.routes ? host.node().routes()
                                                            : std::vector<mesh::RouteView>()};
    if (wanted.nodes) {
        for (const mesh::NodeView& node : host.node().nodes()) {
            facts.nodes.push_back(node_facts(node, ways));
        }
    }
    if (wanted.links) {
        for (const mesh::LiveLinkView& link : host.links()) {
            facts.links.push_back(link_facts(link, ways.neighbors, mesh.now()));
        }
    }
    if (wanted.routes) {
        for (const mesh::RouteView& route : ways.routes) {
            facts.routes.push_back(route_facts(route));
        }
    }
    for (const mesh::PeerView& peer : host.peers()) {
        facts.peers.push_back({.peer = peer.peer,
                               .state = std::string(peer.state),
                               .failed_rounds = peer.failed_rounds});
    }
    add_counters(facts, host);
    facts.forward = forward_facts(host.node().counters().circuits, mesh.forwarding().counters());
    facts.health = mesh.health();
    facts.events.emplace_back("revoked", mesh.revoked().nodes().size());
    add_newcomers(facts, mesh.desk().counters());
    return facts;
}

}  // namespace kith::node
