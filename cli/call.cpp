// kith call: call a method of a machine and print its answer.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <future>

#include "cli/commands.h"
#include "cli/connection_options.h"
#include "json/writer.h"
#include "sdk/kith/machine.h"

namespace kith::cli {
namespace {

struct Options {
    NodeOptions node;
    CallOptions call;
    double timeout_s = 10;
    bool as_json = false;
};

void print(const Options& options, const Outcome<std::string>& answer) {
    if (!options.as_json) {
        if (answer) {
            fmt::print("{}\n", *answer);
        }
        return;
    }
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("machine", std::string_view(options.call.machine));
    json.field("method", std::string_view(options.call.method));
    json.field("ok", answer.has_value());
    if (answer) {
        json.field("answer", std::string_view(*answer));
    } else {
        json.field("failure", to_string(answer.failure().kind));
        json.field("reason", std::string_view(answer.failure().text));
    }
    json.end_object();
    fmt::print("{}\n", out);
}

int run(const Options& options) {
    // A node that says no, or is not there, is not asked again until the time is over.
    std::promise<Done> first_try;
    MachineOptions machine_of = machine_options(options.node);
    machine_of.on_link = [&first_try, is_told = false](const LinkChange& change) mutable {
        if (!std::exchange(is_told, true)) {
            first_try.set_value(change.is_connected ? Done() : change.reason);
        }
    };
    Machine machine(client_id_of(options.node), machine_of);
    // Certificates or an id that cannot be: then nothing is tried at all.
    if (const Done made = machine.wait_connected(std::chrono::milliseconds(0));
        !made && made.failure().kind == FailureKind::Invalid) {
        return report_failure(options.node.host, made.failure());
    }
    if (const Done connected = first_try.get_future().get(); !connected) {
        print(options, connected.failure());
        return report_failure(options.node.host, connected.failure());
    }
    const Outcome<std::string> answer =
        machine.call(options.call.machine, options.call.method, options.call.payload,
                     std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::duration<double>(options.timeout_s)));
    print(options, answer);
    return answer ? 0 : report_failure("call", answer.failure());
}

}  // namespace

void add_call(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("call", "Call a method of a machine");
    auto options = std::make_shared<Options>();
    add_node_options(*command, options->node);
    command->add_option("machine", options->call.machine, "The machine's id")->required();
    command->add_option("method", options->call.method, "Its method")->required();
    command->add_option("payload", options->call.payload, "What to send with the call");
    command->add_option("-W,--timeout", options->timeout_s, "Seconds to wait for the answer")
        ->check(CLI::Range(0.001, 86'400.0))
        ->capture_default_str();
    command->add_flag("--json", options->as_json, "Print the answer as a JSON object");
    command->footer(
        "Exit 1 if nobody answers in time, or if the machine answers with an error.\n"
        "Example: kith call coffee-maker brew lungo");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kith::cli
