// The shortest ways from this node to all others, and for each a next best neighbour.
//
// Dijkstra from this node and from each of its neighbours. The alternative for a destination d is a
// neighbour n of which RFC 5286 says that it does not send back: dist(n, d) < dist(n, self) +
// dist(self, d), node-protecting if there is one that is: dist(n, d) < dist(n, e) + dist(e, d),
// where e is the next hop. Among equals the smaller id wins, so that all runs agree.
//
// Costs are at least 1, so each hop of a shortest way is nearer to its end: ways have no circles,
// however nodes choose among equals. A sum that does not fit counts as unreachable; it takes 256
// hops of the dearest kind, eight times what a message may travel. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "mesh/detail/graph.h"

namespace kith::mesh {

inline constexpr std::uint32_t kUnreachable = UINT32_MAX;

struct Route {
    NodeIndex next_hop = kNoIndex;     // none for what cannot be reached, and for self
    NodeIndex alternative = kNoIndex;  // never the next hop
    std::uint32_t cost = kUnreachable;
};

/// Distances from `root` to each node of the graph. A node that is not transit ends a way; only the
/// root may be one and begin it.
[[nodiscard]] std::vector<std::uint32_t> distances(const Graph& graph, NodeIndex root);

/// A route for each node of the graph, by its index. Requires: self is in the graph.
[[nodiscard]] std::vector<Route> compute_routes(const Graph& graph, NodeIndex self);

}  // namespace kith::mesh
