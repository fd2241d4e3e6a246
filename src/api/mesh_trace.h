// The way of a message through the mesh, as link state has it.
//
// What every node tells of its neighbours is known here, and every node computes its next hop from
// the same: so the hops can be told without asking anybody. It is where a message would go now; no
// message is sent. Among ways that cost the same each node takes the neighbour with the smallest
// id, as they do. What was measured is known of this node's own links only.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/mesh_facts.h"
#include "base/result.h"

namespace kith::api {

/// A node of the way, and its link to the next one.
struct MeshHop {
    std::string node;
    std::string name;
    std::optional<std::uint32_t> cost;  // none at the end
    std::optional<double> rtt_ms;       // of this node's own links
    std::optional<double> loss;
    std::optional<std::uint64_t> queue_bytes;
    std::optional<std::uint64_t> custody_count;
};

struct MeshTrace {
    std::string from;  // ids
    std::string to;
    std::uint32_t cost = 0;
    std::vector<MeshHop> hops;  // from first to last; empty: there is no way
};

/// The id of a node by its id or by its name. Errors: NotFound; Conflict if several have the name.
[[nodiscard]] Result<std::string> find_mesh_node(const MeshFacts& mesh, std::string_view text);

/// Requires: `from` and `to` are ids of nodes of `mesh`, whose nodes and links are there.
[[nodiscard]] MeshTrace trace_mesh(const MeshFacts& mesh, const std::string& from,
                                   const std::string& to);

}  // namespace kith::api
