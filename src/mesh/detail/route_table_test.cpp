#include "mesh/detail/route_table.h"

#include <gtest/gtest.h>

#include "mesh/limits.h"

namespace kith::mesh {
namespace {

constexpr NodeId kSelf = NodeId(1);

Instant at(Duration since_start) {
    return Instant() + since_start;
}

/// Of nobody but this node.
Graph alone() {
    Graph graph;
    graph.add(kSelf, {});
    graph.finish();
    return graph;
}

/// A table that has just been computed, and is touched again so often that the next time is far.
RouteTable restless() {
    RouteTable table(kSelf);
    for (int i = 0; i < 4; ++i) {
        table.touch(table.deadline() == Instant::never() ? at(10s) : table.deadline());
        table.compute(alone(), at(10s + i * 10ms));
    }
    return table;
}

TEST(RouteTable, ComputesSoonAfterTheFirstChange) {
    RouteTable table(kSelf);
    EXPECT_EQ(table.deadline(), Instant::never());
    table.touch(at(10s));
    EXPECT_EQ(table.deadline(), at(10s) + kSpfDelayFirst);
    table.compute(alone(), at(10s) + kSpfDelayFirst);
    EXPECT_EQ(table.deadline(), Instant::never());
}

TEST(RouteTable, GathersChangesThatFollowOneAnother) {
    RouteTable table = restless();
    table.touch(at(10s + 40ms));
    EXPECT_EQ(table.deadline(), at(10s + 30ms) + kSpfDelayMax);
}

// Else what comes by a neighbour that went waits for as long as there is no alternative.
TEST(RouteTable, DoesNotGatherTheLossOfANeighbor) {
    RouteTable table = restless();
    table.touch(at(10s + 40ms));
    table.hurry(at(10s + 50ms));
    EXPECT_EQ(table.deadline(), at(10s + 50ms) + kSpfDelayFirst);
}

TEST(RouteTable, AnotherLossDoesNotPutOffWhatIsDue) {
    RouteTable table = restless();
    table.hurry(at(10s + 50ms));
    table.hurry(at(10s + 52ms));
    EXPECT_EQ(table.deadline(), at(10s + 50ms) + kSpfDelayFirst);
}

TEST(RouteTable, GathersAgainAfterALoss) {
    RouteTable table = restless();
    table.hurry(at(10s + 50ms));
    table.compute(alone(), at(10s + 55ms));
    table.touch(at(10s + 60ms));
    EXPECT_EQ(table.deadline(), at(10s + 55ms) + kSpfDelayMax);
}

}  // namespace
}  // namespace kith::mesh
