#include "sdk/mesh_membership.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "crypto/secrets.h"
#include "mesh/trust/mesh_directory.h"
#include "runtime/address.h"

namespace kith::sdk {
namespace {

constexpr std::string_view kTokenPrefix = "kith1.";

Failure invalid(std::string text) {
    return {FailureKind::Invalid, std::move(text)};
}

/// The XDG base directory specification.
Outcome<std::string> default_directory(const std::string& id) {
    const char* state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && *state == '/') {
        return std::string(state) + "/kith/" + id;
    }
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home != '/') {
        return invalid("mesh_directory is empty, and there is no home directory");
    }
    return std::string(home) + "/.local/state/kith/" + id;
}

Outcome<std::string> directory_of(const std::string& id, const MachineOptions& options) {
    if (!options.mesh.starts_with(kTokenPrefix)) {
        return options.mesh;
    }
    return options.mesh_directory.empty() ? default_directory(id)
                                          : Outcome<std::string>(options.mesh_directory);
}

Outcome<void> make_directory(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::create_directories(path, error)) {
        return error ? Outcome<void>(invalid(path + ": " + error.message())) : Outcome<void>();
    }
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    return error ? Outcome<void>(invalid(path + ": " + error.message())) : Outcome<void>();
}

/// A token is for whoever is no member yet; it may stand in a program for ever.
Outcome<void> keep_token(const std::string& directory, const std::string& id,
                         const std::string& token) {
    mesh::MeshDirectory membership(directory);
    const auto now = membership.load();
    if (!now) {
        return invalid(now.error().text);
    }
    if (now->state == mesh::MembershipState::Member) {
        return {};
    }
    crypto::SystemSecrets secrets;
    const auto joining = membership.begin_join(token, id, secrets);
    return joining ? Outcome<void>() : invalid(joining.error().text);
}

}  // namespace

Outcome<MeshSettings> mesh_settings(const std::string& id, const MachineOptions& options) {
    const Outcome<std::string> directory = directory_of(id, options);
    if (!directory) {
        return directory.failure();
    }
    if (const Outcome<void> made = make_directory(*directory); !made) {
        return made.failure();
    }
    if (options.mesh.starts_with(kTokenPrefix)) {
        if (const Outcome<void> kept = keep_token(*directory, id, options.mesh); !kept) {
            return kept.failure();
        }
    }
    const auto listen =
        runtime::SocketAddress::parse(options.mesh_listen.empty() ? "[::]:0" : options.mesh_listen);
    if (!listen) {
        return invalid("mesh_listen is not ADDRESS:PORT");
    }
    return MeshSettings{.leaf = {.data = *directory,
                                 .name = id,
                                 .listen = *listen,
                                 .peers = options.mesh_peers,
                                 .timing = {},
                                 .messages = {.messages_max = options.queue_messages_max,
                                              .bytes_max = options.queue_bytes_max}},
                        .on_pairing_code = options.on_pairing_code};
}

}  // namespace kith::sdk
