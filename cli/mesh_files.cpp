#include "cli/mesh_files.h"

#include "cli/control_tool.h"
#include "crypto/secrets.h"
#include "mesh/trust/text_lines.h"
#include "node/node_directory.h"
#include "node/own_addresses.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace kith::cli {
namespace {

using mesh::Membership;
using mesh::MembershipState;
using mesh::MeshDirectory;

/// Where the node listens, or listened when it last ran. One that runs has a moment to open its
/// port, which it does once it sees that it belongs to a mesh.
std::optional<runtime::SocketAddress> listening_address(const MeshDirectory& directory,
                                                        const std::string& data) {
    constexpr auto kStep = std::chrono::milliseconds(50);
    constexpr int kStepsMax = 60;
    for (int step = 0; step < kStepsMax; ++step) {
        const auto noted = directory.noted_address();
        if (!noted || *noted) {
            const auto address = noted ? runtime::SocketAddress::parse(**noted)
                                       : tl::unexpected(Error{ErrorKind::Malformed, 0, ""});
            return address ? std::optional(*address) : std::nullopt;
        }
        if (!is_running(data)) {
            break;
        }
        std::this_thread::sleep_for(kStep);
    }
    return std::nullopt;
}

}  // namespace

int fail_because(const std::string& why) {
    fmt::print(stderr, "kith: {}\n", why);
    return 1;
}

/// A host's name may be longer than a node's, which has to fit a certificate.
std::string node_name(const MeshOptions& options) {
    return options.name.empty() ? node::host_name().substr(0, mesh::kNodeNameBytesMax)
                                : options.name;
}

bool make_data_directory(const std::string& data) {
    const auto directory = node::NodeDirectory::open(data);
    if (!directory) {
        fmt::print(stderr, "kith: {}\n", directory.error().text);
    }
    return directory.has_value();
}

void note(const MeshOptions& options, std::string what, std::string detail) {
    std::error_code error;
    if (!std::filesystem::exists(options.data + "/control.db", error)) {
        return;
    }
    if (const auto store = open_control(options.data); store != nullptr) {
        note_in_audit(*store, std::move(what), std::move(detail));
    }
}

bool is_running(const std::string& data) {
    const auto directory = node::NodeDirectory::open(data);
    const auto process = directory ? mesh::read_number<pid_t>(directory->holder()) : std::nullopt;
    return process && *process > 0 && (::kill(*process, 0) == 0 || errno == EPERM);
}

std::vector<std::string> locators_here(const MeshDirectory& directory, const std::string& data) {
    const auto listening = listening_address(directory, data);
    const bool is_everywhere = !listening || listening->is_any();
    return is_everywhere ? node::own_addresses(listening ? listening->port() : node::kMeshPort,
                                               node::kOwnAddressesMax)
                         : std::vector{listening->to_string()};
}

std::optional<std::vector<std::string>> locators_of(const MeshOptions& options) {
    if (options.addresses.size() > mesh::kLocatorsMax) {
        fail_because("--address: a token has room for 8 of them");
        return std::nullopt;
    }
    for (const std::string& address : options.addresses) {
        if (const Status good = mesh::check_locator(address); !good) {
            fail_because(fmt::format("--address {}: {}", address, good.error().text));
            return std::nullopt;
        }
    }
    return options.addresses;
}

std::optional<std::pair<Membership, bool>> member_or_founder(MeshDirectory& directory,
                                                             const MeshOptions& options) {
    crypto::SystemSecrets secrets;
    auto self = directory.load();
    const bool is_founded = self && self->state == MembershipState::None;
    if (is_founded) {
        self = directory.found(node_name(options), secrets, node::wall_now());
    }
    if (!self) {
        fail_because(self.error().text);
        return std::nullopt;
    }
    if (is_founded) {
        fmt::print(stderr, "kith: founded mesh {} with this node, {}, as its first\n",
                   mesh::mesh_name_of(self->mesh()), self->name);
        note(options, "mesh.found", mesh::mesh_name_of(self->mesh()));
    }
    return std::pair(std::move(*self), is_founded);
}

}  // namespace kith::cli
