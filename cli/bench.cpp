// kith bench: a load generator for any MQTT broker.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>

#include "bench/run.h"
#include "bench/scenarios.h"
#include "cli/commands.h"
#include "json/writer.h"
#include "runtime/resolve.h"

namespace kith::cli {
namespace {

struct Options {
    bench::Options bench;
    std::optional<int> broker_pid;
    double seconds = 10;
    double warm_up_s = 2;
    std::string version = "3.1.1";
    int qos = 0;
    bool lists = false;
    bool as_json = false;
};

int list(bool as_json) {
    for (const bench::ScenarioKind& kind : bench::scenario_kinds()) {
        if (!as_json) {
            fmt::print("{:<14} {}\n", kind.name, kind.summary);
            continue;
        }
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("scenario", kind.name);
        json.field("summary", kind.summary);
        json.field("connections", kind.connections);
        json.field("window", kind.window);
        json.field("count", kind.count);
        json.end_object();
        fmt::print("{}\n", out);
    }
    return 0;
}

Duration from_seconds(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

int fail_with(std::string_view reason) {
    fmt::print(stderr, "kith: {}\n", reason);
    return 1;
}

int run(Options options) {
    if (options.lists) {
        return list(options.as_json);
    }
    if (options.bench.scenario.empty() || options.bench.target_text.empty()) {
        fail_with("bench needs a SCENARIO (--list names them) and --target HOST:PORT");
        return 2;
    }
    if (options.bench.target_text != bench::kOwnTarget) {
        const auto addresses = runtime::resolve(options.bench.target_text);
        if (!addresses) {
            return fail_with(options.bench.target_text + ": " + addresses.error().text);
        }
        options.bench.target = addresses->front();
    }
    options.bench.measured = from_seconds(options.seconds);
    options.bench.warm_up = from_seconds(options.warm_up_s);
    options.bench.qos = static_cast<Qos>(options.qos);
    options.bench.version = options.version == "5" ? mqtt::Version::V5 : mqtt::Version::V311;
    const bench::Outcome outcome =
        bench::run({.scenario = options.bench,
                    .broker_pid = options.broker_pid,
                    .tell = [](const std::string& text) { fmt::print(stderr, "{}\n", text); }});
    if (!outcome) {
        return fail_with(options.bench.scenario + ": " + outcome.error());
    }
    fmt::print("{}", options.as_json ? bench::to_json(*outcome) + "\n" : bench::to_table(*outcome));
    return 0;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("bench", "Put load on an MQTT broker and measure it");
    auto options = std::make_shared<Options>();
    bench::Options& bench = options->bench;
    command->add_option("scenario", bench.scenario, "What to measure (--list)");
    command->add_flag("--list", options->lists, "List the scenarios");
    command->add_option("--target", bench.target_text, "The broker, HOST:PORT; or self");
    command->add_option("--pid", options->broker_pid, "Its process: measures CPU and memory");
    command->add_flag("--json", options->as_json, "One JSON object");
    command->add_option("--seconds", options->seconds, "Measured interval")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    command->add_option("--warm-up", options->warm_up_s, "Seconds before it")
        ->check(CLI::Range(0.0, 3'600.0))
        ->capture_default_str();
    command->add_option("--payload", bench.payload_bytes, "Payload, bytes")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    command->add_option("--window", bench.window, "Messages under way; 0 is open loop")
        ->check(CLI::Range(0, 60'000));
    command->add_option("--connections", bench.connections, "Of the side that has many")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--count", bench.count, "Subscriptions, retained messages")
        ->check(CLI::Range(1, 100'000'000));
    command->add_flag("--durable", bench.durable,
                      "qos1, qos1-pairs, qos2: subscribers with durable sessions (MQTT 5)");
    command->add_option("--qos", options->qos, "latency: QoS")
        ->check(CLI::Range(0, 2))
        ->capture_default_str();
    command->add_option("--rate", bench.rate_per_s, "latency: messages a second")
        ->check(CLI::Range(1.0, 1e6))
        ->capture_default_str();
    command
        ->add_option("--background", bench.background_rate_per_s,
                     "latency: messages a second beside it")
        ->check(CLI::Range(0.0, 1e7))
        ->capture_default_str();
    command->add_option("--connecting", bench.connects_under_way, "Connects under way at a time")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    const std::map<std::string, bench::Placement> placements{
        {"mixed", bench::Placement::Mixed},
        {"same", bench::Placement::SameShard},
        {"cross", bench::Placement::CrossShard}};
    command
        ->add_option("--placement", bench.placement,
                     "Both sides of a pair on the same of Kith's workers, or across; or mixed")
        ->transform(CLI::CheckedTransformer(placements).description("{same,cross,mixed}"));
    command->add_option("--workers", bench.workers, "That the target has, for --placement")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--token", bench.token, "An API token (kith token create)");
    command->add_option("-V,--mqtt-version", options->version, "MQTT version")
        ->check(CLI::IsMember({"3.1.1", "5"}))
        ->capture_default_str();
    command->footer(
        "Rates are counted at the subscribers. Progress goes to stderr, the result to stdout.\n"
        "The target self is a relay in this process that reads nothing: the generator's ceiling.\n"
        "Example: kith bench one-to-one --target 127.0.0.1:1883 --pid $(pidof mosquitto)\n"
        "Example: kith bench latency --target gw-1:1883 --rate 2000 --background 40000 --json");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kith::cli
