// Answers about topic roles: which there are, what they say, and what somebody may do by them.
#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "access/names.h"
#include "access/role_book.h"
#include "access/topic_question.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/limits.h"

namespace kith::api {
namespace {

void write_problem(json::Writer& json, const access::TopicRole& role) {
    json.key("problem");
    if (!role.problem) {
        json.null();
        return;
    }
    json.begin_object();
    json.field("line", role.problem->line);
    json.field("column", role.problem->column);
    json.field("expected", role.problem->expected);
    json.end_object();
}

void write_role(json::Writer& json, const access::TopicRole& role) {
    json.begin_object();
    json.field("name", role.name);
    json.field("note", role.note);
    json.field("built_in", role.source == access::RoleSource::BuiltIn);
    json.field("from_file", role.source == access::RoleSource::File);
    json.field("rules", role.text);
    json.field("rule_count", role.rules.size());
    json.key("updated_at");
    role.updated_at == WallTime() ? json.null() : json.value(role.updated_at);
    json.field("version", role.updated_at.ms());
    write_problem(json, role);
    json.end_object();
}

std::string etag_of(WallTime updated_at) {
    return "\"" + std::to_string(updated_at.ms()) + "\"";
}

http::Response role_response(const access::TopicRole& role, std::uint16_t status) {
    std::string body;
    json::Writer json(body);
    write_role(json, role);
    http::Response response = json_response(std::move(body), status);
    response.headers.add("ETag", etag_of(role.updated_at));
    return response;
}

Problem changed_meanwhile() {
    return {.status = 412,
            .code = "role.changed",
            .detail = "somebody else changed this role meanwhile; read it again"};
}

/// A role that is written by hand here, or why this one is not.
Status check_editable(const access::RoleBook& book, const std::string& name) {
    TRY(access::check_role_name(name));
    const access::RoleBook::RoleRef role = book.find(name);
    if (role != nullptr && role->source == access::RoleSource::File) {
        return fail(ErrorKind::Denied, "this role comes from the file access.acl_file");
    }
    return {};
}

/// What a writer said of the version that it has read. A role that is not there has version 0.
struct Precondition {
    std::string if_match;
    bool must_be_new = false;

    explicit Precondition(const http::Request& request)
        : if_match(request.headers.find("If-Match").value_or("")),
          must_be_new(request.headers.find("If-None-Match").value_or("") == "*") {}

    [[nodiscard]] bool holds(WallTime now) const {
        const bool exists = now != WallTime();
        return (!must_be_new || !exists) &&
               (if_match.empty() || (if_match == "*" && exists) || if_match == etag_of(now));
    }
};

/// When the role of this name was last written; 0 if there is none.
Result<WallTime> version_of(storage::ControlStore& store, const std::string& name) {
    TRY_ASSIGN(const std::vector<storage::RoleRecord> roles, store.roles());
    const auto found = std::ranges::find(roles, name, &storage::RoleRecord::name);
    return found == roles.end() ? WallTime() : found->updated_at;
}

storage::AuditRecord audit_of(const Call& call, std::string what, WallTime at) {
    return {.at = at,
            .who = call.caller.principal,
            .what = std::move(what),
            .detail = call.parameters.at(0),
            .from_address = call.remote.host_to_string()};
}

}  // namespace

void Handlers::get_roles(const Call& call, const Respond& respond) {
    const auto& all = state_->parts.registry.roles().all();
    QueryReader query(call.request.query);
    const std::size_t limit = query.limit();
    // Cursors are names; the built-in roles stand first, whatever their names.
    const auto start =
        std::ranges::find(all, query.text("cursor"), [](const auto& role) { return role->name; });
    if (query.has("cursor") && start == all.end()) {
        query.refuse("the cursor does not belong to this list");
    }
    if (is_refused(query, respond)) {
        return;
    }
    const auto first = query.has("cursor") ? start : all.begin();
    const auto next = std::ranges::next(first, static_cast<std::ptrdiff_t>(limit), all.end());
    const std::string& problem = state_->parts.registry.file_problem();
    respond(object_response([&](json::Writer& json) {
        write_items(json, std::span(first, next),
                    [](json::Writer& to, const auto& role) { write_role(to, *role); });
        json.key("next");
        next == all.end() ? json.null() : json.value((*next)->name);
        json.key("file_problem");
        problem.empty() ? json.null() : json.value(problem);
    }));
}

void Handlers::get_role(const Call& call, const Respond& respond) {
    const access::RoleBook::RoleRef role =
        state_->parts.registry.roles().find(call.parameters.at(0));
    if (role == nullptr) {
        respond(error_response({ErrorKind::NotFound, 0, "no role of this name"}, "role"));
        return;
    }
    respond(role_response(*role, 200));
}

void Handlers::put_role(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    storage::RoleRecord record{.name = call.parameters.at(0),
                               .rules = body.text("rules"),
                               .note = body.optional_text("note").value_or(""),
                               .updated_at = state_->parts.shard.wall_now()};
    if (const auto rules = access::parse_topic_rules(record.rules); !rules) {
        body.refuse("`rules`: " + access::to_string(rules.error()));
    }
    if (is_refused(body, respond)) {
        return;
    }
    access::Registry& registry = state_->parts.registry;
    if (const Status editable = check_editable(registry.roles(), record.name); !editable) {
        respond(error_response(editable.error(), "role"));
        return;
    }
    const storage::AuditRecord audit = audit_of(call, "role.put", record.updated_at);
    // Shared with the work on the store's thread, which ends before the answer is given.
    const auto outcome = std::make_shared<Problem>(Problem{.status = 200, .code = ""});
    const std::string name = record.name;
    registry.visit(
        [record, audit, outcome,
         condition = Precondition(call.request)](storage::ControlStore& store) mutable -> Status {
            TRY_ASSIGN(const WallTime before, version_of(store, record.name));
            if (!condition.holds(before)) {
                *outcome = changed_meanwhile();
                return {};
            }
            // A version of its own, even within one millisecond.
            record.updated_at = std::max(record.updated_at, before + 1ms);
            outcome->status = before == WallTime() ? 201 : 200;
            TRY(store.put_role(record));
            return store.append_audit(audit);
        },
        [respond, outcome, name, &registry](const Status& done) {
            const access::RoleBook::RoleRef role = registry.roles().find(name);
            if (outcome->status == 412) {
                respond(to_response(*outcome));
            } else if (!done || role == nullptr) {
                const Error gone{ErrorKind::Unavailable, 0, "the role has gone again"};
                respond(error_response(done ? gone : done.error(), "role"));
            } else {
                respond(role_response(*role, outcome->status));
            }
        });
}

void Handlers::delete_role(const Call& call, const Respond& respond) {
    access::Registry& registry = state_->parts.registry;
    const std::string name = call.parameters.at(0);
    if (const Status editable = check_editable(registry.roles(), name); !editable) {
        respond(error_response(editable.error(), "role"));
        return;
    }
    const storage::AuditRecord audit =
        audit_of(call, "role.remove", state_->parts.shard.wall_now());
    const auto is_changed = std::make_shared<bool>(false);  // shared: as in put_role()
    registry.visit(
        [name, audit, is_changed,
         condition = Precondition(call.request)](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(const WallTime before, version_of(store, name));
            if (!condition.holds(before)) {
                *is_changed = true;
                return {};
            }
            TRY(store.remove_role(name));
            return store.append_audit(audit);
        },
        [respond, is_changed](const Status& done) {
            respond(*is_changed ? to_response(changed_meanwhile())
                    : done      ? no_content()
                                : error_response(done.error(), "role"));
        });
}

namespace {

/// Who is meant: a principal by its name, or somebody with the roles that are given.
struct Subject {
    bus::Principal principal{.name = "somebody"};
    std::string machine_to_find;  // its roles are in the store
    bool is_known = true;
};

Subject subject_named(const access::Registry& registry, const std::string& name) {
    Subject subject;
    subject.principal.name = name;
    if (name.starts_with("token:")) {
        const access::TokenEntry* token = registry.tokens().find_id(name.substr(6));
        subject.is_known = token != nullptr;
        if (token != nullptr) {
            subject.principal.role = token->role;
            subject.principal.machine = token->machine;
            subject.principal.topic_roles = token->topic_roles;
        }
    } else if (name.starts_with("user:")) {
        const storage::UserRecord* user = registry.find_user(name.substr(5));
        const auto role = user == nullptr ? std::nullopt : access::parse_role(user->role);
        subject.is_known = role.has_value();
        subject.principal.role = role.value_or(bus::Role::Machine);
    } else if (name.starts_with("machine:")) {
        subject.machine_to_find = name.substr(8);
    } else if (name == access::kAnonymousName) {
        subject.principal.topic_roles = {"free"};  // as on loopback
    } else {
        subject.is_known = false;
    }
    return subject;
}

/// A list of names, or one text with spaces or commas between them.
std::vector<std::string> names_of(json::View names) {
    if (auto text = names.text()) {
        std::string spaced(*text);
        std::ranges::replace(spaced, ',', ' ');
        return access::split_topic_roles(spaced);
    }
    std::vector<std::string> all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        all.emplace_back(names.at(i).text().value_or(""));
    }
    return all;
}

Subject subject_of(const access::Registry& registry, Body& body) {
    if (const auto name = body.optional_text("principal")) {
        Subject subject = subject_named(registry, *name);
        if (!subject.is_known) {
            body.refuse(
                "`principal` is token:ID, user:NAME, machine:NAME or anonymous, and exists");
        }
        return subject;
    }
    Subject subject;
    const json::View roles = body.member("topic_roles");
    subject.principal.topic_roles = names_of(roles);
    subject.principal.machine = body.optional_text("machine").value_or("");
    if (const auto role = body.optional_text("role")) {
        // A console role, or else one topic role.
        const auto parsed = access::parse_role(*role);
        subject.principal.role = parsed.value_or(bus::Role::Machine);
        if (!parsed) {
            subject.principal.topic_roles = {*role};
        }
    } else if (!roles.exists()) {
        subject.machine_to_find = subject.principal.machine;
    }
    return subject;
}

http::Response answer_response(const access::AclAnswer& answer) {
    std::string body;
    json::Writer json(body);
    json.begin_object();
    json.field("allowed", answer.is_allowed);
    json.key("decided_by");
    if (answer.decided_by) {
        json.begin_object();
        json.field("role", answer.decided_by->role);
        json.field("line", answer.decided_by->line);
        json.field("text", answer.decided_by->text);
        json.end_object();
    } else {
        json.null();
    }
    json.field("why", answer.why);
    for (const auto& [name, list] :
         {std::pair("topic_roles", &answer.roles), std::pair("unknown_roles", &answer.unknown)}) {
        json.key(name);
        json.begin_array();
        for (const std::string& role : *list) {
            json.value(role);
        }
        json.end_array();
    }
    json.end_object();
    return json_response(std::move(body));
}

void respond_to_question(const access::RoleBook& book, const access::AclQuestion& question,
                         const Respond& respond) {
    const Result<access::AclAnswer> answer = access::test_acl(book, question);
    respond(answer ? answer_response(*answer) : error_response(answer.error(), "topic"));
}

}  // namespace

void Handlers::post_acl_test(const Call& call, const Respond& respond) {
    access::Registry& registry = state_->parts.registry;
    Body body(call.request.body);
    Subject subject = subject_of(registry, body);
    const auto action = access::parse_topic_action(body.text("action"));
    if (!action) {
        body.refuse("`action` is publish or subscribe");
    }
    access::AclQuestion question{.principal = subject.principal,
                                 .client_id = body.optional_text("client_id").value_or(""),
                                 .action = action.value_or(bus::TopicAction::Publish),
                                 .topic = body.text("topic")};
    if (is_refused(body, respond)) {
        return;
    }
    if (subject.machine_to_find.empty()) {
        respond_to_question(registry.roles(), question, respond);
        return;
    }
    question.principal.name = "machine:" + subject.machine_to_find;
    question.principal.machine = subject.machine_to_find;
    const auto found = std::make_shared<std::optional<storage::MachineRecord>>();  // as above
    registry.visit(
        [found, name = subject.machine_to_find](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(*found, store.find_machine(name));
            return {};
        },
        [found, question, respond, &registry](const Status& done) mutable {
            if (!done || !*found) {
                const Error unknown{ErrorKind::NotFound, 0, "no machine of this name"};
                respond(error_response(done ? unknown : done.error(), "machine"));
                return;
            }
            question.principal.topic_roles = access::split_topic_roles((*found)->topic_roles);
            respond_to_question(registry.roles(), question, respond);
        });
}

}  // namespace kith::api
