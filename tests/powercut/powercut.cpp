// A node on a disk that forgets what was not synced, so that killing the process cuts its power.
//
// kith_powercut VFS sync|no-sync|hasty [--data DIR] [--mqtt ADDRESS:PORT] ...: the flags and the
// ready line of `kith run`, over the VFS of tests/support/vfs with its options, as in
// "seed=7,leak=0.1". The others are mutants, which a test of durability must catch: `no-sync` is a
// store that never waits for the disk, `hasty` a journal that says committed before it is. Lines on
// stdin change the disk while the node runs; "disk: LINE" on stdout says that it was done:
//   reads | writes | syncs    of messages.db fail from now on
//   hold                      syncs do not return
//   full BYTES                that much room have all files together
//   well                      whatever was wrong is over
#include "base/log.h"
#include "node/config.h"
#include "node/log_sink.h"
#include "node/node.h"
#include "tests/powercut/hasty_journal.h"
#include "tests/support/vfs/fault_vfs.h"

#include <fmt/format.h>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith {
namespace {

constexpr int kWrongUsage = 2;

struct Options {
    test::FaultVfsOptions vfs;
    std::string mode;
    std::vector<node::ConfigOverride> overrides;
};

int usage(std::string_view why) {
    fmt::print(stderr, "kith_powercut: {}; VFS sync|no-sync|hasty [--FLAG VALUE]...\n", why);
    return kWrongUsage;
}

/// The key that a flag of `kith run` stands for.
std::string key_of(std::string_view flag) {
    for (const std::string_view listener : {"--mqtt", "--mqtts", "--http"}) {
        if (flag == listener) {
            return std::string(flag.substr(2)) + ".address";
        }
    }
    return flag == "--log" ? "log.level" : std::string(flag.substr(2));
}

std::optional<Options> parse(const std::vector<std::string>& arguments) {
    Options options;
    if (arguments.size() < 2 || arguments.size() % 2 != 0) {
        return std::nullopt;
    }
    const auto vfs = test::parse_fault_vfs_options(arguments[0]);
    options.mode = arguments[1];
    if (!vfs || (options.mode != "sync" && options.mode != "no-sync" && options.mode != "hasty")) {
        return std::nullopt;
    }
    options.vfs = *vfs;
    for (std::size_t i = 2; i < arguments.size(); i += 2) {
        if (!arguments[i].starts_with("--")) {
            return std::nullopt;
        }
        options.overrides.push_back(
            {.key = key_of(arguments[i]), .value = arguments[i + 1], .source = arguments[i]});
    }
    return options;
}

void print_ready(const node::Node& node) {
    std::string line = "kith: ready";
    if (node.addresses().mqtt) {
        line += " mqtt=" + node.addresses().mqtt->to_string();
    }
    if (node.addresses().http) {
        line += " http=" + node.addresses().http->to_string();
    }
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

/// False if there is no such order.
bool obey(test::FaultVfs& disk, const std::string& order) {
    constexpr std::string_view kFull = "full ";
    if (order == "well") {
        disk.set_fault(test::DiskFault::None, "");
        disk.set_space_bytes(std::nullopt);
        disk.hold_syncs(false);
    } else if (order == "reads") {
        disk.set_fault(test::DiskFault::Reads, "messages.db");
    } else if (order == "writes") {
        disk.set_fault(test::DiskFault::Writes, "messages.db");
    } else if (order == "syncs") {
        disk.set_fault(test::DiskFault::Syncs, "messages.db");
    } else if (order == "hold") {
        disk.hold_syncs(true);
    } else if (order.starts_with(kFull)) {
        disk.set_space_bytes(std::strtoull(order.c_str() + kFull.size(), nullptr, 10));
    } else {
        return false;
    }
    return true;
}

/// Obeys what stdin says until a signal comes.
void obey_until_signal(test::FaultVfs& disk, const sigset_t& signals) {
    const int signal_fd = ::signalfd(-1, &signals, SFD_CLOEXEC);
    pollfd watched[] = {{.fd = signal_fd, .events = POLLIN, .revents = 0},
                        {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    std::string read;
    while (::poll(watched, std::size(watched), -1) >= 0 && watched[0].revents == 0) {
        if (watched[1].revents == 0) {
            continue;
        }
        char bytes[256];
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count <= 0) {
            watched[1].fd = -1;  // poll passes it over
            continue;
        }
        read.append(bytes, static_cast<std::size_t>(count));
        for (std::size_t end = read.find('\n'); end != std::string::npos; end = read.find('\n')) {
            const std::string order = read.substr(0, end);
            read.erase(0, end + 1);
            fmt::print("{}: {}\n", obey(disk, order) ? "disk" : "no such order", order);
            std::fflush(stdout);
        }
    }
    ::close(signal_fd);
}

int run(const Options& options) {
    const auto config = node::load_config({.file = {}, .overrides = options.overrides});
    if (!config) {
        return usage(config.error().text);
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    test::FaultVfs disk(options.vfs);  // outlives the stores on it
    const std::unique_ptr<LogSink> sink = node::make_stderr_log(config->log_format);
    Log log(*sink, config->log_level);
    node::StoreTestOptions mutation{.vfs = options.vfs.name,
                                    .unsafe_no_sync = options.mode == "no-sync",
                                    .make_journal = nullptr};
    if (options.mode == "hasty") {
        mutation.make_journal = test::make_hasty_journal;
    }
    auto node = node::Node::start(*config, log, mutation);
    if (!node) {
        fmt::print(stderr, "kith: {}\n", node.error().text);
        return 1;
    }
    print_ready(**node);
    obey_until_signal(disk, signals);
    disk.hold_syncs(false);
    (*node)->stop();
    return 0;
}

}  // namespace
}  // namespace kith

int main(int argc, char** argv) {
    const auto options = kith::parse({argv + 1, argv + argc});
    return options ? kith::run(*options) : kith::usage("wrong arguments");
}
