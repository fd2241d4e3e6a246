#include "cli/connection_options.h"

#include "sdk/tls_link.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <utility>

namespace kith::cli {
namespace {

std::string node_of(const NodeOptions& options) {
    if (options.host.find(':') != std::string::npos) {
        return options.host;
    }
    return options.host + (options.tls ? ":8883" : ":1883");
}

}  // namespace

void add_node_options(CLI::App& command, NodeOptions& options) {
    command.set_help_flag("--help", "Print this help and exit");
    command.add_option("-h,--host", options.host, "The node, HOST[:PORT]")->capture_default_str();
    command.add_option("-i,--id", options.client_id, "Client id [made up]");
    command.add_option("--token", options.token, "An API token (kith token create)");
    CLI::Option* tls = command.add_flag("--tls", options.tls, "Connect with TLS");
    command.add_option("--ca", options.ca_file, "Certificates to trust, PEM [the system's]")
        ->check(CLI::ExistingFile)
        ->needs(tls);
}

void add_connection_options(CLI::App& command, ConnectionOptions& options) {
    add_node_options(command, options.node);
    CLI::Option* user = command.add_option("-u,--user", options.user, "User name");
    command.add_option("-P,--password", options.password, "Password")->needs(user);
    command.add_option("-V,--mqtt-version", options.version, "MQTT version")
        ->check(CLI::IsMember({"3.1.1", "5"}))
        ->capture_default_str();
    command.add_option("-k,--keep-alive", options.keep_alive_s, "Seconds; 0 is off")
        ->capture_default_str();
}

std::string client_id_of(const NodeOptions& options) {
    return options.client_id.empty() ? fmt::format("kith-{}", getpid()) : options.client_id;
}

MachineOptions machine_options(const NodeOptions& options) {
    return {.node = node_of(options),
            .token = options.token,
            .tls = options.tls,
            .ca_file = options.ca_file};
}

Outcome<sdk::LinkSettings> link_settings(const ConnectionOptions& options) {
    sdk::LinkSettings settings{.node = node_of(options.node)};
    sdk::ClientSettings& client = settings.client;
    client.version = options.version == "5" ? mqtt::Version::V5 : mqtt::Version::V311;
    client.client_id = client_id_of(options.node);
    client.keep_alive = options.keep_alive_s;
    if (!options.user.empty()) {
        client.user_name = options.user;
        client.password = options.password;
    } else if (!options.node.token.empty()) {
        client.user_name = sdk::kTokenUserName;
        client.password = options.node.token;
    }
    if (options.node.tls) {
        auto secure = sdk::make_tls(settings.node, options.node.ca_file);
        if (!secure) {
            return secure.failure();
        }
        settings.secure = std::move(*secure);
    }
    return settings;
}

int report_failure(const std::string& what, const Failure& failure) {
    fmt::print(stderr, "kith: {}: {}\n", what, failure.text);
    return 1;
}

}  // namespace kith::cli
