// What `kith mesh` does to a node's membership, in its data directory, with the node running or
// stopped. Each returns the exit status and says on stderr why it failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::cli {

struct MeshOptions {
    std::string data = "data";
    std::string name;   // of the node; empty: the host's
    std::string token;  // "-": from stdin
    std::string node;   // to revoke: its id, or the name with which it joined
    std::string role = "router";
    std::string expires = "15m";
    std::uint32_t uses = 1;
    std::vector<std::string> addresses;
    bool with_qr = false;
    bool as_json = false;
};

int mesh_invite(const MeshOptions& options);
int mesh_join(const MeshOptions& options);
int mesh_revoke(const MeshOptions& options);
int mesh_status(const MeshOptions& options);

}  // namespace kith::cli
