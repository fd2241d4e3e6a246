// The mesh as the API shows it: texts and numbers, so that the API knows nothing of its protocol.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kith::api {

struct MeshNodeFacts {
    std::string id;  // 16 hex digits
    std::string name;
    std::string role;   // "router", "leaf"
    std::string state;  // "self", "neighbor", "suspect", "reachable", "unreachable"
};

/// A connection to a neighbour. Round trip, loss and cost are the neighbour's, of its best link.
struct MeshLinkFacts {
    std::string to;  // id of the neighbour
    std::string address;
    bool is_dialled = false;
    bool is_up = false;  // it answers both ways
    double rtt_ms = 0;
    double loss = 0;  // of hellos, 0 to 1
    std::uint32_t cost = 0;
    std::uint64_t queue_bytes = 0;
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

struct MeshFacts {
    bool is_on = false;
    std::string off_reason = "this node belongs to no mesh";  // while it is off
    std::string node;                                         // its own id
    std::string name;
    std::string address;  // where it listens
    std::vector<MeshNodeFacts> nodes;
    std::vector<MeshLinkFacts> links;
    std::vector<MeshRouteFacts> routes;
    std::vector<MeshPeerFacts> peers;
    std::vector<std::pair<std::string, std::uint64_t>> drops;  // of messages and records, by reason
    std::vector<std::pair<std::string, std::uint64_t>>
        events;  // of links, by kind; since the start
};

}  // namespace kith::api
