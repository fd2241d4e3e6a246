// GET /api/v1/mesh and what is below it: this node's view of the mesh.
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/cursor.h"
#include "api/detail/handlers.h"
#include "api/machine_directory.h"
#include "api/mesh_trace.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kith::api {
namespace {

void write_text_or_null(json::Writer& json, std::string_view key, const std::string& text) {
    if (text.empty()) {
        json.null_field(key);
    } else {
        json.field(key, std::string_view(text));
    }
}

void write_node(json::Writer& json, const MeshNodeFacts& node) {
    json.begin_object();
    json.field("id", std::string_view(node.id));
    json.field("name", std::string_view(node.name));
    json.field("role", std::string_view(node.role));
    json.field("state", std::string_view(node.state));
    json.field("leaving", node.is_leaving);
    json.key("neighbors");
    json.begin_array();
    for (const MeshToldNeighbor& neighbor : node.neighbors) {
        json.begin_object();
        json.field("to", std::string_view(neighbor.id));
        json.field("cost", neighbor.cost);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write_link(json::Writer& json, const MeshLinkFacts& link) {
    json.begin_object();
    json.field("to", std::string_view(link.to));
    json.field("address", std::string_view(link.address));
    json.field("dialled", link.is_dialled);
    json.field("state", std::string_view(link.is_up ? "up" : "down"));
    json.field("rtt_ms", link.rtt_ms);
    json.field("loss", link.loss);
    json.field("cost", link.cost);
    json.field("queue", link.queue_bytes);
    json.field("custody", link.custody_count);
    json.field("received_bytes", link.received_bytes);
    json.field("sent_bytes", link.sent_bytes);
    json.field("age_ms", link.age_ms);
    json.end_object();
}

void write_route(json::Writer& json, const MeshRouteFacts& route) {
    json.begin_object();
    json.field("to", std::string_view(route.to));
    write_text_or_null(json, "next_hop", route.next_hop);
    write_text_or_null(json, "alternative", route.alternative);
    json.field("cost", route.cost);
    json.end_object();
}

void write_peer(json::Writer& json, const MeshPeerFacts& peer) {
    json.begin_object();
    json.field("peer", std::string_view(peer.peer));
    json.field("state", std::string_view(peer.state));
    json.field("failed_rounds", peer.failed_rounds);
    json.end_object();
}

void write_drop(json::Writer& json, const std::pair<std::string, std::uint64_t>& drop) {
    json.begin_object();
    json.field("reason", std::string_view(drop.first));
    json.field("count", drop.second);
    json.end_object();
}

template <typename T>
void write_measured(json::Writer& json, std::string_view key, const std::optional<T>& value) {
    if (value) {
        json.field(key, *value);
    } else {
        json.null_field(key);
    }
}

void write_hop(json::Writer& json, const MeshHop& hop) {
    json.begin_object();
    json.field("node", std::string_view(hop.node));
    json.field("name", std::string_view(hop.name));
    write_measured(json, "cost", hop.cost);
    write_measured(json, "rtt_ms", hop.rtt_ms);
    write_measured(json, "loss", hop.loss);
    write_measured(json, "queue", hop.queue_bytes);
    write_measured(json, "custody", hop.custody_count);
    json.end_object();
}

void write_machine(json::Writer& json, const DirectoryMachine& machine) {
    const auto write_texts = [&json](std::string_view key, const std::vector<std::string>& texts) {
        json.key(key);
        json.begin_array();
        for (const std::string& text : texts) {
            json.value(std::string_view(text));
        }
        json.end_array();
    };
    json.begin_object();
    json.field("machine", std::string_view(machine.machine));
    json.field("type", std::string_view(machine.type));
    write_text_or_null(json, "name", machine.name);
    write_text_or_null(json, "td", machine.td);
    write_texts("capabilities", machine.capabilities);
    write_texts("topics", machine.topics);
    write_text_or_null(json, "node", machine.node);
    write_text_or_null(json, "node_name", machine.node_name);
    write_text_or_null(json, "since", machine.since);
    json.end_object();
}

/// By which other neighbour this node would send while the next hop is suspect.
std::string alternative_of(const MeshFacts& mesh, const MeshTrace& trace) {
    if (trace.from != mesh.node) {
        return {};
    }
    const auto route = std::ranges::find(mesh.routes, trace.to, &MeshRouteFacts::to);
    return route == mesh.routes.end() ? std::string() : route->alternative;
}

http::Response trace_response(const MeshFacts& mesh, const MeshTrace& trace) {
    return object_response([&](json::Writer& json) {
        json.field("from", std::string_view(trace.from));
        json.field("to", std::string_view(trace.to));
        json.field("state", trace.hops.empty() ? "unreachable" : "reachable");
        json.field("cost", trace.cost);
        write_text_or_null(json, "alternative", alternative_of(mesh, trace));
        json.key("hops");
        json.begin_array();
        for (const MeshHop& hop : trace.hops) {
            write_hop(json, hop);
        }
        json.end_array();
    });
}

}  // namespace

void Handlers::get_mesh(const Call&, const Respond& respond) {
    const MeshFacts mesh = state_->parts.backend.mesh({});
    respond(object_response([&mesh](json::Writer& json) {
        json.field("state", std::string_view(mesh.is_on ? "on" : "off"));
        write_text_or_null(json, "reason", mesh.is_on ? std::string() : mesh.off_reason);
        json.field("membership", std::string_view(mesh.membership));
        write_text_or_null(json, "mesh", mesh.mesh);
        json.field("may_invite", mesh.may_invite);
        write_text_or_null(json, "node", mesh.node);
        write_text_or_null(json, "name", mesh.name);
        write_text_or_null(json, "address", mesh.address);
        json.key("peers");
        json.begin_array();
        for (const MeshPeerFacts& peer : mesh.peers) {
            write_peer(json, peer);
        }
        json.end_array();
        json.field("unreachable", mesh.health.unreachable_count);
        json.field("parted", mesh.health.is_parted);
        json.field("custody", mesh.custody_count);
        json.key("spool");
        json.begin_object();
        json.field("messages", mesh.spool_count);
        json.field("bytes", mesh.spool_bytes);
        json.end_object();
        json.key("drops");
        json.begin_array();
        for (const auto& drop : mesh.drops) {
            write_drop(json, drop);
        }
        json.end_array();
        json.key("discovery");
        json.begin_object();
        json.field("beacons", mesh.discovery.says_beacons);
        json.field("mdns", mesh.discovery.says_mdns);
        json.field("heard", mesh.discovery.heard);
        json.field("candidates", mesh.discovery.candidates);
        json.end_object();
    }));
}

void Handlers::get_mesh_nodes(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh({.nodes = true}).nodes, write_node));
}

void Handlers::get_mesh_links(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh({.links = true}).links, write_link));
}

void Handlers::get_mesh_routes(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh({.routes = true}).routes, write_route));
}

void Handlers::get_mesh_trace(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    if (query.text("to").empty()) {
        query.refuse("`to` is missing: the id or the name of a node");
    }
    if (is_refused(query, respond)) {
        return;
    }
    const MeshFacts mesh =
        state_->parts.backend.mesh({.nodes = true, .links = true, .routes = true});
    const auto from = query.text("from").empty() ? find_mesh_node(mesh, mesh.node)
                                                 : find_mesh_node(mesh, query.text("from"));
    const auto to = find_mesh_node(mesh, query.text("to"));
    if (!from || !to) {
        respond(error_response(from ? to.error() : from.error(), "mesh"));
        return;
    }
    respond(trace_response(mesh, trace_mesh(mesh, *from, *to)));
}

void Handlers::get_mesh_directory(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    DirectoryQuery wanted{.type = query.text("type"),
                          .capability = query.text("capability"),
                          .limit = query.limit(),
                          .after = {}};
    if (query.has("cursor")) {
        const auto place = from_cursor(query.text("cursor"));
        if (place) {
            wanted.after = *place;
        } else {
            query.refuse("the cursor does not belong to this list");
        }
    }
    if (is_refused(query, respond)) {
        return;
    }
    state_->parts.backend.directory(
        [this, wanted, respond](const std::vector<DirectoryEntry>& entries) {
            const DirectoryPage page =
                find_machines(entries, state_->parts.backend.mesh({.nodes = true}), wanted);
            respond(object_response([&page](json::Writer& json) {
                write_items(json, page.machines, write_machine);
                json.key("next");
                page.next.empty() ? json.null() : json.value(to_cursor(page.next));
                json.field("total", page.total);
            }));
        });
}

}  // namespace kith::api
