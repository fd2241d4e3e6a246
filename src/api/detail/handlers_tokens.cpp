// Answers about the tokens that give access.
#include "access/names.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/detail/topic_roles.h"
#include "api/limits.h"

namespace kith::api {

void Handlers::get_tokens(const Call&, const Respond& respond) {
    const access::Registry& registry = state_->parts.registry;
    std::string body;
    json::Writer json(body);
    json.begin_object();
    json.key("items");
    json.begin_array();
    for (const access::TokenEntry* entry : registry.tokens().list()) {
        json.begin_object();
        json.field("id", entry->id);
        json.field("name", entry->name);
        json.field("role", access::to_string(entry->role));
        write_topic_roles(json, entry->topic_roles);
        json.field("machine", entry->machine);
        json.field("created_at", entry->created_at);
        json.key("expires_at");
        entry->expires_at == WallTime() ? json.null() : json.value(entry->expires_at);
        json.field("last_used_at", registry.last_used(entry->id));
        json.end_object();
    }
    json.end_array();
    json.null_field("next");
    json.end_object();
    respond(json_response(std::move(body)));
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
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    state_->parts.registry.create_token(
        token, [respond, token](const Result<access::CreatedToken>& created) {
            if (!created) {
                respond(to_response(to_problem(created.error(), "token")));
                return;
            }
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.field("id", created->id);
            json.field("name", token.name);
            json.field("role", access::to_string(token.role));
            json.field("token", created->text);
            json.end_object();
            respond(json_response(std::move(text), 201));
        });
}

void Handlers::delete_token(const Call& call, const Respond& respond) {
    state_->parts.registry.revoke_token(
        call.parameters.at(0), call.caller.principal, [respond](const Status& revoked) {
            respond(revoked ? no_content() : to_response(to_problem(revoked.error(), "token")));
        });
}

}  // namespace kith::api
