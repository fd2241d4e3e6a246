// What this node is to a mesh, who may join and who is put out, as the API asks; the node does it
// (node/mesh_office.h).
//
// Only a node that holds the mesh's authority lets others in and puts them out. What keeps
// something from being done is a text for people that names files, which is why these are no
// Results. The running mesh takes up what was done a moment later. Threads: shard-local (the API's
// shard). Limits: those of mesh/trust/invites.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.h"

namespace kith::api {

struct MeshInviteTerms {
    std::string role = "router";  // or "leaf"
    std::uint32_t uses = 1;
    std::chrono::seconds lifetime{900};
    std::vector<std::string> addresses;  // HOST:PORT of this node; empty: those that it has
};

/// The only moment at which the token is known.
struct NewMeshInvite {
    std::string id;  // 16 hex digits
    std::string token;
    WallTime expires_at;
    std::vector<std::string> addresses;
};

struct MeshInviteUse {
    std::string node;
    std::string name;  // as the node calls itself
    WallTime at;
};

struct MeshInviteFacts {
    std::string id;
    std::string role;
    std::uint32_t uses = 0;
    std::uint32_t uses_left = 0;
    bool is_overspent = false;  // more nodes have used it than may
    WallTime created_at;
    WallTime expires_at;
    std::vector<MeshInviteUse> used_by;
};

struct MeshRevocation {
    std::string node;
    WallTime at;
};

/// All that the holder of the authority keeps.
struct MeshRegister {
    std::vector<MeshInviteFacts> invites;  // in the order in which they were made
    std::vector<MeshRevocation> revoked;   // in order of node
};

/// Why it was not done.
struct MeshRefusal {
    enum class Kind : std::uint8_t {
        Invalid,      // what was asked for
        NotAllowed,   // not by this node, or not any more
        Unavailable,  // files, or too much to do
    };
    Kind kind = Kind::Unavailable;
    std::string text;
};
template <typename T>
using OrMeshRefusal = tl::expected<T, MeshRefusal>;

class MeshOffice {
  public:
    virtual ~MeshOffice() = default;
    // Each callback is called once, in this turn or a later one, when all is on disk.
    /// Founds a mesh of which this node, called `name`, is the first member.
    virtual void found(const std::string& name, std::function<void(OrMeshRefusal<void>)> done) = 0;
    /// Keeps the token; from now on the node asks to be let in.
    virtual void join(const std::string& token, const std::string& name,
                      std::function<void(OrMeshRefusal<void>)> done) = 0;
    virtual void look_up(std::function<void(OrMeshRefusal<MeshRegister>)> done) = 0;
    virtual void invite(const MeshInviteTerms& terms,
                        std::function<void(OrMeshRefusal<NewMeshInvite>)> done) = 0;
    virtual void revoke(const std::string& node, std::function<void(OrMeshRefusal<void>)> done) = 0;
};

}  // namespace kith::api
