#include "cli/ask_node.h"

#include "cli/control_tool.h"
#include "cli/http_get.h"
#include "json/document.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace kith::cli {
namespace {

constexpr int kOkMax = 299;

/// ": why", as the problem in the body says.
std::string detail_of(const HttpAnswer& answer) {
    const auto document = json::Document::parse(answer.body);
    const auto detail = document ? document->root()["detail"].text() : std::nullopt;
    return detail ? fmt::format(": {}", *detail) : std::string();
}

}  // namespace

void add_ask_options(CLI::App& command, AskOptions& options, const char* role) {
    command.add_option("--http", options.http, "HOST:PORT of the node's HTTP listener")
        ->capture_default_str();
    command
        .add_option("--token", options.token,
                    fmt::format("An API token, of the role {} at least [$KITH_TOKEN]", role))
        ->envname("KITH_TOKEN");
}

std::optional<std::string> ask_node(const AskOptions& options, const NodeQuestion& question) {
    const Result<HttpAnswer> answer = http_get({.host_and_port = options.http,
                                                .path = question.path,
                                                .token = options.token,
                                                .body = question.body});
    if (!answer) {
        fail_with(options.http, answer.error().text);
        return std::nullopt;
    }
    if (answer->status == 401 || answer->status == 403) {
        fail_with(
            answer->status == 401 ? "a token is needed" : "not allowed" + detail_of(*answer),
            fmt::format("kith token create --data DIR --role {}, then --token T", question.role));
        return std::nullopt;
    }
    if (answer->status > kOkMax) {
        fail_with(options.http, fmt::format("{} answered {}{}", question.path, answer->status,
                                            detail_of(*answer)));
        return std::nullopt;
    }
    return answer->body;
}

}  // namespace kith::cli
