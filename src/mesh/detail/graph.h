// The mesh as a graph of integers: nodes in order of id, edges with costs that both ends confirm.
//
// Built anew from what all nodes tell, whenever routes are computed. What nodes tell is not
// believed blindly: a node that names itself, names another twice or names nobody that is known
// changes nothing, and of two tellings of one node the first counts. Threads: shard-local, const
// after finish(). Limits: as many nodes as tell something (kNodesMax), kNeighborsMax edges each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wire/mesh/bodies.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoIndex = UINT32_MAX;

class Graph {
  public:
    struct Edge {
        NodeIndex to;
        std::uint32_t cost;  // of sending along it; 1 to kCostMax
    };

    /// Adds what one node tells, in any order.
    void add(NodeId node, const LinkStateBody& link_state);
    /// Sorts, and keeps an edge only if both of its ends tell of it. Nothing is added after it, and
    /// nothing is asked before.
    void finish();

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] NodeId node(NodeIndex index) const { return nodes_[index]; }
    [[nodiscard]] NodeIndex index_of(NodeId node) const;  // kNoIndex if it is not there
    [[nodiscard]] bool is_transit(NodeIndex index) const { return transit_[index] != 0; }
    /// In order of `to`, each once.
    [[nodiscard]] std::span<const Edge> edges(NodeIndex index) const {
        return std::span(edges_).subspan(first_[index], first_[index + 1] - first_[index]);
    }

  private:
    struct Told {
        NodeId node;
        bool is_transit;
        std::uint32_t neighbors_begin;  // in told_neighbors_
        std::uint32_t neighbors_end;
    };

    void number_nodes();
    void collect_edges();
    void drop_unconfirmed_edges();
    [[nodiscard]] bool has_edge(NodeIndex from, NodeIndex to) const;

    std::vector<Told> told_;  // until finish()
    std::vector<NeighborCost> told_neighbors_;
    std::vector<NodeId> nodes_;
    std::vector<std::uint8_t> transit_;  // forwards for others: a router that is not leaving
    std::vector<std::uint32_t> first_;   // of edges_, one more than nodes
    std::vector<Edge> edges_;
};

}  // namespace kith::mesh
