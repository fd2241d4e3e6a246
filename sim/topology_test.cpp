#include "sim/topology.h"

#include <gtest/gtest.h>

#include <numeric>

namespace kith::sim {
namespace {

std::size_t component_count(const WirePlan& wires, std::uint32_t node_count) {
    std::vector<std::uint32_t> root(node_count);
    std::iota(root.begin(), root.end(), 0U);
    const auto find = [&](std::uint32_t node) {
        while (root[node] != node) {
            node = root[node];
        }
        return node;
    };
    std::size_t components = node_count;
    for (const auto& [a, b] : wires) {
        const std::uint32_t root_a = find(a);
        const std::uint32_t root_b = find(b);
        if (root_a != root_b) {
            root[root_a] = root_b;
            --components;
        }
    }
    return components;
}

TEST(Topology, IsConnectedInEveryShape) {
    for (const Shape shape :
         {Shape::Line, Shape::Ring, Shape::Grid, Shape::Random, Shape::Star, Shape::TwoClusters}) {
        for (std::uint32_t count = 2; count < 60; ++count) {
            const WirePlan wires = plan_wires({.shape = shape, .node_count = count}, Random(count));
            EXPECT_EQ(component_count(wires, count), 1) << to_string(shape) << " " << count;
        }
    }
}

TEST(Topology, HasTheWiresOfItsShape) {
    const auto wires = [](Shape shape) {
        return plan_wires({.shape = shape, .node_count = 9}, Random(1)).size();
    };
    EXPECT_EQ(wires(Shape::Line), 8);
    EXPECT_EQ(wires(Shape::Ring), 9);
    EXPECT_EQ(wires(Shape::Grid), 12);
    EXPECT_EQ(wires(Shape::Star), 8);
}

TEST(Topology, GivesEachNodeAboutSoManyNeighbours) {
    const WirePlan wires = plan_wires({.node_count = 1000, .degree = 6}, Random(1));
    EXPECT_EQ(wires.size(), 3000);
}

TEST(Topology, NeverHasMoreWiresThanPairs) {
    EXPECT_EQ(plan_wires({.node_count = 3, .degree = 6}, Random(1)).size(), 3);
    EXPECT_TRUE(plan_wires({.node_count = 1, .degree = 6}, Random(1)).empty());
}

TEST(Topology, IsNamed) {
    EXPECT_EQ(shape_named("grid"), Shape::Grid);
    EXPECT_EQ(shape_named("clusters"), Shape::TwoClusters);
    EXPECT_EQ(shape_named("torus"), std::nullopt);
    EXPECT_EQ(to_string(Shape::Star), "star");
}

}  // namespace
}  // namespace kith::sim
