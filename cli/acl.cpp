// kith config acl, kith config acl-test: topic roles of a data directory, with the node running or
// stopped, and what somebody may do by them.
#include "access/names.h"
#include "access/role_book.h"
#include "access/topic_question.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/json_line.h"
#include "json/writer.h"
#include "node/process_facts.h"
#include "node/role_file.h"
#include "storage/limits.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string acl_file;  // of the configuration
    std::string name;
    std::string file = "-";
    std::string note;
    bool as_json = false;

    std::string client_id;
    std::string machine;
    std::string token;
    std::string user;
    std::string role = "machine";
    std::vector<std::string> topics;
    std::string action;
    std::string topic;
};

/// The roles as a node with this data directory and file has them.
Result<access::RoleBook> read_book(storage::ControlStore& store, const Options& options) {
    TRY_ASSIGN(const auto stored, store.roles());
    const auto of_file = node::load_role_file(options.acl_file);
    if (!of_file) {
        fmt::print(stderr, "kith: {}\n", of_file.error().text);
        return fail(ErrorKind::Invalid, "the file of roles is wrong");
    }
    return access::RoleBook(stored, *of_file, access::RoleBook());
}

void write_role(const access::TopicRole& role, bool with_rules) {
    print_json_line([&](json::Writer& json) {
        json.field("name", role.name);
        json.field("source", access::to_string(role.source));
        json.field("note", role.note);
        json.field("rule_count", role.rules.size());
        if (role.updated_at != WallTime()) {
            json.field("updated_at", role.updated_at);
        }
        if (role.problem) {
            json.field("problem", access::to_string(*role.problem));
        }
        if (with_rules) {
            json.field("rules", role.text);
        }
    });
}

int list(storage::ControlStore& store, const Options& options) {
    const auto book = read_book(store, options);
    if (!book) {
        return fail_with("cannot read the roles", book.error().text);
    }
    for (const access::RoleBook::RoleRef& role : book->all()) {
        if (options.as_json) {
            write_role(*role, false);
        } else {
            fmt::print("{:<24} {:<9} {:>3} rules  {}{}\n", role->name,
                       access::to_string(role->source), role->rules.size(), role->note,
                       role->problem ? "  PROBLEM: " + access::to_string(*role->problem) : "");
        }
    }
    return 0;
}

int show(storage::ControlStore& store, const Options& options) {
    const auto book = read_book(store, options);
    const access::RoleBook::RoleRef role = book ? book->find(options.name) : nullptr;
    if (role == nullptr) {
        return fail_with(fmt::format("cannot show {}", options.name),
                         book ? "there is no such role" : book.error().text);
    }
    options.as_json ? write_role(*role, true) : fmt::print("{}", role->text);
    return 0;
}

/// The text of a file, or of stdin for "-". Errors: NotFound, Limit.
Result<std::string> read_rules(const std::string& path) {
    std::string text;
    const auto read = [&text](std::istream& stream) {
        char c = '\0';
        while (text.size() <= storage::kControlTextBytesMax && stream.get(c)) {
            text += c;
        }
    };
    if (path == "-") {
        read(std::cin);
    } else {
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            return fail(ErrorKind::NotFound, "cannot read this file");
        }
        read(file);
    }
    if (text.size() > storage::kControlTextBytesMax) {
        return fail(ErrorKind::Limit, "longer than 64 KiB");
    }
    return text;
}

int set(const Options& options) {
    const std::string what = fmt::format("cannot set {}", options.name);
    if (const Status name = access::check_role_name(options.name); !name) {
        return fail_with(what, name.error().text);
    }
    const Result<std::string> text = read_rules(options.file);
    if (!text) {
        return fail_with(fmt::format("{}: {}", what, options.file), text.error().text);
    }
    if (const auto rules = access::parse_topic_rules(*text); !rules) {
        return fail_with(fmt::format("{}: {}", what, options.file),
                         access::to_string(rules.error()));
    }
    const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
    if (store == nullptr) {
        return 1;
    }
    const Status put = store->put_role({.name = options.name,
                                        .rules = *text,
                                        .note = options.note,
                                        .updated_at = node::wall_now()});
    if (!put) {
        return fail_with(what, put.error().text);
    }
    note_in_audit(*store, "role.put", options.name);
    return report_json(options.as_json, "name", options.name);
}

int remove(storage::ControlStore& store, const Options& options) {
    if (const Status removed = store.remove_role(options.name); !removed) {
        return fail_with(fmt::format("cannot remove {}", options.name), removed.error().text);
    }
    note_in_audit(store, "role.remove", options.name);
    return report_json(options.as_json, "removed", options.name);
}

Result<bus::Principal> token_principal(storage::ControlStore& store, const std::string& id) {
    TRY_ASSIGN(const auto tokens, store.tokens());
    const auto found = std::ranges::find(tokens, id, &storage::TokenRecord::id);
    if (found == tokens.end()) {
        return fail(ErrorKind::NotFound, "there is no such token");
    }
    return bus::Principal{.name = "token:" + id,
                          .role = access::parse_role(found->role).value_or(bus::Role::Machine),
                          .machine = found->machine,
                          .topic_roles = access::split_topic_roles(found->topic_roles)};
}

Result<bus::Principal> user_principal(storage::ControlStore& store, const std::string& name) {
    TRY_ASSIGN(const auto users, store.users());
    const auto found = std::ranges::find(users, name, &storage::UserRecord::name);
    if (found == users.end()) {
        return fail(ErrorKind::NotFound, "there is no such user");
    }
    return bus::Principal{.name = "user:" + name,
                          .role = access::parse_role(found->role).value_or(bus::Role::Machine)};
}

/// Who is asked about. A machine has the roles that it has in the store, unless others are given.
Result<bus::Principal> principal_of(storage::ControlStore& store, const Options& options) {
    if (!options.token.empty()) {
        return token_principal(store, options.token);
    }
    if (!options.user.empty()) {
        return user_principal(store, options.user);
    }
    bus::Principal principal{.name = "machine:" + options.machine,
                             .role = access::parse_role(options.role).value_or(bus::Role::Machine),
                             .machine = options.machine,
                             .topic_roles = options.topics};
    if (!options.machine.empty() && options.topics.empty()) {
        TRY_ASSIGN(const auto machine, store.find_machine(options.machine));
        if (!machine) {
            return fail(ErrorKind::NotFound, "there is no such machine; --topics gives it roles");
        }
        principal.topic_roles = access::split_topic_roles(machine->topic_roles);
    }
    return principal;
}

void print_answer(const access::AclAnswer& answer, bool as_json) {
    if (!as_json) {
        fmt::print("{}\n", answer.why);
        for (const std::string& name : answer.unknown) {
            fmt::print(stderr, "kith: there is no role {}\n", name);
        }
        return;
    }
    print_json_line([&](json::Writer& json) {
        json.field("allowed", answer.is_allowed);
        json.field("why", answer.why);
        if (answer.decided_by) {
            json.key("decided_by");
            json.begin_object();
            json.field("role", answer.decided_by->role);
            json.field("line", answer.decided_by->line);
            json.field("text", answer.decided_by->text);
            json.end_object();
        }
        json.field("topic_roles", access::join_topic_roles(answer.roles));
    });
}

int test(storage::ControlStore& store, const Options& options) {
    const auto book = read_book(store, options);
    const auto principal = principal_of(store, options);
    if (!book || !principal) {
        return fail_with("cannot test", book ? principal.error().text : book.error().text);
    }
    const auto answer = access::test_acl(
        *book, {.principal = *principal,
                .client_id = options.client_id.empty() ? options.machine : options.client_id,
                .action = access::parse_topic_action(options.action).value(),
                .topic = options.topic});
    if (!answer) {
        return fail_with(options.topic, answer.error().text);
    }
    print_answer(*answer, options.as_json);
    return answer->is_allowed ? 0 : 1;
}

void add_test(ControlCommands<Options> commands) {
    Options& options = commands.options();
    CLI::App* command =
        commands.add("acl-test", "Say whether somebody may use a topic, and by which rule", test);
    command->footer(
        "Exit status 0: allowed, 1: denied.\n"
        "Example: kith config acl-test --machine press-07 publish plant/press-07/temp");
    command->add_option("--acl-file", options.acl_file, "What access.acl_file names, if it does");
    command->add_option("--client", options.client_id, "Its client id; the machine's name if none");
    CLI::Option* machine =
        command->add_option("--machine", options.machine, "A machine, with its own topic roles");
    CLI::Option* token = command->add_option("--token", options.token, "The id of a token");
    CLI::Option* user = command->add_option("--user", options.user, "A user");
    token->excludes(machine)->excludes(user);
    user->excludes(machine);
    command->add_option("--role", options.role, "A console role")
        ->check(CLI::IsMember({"admin", "operator", "viewer", "machine"}))
        ->capture_default_str();
    command->add_option("--topics", options.topics, "Topic roles, instead of its own: ROLE,...")
        ->delimiter(',');
    command->add_option("action", options.action, "publish or subscribe")
        ->required()
        ->check(CLI::IsMember({"publish", "subscribe"}));
    command->add_option("topic", options.topic, "The topic, or the filter")->required();
}

}  // namespace

void add_acl(CLI::App& config, int& exit_code) {
    ControlCommands<Options> of_config(config, exit_code);
    add_test(of_config);
    CLI::App* acl = config.add_subcommand("acl", "List, show, set or remove topic roles");
    acl->require_subcommand(1);
    acl->footer("Example: kith config acl set press press.acl");
    ControlCommands<Options> commands = of_config.within(*acl);
    Options& options = commands.options();
    CLI::App* list_command = commands.add("list", "List the roles", list);
    CLI::App* show_command = commands.add("show", "Print the rules of a role", show);
    CLI::App* set_command =
        commands.add_plain("set", "Replace the rules of a role, or make it", set);
    CLI::App* remove_command =
        commands.add("remove", "Remove a role; whoever has it loses its rights", remove);
    for (CLI::App* command : {list_command, show_command}) {
        command->add_option("--acl-file", options.acl_file,
                            "What access.acl_file names, if it does");
    }
    for (CLI::App* command : {show_command, set_command, remove_command}) {
        command->add_option("name", options.name, "The role's name")->required();
    }
    set_command->add_option("file", options.file, "A file with the rules; - is stdin")
        ->capture_default_str();
    set_command->add_option("--note", options.note, "For people, in lists");
}

}  // namespace kith::cli
