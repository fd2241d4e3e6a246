// GET /api/v1/mesh and what is below it: this node's view of the mesh.
#include "api/detail/answers.h"
#include "api/detail/handlers.h"

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

}  // namespace

void Handlers::get_mesh(const Call&, const Respond& respond) {
    const MeshFacts mesh = state_->parts.backend.mesh();
    respond(object_response([&mesh](json::Writer& json) {
        json.field("state", std::string_view(mesh.is_on ? "on" : "off"));
        write_text_or_null(json, "reason", mesh.is_on ? std::string() : mesh.off_reason);
        write_text_or_null(json, "node", mesh.node);
        write_text_or_null(json, "name", mesh.name);
        write_text_or_null(json, "address", mesh.address);
        json.key("peers");
        json.begin_array();
        for (const MeshPeerFacts& peer : mesh.peers) {
            write_peer(json, peer);
        }
        json.end_array();
    }));
}

void Handlers::get_mesh_nodes(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh().nodes, write_node));
}

void Handlers::get_mesh_links(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh().links, write_link));
}

void Handlers::get_mesh_routes(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.mesh().routes, write_route));
}

}  // namespace kith::api
