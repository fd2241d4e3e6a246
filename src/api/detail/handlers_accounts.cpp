// Answers about users, machines' credentials and claim codes; and a device that redeems one.
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

void answer(const Respond& respond, const Status& done, std::string_view subject) {
    respond(done ? no_content() : to_response(to_problem(done.error(), subject)));
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
    std::string text;
    json::Writer json(text);
    json.begin_object();
    json.key("items");
    json.begin_array();
    for (const storage::UserRecord& user : state_->parts.registry.users()) {
        json.begin_object();
        json.field("name", user.name);
        json.field("role", user.role);
        json.field("has_scram", !user.scram.empty());
        json.field("created_at", user.created_at);
        json.end_object();
    }
    json.end_array();
    json.null_field("next");
    json.end_object();
    respond(json_response(std::move(text)));
}

void Handlers::post_user(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewUser user{.name = body.text("name"), .password = body.text("password")};
    user.role = user_role_of(body, body.text("role")).value_or(bus::Role::Viewer);
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    const std::string name = user.name;
    const bus::Role role = user.role;
    state_->parts.accounts.add_user(std::move(user), actor_of(call),
                                    [respond, name, role](const Status& added) {
                                        if (!added) {
                                            respond(to_response(to_problem(added.error(), "user")));
                                            return;
                                        }
                                        std::string text;
                                        json::Writer json(text);
                                        json.begin_object();
                                        json.field("name", name);
                                        json.field("role", access::to_string(role));
                                        json.end_object();
                                        respond(json_response(std::move(text), 201));
                                    });
}

void Handlers::patch_user(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::UserChange change{.name = call.parameters.at(0)};
    if (const auto role = body.optional_text("role")) {
        change.role = user_role_of(body, *role);
    }
    change.password = body.optional_text("password");
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    state_->parts.accounts.change_user(
        std::move(change), actor_of(call),
        [respond](const Status& changed) { answer(respond, changed, "user"); });
}

void Handlers::delete_user(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_user(
        call.parameters.at(0), actor_of(call),
        [respond](const Status& removed) { answer(respond, removed, "user"); });
}

void Handlers::get_credentials(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const auto count = static_cast<std::size_t>(query.integer("limit", kRowsDefault, 1, kRowsMax));
    if (query.problem()) {
        respond(to_response(*query.problem()));
        return;
    }
    // One more than is shown says whether there is a next page.
    state_->parts.accounts.list_machines(
        query.text("cursor"), query.text("query"), count + 1,
        [respond, count](const Result<std::vector<storage::MachineRecord>>& machines) {
            if (!machines) {
                respond(to_response(to_problem(machines.error(), "machine")));
                return;
            }
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.key("items");
            json.begin_array();
            for (std::size_t i = 0; i < std::min(count, machines->size()); ++i) {
                write_machine(json, (*machines)[i], {});
            }
            json.end_array();
            machines->size() > count ? json.field("next", (*machines)[count - 1].name)
                                     : json.null_field("next");
            json.end_object();
            respond(json_response(std::move(text)));
        });
}

void Handlers::post_credential(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::NewMachine machine;
    machine.name = body.text("machine");
    machine.note = body.optional_text("note").value_or("");
    machine.topic_roles = topic_roles_of(body).value_or(machine.topic_roles);
    machine.password = password_of(body);
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    state_->parts.accounts.add_machine(
        std::move(machine), actor_of(call), [respond](const Result<access::MachineAnswer>& added) {
            respond(added ? machine_response(*added, 201)
                          : to_response(to_problem(added.error(), "machine")));
        });
}

void Handlers::get_credential(const Call& call, const Respond& respond) {
    state_->parts.registry.find_machine(
        call.parameters.at(0),
        [respond](const Result<std::optional<storage::MachineRecord>>& found) {
            if (!found) {
                respond(to_response(to_problem(found.error(), "machine")));
                return;
            }
            if (!*found) {
                respond(to_response({.status = 404,
                                     .code = "machine.unknown",
                                     .detail = "there is no machine of this name"}));
                return;
            }
            respond(machine_response({.machine = **found, .password = {}}, 200));
        });
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
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    state_->parts.accounts.change_machine(
        std::move(change), actor_of(call), [respond](const Result<access::MachineAnswer>& changed) {
            respond(changed ? machine_response(*changed, 200)
                            : to_response(to_problem(changed.error(), "machine")));
        });
}

void Handlers::delete_credential(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_machine(
        call.parameters.at(0), actor_of(call),
        [respond](const Status& removed) { answer(respond, removed, "machine"); });
}

void Handlers::get_claim_codes(const Call&, const Respond& respond) {
    state_->parts.accounts.list_claim_codes(
        [respond](const Result<std::vector<storage::ClaimCodeRecord>>& codes) {
            if (!codes) {
                respond(to_response(to_problem(codes.error(), "claim_code")));
                return;
            }
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.key("items");
            json.begin_array();
            for (const storage::ClaimCodeRecord& record : *codes) {
                write_claim_code(json, record, {});
            }
            json.end_array();
            json.null_field("next");
            json.end_object();
            respond(json_response(std::move(text)));
        });
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
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    state_->parts.accounts.add_claim_code(
        std::move(code), actor_of(call), [respond](const Result<access::ClaimCodeAnswer>& added) {
            if (!added) {
                respond(to_response(to_problem(added.error(), "claim_code")));
                return;
            }
            std::string text;
            json::Writer json(text);
            write_claim_code(json, added->record, added->code);
            respond(json_response(std::move(text), 201));
        });
}

void Handlers::delete_claim_code(const Call& call, const Respond& respond) {
    state_->parts.accounts.remove_claim_code(
        call.parameters.at(0), actor_of(call),
        [respond](const Status& removed) { answer(respond, removed, "claim_code"); });
}

void Handlers::post_provision(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    const access::Provisioning device{.code = body.text("code"),
                                      .machine = body.optional_text("machine").value_or(""),
                                      .from = call.remote};
    if (body.problem()) {
        respond(to_response(*body.problem()));
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
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.field("machine", provisioned->machine.name);
            json.field("password", provisioned->password);
            json.end_object();
            respond(json_response(std::move(text), 201));
        });
}

}  // namespace kith::api
