// The options that pub, sub and call share: which node, as whom, how.
#pragma once

#include "sdk/kith/machine.h"
#include "sdk/node_link.h"

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace kith::cli {

/// What every client of a node needs.
struct NodeOptions {
    std::string host = "127.0.0.1:1883";
    std::string client_id;  // empty: one is made up
    std::string token;
    bool tls = false;
    std::string ca_file;
};

/// And what any MQTT broker understands.
struct ConnectionOptions {
    NodeOptions node;
    std::string user;
    std::string password;
    std::string version = "5";
    std::uint16_t keep_alive_s = 60;
};

/// `-h` is the node here, as in every MQTT tool; help is --help.
void add_node_options(CLI::App& command, NodeOptions& options);
/// Those of the node, too.
void add_connection_options(CLI::App& command, ConnectionOptions& options);

[[nodiscard]] std::string client_id_of(const NodeOptions& options);
[[nodiscard]] MachineOptions machine_options(const NodeOptions& options);
/// What a link needs. Errors: Invalid, for certificates that cannot be used.
[[nodiscard]] Outcome<sdk::LinkSettings> link_settings(const ConnectionOptions& options);

/// Prints "kith: what: why" to stderr; returns 1.
int report_failure(const std::string& what, const Failure& failure);

}  // namespace kith::cli
