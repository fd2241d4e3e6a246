// GET /api/v1/mesh/forward: a connection to a service that another node of the mesh reaches.
#include "api/detail/answers.h"
#include "api/detail/handlers.h"
#include "http/headers.h"

#include <string>
#include <utility>

namespace kith::api {
namespace {

constexpr std::string_view kProtocol = "kith-forward";

Problem problem_of(const MeshForwardRefusal& refusal) {
    using Kind = MeshForwardRefusal::Kind;
    switch (refusal.kind) {
        case Kind::Invalid:
            return {.status = 400, .code = "forward.invalid", .detail = refusal.text};
        case Kind::UnknownNode:
            return {.status = 404, .code = "forward.unknown", .detail = refusal.text};
        case Kind::NotAllowed:
            return {.status = 403, .code = "forward.denied", .detail = refusal.text};
        case Kind::NoWay:
            return {.status = 503, .code = "forward.unavailable", .detail = refusal.text};
        case Kind::Service:
            return {.status = 502, .code = "forward.service", .detail = refusal.text};
        case Kind::TooMany:
            return {.status = 503, .code = "forward.limit", .detail = refusal.text};
        case Kind::Off:
            break;
    }
    return {.status = 503, .code = "mesh.unavailable", .detail = refusal.text};
}

http::Response accepted() {
    http::Response response;
    response.status = 101;
    response.headers.add("Upgrade", std::string(kProtocol));
    response.headers.add("Connection", "Upgrade");
    return response;
}

}  // namespace

void Handlers::open_mesh_forward(const Call& call, const Respond& respond) {
    const http::Request& request = call.request;
    if (!request.is_upgrade ||
        !http::list_contains(request.headers.find("Upgrade").value_or(""), kProtocol)) {
        respond(to_response({.status = 426,
                             .code = "upgrade.required",
                             .detail = "this becomes another protocol: kith mesh forward"}));
        return;
    }
    const std::string to(request.query.find("to").value_or(""));
    auto done = [registry = &state_->parts.registry, respond,
                 line = storage::AuditRecord{.who = call.caller.principal,
                                             .what = "mesh.forward",
                                             .detail = to,
                                             .from_address = call.remote.to_string()}](
                    tl::expected<MeshForwardTake, MeshForwardRefusal> made) {
        if (!made) {
            respond(to_response(problem_of(made.error())));
            return;
        }
        registry->append_audit(line);
        Reply reply(accepted());
        reply.upgrade = std::move(*made);
        respond(std::move(reply));
    };
    if (!state_->parts.open_mesh_forward) {
        done(tl::unexpected(MeshForwardRefusal{.text = "this node belongs to no mesh"}));
        return;
    }
    state_->parts.open_mesh_forward(to, std::move(done));
}

}  // namespace kith::api
