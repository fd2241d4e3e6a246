// kith demo: a living example to look at: a node of its own with machines that talk.
#include "cli/client_run.h"
#include "cli/commands.h"
#include "cli/demo_ground.h"
#include "cli/demo_mesh.h"
#include "cli/node_process.h"
#include "examples/alarm_clock/alarm_clock.h"
#include "examples/coffee_maker/coffee_maker.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <optional>

namespace kith::cli {
namespace {

struct Options {
    std::string name;
    std::string data;
    std::string mqtt;
    std::string http;
    double speed = 1;
    std::optional<int> every_s;
    bool keeps = false;
    bool as_json = false;
};

void print_welcome(const Options& options, const NodeProcess& node, const std::string& data) {
    const std::string mqtt = node.address("mqtt");
    const std::string console = "http://" + node.address("http") + "/";
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("mqtt", std::string_view(mqtt));
        json.field("console", std::string_view(console));
        json.field("claim", std::string_view(node.claim_link()));
        json.field("data", std::string_view(data));
        json.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("\nAn alarm clock has coffee made each time it rings.\n\n");
        fmt::print("  Console  {}\n", console);
        if (!node.claim_link().empty()) {
            fmt::print("  Claim    {}  (once, within 15 minutes)\n", node.claim_link());
        }
        fmt::print("  Watch    kith sub -h {} -t '#' -v\n", mqtt);
        fmt::print("  Call     kith call -h {} coffee-maker brew espresso\n\n", mqtt);
        fmt::print("Ctrl-C ends it.\n\n");
    }
    std::fflush(stdout);
}

void print_message(const Message& message, bool as_json) {
    if (as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("topic", std::string_view(message.topic));
        json.field("payload", std::string_view(message.payload));
        json.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("{:<26}{}\n", message.topic, message.payload);
    }
    std::fflush(stdout);
}

/// The two machines and somebody who watches them, until `end`.
int run_coffee(const Options& options, const NodeProcess& node, EndOfRun& end) {
    const MachineOptions machine{.node = node.address("mqtt")};
    Machine watcher(fmt::format("kith-demo-{}", getpid()), machine);
    const auto print = [as_json = options.as_json](const Message& message) {
        print_message(message, as_json);
    };
    for (const char* filter : {"+/state", "coffee-maker/cups_total"}) {
        if (const Done watching = watcher.subscribe(filter, print).get(); !watching) {
            fmt::print(stderr, "kith: {}\n", watching.failure().text);
            return 1;
        }
    }
    const examples::CoffeeMaker maker(machine, options.speed);
    const examples::AlarmClock clock(
        {.machine = machine, .every = std::chrono::seconds(options.every_s.value_or(90))});
    return end.wait().value_or(0);
}

int run(const Options& options) {
    EndOfRun end;  // before any thread and the node, which inherit its blocked signals
    const DemoDirectory data(options.data, options.keeps);
    if (data.path().empty()) {
        fmt::print(stderr, "kith: no temporary directory; name one with --data\n");
        return 1;
    }
    const auto node = NodeProcess::start({"--data", data.path(), "--name", "demo", "--log", "warn",
                                          "--mqtt", address_or_free(options.mqtt, 1883), "--mqtts",
                                          "off", "--http", address_or_free(options.http, 8080)},
                                         [&end] { end.end(1); });
    if (!node) {
        fmt::print(stderr, "kith: {}\n", node.failure().text);
        return 1;
    }
    print_welcome(options, **node, data.path());
    return run_coffee(options, **node, end);
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("demo", "Start a node with machines that live on it");
    auto options = std::make_shared<Options>();
    command->add_option("name", options->name, "Which one")
        ->required()
        ->check(CLI::IsMember({"coffee", "mesh"}));
    command->add_option("--data", options->data, "The node's directory [one that goes with it]");
    command->add_flag("--keep", options->keeps, "Keep the directory");
    command->add_option("--mqtt", options->mqtt, "ADDRESS:PORT [127.0.0.1:1883, or a free port]");
    command->add_option("--http", options->http, "ADDRESS:PORT [127.0.0.1:8080, or a free port]");
    command
        ->add_option("--every", options->every_s,
                     "Seconds from ring to ring [90]; from death to death of a node [8]")
        ->check(CLI::Range(1, 86'400));
    command->add_option("--speed", options->speed, "Of making coffee; 1 is real time")
        ->check(CLI::Range(0.1, 100.0))
        ->capture_default_str();
    command->add_flag("--json", options->as_json, "One JSON object a line");
    command->footer(
        "coffee: an alarm clock has coffee made. mesh: twelve nodes, of which one after the other "
        "dies.\nIt goes on until Ctrl-C.\nExample: kith demo coffee --every 60 --speed 5");
    command->callback([options, &exit_code] {
        exit_code = options->name == "mesh"
                        ? run_mesh_demo({.data = options->data,
                                         .http = options->http,
                                         .every_s = options->every_s.value_or(8),
                                         .keeps = options->keeps,
                                         .as_json = options->as_json})
                        : run(*options);
    });
}

}  // namespace kith::cli
