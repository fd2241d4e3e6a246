#include "examples/arguments.h"

#include <csignal>
#include <iostream>

namespace kith::examples {
namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

std::size_t take_argument(std::span<char* const> arguments, MachineOptions& options) {
    const std::string_view name = arguments.front();
    if (!name.starts_with('-')) {
        options.node = name;
        return 1;
    }
    if (arguments.size() < 2) {
        return 0;
    }
    const char* value = arguments[1];
    if (name == "--mesh") {
        options.mesh = value;
    } else if (name == "--data") {
        options.mesh_directory = value;
    } else if (name == "--listen") {
        options.mesh_listen = value;
    } else if (name == "--peer") {
        options.mesh_peers.emplace_back(value);
    } else {
        return 0;
    }
    return 2;
}

void print_links(const std::string& name, MachineOptions& options) {
    const std::string where =
        options.mesh.empty() ? "connected to " + options.node : std::string("linked to its mesh");
    options.on_link = [name, where](const LinkChange& change) {
        std::cout << name << ": " << (change.is_connected ? where : change.reason.text)
                  << std::endl;
    };
    options.on_pairing_code = [name](const std::string& code) {
        std::cout << name << ": to let it in: kith mesh pair " << code << std::endl;
    };
}

void hold_signals() {
    const sigset_t signals = ending_signals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void wait_for_signal() {
    const sigset_t signals = ending_signals();
    int signal = 0;
    sigwait(&signals, &signal);
}

}  // namespace kith::examples
