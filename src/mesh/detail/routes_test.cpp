#include "mesh/detail/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/random.h"

namespace kith::mesh {
namespace {

using Matrix = std::vector<std::vector<std::uint64_t>>;
constexpr std::uint64_t kFar = std::numeric_limits<std::uint64_t>::max() / 4;

/// What nodes tell, by id.
class Mesh {
  public:
    LinkStateBody& node(std::uint64_t id) { return told_[id]; }
    Mesh& link(std::uint64_t a, std::uint64_t b, std::uint32_t cost, std::uint32_t cost_back) {
        node(a).neighbors.push_back({.node = NodeId(b), .cost = cost});
        node(b).neighbors.push_back({.node = NodeId(a), .cost = cost_back});
        return *this;
    }
    Mesh& link(std::uint64_t a, std::uint64_t b, std::uint32_t cost) {
        return link(a, b, cost, cost);
    }
    Mesh& leaf(std::uint64_t id) {
        node(id).role = NodeRole::Leaf;
        return *this;
    }

    [[nodiscard]] Graph graph() const {
        Graph graph;
        for (const auto& [id, body] : told_) {
            graph.add(NodeId(id), body);
        }
        graph.finish();
        return graph;
    }

  private:
    std::map<std::uint64_t, LinkStateBody> told_;
};

/// A route by ids; 0 is nobody.
struct Way {
    std::uint64_t next_hop = 0;
    std::uint64_t alternative = 0;
    std::uint32_t cost = kUnreachable;

    friend bool operator==(const Way&, const Way&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Way& way) {
        return out << "by " << way.next_hop << " or " << way.alternative << " at " << way.cost;
    }
};

Way way(const Mesh& mesh, std::uint64_t self, std::uint64_t to) {
    const Graph graph = mesh.graph();
    const Route route =
        compute_routes(graph, graph.index_of(NodeId(self))).at(graph.index_of(NodeId(to)));
    const auto id = [&](NodeIndex index) {
        return index == kNoIndex ? 0 : graph.node(index).value();
    };
    return {id(route.next_hop), id(route.alternative), route.cost};
}

TEST(Routes, OfANodeAloneLeadNowhere) {
    Mesh mesh;
    mesh.node(1);
    EXPECT_EQ(way(mesh, 1, 1), (Way{0, 0, 0}));
}

TEST(Routes, AnUnreachableNodeHasNone) {
    Mesh mesh;
    mesh.link(1, 2, 10).link(3, 4, 10);
    EXPECT_EQ(way(mesh, 1, 4), (Way{0, 0, kUnreachable}));
}

TEST(Routes, TheShortestWayIsTakenInItsOwnDirection) {
    Mesh mesh;
    mesh.link(1, 2, 10, 90).link(2, 3, 10, 90).link(1, 3, 30, 30);
    EXPECT_EQ(way(mesh, 1, 3).next_hop, 2U);
    EXPECT_EQ(way(mesh, 1, 3).cost, 20U);
    EXPECT_EQ(way(mesh, 3, 1).next_hop, 1U);
    EXPECT_EQ(way(mesh, 3, 1).cost, 30U);
}

TEST(Routes, OfEqualWaysTheSmallerNextHopWins) {
    Mesh mesh;
    mesh.link(1, 3, 5).link(1, 2, 5).link(2, 4, 5).link(3, 4, 5);
    EXPECT_EQ(way(mesh, 1, 4), (Way{2, 3, 10}));
}

TEST(Routes, ALeafCarriesForNobody) {
    Mesh mesh;
    mesh.link(1, 2, 1).link(2, 3, 1).link(1, 3, 50).leaf(2);
    EXPECT_EQ(way(mesh, 1, 3), (Way{3, 0, 50}));
    EXPECT_EQ(way(mesh, 1, 2).next_hop, 2U);
    EXPECT_EQ(way(mesh, 2, 3).next_hop, 3U);
}

TEST(Routes, WhoIsLeavingCarriesForNobodyAnyMore) {
    Mesh mesh;
    mesh.link(1, 2, 1).link(2, 3, 1).link(1, 3, 50);
    mesh.node(2).is_leaving = true;
    EXPECT_EQ(way(mesh, 1, 3), (Way{3, 0, 50}));
}

TEST(Routes, ALeafMayTakeANeighborThatWouldBeASendBackForARouter) {
    // 2 reaches 3 by 1 only if 1 carries for others; 4 is a long way round.
    Mesh mesh;
    mesh.link(1, 2, 1).link(1, 3, 1).link(2, 4, 50).link(4, 3, 50);
    EXPECT_EQ(way(mesh, 1, 3).alternative, 0U);
    mesh.leaf(1);
    EXPECT_EQ(way(mesh, 1, 3).alternative, 2U);
}

TEST(Routes, ANodeProtectingAlternativeIsWorthMoreThanACheapOne) {
    // 3 is near, but goes through 2 as well; 4 goes round.
    Mesh mesh;
    mesh.link(1, 2, 5).link(2, 9, 5);
    mesh.link(1, 3, 9).link(3, 2, 1);
    mesh.link(1, 4, 30).link(4, 9, 30);
    EXPECT_EQ(way(mesh, 1, 9), (Way{2, 4, 10}));
}

TEST(Routes, AWayThatIsTooDearToCountIsNone) {
    Mesh mesh;
    constexpr std::uint64_t kHops = 300;
    for (std::uint64_t id = 1; id <= kHops; ++id) {
        mesh.link(id, id + 1, kCostMax);
    }
    EXPECT_EQ(way(mesh, 1, 257).cost, 256 * kCostMax);
    EXPECT_EQ(way(mesh, 1, 257).next_hop, 2U);
    EXPECT_EQ(way(mesh, 1, 258), (Way{0, 0, kUnreachable}));
    EXPECT_EQ(way(mesh, 1, kHops + 1), (Way{0, 0, kUnreachable}));
}

/// Floyd and Warshall: all distances, by nodes in between that carry for others.
Matrix all_distances(const Graph& graph) {
    Matrix distance(graph.size(), std::vector<std::uint64_t>(graph.size(), kFar));
    for (NodeIndex from = 0; from < graph.size(); ++from) {
        for (const Graph::Edge& edge : graph.edges(from)) {
            distance[from][edge.to] = edge.cost;
        }
        distance[from][from] = 0;
    }
    for (NodeIndex by = 0; by < graph.size(); ++by) {
        for (NodeIndex from = 0; graph.is_transit(by) && from < graph.size(); ++from) {
            for (NodeIndex to = 0; to < graph.size(); ++to) {
                distance[from][to] =
                    std::min(distance[from][to], distance[from][by] + distance[by][to]);
            }
        }
    }
    return distance;
}

/// Everybody through whose hands a message may come that `from` sends to `to`, if all choose among
/// equally short ways as they like; `from` and `to` included.
std::set<NodeIndex> visited(const Graph& graph, const Matrix& distance, NodeIndex from,
                            NodeIndex to) {
    std::set<NodeIndex> seen = {from};
    std::vector<NodeIndex> open = {from};
    while (!open.empty()) {
        const NodeIndex at = open.back();
        open.pop_back();
        if (at == to) {
            continue;
        }
        for (const Graph::Edge& edge : graph.edges(at)) {
            const bool is_passable = edge.to == to || graph.is_transit(edge.to);
            if (is_passable && edge.cost + distance[edge.to][to] == distance[at][to] &&
                seen.insert(edge.to).second) {
                open.push_back(edge.to);
            }
        }
    }
    return seen;
}

/// The route as the definition has it, by trying everything.
Route expected_route(const Graph& graph, const Matrix& distance, NodeIndex self, NodeIndex to) {
    Route route{.cost = static_cast<std::uint32_t>(
                    std::min<std::uint64_t>(distance[self][to], kUnreachable))};
    if (self == to || distance[self][to] >= kFar) {
        return route;
    }
    const auto carries = [&](NodeIndex node) {
        return (node == to || graph.is_transit(node)) && distance[node][to] < kFar;
    };
    for (const Graph::Edge& edge : graph.edges(self)) {
        if (carries(edge.to) && edge.cost + distance[edge.to][to] == distance[self][to]) {
            route.next_hop = std::min(route.next_hop, edge.to);
        }
    }
    using Rank = std::tuple<bool, std::uint64_t, NodeIndex>;  // the least is the best
    std::optional<Rank> best;
    for (const Graph::Edge& edge : graph.edges(self)) {
        if (!carries(edge.to) || edge.to == route.next_hop) {
            continue;
        }
        const std::set<NodeIndex> hands = visited(graph, distance, edge.to, to);
        if (hands.contains(self)) {
            continue;
        }
        const bool is_protecting = route.next_hop != to && !hands.contains(route.next_hop);
        const Rank rank{!is_protecting && edge.to != to, edge.cost + distance[edge.to][to],
                        edge.to};
        best = best ? std::min(*best, rank) : rank;
    }
    if (best) {
        route.alternative = std::get<NodeIndex>(*best);
    }
    return route;
}

/// Few nodes, costs from a small range so that many ways are equally long, leaves, and edges of
/// which only one end tells; often in several pieces.
Mesh random_mesh(Random& random) {
    Mesh mesh;
    const std::uint64_t nodes = 1 + random.below(12);
    const std::uint64_t links = random.below(3 * nodes);
    const std::uint64_t cost_max = random.chance(0.5) ? 3 : 1000;
    for (std::uint64_t id = 1; id <= nodes; ++id) {
        mesh.node(id * 100).role = random.chance(0.2) ? NodeRole::Leaf : NodeRole::Router;
    }
    for (std::uint64_t i = 0; i < links; ++i) {
        const std::uint64_t a = 100 * (1 + random.below(nodes));
        const std::uint64_t b = 100 * (1 + random.below(nodes));
        const auto cost = static_cast<std::uint32_t>(1 + random.below(cost_max));
        const auto back = static_cast<std::uint32_t>(1 + random.below(cost_max));
        if (random.chance(0.9)) {
            mesh.link(a, b, cost, random.chance(0.5) ? cost : back);
        } else {
            mesh.node(a).neighbors.push_back({.node = NodeId(b), .cost = cost});
        }
    }
    return mesh;
}

class RandomMeshes : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomMeshes, testing::Range<std::uint64_t>(0, 20));

TEST_P(RandomMeshes, DistancesAreThoseOfFloydAndWarshall) {
    Random random(GetParam());
    for (int round = 0; round < 20; ++round) {
        const Graph graph = random_mesh(random).graph();
        const Matrix expected = all_distances(graph);
        for (NodeIndex root = 0; root < graph.size(); ++root) {
            const std::vector<std::uint32_t> found = distances(graph, root);
            for (NodeIndex to = 0; to < graph.size(); ++to) {
                EXPECT_EQ(found[to], std::min<std::uint64_t>(expected[root][to], kUnreachable));
            }
        }
    }
}

TEST_P(RandomMeshes, RoutesAreTheBestThatTryingEverythingFinds) {
    Random random(GetParam());
    for (int round = 0; round < 20; ++round) {
        const Graph graph = random_mesh(random).graph();
        const Matrix distance = all_distances(graph);
        for (NodeIndex self = 0; self < graph.size(); ++self) {
            const std::vector<Route> found = compute_routes(graph, self);
            for (NodeIndex to = 0; to < graph.size(); ++to) {
                const Route expected = expected_route(graph, distance, self, to);
                EXPECT_EQ(found[to].cost, expected.cost);
                EXPECT_EQ(found[to].next_hop, expected.next_hop);
                EXPECT_EQ(found[to].alternative, expected.alternative);
            }
        }
    }
}

/// Where a message ends that everybody gives to his next hop; nowhere if it goes in circles.
NodeIndex end_of_way(const std::vector<std::vector<Route>>& routes, NodeIndex self, NodeIndex to) {
    NodeIndex at = self;
    for (std::size_t hops = 0; at != to && at != kNoIndex; ++hops) {
        at = hops < routes.size() ? routes[at][to].next_hop : kNoIndex;
    }
    return at;
}

TEST_P(RandomMeshes, NextHopsOfAllNodesTogetherHaveNoCircles) {
    Random random(GetParam());
    for (int round = 0; round < 20; ++round) {
        const Graph graph = random_mesh(random).graph();
        std::vector<std::vector<Route>> routes;
        for (NodeIndex self = 0; self < graph.size(); ++self) {
            routes.push_back(compute_routes(graph, self));
        }
        for (NodeIndex to = 0; to < graph.size(); ++to) {
            for (NodeIndex self = 0; self < graph.size(); ++self) {
                EXPECT_EQ(end_of_way(routes, self, to) == to,
                          routes[self][to].cost != kUnreachable);
            }
        }
    }
}

}  // namespace
}  // namespace kith::mesh
