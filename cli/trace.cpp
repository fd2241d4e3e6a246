// kith trace: what happens to the messages of a topic or a client, step by step, as it happens.
#include "cli/ask_node.h"
#include "cli/commands.h"
#include "cli/control_tool.h"
#include "json/document.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace kith::cli {
namespace {

/// How often the node is asked for what is new.
constexpr auto kAskInterval = std::chrono::milliseconds(250);
constexpr int kEventsPerPage = 500;

struct Options {
    AskOptions node;
    std::string topic;
    std::string client;
    int seconds = 60;
    int count_max = 1000;
    bool with_payload = false;
    bool as_json = false;
};

std::string text_of(json::View view, std::string_view name) {
    return std::string(view[name].text().value_or(""));
}

/// "  client qos 1 retain id 7 96 bytes": what is known of a step beside its words.
std::string about(json::View event) {
    std::string words;
    const auto add = [&words](const std::string& text) {
        words += words.empty() ? text : ", " + text;
    };
    if (const auto qos = event["qos"].integer()) {
        add(fmt::format("qos {}", *qos));
        if (event["retain"].boolean().value_or(false)) {
            add("retain");
        }
    }
    if (const auto id = event["packet_id"].integer()) {
        add(fmt::format("id {}", *id));
    }
    if (const auto bytes = event["bytes"].integer()) {
        add(fmt::format("{} bytes", *bytes));
    }
    return words.empty() ? words : " (" + words + ")";
}

void print_event(json::View event) {
    const std::string at = text_of(event, "at");
    const std::string client = text_of(event, "client");
    const std::string topic = text_of(event, "topic");
    const auto message = event["message"].integer();
    fmt::print("{} {:>5} {:<9} {}{}{}{}\n", at.size() > 12 ? at.substr(11, 12) : at,
               message ? fmt::format("#{}", *message) : std::string(), text_of(event, "stage"),
               client.empty() ? "" : client + ": ", text_of(event, "text"), about(event),
               topic.empty() ? "" : "  " + topic);
    if (const std::string payload = text_of(event, "payload"); !payload.empty()) {
        fmt::print("{:>18} {}\n", "", payload);
    }
}

std::string order_of(const Options& options) {
    std::string body;
    json::Writer json(body);
    json.begin_object();
    options.topic.empty() ? json.field("client", options.client)
                          : json.field("topic", options.topic);
    json.field("seconds", options.seconds);
    json.field("count_max", options.count_max);
    json.field("payload", options.with_payload);
    json.end_object();
    return body;
}

/// The event as it came, on one line.
void print_json(json::View event) {
    std::string line;
    json::Writer json(line);
    json.begin_object();
    event.each_member([&json](std::string_view name, json::View member) {
        json.key(name);
        if (const auto text = member.text()) {
            json.value(*text);
        } else if (const auto number = member.integer()) {
            json.value(*number);
        } else if (const auto truth = member.boolean()) {
            json.value(*truth);
        } else {
            json.null();
        }
    });
    json.end_object();
    fmt::print("{}\n", line);
}

/// Prints what is new; where to go on, or nothing at the end.
std::optional<std::string> print_page(json::View page, bool as_json) {
    const json::View items = page["items"];
    for (std::size_t i = 0; i < items.size(); ++i) {
        as_json ? print_json(items.at(i)) : print_event(items.at(i));
    }
    std::fflush(stdout);
    const auto next = page["next"].text();
    return next ? std::optional(std::string(*next)) : std::nullopt;
}

/// The answer to one request; nothing after a message on stderr.
std::optional<json::Document> ask(const Options& options, const std::string& path,
                                  const std::string& body) {
    const std::optional<std::string> answer =
        ask_node(options.node, {.path = path, .body = body, .role = "operator"});
    if (!answer) {
        return std::nullopt;
    }
    auto document = json::Document::parse(*answer);
    if (!document) {
        fail_with("the answer cannot be read", "is this a Kith node?");
        return std::nullopt;
    }
    return std::move(*document);
}

int trace(const Options& options) {
    const auto begun = ask(options, "/api/v1/traces", order_of(options));
    if (!begun) {
        return 1;
    }
    const std::string path = "/api/v1/traces/" + text_of(begun->root(), "id");
    std::optional<std::string> cursor = "0";
    while (cursor) {
        std::this_thread::sleep_for(kAskInterval);
        const auto page =
            ask(options, fmt::format("{}?cursor={}&limit={}", path, *cursor, kEventsPerPage), "");
        if (!page) {
            return 1;
        }
        cursor = print_page(page->root(), options.as_json);
    }
    return 0;
}

}  // namespace

void add_trace(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("trace", "What happens to messages, step by step");
    auto options = std::make_shared<Options>();
    auto* what = command->add_option_group("what");
    what->add_option("--topic,-t", options->topic, "A topic filter to follow");
    what->add_option("--client,-i", options->client, "Or a client id");
    what->require_option(1);
    command->add_option("--seconds", options->seconds, "How long")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    command->add_option("--count", options->count_max, "Events at which it ends")
        ->check(CLI::Range(1, 5000))
        ->capture_default_str();
    command->add_flag("--payload", options->with_payload, "Show the first 256 bytes of payloads");
    add_ask_options(*command, options->node, "operator");
    command->add_flag("--json", options->as_json, "One JSON object a line");
    command->footer("Example: kith trace --topic 'plant/#' --seconds 30 --token $TOKEN");
    command->callback([options, &exit_code] { exit_code = trace(*options); });
}

}  // namespace kith::cli
