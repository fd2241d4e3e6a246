// kith run: start a node and keep it until a signal ends it.
#include "cli/commands.h"
#include "node/log_sink.h"
#include "node/node.h"
#include "node/systemd.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string file;
    std::vector<std::string> sets;
    std::vector<std::string> peers;
    std::vector<node::ConfigOverride> flags;
};

/// Flags that stand for keys: the table of keys stays the only place with rules.
struct KeyFlag {
    const char* flag;
    const char* key;
    const char* help;
};

constexpr KeyFlag kKeyFlags[] = {
    {"--data", "data", "Directory for everything it keeps [data]"},
    {"--name", "name", "The node's name [the host's]"},
    {"--mqtt", "mqtt.address", "MQTT: ADDRESS:PORT or off [127.0.0.1:1883]"},
    {"--mqtts", "mqtts.address", "MQTT over TLS: ADDRESS:PORT or off [127.0.0.1:8883]"},
    {"--http", "http.address", "Console and API: ADDRESS:PORT or off [127.0.0.1:8080]"},
    {"--mesh", "mesh.address", "The mesh: ADDRESS:PORT or off [0.0.0.0:7883 once it is a member]"},
    {"--workers", "workers", "Threads that serve clients [one a core, 4 at most]"},
    {"--log", "log.level", "trace, debug, info, warn, error or off [info]"},
};

void add_key_flag(CLI::App& command, const std::shared_ptr<Options>& options, const KeyFlag& flag) {
    command
        .add_option_function<std::string>(
            flag.flag,
            [options, flag](const std::string& value) {
                options->flags.push_back({.key = flag.key, .value = value, .source = flag.flag});
            },
            flag.help)
        ->trigger_on_parse();
}

std::optional<node::ConfigSources> sources_of(const Options& options) {
    node::ConfigSources sources{.file = options.file, .overrides = options.flags};
    if (!options.peers.empty()) {
        sources.overrides.push_back(
            {.key = "mesh.peers",
             .value = fmt::format("[\"{}\"]", fmt::join(options.peers, "\", \"")),
             .source = "--peer"});
    }
    for (const std::string& each : options.sets) {
        const std::size_t equals = each.find('=');
        if (equals == std::string::npos) {
            fmt::print(stderr, "kith: --set {}: expected KEY=VALUE\n", each);
            return std::nullopt;
        }
        sources.overrides.push_back(
            {.key = each.substr(0, equals), .value = each.substr(equals + 1), .source = "--set"});
    }
    return sources;
}

void print_ready(const node::Node& node) {
    if (!node.claim_link().empty()) {
        fmt::print("kith: claim this node within 15 minutes: {}\n", node.claim_link());
    }
    std::string line = "kith: ready";
    const node::Node::Addresses& addresses = node.addresses();
    for (const auto& [name, address] :
         {std::pair("mqtt", &addresses.mqtt), std::pair("mqtts", &addresses.mqtts),
          std::pair("http", &addresses.http), std::pair("mesh", &addresses.mesh)}) {
        if (*address) {
            line += fmt::format(" {}={}", name, (*address)->to_string());
        }
    }
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

void reload(const node::ConfigSources& sources, node::Node& node, const Log& log) {
    node::notify_systemd("RELOADING=1");
    const auto config = node::load_config(sources);
    if (!config) {
        LOG(log, Error, "configuration not reloaded",
            {"reason", std::string_view(config.error().text)});
    } else if (const auto reloaded = node.reload(*config); !reloaded) {
        LOG(log, Error, "configuration not reloaded",
            {"reason", std::string_view(reloaded.error().text)});
    } else {
        LOG(log, Info, "configuration reloaded");
    }
    node::notify_systemd("READY=1");
}

int run(const Options& options) {
    const auto sources = sources_of(options);
    if (!sources) {
        return 2;
    }
    const auto config = node::load_config(*sources);
    if (!config) {
        fmt::print(stderr, "kith: {}\n", config.error().text);
        return 1;
    }
    // Blocked before any thread starts, so that only sigwait below sees them.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    const std::unique_ptr<LogSink> sink = node::make_stderr_log(config->log_format);
    Log log(*sink, config->log_level);
    auto node = node::Node::start(*config, log);
    if (!node) {
        fmt::print(stderr, "kith: {}\n", node.error().text);
        return 1;
    }
    print_ready(**node);
    node::notify_systemd("READY=1");
    for (int signal = 0; sigwait(&signals, &signal) == 0;) {
        if (signal != SIGHUP) {
            LOG(log, Info, "stopping", {"signal", signal});
            break;
        }
        reload(*sources, **node, log);
    }
    node::notify_systemd("STOPPING=1");
    (*node)->stop();
    return 0;
}

}  // namespace

void add_run(CLI::App& app, std::function<int()>& node) {
    CLI::App* command = app.add_subcommand("run", "Start a node");
    auto options = std::make_shared<Options>();
    command->add_option("--config", options->file, "A TOML file (kith config reference)")
        ->check(CLI::ExistingFile);
    for (const KeyFlag& flag : kKeyFlags) {
        add_key_flag(*command, options, flag);
    }
    command
        ->add_option("--peer", options->peers,
                     "HOST:PORT of another node of the mesh; may be given again")
        ->take_all();
    command->add_option("--set", options->sets, "Any key of the configuration: KEY=VALUE")
        ->take_all();
    command->footer(
        "Port 0 takes a free port. When it serves, it prints one line with its addresses:\n"
        "  kith: ready mqtt=127.0.0.1:1883 mqtts=127.0.0.1:8883 http=127.0.0.1:8080\n"
        "Example: kith run --data /var/lib/kith --set log.format=json");
    command->callback([options, &node] { node = [options] { return run(*options); }; });
}

}  // namespace kith::cli
