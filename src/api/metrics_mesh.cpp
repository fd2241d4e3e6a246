// The part of /metrics about the mesh.
#include "api/detail/metrics_page.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::api {
namespace {

/// One link of each neighbour, the first: round trip, loss and cost are the neighbour's.
std::vector<const MeshLinkFacts*> one_each(const std::vector<MeshLinkFacts>& links) {
    std::vector<const MeshLinkFacts*> chosen;
    for (const MeshLinkFacts& link : links) {
        const bool is_new = std::ranges::none_of(
            chosen, [&link](const MeshLinkFacts* other) { return other->to == link.to; });
        if (link.is_up && is_new) {
            chosen.push_back(&link);
        }
    }
    return chosen;
}

/// Of all links to it.
std::uint64_t queue_bytes_to(const std::string& to, const std::vector<MeshLinkFacts>& links) {
    std::uint64_t sum = 0;
    for (const MeshLinkFacts& link : links) {
        sum += link.to == to ? link.queue_bytes : 0;
    }
    return sum;
}

void add_discovery(MetricsPage& page, const MeshDiscoveryFacts& discovery) {
    page.gauge("mesh_discovery_heard", "Nodes of this mesh whose beacons were heard lately.",
               static_cast<double>(discovery.heard));
    page.gauge("mesh_discovery_candidates", "Nodes that discovery could link to.",
               static_cast<double>(discovery.candidates));
    page.head("mesh_beacons_total", "Beacons that came, by what they were taken for.", "counter");
    for (const auto& [verdict, count] : discovery.beacons) {
        page.labelled("mesh_beacons_total", "verdict", verdict, count);
    }
    page.head("mesh_discovery_events_total", "What discovery did and met, by kind.", "counter");
    for (const auto& [kind, count] : discovery.events) {
        page.labelled("mesh_discovery_events_total", "kind", kind, count);
    }
}

void add_forward(MetricsPage& page, const MeshForwardFacts& forward) {
    page.gauge("mesh_forward_ends", "Forwarded connections of which this node is an end.",
               static_cast<double>(forward.ends));
    page.gauge("mesh_forward_carried", "Forwarded connections that pass through this node.",
               static_cast<double>(forward.carried));
    page.head("mesh_forward_bytes_total",
              "Bytes of forwarded connections, with their TLS: to this node, from it, through it, "
              "and of those what there was no room for.",
              "counter");
    for (const auto& [kind, count] : forward.bytes) {
        page.labelled("mesh_forward_bytes_total", "kind", kind, count);
    }
    page.head("mesh_forward_events_total", "What happened to forwarded connections, by kind.",
              "counter");
    for (const auto& [kind, count] : forward.events) {
        page.labelled("mesh_forward_events_total", "kind", kind, count);
    }
}

}  // namespace

void add_mesh(MetricsPage& page, const MeshFacts& mesh) {
    page.gauge("mesh_on", "1 while this node takes part in the mesh.", mesh.is_on ? 1 : 0);
    const auto reachable = std::ranges::count_if(mesh.nodes, [](const MeshNodeFacts& node) {
        return node.state != "unreachable" && node.state != "self";
    });
    page.gauge("mesh_nodes_reachable", "Other nodes of the mesh that this one has a way to.",
               static_cast<double>(reachable));
    page.gauge("mesh_nodes_unreachable",
               "Routers of the mesh that are known and have no way to them.",
               static_cast<double>(mesh.health.unreachable_count));
    page.gauge("mesh_parted",
               "1 while routers that were linked to each other cannot be reached from here.",
               mesh.health.is_parted ? 1 : 0);
    page.gauge("mesh_links", "Connections to neighbours.", static_cast<double>(mesh.links.size()));
    const std::vector<const MeshLinkFacts*> neighbors = one_each(mesh.links);
    page.head("mesh_link_rtt_seconds", "Round trip to each neighbour.", "gauge");
    for (const MeshLinkFacts* link : neighbors) {
        page.labelled("mesh_link_rtt_seconds", "to", link->to, link->rtt_ms / 1000);
    }
    page.head("mesh_link_loss_ratio", "Hellos to each neighbour that were lost, 0 to 1.", "gauge");
    for (const MeshLinkFacts* link : neighbors) {
        page.labelled("mesh_link_loss_ratio", "to", link->to, link->loss);
    }
    page.head("mesh_link_cost", "Cost of sending to each neighbour.", "gauge");
    for (const MeshLinkFacts* link : neighbors) {
        page.labelled("mesh_link_cost", "to", link->to, link->cost);
    }
    page.head("mesh_link_queue_bytes", "Bytes that wait to be sent to each neighbour.", "gauge");
    for (const MeshLinkFacts* link : neighbors) {
        page.labelled("mesh_link_queue_bytes", "to", link->to,
                      queue_bytes_to(link->to, mesh.links));
    }
    page.head("mesh_link_custody_messages",
              "Messages sent to each neighbour that this node still answers for.", "gauge");
    for (const MeshLinkFacts* link : neighbors) {
        page.labelled("mesh_link_custody_messages", "to", link->to, link->custody_count);
    }
    page.gauge("mesh_custody_messages", "Messages of the mesh that this node answers for.",
               static_cast<double>(mesh.custody_count));
    page.gauge("mesh_spool_messages", "Of these, those whose content is on disk alone.",
               static_cast<double>(mesh.spool_count));
    page.gauge("mesh_spool_bytes", "What these have on disk alone.",
               static_cast<double>(mesh.spool_bytes));
    page.gauge("mesh_state_entries",
               "Retained messages, deleted ones and sessions that all routers have in common.",
               static_cast<double>(mesh.state_count));
    page.head("mesh_state_events_total", "What happened to that common state, by kind.", "counter");
    for (const auto& [kind, count] : mesh.state_events) {
        page.labelled("mesh_state_events_total", "kind", kind, count);
    }
    page.head("mesh_drops_total", "Messages and records not passed on, by reason.", "counter");
    for (const auto& [reason, count] : mesh.drops) {
        page.labelled("mesh_drops_total", "reason", reason, count);
    }
    add_discovery(page, mesh.discovery);
    add_forward(page, mesh.forward);
    page.head("mesh_link_events_total", "What happened to connections of the mesh, by kind.",
              "counter");
    for (const auto& [kind, count] : mesh.events) {
        page.labelled("mesh_link_events_total", "kind", kind, count);
    }
}

}  // namespace kith::api
