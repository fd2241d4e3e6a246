// Whether a mesh at rest knows what is true: the oracle of convergence.
//
// True is what the simulator knows: which processes run and which wires have a session. Nodes that
// can reach each other over them must have the same digests and the same retained messages, see
// exactly these neighbours, and have the routes that a Dijkstra over the costs that all of them
// tell finds, written without looking at that of the mesh.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace kith::sim {

/// What is not as it should be among the first `member_count` nodes, a few of all reasons; empty if
/// the mesh has converged. Requires: all nodes are routers.
[[nodiscard]] std::vector<std::string> convergence_faults(const World& world,
                                                          NodeIndex member_count);

}  // namespace kith::sim
