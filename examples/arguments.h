// What the examples are told on the command line: the node, or the mesh without a node.
//
//     [HOST:PORT]              a node, over MQTT
//     --mesh DIR | TOKEN       a mesh, without any; with a token, --data DIR is where it is kept
//     --listen ADDRESS:PORT    where other machines of the mesh link to it; any port otherwise
//     --peer HOST:PORT         a member on another network
#pragma once

#include <kith/machine.h>

#include <span>
#include <string>
#include <string_view>

namespace kith::examples {

inline constexpr const char* kMachineUsage =
    "[HOST:PORT | --mesh DIR_OR_TOKEN [--data DIR] [--listen ADDRESS:PORT] [--peer HOST:PORT]]";

/// Takes the first of `arguments` and its value, and returns how many these are; 0 for what is none
/// of the machine's options.
std::size_t take_argument(std::span<char* const> arguments, MachineOptions& options);

/// Has the machine's links, and its pairing code, printed behind its name.
void print_links(const std::string& name, MachineOptions& options);

/// Until Ctrl-C or SIGTERM. Requires: hold_signals() before any thread.
void hold_signals();
void wait_for_signal();

}  // namespace kith::examples
