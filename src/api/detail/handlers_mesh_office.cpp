// Founding a mesh, joining one, letting nodes in and putting them out.
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kith::api {
namespace {

constexpr std::int64_t kInviteSecondsMin = 60;
constexpr std::int64_t kInviteSecondsDefault = 900;
constexpr std::int64_t kInviteSecondsMax = 30LL * 24 * 3600;
constexpr std::int64_t kInviteUsesMax = 1000;
constexpr std::size_t kNodeIdDigits = 16;

http::Response refusal_response(const MeshRefusal& refusal) {
    switch (refusal.kind) {
        case MeshRefusal::Kind::Invalid:
            return to_response({.status = 400, .code = "mesh.invalid", .detail = refusal.text});
        case MeshRefusal::Kind::NotAllowed:
            return to_response({.status = 409, .code = "mesh.conflict", .detail = refusal.text});
        case MeshRefusal::Kind::Unavailable:
            break;
    }
    return to_response({.status = 503, .code = "mesh.unavailable", .detail = refusal.text});
}

void write_invite(json::Writer& json, const MeshInviteFacts& invite) {
    json.begin_object();
    json.field("id", std::string_view(invite.id));
    json.field("role", std::string_view(invite.role));
    json.field("uses", invite.uses);
    json.field("uses_left", invite.uses_left);
    json.field("overspent", invite.is_overspent);
    json.field("created_at", invite.created_at);
    json.field("expires_at", invite.expires_at);
    json.key("used_by");
    json.begin_array();
    for (const MeshInviteUse& use : invite.used_by) {
        json.begin_object();
        json.field("node", std::string_view(use.node));
        json.field("name", std::string_view(use.name));
        json.field("at", use.at);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

http::Response register_response(const MeshRegister& kept) {
    return object_response([&kept](json::Writer& json) {
        write_items(json, kept.invites, write_invite);
        json.key("revoked");
        json.begin_array();
        for (const MeshRevocation& revocation : kept.revoked) {
            json.begin_object();
            json.field("node", std::string_view(revocation.node));
            json.field("at", revocation.at);
            json.end_object();
        }
        json.end_array();
        json.null_field("next");
    });
}

http::Response made_response(const NewMeshInvite& made, const MeshInviteTerms& terms) {
    return object_response(
        [&](json::Writer& json) {
            json.field("id", std::string_view(made.id));
            json.field("token", std::string_view(made.token));
            json.field("role", std::string_view(terms.role));
            json.field("uses", terms.uses);
            json.field("expires_at", made.expires_at);
            json.key("addresses");
            json.begin_array();
            for (const std::string& address : made.addresses) {
                json.value(std::string_view(address));
            }
            json.end_array();
        },
        201);
}

std::vector<std::string> addresses_of(Body& body) {
    std::vector<std::string> addresses;
    const json::View list = body.member("addresses");
    for (std::size_t i = 0; i < list.size(); ++i) {
        addresses.emplace_back(list.at(i).text().value_or(""));
    }
    if (list.exists() && !list.is_array()) {
        body.refuse("`addresses` is a list of HOST:PORT");
    }
    return addresses;
}

bool is_node_id(const std::string& text) {
    return text.size() == kNodeIdDigits && std::ranges::all_of(text, [](char each) {
               return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f');
           });
}

storage::AuditRecord audit_line(const Call& call, std::string what, std::string detail) {
    return {.who = call.caller.principal,
            .what = std::move(what),
            .detail = std::move(detail),
            .from_address = call.remote.to_string()};
}

}  // namespace

void Handlers::post_mesh(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    const std::string name = body.optional_text("name").value_or(state_->parts.backend.node().name);
    const std::string token = body.optional_text("token").value_or("");
    if (is_refused(body, respond)) {
        return;
    }
    const bool joins = !token.empty();
    auto done = [registry = &state_->parts.registry,
                 line = audit_line(call, joins ? "mesh.join" : "mesh.found", name),
                 respond](const OrMeshRefusal<void>& did) {
        if (!did) {
            respond(refusal_response(did.error()));
            return;
        }
        registry->append_audit(line);
        respond(no_content());
    };
    if (joins) {
        state_->parts.mesh_office.join(token, name, std::move(done));
    } else {
        state_->parts.mesh_office.found(name, std::move(done));
    }
}

void Handlers::get_mesh_invites(const Call&, const Respond& respond) {
    state_->parts.mesh_office.look_up([respond](const OrMeshRefusal<MeshRegister>& kept) {
        respond(kept ? register_response(*kept) : refusal_response(kept.error()));
    });
}

void Handlers::post_mesh_invite(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    MeshInviteTerms terms;
    terms.role = body.optional_text("role").value_or(terms.role);
    if (terms.role != "router" && terms.role != "leaf") {
        body.refuse("`role` is router or leaf");
    }
    terms.uses =
        static_cast<std::uint32_t>(body.optional_integer("uses", 1, kInviteUsesMax).value_or(1));
    terms.lifetime = std::chrono::seconds(
        body.optional_integer("expires_in_s", kInviteSecondsMin, kInviteSecondsMax)
            .value_or(kInviteSecondsDefault));
    terms.addresses = addresses_of(body);
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.mesh_office.invite(
        terms, [registry = &state_->parts.registry, line = audit_line(call, "mesh.invite", ""),
                terms, respond](const OrMeshRefusal<NewMeshInvite>& made) {
            if (!made) {
                respond(refusal_response(made.error()));
                return;
            }
            storage::AuditRecord done = line;
            done.detail = made->id;
            registry->append_audit(std::move(done));
            respond(made_response(*made, terms));
        });
}

void Handlers::delete_mesh_node(const Call& call, const Respond& respond) {
    const std::string& node = call.parameters.at(0);
    if (!is_node_id(node)) {
        respond(refusal_response({.kind = MeshRefusal::Kind::Invalid,
                                  .text = "a node is named by its id, 16 hexadecimal digits"}));
        return;
    }
    state_->parts.mesh_office.revoke(
        node, [registry = &state_->parts.registry, line = audit_line(call, "mesh.revoke", node),
               respond](const OrMeshRefusal<void>& revoked) {
            if (!revoked) {
                respond(refusal_response(revoked.error()));
                return;
            }
            registry->append_audit(line);
            respond(no_content());
        });
}

}  // namespace kith::api
