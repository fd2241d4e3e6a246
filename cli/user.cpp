// kith user: add, list, change and remove the people who use a node, with it running or stopped.
#include "access/credential.h"
#include "access/names.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/json_line.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string name;
    std::string role = "viewer";
    std::string password;
    bool as_json = false;
};

void print_user(const storage::UserRecord& user, const std::string& password, bool as_json) {
    if (!as_json) {
        password.empty()
            ? fmt::print("{:<10} {:<24} {}\n", user.role, to_rfc3339(user.created_at), user.name)
            : fmt::print("{}\n", password);
        return;
    }
    print_json_line([&](json::Writer& json) {
        json.field("name", std::string_view(user.name));
        json.field("role", std::string_view(user.role));
        json.field("created_at", user.created_at);
        if (!password.empty()) {
            json.field("password", std::string_view(password));
        }
    });
}

int add(storage::ControlStore& store, const Options& options) {
    const std::string what = "cannot add " + options.name;
    if (const Status name = access::check_name(options.name); !name) {
        return fail_with(what, name.error().text);
    }
    const auto password = password_option(options.password);
    if (!password) {
        return fail_with(what, password.error().text);
    }
    crypto::SystemSecrets secrets;
    const auto made = access::make_credential(password->text, password->origin, secrets);
    if (!made) {
        return fail_with(what, made.error().text);
    }
    const storage::UserRecord user{.name = options.name,
                                   .role = options.role,
                                   .password_hash = made->password_hash,
                                   .created_at = node::wall_now(),
                                   .scram = made->scram};
    if (const Status added = store.add_user(user); !added) {
        return fail_with(what, added.error().kind == ErrorKind::Conflict
                                   ? "there is a user or a machine of this name"
                                   : added.error().text);
    }
    note_in_audit(store, "user.create", options.name);
    print_user(user, password->shown(), options.as_json);
    return 0;
}

int list(storage::ControlStore& store, const Options& options) {
    const auto users = store.users();
    if (!users) {
        return fail_with("cannot read the users", users.error().text);
    }
    for (const storage::UserRecord& user : *users) {
        print_user(user, {}, options.as_json);
    }
    return 0;
}

int change_password(storage::ControlStore& store, const Options& options) {
    const std::string what = "cannot change the password of " + options.name;
    const auto users = store.users();
    if (!users) {
        return fail_with(what, users.error().text);
    }
    const auto found = std::ranges::find(*users, options.name, &storage::UserRecord::name);
    if (found == users->end()) {
        return fail_with(what, "there is no user of this name");
    }
    const auto password = password_option(options.password);
    if (!password) {
        return fail_with(what, password.error().text);
    }
    crypto::SystemSecrets secrets;
    const auto made = access::make_credential(password->text, password->origin, secrets);
    if (!made) {
        return fail_with(what, made.error().text);
    }
    storage::UserRecord user = *found;
    user.password_hash = made->password_hash;
    user.scram = made->scram;
    if (const Status changed = store.update_user(user); !changed) {
        return fail_with(what, changed.error().text);
    }
    note_in_audit(store, "user.change", options.name);
    if (!password->shown().empty() || options.as_json) {
        print_user(user, password->shown(), options.as_json);
    }
    return 0;
}

bool is_last_administrator(const std::vector<storage::UserRecord>& users, std::string_view name) {
    const auto is_admin = [](const storage::UserRecord& user) { return user.role == "admin"; };
    return std::ranges::count_if(users, is_admin) == 1 &&
           std::ranges::find_if(users, is_admin)->name == name;
}

int remove(storage::ControlStore& store, const Options& options) {
    const auto users = store.users();
    if (!users) {
        return fail_with("cannot remove " + options.name, users.error().text);
    }
    if (is_last_administrator(*users, options.name)) {
        return fail_with("cannot remove " + options.name,
                         "this is the last administrator; add another first: kith user add NAME "
                         "--role admin");
    }
    if (const Status removed = store.remove_user(options.name); !removed) {
        return fail_with("cannot remove " + options.name, removed.error().text);
    }
    note_in_audit(store, "user.remove", options.name);
    return report_json(options.as_json, "removed", options.name);
}

}  // namespace

void add_user(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("user", "Add, list, change and remove users");
    command->require_subcommand(1);
    command->footer("Example: kith user add anna --role operator --data data");
    ControlCommands<Options> commands(*command, exit_code);
    Options& options = commands.options();
    CLI::App* add_command = commands.add("add", "Add a user", add);
    commands.add("list", "List users", list);
    CLI::App* password_command =
        commands.add("passwd", "Set another password; ends the user's sessions", change_password);
    CLI::App* remove_command =
        commands.add("remove", "Remove a user; ends the user's sessions and connections", remove);
    for (CLI::App* each : {add_command, password_command, remove_command}) {
        each->add_option("name", options.name, "The user's name")->required();
    }
    add_command->add_option("--role", options.role, "What the user may do")
        ->check(CLI::IsMember({"admin", "operator", "viewer"}))
        ->capture_default_str();
    add_password_option(*add_command, options.password);
    add_password_option(*password_command, options.password);
}

}  // namespace kith::cli
