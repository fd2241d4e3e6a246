#include "node/detail/mesh_watch.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kith::node {
namespace {

using Words = std::vector<std::string>;

class MeshWatchTest : public ::testing::Test {
  protected:
    MeshWatchTest() {
        mesh_.is_on = true;
        add("a", "self", {"b"});
        add("b", "neighbor", {"a", "c"});
        add("c", "reachable", {"b", "d"});
        add("d", "reachable", {"c"});
        link("b");
        static_cast<void>(look());
    }
    void add(const std::string& id, const std::string& state, const Words& neighbors) {
        auto& node = mesh_.nodes.emplace_back(
            api::MeshNodeFacts{.id = id, .name = "gw-" + id, .role = "router", .state = state});
        for (const std::string& to : neighbors) {
            node.neighbors.push_back({to, 10});
        }
    }
    void link(const std::string& to) {
        mesh_.links.push_back({.to = to, .address = "10.0.0.2:7883", .is_up = true});
    }
    void set_state(const std::string& id, const std::string& state) {
        std::ranges::find(mesh_.nodes, id, &api::MeshNodeFacts::id)->state = state;
    }
    /// What has changed, and of which node: "node_gone b".
    Words look() {
        Words words;
        events_ = watch_.update(mesh_, has_, WallTime::from_ms(1));
        for (const NodeEvent& event : events_) {
            EXPECT_EQ(event.kind, "mesh");
            words.push_back(event.node.empty() ? event.reason : event.reason + " " + event.node);
        }
        return words;
    }

    api::MeshFacts mesh_;
    MeshWatch watch_;
    MeshWatch::Has has_ = MeshWatch::Has::Nodes;
    std::vector<NodeEvent> events_;
};

TEST_F(MeshWatchTest, SaysNothingOfWhatItFindsAtFirstNorOfWhatStays) {
    MeshWatch watch;
    EXPECT_TRUE(watch.update(mesh_, MeshWatch::Has::Nodes, {}).empty());
    EXPECT_EQ(look(), Words{});
    EXPECT_EQ(watch_.health().unreachable_count, 0U);
}

TEST_F(MeshWatchTest, TellsOfLinksThatComeAndGo) {
    link("c");
    EXPECT_EQ(look(), Words{"link_up c"});
    EXPECT_EQ(events_[0].text, "Linked to gw-c");
    EXPECT_EQ(events_[0].address, "10.0.0.2:7883");
    mesh_.links[1].is_up = false;
    EXPECT_EQ(look(), Words{"link_down c"});
    EXPECT_EQ(events_[0].text, "No link to gw-c any more");
}

TEST_F(MeshWatchTest, TellsOfNodesThatComeGoAndComeBack) {
    add("e", "reachable", {"d"});
    EXPECT_EQ(look(), Words{"node_joined e"});
    set_state("e", "unreachable");
    EXPECT_EQ(look(), Words{"node_gone e"});
    EXPECT_EQ(events_[0].text, "gw-e cannot be reached any more");
    EXPECT_EQ(watch_.health().unreachable_count, 1U);
    EXPECT_FALSE(watch_.health().is_parted);  // it may have been switched off
    set_state("e", "suspect");
    EXPECT_EQ(look(), Words{"node_back e"});
    EXPECT_EQ(watch_.health().unreachable_count, 0U);
}

TEST_F(MeshWatchTest, ALeafThatIsGoneIsToldAndAlarmsNobody) {
    mesh_.nodes[3].role = "leaf";
    set_state("d", "unreachable");
    EXPECT_EQ(look(), Words{"node_gone d"});
    EXPECT_EQ(watch_.health().unreachable_count, 0U);
}

TEST_F(MeshWatchTest, TwoThatWereLinkedAndAreGoneAreAPart) {
    set_state("c", "unreachable");
    set_state("d", "unreachable");
    EXPECT_EQ(look(), (Words{"node_gone c", "node_gone d", "partitioned"}));
    EXPECT_EQ(events_[2].text,
              "The mesh is in parts: of 4 nodes 2 cannot be reached, which were linked to each "
              "other: gw-c, gw-d");
    EXPECT_TRUE(watch_.health().is_parted);
    EXPECT_EQ(look(), Words{});
    set_state("c", "reachable");
    EXPECT_EQ(look(), (Words{"node_back c", "healed"}));
    EXPECT_FALSE(watch_.health().is_parted);
    EXPECT_EQ(watch_.health().unreachable_count, 1U);
}

TEST_F(MeshWatchTest, ForgetsWhoIsForgotten) {
    set_state("c", "unreachable");
    set_state("d", "unreachable");
    static_cast<void>(look());
    mesh_.nodes.resize(2);
    EXPECT_EQ(look(), Words{"healed"});
    EXPECT_EQ(watch_.health().unreachable_count, 0U);
}

TEST_F(MeshWatchTest, NodesThatWereNotLookedAtStandAsTheyAre) {
    set_state("c", "unreachable");
    set_state("d", "unreachable");
    static_cast<void>(look());
    has_ = MeshWatch::Has::NoNodes;
    mesh_.nodes.clear();
    EXPECT_EQ(look(), Words{});
    EXPECT_TRUE(watch_.health().is_parted);
}

TEST_F(MeshWatchTest, AMeshThatIsTurnedOffHasNoTrouble) {
    set_state("c", "unreachable");
    set_state("d", "unreachable");
    static_cast<void>(look());
    mesh_.is_on = false;
    EXPECT_EQ(look(), Words{});
    EXPECT_FALSE(watch_.health().is_parted);
    EXPECT_EQ(watch_.health().unreachable_count, 0U);
}

TEST_F(MeshWatchTest, AStormIsToldInOneAndThatTheMeshIsInPartsAsWell) {
    for (int i = 0; i < 100; ++i) {
        add(fmt::format("x{:02}", i), "unreachable", {"c"});
    }
    static_cast<void>(look());
    for (int i = 0; i < 100; ++i) {
        set_state(fmt::format("x{:02}", i), "reachable");
    }
    set_state("c", "unreachable");
    set_state("d", "unreachable");
    const Words words = look();
    ASSERT_EQ(words.size(), MeshWatch::kBurst + 2);
    EXPECT_EQ(std::ranges::count(words, "partitioned"), 1);
    EXPECT_EQ(words.back(), "node_back");
    EXPECT_EQ(events_.back().text, "The same happened to 82 more: node back");
    for (int i = 0; i < 100; ++i) {
        set_state(fmt::format("x{:02}", i), "unreachable");
    }
    EXPECT_EQ(look().size(), 2U);  // one of its own, and the others
}

}  // namespace
}  // namespace kith::node
