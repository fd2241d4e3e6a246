// What `kith mesh` does to a node's membership, in its data directory, with the node running or
// stopped, and what it asks a running node. Each returns the exit status and says on stderr why it
// failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::cli {

/// What is asked of a running node.
struct MeshQuestion {
    std::string http;
    std::string token;
    bool as_json = false;
    // Of trace: ids or names; an empty `from` is the node itself.
    std::string node = {};
    std::string from = {};
    // Of find: empty is any.
    std::string type = {};
    std::string capability = {};
    // Of top:
    unsigned every_s = 2;
    bool once = false;
};

struct MeshOptions {
    std::string data = "data";
    std::string http;  // of status: the node to ask; empty: the files
    std::string http_token;
    std::string name;   // of the node; empty: the host's
    std::string token;  // "-": from stdin
    std::string node;   // to revoke: its id, or the name with which it joined
    std::string role = "router";
    std::string expires = "15m";
    std::uint32_t uses = 1;
    std::vector<std::string> addresses;
    std::string code;      // to pair: as the machine shows it
    unsigned wait_s = 60;  // to pair
    std::string file;      // delegate: where to; empty: stdout
    std::string taken;     // delegate: what another node made; "-": from stdin
    bool serves = false;   // invite: answers newcomers itself, until the token is used up
    bool with_qr = false;
    bool as_json = false;
};

struct MeshForwardOptions {
    std::uint16_t port = 0;  // 0: any
    std::string bind = "127.0.0.1";
    std::string to;  // NODE:HOST:PORT
    std::string http;
    std::string token;
};

int mesh_invite(const MeshOptions& options);
int mesh_join(const MeshOptions& options);
int mesh_pair(const MeshOptions& options);
int mesh_revoke(const MeshOptions& options);
int mesh_delegate(const MeshOptions& options);
int mesh_status(const MeshOptions& options);

int mesh_running_status(const MeshQuestion& question);
int mesh_peers(const MeshQuestion& question);
int mesh_routes(const MeshQuestion& question);
int mesh_trace(const MeshQuestion& question);
/// Fails if nobody is found.
int mesh_find(const MeshQuestion& question);
int mesh_top(const MeshQuestion& question);
/// Until Ctrl-C or SIGTERM.
int mesh_forward(const MeshForwardOptions& options);

}  // namespace kith::cli
