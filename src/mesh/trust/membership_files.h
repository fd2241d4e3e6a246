// What a node reads of its membership when it begins, and again when a tool has changed it.
//
// Every change of MeshDirectory replaces a file, and so touches the directory: stamp_of() differs
// then. Threads: any; blocks on the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "mesh/trust/mesh_directory.h"

namespace kith::mesh {

/// What the files say, read together.
struct MembershipFiles {
    Membership membership;
    RevocationList revoked;
    std::uint32_t epoch = 0;  // a new one, if it was asked for and the node is a member
};

enum class WantsEpoch : std::uint8_t { No, Yes };

/// A new epoch is larger than that of every start before, also if the clock was set back.
[[nodiscard]] OrFileProblem<MembershipFiles> read_membership(const MeshDirectory& directory,
                                                             WantsEpoch epoch, WallTime now);

/// Differs once a file was replaced.
[[nodiscard]] std::string stamp_of(const MeshDirectory& directory);

}  // namespace kith::mesh
