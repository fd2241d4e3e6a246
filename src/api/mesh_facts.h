// The mesh as the API shows it: texts and numbers, so that the API knows nothing of its protocol.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kith::api {

/// A neighbour of a node, as that node tells everybody.
struct MeshToldNeighbor {
    std::string id;
    std::uint32_t cost = 0;  // of sending to it
};

struct MeshNodeFacts {
    std::string id;  // 16 hex digits
    std::string name;
    std::string role;         // "router", "leaf"
    std::string state;        // "self", "neighbor", "suspect", "reachable", "unreachable"
    bool is_leaving = false;  // forwards for nobody any more
    std::vector<MeshToldNeighbor> neighbors = {};
};

/// A connection to a neighbour. Round trip, loss and cost are the neighbour's, of its best link;
/// custody, too, is the neighbour's.
struct MeshLinkFacts {
    std::string to;  // id of the neighbour
    std::string address;
    bool is_dialled = false;
    bool is_up = false;  // it answers both ways
    double rtt_ms = 0;
    double loss = 0;  // of hellos, 0 to 1
    std::uint32_t cost = 0;
    std::uint64_t queue_bytes = 0;
    std::uint64_t custody_count = 0;  // messages sent to it that this node still answers for
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::int64_t age_ms = 0;
};

struct MeshRouteFacts {
    std::string to;
    std::string next_hop;     // empty: it cannot be reached
    std::string alternative;  // empty: none
    std::uint32_t cost = 0;
};

/// A peer of the configuration.
struct MeshPeerFacts {
    std::string peer;   // HOST:PORT
    std::string state;  // "waiting", "resolving", "dialling", "linked", "elsewhere", "own_address"
    std::uint64_t failed_rounds = 0;
};

/// What is asked for; the rest stays empty. All of it is read from what this node knows.
struct MeshWanted {
    bool nodes = false;
    bool links = false;
    bool routes = false;
};

/// How nodes of the mesh find each other on the network.
struct MeshDiscoveryFacts {
    bool says_beacons = false;
    bool says_mdns = false;
    std::uint64_t heard = 0;       // nodes of this mesh, by their beacons, lately
    std::uint64_t candidates = 0;  // that could be linked to
    std::vector<std::pair<std::string, std::uint64_t>> beacons;  // that came, by verdict
    std::vector<std::pair<std::string, std::uint64_t>> events;   // by kind
};

/// Whether somebody should look.
struct MeshHealth {
    std::uint64_t unreachable_count = 0;  // routers that are known and have no way to them
    bool is_parted = false;               // some of these were linked to each other
};

/// TCP connections that go through the mesh.
struct MeshForwardFacts {
    std::uint64_t ends = 0;                                     // of which this node is an end, now
    std::uint64_t carried = 0;                                  // for others, now
    std::vector<std::pair<std::string, std::uint64_t>> bytes;   // by "in", "out", "carried"
    std::vector<std::pair<std::string, std::uint64_t>> events;  // by kind
};

struct MeshFacts {
    bool is_on = false;
    std::string membership = "none";  // "none", "joining", "member"
    std::string mesh;                 // its id, of 16 hex digits; empty: none
    bool may_invite = false;          // this node lets others in, and puts them out
    std::string off_reason = "this node belongs to no mesh";  // while it is off
    std::string node;                                         // its own id
    std::string name;
    std::string address;  // where it listens
    std::vector<MeshNodeFacts> nodes;
    std::vector<MeshLinkFacts> links;
    std::vector<MeshRouteFacts> routes;
    std::vector<MeshPeerFacts> peers;
    std::uint64_t custody_count = 0;  // messages that this node answers for
    std::uint64_t spool_count = 0;    // of these, those whose content is on disk alone
    std::uint64_t spool_bytes = 0;
    MeshHealth health;
    std::uint64_t state_count = 0;  // entries of what all routers have in common
    std::vector<std::pair<std::string, std::uint64_t>> state_events;
    std::vector<std::pair<std::string, std::uint64_t>> drops;  // of messages and records, by reason
    std::vector<std::pair<std::string, std::uint64_t>>
        events;  // of links, by kind; since the start
    MeshDiscoveryFacts discovery;
    MeshForwardFacts forward;
};

}  // namespace kith::api
