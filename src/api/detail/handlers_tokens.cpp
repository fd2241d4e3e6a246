// Answers about the tokens that give access.
#include <optional>

#include "access/names.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/detail/topic_roles.h"
#include "api/limits.h"

namespace kith::api {
namespace {

void write_token(json::Writer& json, const access::TokenEntry& entry,
                 std::optional<WallTime> last_used_at) {
    json.begin_object();
    json.field("id", entry.id);
    json.field("name", entry.name);
    json.field("role", access::to_string(entry.role));
    write_topic_roles(json, entry.topic_roles);
    json.field("machine", entry.machine);
    json.field("created_at", entry.created_at);
    json.key("expires_at");
    entry.expires_at == WallTime() ? json.null() : json.value(entry.expires_at);
    json.field("last_used_at", last_used_at);
    json.end_object();
}

}  // namespace

void Handlers::get_tokens(const Call&, const Respond& respond) {
    const access::Registry& registry = state_->parts.registry;
    respond(list_response(registry.tokens().list(),
                          [&registry](json::Writer& json, const access::TokenEntry* entry) {
                              write_token(json, *entry, registry.last_used(entry->id));
                          }));
}

void Handlers::post_token(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewToken token;
    token.name = body.text("name");
    const auto role = access::parse_role(body.text("role"));
    if (!role) {
        body.refuse("`role` is admin, operator, viewer or machine");
    }
    token.role = role.value_or(bus::Role::Machine);
    if (const auto expires = body.optional_integer("expires_in_s", 1, kTokenLifetimeSecondsMax)) {
        token.expires_in = std::chrono::seconds(*expires);
    }
    token.topic_roles = topic_roles_of(body).value_or(token.topic_roles);
    token.machine = body.optional_text("machine").value_or("");
    token.created_by = call.caller.principal;
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.registry.create_token(
        token, shown_or_problem(respond, "token", [token](const access::CreatedToken& created) {
            return object_response(
                [&](json::Writer& json) {
                    json.field("id", created.id);
                    json.field("name", token.name);
                    json.field("role", access::to_string(token.role));
                    json.field("token", created.text);
                },
                201);
        }));
}

void Handlers::delete_token(const Call& call, const Respond& respond) {
    state_->parts.registry.revoke_token(call.parameters.at(0), call.caller.principal,
                                        done_or_problem(respond, "token"));
}

}  // namespace kith::api
