// kith token: create, list and revoke API tokens, with the node running or stopped.
#include "crypto/token.h"
#include "access/names.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/json_line.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string name = "cli";
    std::string role = "admin";
    std::vector<std::string> topics = {"free"};
    std::string machine;
    std::string id;
    std::int64_t expires_in_s = 0;
    bool as_json = false;
};

int create(storage::ControlStore& store, const Options& options) {
    if (const Status roles = access::check_topic_roles(options.topics); !roles) {
        return fail_with("cannot create the token", roles.error().text);
    }
    if (!options.machine.empty()) {
        const auto machine = store.find_machine(options.machine);
        if (!machine || !*machine) {
            return fail_with("cannot create the token",
                             machine ? "there is no such machine" : machine.error().text);
        }
    }
    crypto::SystemSecrets secrets;
    const crypto::Token token = crypto::make_token(secrets);
    const WallTime now = node::wall_now();
    const Status added = store.add_token(
        {.id = token.id,
         .name = options.name,
         .role = options.role,
         .secret_digest = crypto::token_digest(token.text),
         .created_at = now,
         .expires_at = options.expires_in_s == 0 ? WallTime{}
                                                 : now + std::chrono::seconds(options.expires_in_s),
         .topic_roles = access::join_topic_roles(options.topics),
         .machine = options.machine});
    if (!added) {
        return fail_with("cannot create the token", added.error().text);
    }
    note_in_audit(store, "token.create", token.id);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("token", std::string_view(token.text));
            json.field("id", std::string_view(token.id));
            json.field("name", std::string_view(options.name));
            json.field("role", std::string_view(options.role));
            json.field("topic_roles", access::join_topic_roles(options.topics));
            json.field("machine", std::string_view(options.machine));
        });
    } else {
        fmt::print("{}\n", token.text);
    }
    return 0;
}

void print_token(const storage::TokenRecord& token, bool as_json) {
    if (!as_json) {
        fmt::print("{:<10} {:<10} {:<24} {}\n", token.id, token.role, to_rfc3339(token.created_at),
                   token.name);
        return;
    }
    print_json_line([&](json::Writer& json) {
        json.field("id", std::string_view(token.id));
        json.field("name", std::string_view(token.name));
        json.field("role", std::string_view(token.role));
        json.field("created_at", token.created_at);
        json.field("topic_roles", std::string_view(token.topic_roles));
        json.field("machine", std::string_view(token.machine));
        if (token.expires_at.ms() != 0) {
            json.field("expires_at", token.expires_at);
        }
    });
}

int list(storage::ControlStore& store, const Options& options) {
    const auto tokens = store.tokens();
    if (!tokens) {
        return fail_with("cannot read the tokens", tokens.error().text);
    }
    for (const storage::TokenRecord& token : *tokens) {
        print_token(token, options.as_json);
    }
    return 0;
}

int revoke(storage::ControlStore& store, const Options& options) {
    if (const Status removed = store.remove_token(options.id); !removed) {
        return fail_with(fmt::format("cannot revoke {}", options.id), removed.error().text);
    }
    note_in_audit(store, "token.revoke", options.id);
    return report_json(options.as_json, "revoked", options.id);
}

}  // namespace

void add_token(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("token", "Create, list or revoke API tokens");
    command->require_subcommand(1);
    command->footer("Example: kith token create --data data --role admin --json");
    ControlCommands<Options> commands(*command, exit_code);
    Options& options = commands.options();

    CLI::App* create_command = commands.add("create", "Create a token and print it once", create);
    create_command->add_option("--role", options.role, "What it may do")
        ->check(CLI::IsMember({"admin", "operator", "viewer", "machine"}))
        ->capture_default_str();
    create_command->add_option("--name", options.name, "For people, in lists")
        ->capture_default_str();
    create_command
        ->add_option("--topics", options.topics, "Topic roles of a machine's token: ROLE,...")
        ->delimiter(',')
        ->capture_default_str();
    create_command->add_option("--machine", options.machine, "The machine that it belongs to");
    create_command
        ->add_option("--expires-in", options.expires_in_s, "Seconds until it ends; 0 is never")
        ->check(CLI::NonNegativeNumber);

    commands.add("list", "List tokens, without their secrets", list);
    commands.add("revoke", "End a token at once", revoke)
        ->add_option("id", options.id, "The token's id, as in the list")
        ->required();
}

}  // namespace kith::cli
