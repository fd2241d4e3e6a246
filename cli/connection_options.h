// The options that pub, sub and call share: which node, as whom, how.
#pragma once

#include <cstdint>
#include <string>

#include "sdk/kith/outcome.h"
#include "sdk/node_link.h"

namespace CLI {
class App;
}

namespace kith::cli {

struct ConnectionOptions {
    std::string host = "127.0.0.1:1883";
    std::string client_id;  // empty: one is made up
    std::string token;
    std::string user;
    std::string password;
    bool tls = false;
    std::string ca_file;
    std::string version = "5";
    std::uint16_t keep_alive_s = 60;
};

/// `-h` is the node here, as in every MQTT tool; help is --help.
void add_connection_options(CLI::App& command, ConnectionOptions& options);

/// What a link needs. Errors: Invalid, with a text that names the option.
[[nodiscard]] Outcome<sdk::LinkSettings> link_settings(const ConnectionOptions& options);

/// Prints "kith: what: why" to stderr; returns 1.
int report_failure(const std::string& what, const Failure& failure);

}  // namespace kith::cli
