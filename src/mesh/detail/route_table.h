// The routes of this node as they are used: by the ids of nodes, and computed no more often than
// makes sense.
//
// A change of the graph is acted on within kSpfDelayFirst; when changes follow one another, they
// are gathered for longer and longer, up to kSpfDelayMax. Meanwhile the alternatives carry. That a
// neighbour went waits for none of this: there may be no alternative yet to one that went while
// another had just come.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "mesh/detail/graph.h"
#include "mesh/detail/routes.h"
#include "mesh/node.h"

namespace kith::mesh {

class RouteTable {
  public:
    explicit RouteTable(NodeId self) : self_(self) {}

    /// Something that routes depend on changed.
    void touch(Instant now);
    /// A neighbour is gone: within kSpfDelayFirst, whatever was computed when.
    void hurry(Instant now);
    /// When they are to be computed; never() if nothing changed.
    [[nodiscard]] Instant deadline() const { return due_at_; }
    void compute(Graph graph, Instant now);

    struct Hops {
        NodeId next_hop;     // 0: not reachable
        NodeId alternative;  // 0: none
    };
    [[nodiscard]] Hops hops(NodeId destination) const;
    [[nodiscard]] bool is_reachable(NodeId node) const { return hops(node).next_hop != NodeId(); }
    [[nodiscard]] std::uint32_t cost(NodeId node) const;  // kUnreachable at most
    [[nodiscard]] const Graph& graph() const { return graph_; }
    [[nodiscard]] std::vector<RouteView> views() const;

  private:
    NodeId self_;
    Graph graph_;
    std::vector<Route> routes_;  // by index in graph_
    Instant due_at_ = Instant::never();
    Instant computed_at_ = Instant::from_ns(INT64_MIN / 2);
    unsigned burst_ = 0;  // computations that followed one another closely
};

}  // namespace kith::mesh
