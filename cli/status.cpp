// kith status: what a running node says of itself.
#include "cli/ask_node.h"
#include "cli/commands.h"
#include "cli/control_tool.h"
#include "json/document.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    AskOptions node;
    bool as_json = false;
};

std::string text_of(json::View view, std::string_view name) {
    return std::string(view[name].text().value_or("?"));
}

std::int64_t number_of(json::View view, std::string_view name) {
    return static_cast<std::int64_t>(view[name].number().value_or(0));
}

void print_node(json::View node, json::View stats) {
    fmt::print("{}  kith {}, up {} s, {} workers, {} MB resident\n", text_of(node, "name"),
               text_of(node, "version"), number_of(node, "uptime_s"), number_of(node, "shards"),
               number_of(node, "resident_bytes") / 1'000'000);
    fmt::print("store   {}\n", text_of(node["store"], "state"));
    for (std::size_t i = 0; i < node["listeners"].size(); ++i) {
        const json::View listener = node["listeners"].at(i);
        fmt::print("{:<7} {}\n", text_of(listener, "kind"), text_of(listener, "address"));
    }
    fmt::print("clients {} connected, {} sessions, {} subscriptions\n",
               number_of(stats, "connections"), number_of(stats, "sessions"),
               number_of(stats, "subscriptions"));
    fmt::print("traffic {} msg/s in, {} msg/s out, {} waiting, {} dropped\n",
               number_of(stats, "messages_in_per_s"), number_of(stats, "messages_out_per_s"),
               number_of(stats, "queued_messages"), number_of(stats, "dropped_messages_total"));
}

int status(const Options& options) {
    const std::optional<std::string> node_text = ask_node(options.node, {.path = "/api/v1/node"});
    const std::optional<std::string> stats_text =
        node_text ? ask_node(options.node, {.path = "/api/v1/stats"}) : std::nullopt;
    if (!node_text || !stats_text) {
        return 1;
    }
    if (options.as_json) {
        fmt::print("{{\"node\":{},\"stats\":{}}}\n", *node_text, *stats_text);
        return 0;
    }
    const auto node = json::Document::parse(*node_text);
    const auto stats = json::Document::parse(*stats_text);
    if (!node || !stats) {
        return fail_with("the answer cannot be read", "is this a Kith node?");
    }
    print_node(node->root(), stats->root());
    return 0;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("status", "What a running node says of itself");
    auto options = std::make_shared<Options>();
    add_ask_options(*command, options->node, "viewer");
    command->add_flag("--json", options->as_json, "One JSON object");
    command->footer("Example: kith status --token $(kith token create --role viewer)");
    command->callback([options, &exit_code] { exit_code = status(*options); });
}

}  // namespace kith::cli
