#include "cli/connection_options.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <utility>

namespace kith::cli {

void add_connection_options(CLI::App& command, ConnectionOptions& options) {
    command.set_help_flag("--help", "Print this help and exit");
    command.add_option("-h,--host", options.host, "The node or broker, HOST[:PORT]")
        ->capture_default_str();
    command.add_option("-i,--id", options.client_id, "Client id [made up]");
    command.add_option("--token", options.token, "An API token (kith token create)");
    command.add_option("-u,--user", options.user, "User name");
    command.add_option("-P,--password", options.password, "Password")->needs("--user");
    command.add_option("--ca", options.ca_file, "Certificates to trust, PEM [the system's]")
        ->check(CLI::ExistingFile);
    command.add_flag("--tls", options.tls, "Connect with TLS");
    command.add_option("-V,--mqtt-version", options.version, "MQTT version")
        ->check(CLI::IsMember({"3.1.1", "5"}))
        ->capture_default_str();
    command.add_option("-k,--keep-alive", options.keep_alive_s, "Seconds; 0 is off")
        ->capture_default_str();
}

Outcome<sdk::LinkSettings> link_settings(const ConnectionOptions& options) {
    sdk::LinkSettings settings{.node = options.host};
    if (options.host.find(':') == std::string::npos) {
        settings.node += options.tls ? ":8883" : ":1883";
    }
    sdk::ClientSettings& client = settings.client;
    client.version = options.version == "5" ? mqtt::Version::V5 : mqtt::Version::V311;
    client.client_id =
        options.client_id.empty() ? fmt::format("kith-{}", getpid()) : options.client_id;
    client.keep_alive = options.keep_alive_s;
    if (!options.token.empty()) {
        // MQTT 3.1.1 has no password without a user name [MQTT-3.1.2-22]; the node does not read
        // it.
        client.user_name = "token";
        client.password = options.token;
    } else if (!options.user.empty()) {
        client.user_name = options.user;
        client.password = options.password;
    }
    return settings;
}

int report_failure(const std::string& what, const Failure& failure) {
    fmt::print(stderr, "kith: {}: {}\n", what, failure.text);
    return 1;
}

}  // namespace kith::cli
