// What commands that ask a running node share: where it is, the question, and what to say when
// there is no answer.
//
// Threads: one. Limits: those of http_get.h.
#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace kith::cli {

/// --http and --token of a command.
struct AskOptions {
    std::string http = "127.0.0.1:8080";
    std::string token;
};

/// `role` is what the token must have at least: "viewer".
void add_ask_options(CLI::App& command, AskOptions& options, const char* role);

struct NodeQuestion {
    std::string path;       // "/api/v1/node"
    std::string body = {};  // JSON, which makes it a POST; empty: none
    const char* role = "viewer";
};

/// The body of the answer; nothing after saying on stderr why there is none.
[[nodiscard]] std::optional<std::string> ask_node(const AskOptions& options,
                                                  const NodeQuestion& question);

}  // namespace kith::cli
