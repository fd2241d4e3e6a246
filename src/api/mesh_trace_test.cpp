#include "api/mesh_trace.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kith::api {
namespace {

/// Nodes "1" to "9" that tell of links both ways at the same cost.
class TraceTest : public ::testing::Test {
  protected:
    void nodes(std::initializer_list<std::string> ids) {
        for (const std::string& id : ids) {
            mesh_.nodes.push_back(
                {.id = id, .name = "n" + id, .role = "router", .state = "reachable"});
        }
    }
    MeshNodeFacts& node(const std::string& id) {
        for (MeshNodeFacts& node : mesh_.nodes) {
            if (node.id == id) {
                return node;
            }
        }
        return mesh_.nodes.front();
    }
    void link(const std::string& a, const std::string& b, std::uint32_t cost) {
        tell(a, b, cost);
        tell(b, a, cost);
    }
    void tell(const std::string& a, const std::string& b, std::uint32_t cost) {
        node(a).neighbors.push_back({b, cost});
    }
    std::vector<std::string> way(const std::string& from, const std::string& to) {
        std::vector<std::string> ids;
        for (const MeshHop& hop : trace_mesh(mesh_, from, to).hops) {
            ids.push_back(hop.node);
        }
        return ids;
    }
    using Way = std::vector<std::string>;

    MeshFacts mesh_;
};

TEST_F(TraceTest, GoesTheCheapestWayAndSaysWhatEachHopCosts) {
    nodes({"1", "2", "3"});
    link("1", "3", 100);
    link("1", "2", 20);
    link("2", "3", 30);
    const MeshTrace trace = trace_mesh(mesh_, "1", "3");
    EXPECT_EQ(trace.cost, 50U);
    ASSERT_EQ(trace.hops.size(), 3U);
    EXPECT_EQ(trace.hops[0].cost, 20U);
    EXPECT_EQ(trace.hops[1].node, "2");
    EXPECT_EQ(trace.hops[1].name, "n2");
    EXPECT_EQ(trace.hops[1].cost, 30U);
    EXPECT_FALSE(trace.hops[2].cost);
}

TEST_F(TraceTest, AWayBackMayBeAnother) {
    nodes({"1", "2", "3"});
    tell("1", "3", 100);
    tell("3", "1", 10);
    link("1", "2", 20);
    link("2", "3", 30);
    EXPECT_EQ(way("1", "3"), (Way{"1", "2", "3"}));
    EXPECT_EQ(way("3", "1"), (Way{"3", "1"}));
}

TEST_F(TraceTest, OfEqualWaysEachNodeTakesTheSmallestNeighbor) {
    nodes({"4", "3", "2", "1"});
    link("1", "3", 10);
    link("1", "2", 10);
    link("2", "4", 10);
    link("3", "4", 10);
    EXPECT_EQ(way("1", "4"), (Way{"1", "2", "4"}));
}

TEST_F(TraceTest, ALinkThatOneEndDeniesIsNone) {
    nodes({"1", "2"});
    tell("1", "2", 10);
    EXPECT_TRUE(way("1", "2").empty());
    EXPECT_EQ(trace_mesh(mesh_, "1", "2").cost, 0U);
}

TEST_F(TraceTest, NothingGoesThroughALeafOrWhoIsLeaving) {
    nodes({"1", "2", "3", "4"});
    link("1", "2", 10);
    link("2", "4", 10);
    link("1", "3", 50);
    link("3", "4", 50);
    node("2").role = "leaf";
    EXPECT_EQ(way("1", "4"), (Way{"1", "3", "4"}));
    EXPECT_EQ(way("2", "4"), (Way{"2", "4"}));  // it may begin a way, and end one
    EXPECT_EQ(way("1", "2"), (Way{"1", "2"}));
    node("2").role = "router";
    node("2").is_leaving = true;
    EXPECT_EQ(way("1", "4"), (Way{"1", "3", "4"}));
}

TEST_F(TraceTest, ToOneselfIsNoWay) {
    nodes({"1"});
    EXPECT_EQ(way("1", "1"), Way{"1"});
}

TEST_F(TraceTest, ANeighborThatNobodyKnowsIsNoNode) {
    nodes({"1", "2"});
    tell("1", "9", 1);
    link("1", "2", 10);
    EXPECT_EQ(way("1", "2"), (Way{"1", "2"}));
}

TEST_F(TraceTest, SaysWhatWasMeasuredOnItsOwnLinksAlone) {
    nodes({"1", "2", "3"});
    link("1", "2", 10);
    link("2", "3", 10);
    mesh_.node = "1";
    mesh_.links = {{.to = "2",
                    .address = "10.0.0.2:7883",
                    .is_up = true,
                    .rtt_ms = 1.5,
                    .loss = 0.25,
                    .queue_bytes = 7,
                    .custody_count = 3},
                   {.to = "2", .address = "10.0.1.2:7883", .is_up = true, .queue_bytes = 2}};
    const MeshTrace trace = trace_mesh(mesh_, "1", "3");
    ASSERT_EQ(trace.hops.size(), 3U);
    EXPECT_TRUE(trace.hops[0].rtt_ms);
    EXPECT_EQ(trace.hops[0].queue_bytes, 9U);
    EXPECT_FALSE(trace.hops[1].rtt_ms);
    EXPECT_FALSE(trace.hops[1].custody_count);
}

TEST_F(TraceTest, FindsNodesByIdAndByName) {
    nodes({"1", "2", "3"});
    node("3").name = "n2";
    EXPECT_EQ(find_mesh_node(mesh_, "1").value(), "1");
    EXPECT_EQ(find_mesh_node(mesh_, "n1").value(), "1");
    EXPECT_EQ(find_mesh_node(mesh_, "n2").error().kind, ErrorKind::Conflict);
    EXPECT_EQ(find_mesh_node(mesh_, "nobody").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace kith::api
