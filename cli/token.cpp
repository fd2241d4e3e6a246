// kith token: create, list and revoke API tokens, with the node running or stopped.
#include "crypto/token.h"
#include "access/names.h"
#include "cli/commands.h"
#include "cli/control_tool.h"
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

int create(const Options& options) {
    const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
    if (store == nullptr) {
        return 1;
    }
    if (const Status roles = access::check_topic_roles(options.topics); !roles) {
        return fail_with("cannot create the token", roles.error().text);
    }
    if (!options.machine.empty()) {
        const auto machine = store->find_machine(options.machine);
        if (!machine || !*machine) {
            return fail_with("cannot create the token",
                             machine ? "there is no such machine" : machine.error().text);
        }
    }
    crypto::SystemSecrets secrets;
    const crypto::Token token = crypto::make_token(secrets);
    const WallTime now = node::wall_now();
    const Status added = store->add_token(
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
    note_in_audit(*store, "token.create", token.id);
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("token", std::string_view(token.text));
        json.field("id", std::string_view(token.id));
        json.field("name", std::string_view(options.name));
        json.field("role", std::string_view(options.role));
        json.field("topic_roles", access::join_topic_roles(options.topics));
        json.field("machine", std::string_view(options.machine));
        json.end_object();
        fmt::print("{}\n", out);
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
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("id", std::string_view(token.id));
    json.field("name", std::string_view(token.name));
    json.field("role", std::string_view(token.role));
    json.field("created_at", token.created_at);
    json.field("topic_roles", std::string_view(token.topic_roles));
    json.field("machine", std::string_view(token.machine));
    if (token.expires_at.ms() != 0) {
        json.field("expires_at", token.expires_at);
    }
    json.end_object();
    fmt::print("{}\n", out);
}

int list(const Options& options) {
    const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
    if (store == nullptr) {
        return 1;
    }
    const auto tokens = store->tokens();
    if (!tokens) {
        return fail_with("cannot read the tokens", tokens.error().text);
    }
    for (const storage::TokenRecord& token : *tokens) {
        print_token(token, options.as_json);
    }
    return 0;
}

int revoke(const Options& options) {
    const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
    if (store == nullptr) {
        return 1;
    }
    if (const Status removed = store->remove_token(options.id); !removed) {
        return fail_with(fmt::format("cannot revoke {}", options.id), removed.error().text);
    }
    note_in_audit(*store, "token.revoke", options.id);
    if (options.as_json) {
        fmt::print("{{\"revoked\":\"{}\"}}\n", options.id);
    }
    return 0;
}

}  // namespace

void add_token(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("token", "Create, list or revoke API tokens");
    command->require_subcommand(1);
    command->footer("Example: kith token create --data data --role admin --json");
    auto options = std::make_shared<Options>();
    const auto add_common = [&](CLI::App* sub) {
        sub->add_option("--data", options->data, "The node's data directory")
            ->capture_default_str();
        sub->add_flag("--json", options->as_json, "JSON, one object a line");
    };

    CLI::App* create_command =
        command->add_subcommand("create", "Create a token and print it once");
    add_common(create_command);
    create_command->add_option("--role", options->role, "What it may do")
        ->check(CLI::IsMember({"admin", "operator", "viewer", "machine"}))
        ->capture_default_str();
    create_command->add_option("--name", options->name, "For people, in lists")
        ->capture_default_str();
    create_command
        ->add_option("--topics", options->topics, "Topic roles of a machine's token: ROLE,...")
        ->delimiter(',')
        ->capture_default_str();
    create_command->add_option("--machine", options->machine, "The machine that it belongs to");
    create_command
        ->add_option("--expires-in", options->expires_in_s, "Seconds until it ends; 0 is never")
        ->check(CLI::NonNegativeNumber);
    create_command->callback([options, &exit_code] { exit_code = create(*options); });

    CLI::App* list_command = command->add_subcommand("list", "List tokens, without their secrets");
    add_common(list_command);
    list_command->callback([options, &exit_code] { exit_code = list(*options); });

    CLI::App* revoke_command = command->add_subcommand("revoke", "End a token at once");
    add_common(revoke_command);
    revoke_command->add_option("id", options->id, "The token's id, as in the list")->required();
    revoke_command->callback([options, &exit_code] { exit_code = revoke(*options); });
}

}  // namespace kith::cli
