// What commands do with a node's membership on disk, with a node running on it or not. Each says on
// stderr why it failed.
#pragma once

#include "cli/mesh_commands.h"
#include "mesh/trust/mesh_directory.h"
#include "runtime/address.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kith::cli {

/// Returns 1.
int fail_because(const std::string& why);

/// What it is called in the mesh: as told, or as the host.
[[nodiscard]] std::string node_name(const MeshOptions& options);

/// Makes the data directory if need be; false if it cannot.
[[nodiscard]] bool make_data_directory(const std::string& data);

/// In the node's audit, if there has ever been a node.
void note(const MeshOptions& options, std::string what, std::string detail);

/// Whether a node, or a machine, runs on this data.
[[nodiscard]] bool is_running(const std::string& data);

/// Where others reach what runs on this data, or ran last.
[[nodiscard]] std::vector<std::string> locators_here(const mesh::MeshDirectory& directory,
                                                     const std::string& data);
/// Addresses that were given; nothing if one is none.
[[nodiscard]] std::optional<std::vector<std::string>> locators_of(const MeshOptions& options);

/// The member, after founding a mesh if it belongs to none, and whether it did.
[[nodiscard]] std::optional<std::pair<mesh::Membership, bool>> member_or_founder(
    mesh::MeshDirectory& directory, const MeshOptions& options);

}  // namespace kith::cli
