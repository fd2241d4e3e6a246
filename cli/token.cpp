// kith token: create, list and revoke API tokens, with the node running or stopped.
#include "crypto/token.h"
#include "cli/commands.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "node/node_directory.h"
#include "storage/sqlite/sqlite_stores.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string name = "cli";
    std::string role = "admin";
    std::string id;
    std::int64_t expires_in_s = 0;
    bool as_json = false;
};

int fail_with(std::string_view what, std::string_view why) {
    fmt::print(stderr, "kith: {}: {}\n", what, why);
    return 1;
}

std::unique_ptr<storage::ControlStore> open_store(const Options& options) {
    const auto data = node::NodeDirectory::open(options.data);
    if (!data) {
        fmt::print(stderr, "kith: {}\n", data.error().text);
        return nullptr;
    }
    auto store = storage::open_control_store({.path = data->file("control.db")});
    if (!store) {
        fail_with("cannot open " + data->file("control.db"), store.error().text);
        return nullptr;
    }
    return std::move(*store);
}

WallTime wall_now() {
    return WallTime::from_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

int create(const Options& options) {
    const std::unique_ptr<storage::ControlStore> store = open_store(options);
    if (store == nullptr) {
        return 1;
    }
    crypto::SystemSecrets secrets;
    const crypto::Token token = crypto::make_token(secrets);
    const WallTime now = wall_now();
    const Status added =
        store->add_token({.id = token.id,
                          .name = options.name,
                          .role = options.role,
                          .secret_digest = crypto::token_digest(token.text),
                          .created_at = now,
                          .expires_at = options.expires_in_s == 0
                                            ? WallTime{}
                                            : now + std::chrono::seconds(options.expires_in_s)});
    if (!added) {
        return fail_with("cannot create the token", added.error().text);
    }
    const Status audited =
        store->append_audit({.at = now, .who = "cli", .what = "token.create", .detail = token.id});
    if (!audited) {
        fmt::print(stderr, "kith: the audit could not be written: {}\n", audited.error().text);
    }
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("token", std::string_view(token.text));
        json.field("id", std::string_view(token.id));
        json.field("name", std::string_view(options.name));
        json.field("role", std::string_view(options.role));
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
    if (token.expires_at.ms() != 0) {
        json.field("expires_at", token.expires_at);
    }
    json.end_object();
    fmt::print("{}\n", out);
}

int list(const Options& options) {
    const std::unique_ptr<storage::ControlStore> store = open_store(options);
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
    const std::unique_ptr<storage::ControlStore> store = open_store(options);
    if (store == nullptr) {
        return 1;
    }
    if (const Status removed = store->remove_token(options.id); !removed) {
        return fail_with(fmt::format("cannot revoke {}", options.id), removed.error().text);
    }
    const Status audited = store->append_audit(
        {.at = wall_now(), .who = "cli", .what = "token.revoke", .detail = options.id});
    if (!audited) {
        fmt::print(stderr, "kith: the audit could not be written: {}\n", audited.error().text);
    }
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
