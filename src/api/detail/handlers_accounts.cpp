// Answers about users, machines' credentials and claim codes; and a device that redeems one.
#include <algorithm>
#include <span>

#include "access/accounts.h"
#include "access/names.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/detail/refusals.h"
#include "api/detail/topic_roles.h"
#include "api/limits.h"

namespace kith::api {
namespace {

access::Actor actor_of(const Call& call) {
    return {.who = call.caller.principal, .from_address = call.remote.to_string()};
}

/// `password`: absent, null, "generate", or the password itself.
access::NewPassword password_of(Body& body) {
    using Kind = access::NewPassword::Kind;
    const json::View member = body.member("password");
    if (!member.exists()) {
        return {.kind = Kind::Keep, .text = {}};
    }
    if (member.is_null()) {
        return {.kind = Kind::None, .text = {}};
    }
    const auto text = member.text();
    if (!text) {
        body.refuse("`password` is a text, \"generate\" or null");
        return {};
    }
    return *text == "generate"
               ? access::NewPassword{.kind = Kind::Generate, .text = {}}
               : access::NewPassword{.kind = Kind::Chosen, .text = std::string(*text)};
}

void write_user(json::Writer& json, const storage::UserRecord& user) {
    json.begin_object();
    json.field("name", user.name);
    json.field("role", user.role);
    json.field("has_scram", !user.scram.empty());
    json.field("created_at", user.created_at);
    json.end_object();
}

void write_machine(json::Writer& json, const storage::MachineRecord& machine,
                   std::string_view password) {
    json.begin_object();
    json.field("machine", machine.name);
    json.field("note", machine.note);
    write_topic_roles(json, access::split_topic_roles(machine.topic_roles));
    json.field("enabled", machine.is_enabled);
    json.field("has_password", !machine.password_hash.empty());
    json.field("has_scram", !machine.scram.empty());
    json.field("created_at", machine.created_at);
    if (!password.empty()) {
        json.field("password", password);
    }
    json.end_object();
}

http::Response machine_response(const access::MachineAnswer& answer, std::uint16_t status) {
    std::string text;
    json::Writer json(text);
    write_machine(json, answer.machine, answer.password);
    return json_response(std::move(text), status);
}

/// The first `count` of them, and whether there are more.
http::Response machine_page(const std::vector<storage::MachineRecord>& machines,
                            std::size_t count) {
    return object_response([&](json::Writer& json) {
        write_items(json, std::span(machines).first(std::min(count, machines.size())),
                    [](json::Writer& to, const auto& machine) { write_machine(to, machine, {}); });
        machines.size() > count ? json.field("next", machines[count - 1].name)
                                : json.null_field("next");
    });
}

void write_claim_code(json::Writer& json, const storage::ClaimCodeRecord& record,
                      std::string_view code) {
    json.begin_object();
    json.field("id", record.id);
    json.field("note", record.note);
    json.field("machine", record.machine);
    write_topic_roles(json, access::split_topic_roles(record.topic_roles));
    json.field("uses_left", record.uses_left);
    json.field("expires_at", record.expires_at);
    json.field("created_by", record.created_by);
    if (!code.empty()) {
        json.field("code", code);
    }
    json.end_object();
}

std::optional<bus::Role> user_role_of(Body& body, const std::string& text) {
    const auto role = access::parse_role(text);
    if (!role || *role == bus::Role::Machine) {
        body.refuse("`role` is admin, operator or viewer");
    }
    return role;
}

}  // namespace

void Handlers::get_users(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.registry.users(), write_user));
}

void Handlers::post_user(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewUser user{.name = body.text("name"), .password = body.text("password")};
    user.role = user_role_of(body, body.text("role")).value_or(bus::Role::Viewer);
    if (is_refused(body, respond)) {
        return;
    }
    const std::string name = user.name;
    const bus::Role role = user.role;
    state_->parts.accounts.add_user(
        std::move(user), actor_of(call), [respond, name, role](const Status& added) {
            respond(added ? object_response(
                                [&](json::Writer& json) {
                                    json.field("name", name);
                                    json.field("role", access::to_string(role));
                                },
                                201)
                          : error_response(added.error(), "user"));
        });
}

void Handlers::patch_user(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::UserChange change{.name = call.parameters.at(0)};
    if (const auto role = body.optional_text("role")) {
        change.role = user_role_of(body, *role);
    }
    change.password = body.optional_text("password");
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.accounts.change_user(std::move(change), actor_of(call),
                                       done_or_problem(respond, "user"));
}

void Handlers::delete_user(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_user(call.parameters.at(0), actor_of(call),
                                       done_or_problem(respond, "user"));
}

void Handlers::get_credentials(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::size_t count = query.limit();
    if (is_refused(query, respond)) {
        return;
    }
    // One more than is shown says whether there is a next page.
    using Machines = std::vector<storage::MachineRecord>;
    state_->parts.accounts.list_machines(
        query.text("cursor"), query.text("query"), count + 1,
        shown_or_problem(respond, "machine", [count](const Machines& machines) {
            return machine_page(machines, count);
        }));
}

void Handlers::post_credential(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewMachine machine;
    machine.name = body.text("machine");
    machine.note = body.optional_text("note").value_or("");
    machine.topic_roles = topic_roles_of(body).value_or(machine.topic_roles);
    machine.password = password_of(body);
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.accounts.add_machine(
        std::move(machine), actor_of(call),
        shown_or_problem(respond, "machine", [](const access::MachineAnswer& added) {
            return machine_response(added, 201);
        }));
}

void Handlers::get_credential(const Call& call, const Respond& respond) {
    state_->parts.registry.find_machine(
        call.parameters.at(0),
        shown_or_problem(
            respond, "machine", [](const std::optional<storage::MachineRecord>& found) {
                return found ? machine_response({.machine = *found, .password = {}}, 200)
                             : to_response({.status = 404,
                                            .code = "machine.unknown",
                                            .detail = "there is no machine of this name"});
            }));
}

void Handlers::patch_credential(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::MachineChange change{.name = call.parameters.at(0)};
    change.note = body.optional_text("note");
    change.topic_roles = topic_roles_of(body);
    if (const json::View enabled = body.member("enabled"); enabled.exists()) {
        change.is_enabled = enabled.boolean();
        if (!change.is_enabled) {
            body.refuse("`enabled` is true or false");
        }
    }
    change.password = password_of(body);
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.accounts.change_machine(
        std::move(change), actor_of(call),
        shown_or_problem(respond, "machine", [](const access::MachineAnswer& changed) {
            return machine_response(changed, 200);
        }));
}

void Handlers::delete_credential(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_machine(call.parameters.at(0), actor_of(call),
                                          done_or_problem(respond, "machine"));
}

void Handlers::get_claim_codes(const Call&, const Respond& respond) {
    using Codes = std::vector<storage::ClaimCodeRecord>;
    state_->parts.accounts.list_claim_codes(
        shown_or_problem(respond, "claim_code", [](const Codes& codes) {
            return list_response(codes, [](json::Writer& json, const auto& record) {
                write_claim_code(json, record, {});
            });
        }));
}

void Handlers::post_claim_code(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewClaimCode code;
    code.note = body.optional_text("note").value_or("");
    code.machine = body.optional_text("machine").value_or("");
    code.topic_roles = topic_roles_of(body).value_or(code.topic_roles);
    code.uses = static_cast<std::uint32_t>(
        body.optional_integer("uses", 1, access::kDeviceCodeUsesMax).value_or(1));
    code.expires_in = std::chrono::seconds(
        body.optional_integer("expires_in_s", 1, access::kDeviceCodeLifetimeMax.count())
            .value_or(access::kDeviceCodeLifetimeDefault.count()));
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.accounts.add_claim_code(
        std::move(code), actor_of(call),
        shown_or_problem(respond, "claim_code", [](const access::ClaimCodeAnswer& added) {
            std::string text;
            json::Writer json(text);
            write_claim_code(json, added.record, added.code);
            return json_response(std::move(text), 201);
        }));
}

void Handlers::delete_claim_code(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_claim_code(call.parameters.at(0), actor_of(call),
                                             done_or_problem(respond, "claim_code"));
}

void Handlers::post_provision(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    const access::Provisioning device{.code = body.text("code"),
                                      .machine = body.optional_text("machine").value_or(""),
                                      .from = call.remote};
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.accounts.provision(
        device, [respond](const access::Accounts::ProvisionResult& provisioned) {
            if (!provisioned) {
                const bool is_denied = provisioned.error().error.kind == ErrorKind::Denied;
                respond(to_response(is_denied ? Problem{.status = 403,
                                                        .code = "provision.refused",
                                                        .detail = provisioned.error().error.text}
                                              : problem_of(provisioned.error(), {}, "machine")));
                return;
            }
            respond(object_response(
                [&](json::Writer& json) {
                    json.field("machine", provisioned->machine.name);
                    json.field("password", provisioned->password);
                },
                201));
        });
}

}  // namespace kith::api
