#include "mesh/detail/graph.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace kith::mesh {
namespace {

using Neighbors = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

LinkStateBody link_state(const Neighbors& neighbors) {
    LinkStateBody body;
    for (const auto& [node, cost] : neighbors) {
        body.neighbors.push_back({.node = NodeId(node), .cost = cost});
    }
    return body;
}

Neighbors edges_of(const Graph& graph, std::uint64_t node) {
    Neighbors edges;
    for (const Graph::Edge& edge : graph.edges(graph.index_of(NodeId(node)))) {
        edges.emplace_back(graph.node(edge.to).value(), edge.cost);
    }
    return edges;
}

TEST(Graph, NumbersNodesInOrderOfTheirIds) {
    Graph graph;
    graph.add(NodeId(30), link_state({}));
    graph.add(NodeId(10), link_state({}));
    graph.add(NodeId(20), link_state({}));
    graph.finish();
    ASSERT_EQ(graph.size(), 3U);
    EXPECT_EQ(graph.node(0), NodeId(10));
    EXPECT_EQ(graph.node(2), NodeId(30));
    EXPECT_EQ(graph.index_of(NodeId(20)), 1U);
    EXPECT_EQ(graph.index_of(NodeId(25)), kNoIndex);
    EXPECT_EQ(graph.index_of(NodeId(31)), kNoIndex);
}

TEST(Graph, OfNobodyIsEmpty) {
    Graph graph;
    graph.finish();
    EXPECT_EQ(graph.size(), 0U);
    EXPECT_EQ(graph.index_of(NodeId(1)), kNoIndex);
}

TEST(Graph, KeepsAnEdgeOnlyIfBothEndsTellOfIt) {
    Graph graph;
    graph.add(NodeId(1), link_state({{2, 10}, {3, 11}}));
    graph.add(NodeId(2), link_state({{1, 20}}));
    graph.add(NodeId(3), link_state({{2, 30}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 10}}));
    EXPECT_EQ(edges_of(graph, 2), (Neighbors{{1, 20}}));
    EXPECT_EQ(edges_of(graph, 3), Neighbors{});
}

TEST(Graph, EachDirectionHasItsOwnCost) {
    Graph graph;
    graph.add(NodeId(1), link_state({{2, 5}}));
    graph.add(NodeId(2), link_state({{1, 500}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 5}}));
    EXPECT_EQ(edges_of(graph, 2), (Neighbors{{1, 500}}));
}

TEST(Graph, PassesOverNeighborsThatNobodyKnows) {
    Graph graph;
    graph.add(NodeId(1), link_state({{7, 1}, {8, 1}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), Neighbors{});
}

TEST(Graph, PassesOverANodeThatNamesItself) {
    Graph graph;
    graph.add(NodeId(1), link_state({{1, 1}, {2, 1}}));
    graph.add(NodeId(2), link_state({{1, 1}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 1}}));
}

TEST(Graph, OfTwoTellingsOfANodeTheFirstCounts) {
    Graph graph;
    graph.add(NodeId(2), link_state({{1, 1}}));
    graph.add(NodeId(1), link_state({{2, 7}}));
    graph.add(NodeId(1), link_state({{2, 9}}));
    graph.finish();
    EXPECT_EQ(graph.size(), 2U);
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 7}}));
}

TEST(Graph, OfANeighborNamedTwiceTheCheaperCounts) {
    Graph graph;
    graph.add(NodeId(1), link_state({{3, 4}, {2, 9}, {2, 7}}));
    graph.add(NodeId(2), link_state({{1, 1}}));
    graph.add(NodeId(3), link_state({{1, 1}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 7}, {3, 4}}));
}

TEST(Graph, CostsAreAtLeastOneAndAtMostTheLargest) {
    Graph graph;
    graph.add(NodeId(1), link_state({{2, 0}}));
    graph.add(NodeId(2), link_state({{1, UINT32_MAX}}));
    graph.finish();
    EXPECT_EQ(edges_of(graph, 1), (Neighbors{{2, 1}}));
    EXPECT_EQ(edges_of(graph, 2), (Neighbors{{1, kCostMax}}));
}

TEST(Graph, LeavesAndNodesThatLeaveAreNotTransit) {
    Graph graph;
    LinkStateBody body;
    graph.add(NodeId(1), body);
    body.is_leaving = true;
    graph.add(NodeId(2), body);
    body.is_leaving = false;
    body.role = NodeRole::Leaf;
    graph.add(NodeId(3), body);
    graph.finish();
    EXPECT_TRUE(graph.is_transit(0));
    EXPECT_FALSE(graph.is_transit(1));
    EXPECT_FALSE(graph.is_transit(2));
}

}  // namespace
}  // namespace kith::mesh
