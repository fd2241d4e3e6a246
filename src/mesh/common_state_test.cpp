// What all nodes have in common, as seen from whole nodes.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "mesh/testing/small_mesh.h"

namespace kith::mesh {
namespace {

using testing::SmallMesh;
using Retained = std::map<std::string, std::string>;

/// 1 - 2 - 3, in a line.
struct Line : SmallMesh {
    Line() : SmallMesh(3) {
        link(1, 2);
        link(2, 3);
        time.run_for(3s);
    }
    /// 1 alone.
    void part() {
        cut(1, 2);
        time.run_for(3s);
    }
    void heal() {
        mend(1, 2);
        time.run_for(5s);
    }
    [[nodiscard]] bool agrees() {
        return node(1).digests() == node(2).digests() && node(2).digests() == node(3).digests();
    }
    void expect_all(const Retained& expected) {
        for (std::uint64_t id = 1; id <= 3; ++id) {
            EXPECT_EQ(keeper(id).retained, expected) << "on node " << id;
        }
        EXPECT_TRUE(agrees());
    }
};

TEST(CommonState, ARetainedMessageIsKeptWhereNobodyWantsIt) {
    Line mesh;
    mesh.retain(1, "lamp", "on");
    mesh.retain(1, "door", "open", Qos::AtMostOnce);
    mesh.time.run_for(100ms);
    mesh.expect_all({{"lamp", "on"}, {"door", "open"}});
    EXPECT_NE(mesh.node(1).digests().of_state, 0U);
    EXPECT_EQ(mesh.node(3).counters().state.entries, 2U);
    EXPECT_EQ(mesh.node(3).counters().state.repaired, 0U) << "it came as the message that it is";
}

TEST(CommonState, TheLastWriteWinsWhoeverWrites) {
    Line mesh;
    mesh.retain(1, "lamp", "on");
    mesh.time.run_for(100ms);
    mesh.retain(3, "lamp", "off");
    mesh.time.run_for(100ms);
    mesh.expect_all({{"lamp", "off"}});
    mesh.retain(2, "lamp", "");
    mesh.time.run_for(100ms);
    mesh.expect_all({});
    EXPECT_EQ(mesh.node(1).counters().state.conflicts, 0U) << "each knew the one before";
}

TEST(CommonState, WhatIsSetWhileANodeIsAwayIsRepaired) {
    Line mesh;
    mesh.retain(1, "old", "1");
    mesh.retain(1, "kept", "1");
    mesh.time.run_for(100ms);
    mesh.part();
    mesh.retain(3, "new", "2");
    mesh.retain(3, "old", "");
    mesh.time.run_for(100ms);
    EXPECT_EQ(mesh.keeper(1).retained.size(), 2U);
    mesh.heal();
    mesh.expect_all({{"kept", "1"}, {"new", "2"}});
    EXPECT_EQ(mesh.node(1).counters().state.repaired, 2U);
}

TEST(CommonState, ConcurrentWritesEndInTheSameWinner) {
    Line mesh;
    mesh.part();
    mesh.retain(1, "lamp", "on");
    mesh.time.run_for(1s);
    mesh.retain(3, "lamp", "off");
    mesh.retain(3, "gone", "x");
    mesh.time.run_for(1s);
    mesh.retain(1, "gone", "");
    mesh.heal();
    mesh.expect_all({{"lamp", "off"}});
    EXPECT_EQ(mesh.node(1).counters().state.conflicts, 1U) << "its own write was lost";
}

TEST(CommonState, SubscribersHearOfWhatTheyMissedOnce) {
    Line mesh;
    mesh.subscribe(1, "#");
    mesh.time.run_for(1s);
    mesh.part();
    mesh.retain(3, "lamp", "on", Qos::AtMostOnce);
    mesh.retain(3, "lamp", "dimmed", Qos::AtMostOnce);
    mesh.heal();
    EXPECT_EQ(mesh.keeper(1).announced, std::vector<std::string>{"lamp dimmed"});
    mesh.time.run_for(1min);
    EXPECT_EQ(mesh.keeper(1).announced.size(), 1U);
}

TEST(CommonState, ASpooledMessageIsNotToldTwice) {
    Line mesh;
    mesh.subscribe(1, "#");
    mesh.time.run_for(1s);
    mesh.part();
    mesh.retain(3, "lamp", "on");
    mesh.retain(3, "lamp", "off");
    mesh.heal();
    EXPECT_EQ(mesh.delivered(1), (std::vector<std::string>{"lamp on", "lamp off"}));
    EXPECT_TRUE(mesh.keeper(1).announced.empty());
    mesh.expect_all({{"lamp", "off"}});
}

TEST(CommonState, ARestartedNodeKnowsItsStampsAndAWipedOneGetsAll) {
    Line mesh;
    mesh.retain(1, "a", "1");
    mesh.retain(3, "b", "2");
    mesh.time.run_for(100ms);
    mesh.kill(3);
    mesh.restart(3);
    EXPECT_EQ(mesh.node(3).digests().of_state, mesh.node(2).digests().of_state);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.node(3).counters().state.repaired, 0U);
    mesh.kill(3);
    mesh.wipe(3);
    mesh.restart(3);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    mesh.expect_all({{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(mesh.node(3).counters().state.repaired, 2U);
}

TEST(CommonState, AWriteBehindOneThatIsAheadStillReplacesIt) {
    Line mesh;
    mesh.jump_wall(1, std::chrono::seconds(30));
    mesh.retain(1, "lamp", "on");
    mesh.time.run_for(100ms);
    mesh.retain(3, "lamp", "off");
    mesh.time.run_for(100ms);
    mesh.jump_wall(1, std::chrono::hours(-24));
    mesh.retain(1, "lamp", "dimmed");
    mesh.time.run_for(100ms);
    mesh.expect_all({{"lamp", "dimmed"}});
}

TEST(CommonState, AStampFarAheadIsRefusedAndItsMessageIsNot) {
    Line mesh;
    mesh.kill(1);
    mesh.jump_wall(1, std::chrono::minutes(10));
    mesh.restart(1);
    mesh.link(1, 2);
    mesh.subscribe(3, "#");
    mesh.time.run_for(3s);
    mesh.retain(1, "lamp", "on");
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>{"lamp on"});
    EXPECT_TRUE(mesh.keeper(3).retained.empty());
    EXPECT_GT(mesh.node(3).counters().state.refused_ahead, 0U);
    EXPECT_GT(mesh.keeper(3).ahead, 0U);
    mesh.jump_wall(1, std::chrono::minutes(-10));
    mesh.retain(1, "lamp", "off");
    mesh.time.run_for(3s);
    EXPECT_TRUE(mesh.keeper(3).retained.empty()) << "it replaces one that is ahead";
    mesh.retain(1, "bell", "rings");
    mesh.retain(3, "door", "open");
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.keeper(1).retained["door"], "open");
    EXPECT_EQ(mesh.keeper(3).retained, (Retained{{"bell", "rings"}, {"door", "open"}}));
}

TEST(CommonState, AClockThatJumpsWhileANodeRunsDoesNotMatter) {
    Line mesh;
    mesh.jump_wall(1, std::chrono::hours(12));
    mesh.jump_wall(3, std::chrono::hours(-12));
    mesh.retain(1, "a", "1");
    mesh.retain(2, "b", "2");
    mesh.retain(3, "c", "3");
    mesh.time.run_for(100ms);
    mesh.retain(3, "a", "4");
    mesh.time.run_for(100ms);
    mesh.expect_all({{"a", "4"}, {"b", "2"}, {"c", "3"}});
}

TEST(CommonState, AClockThatWasNeverSetRefusesNothing) {
    Line mesh;
    mesh.kill(3);
    mesh.jump_wall(3, -std::chrono::milliseconds(kClockBelievedFromMs));
    mesh.restart(3);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    mesh.retain(1, "lamp", "on");
    mesh.time.run_for(100ms);
    mesh.retain(3, "lamp", "off");
    mesh.time.run_for(100ms);
    mesh.expect_all({{"lamp", "off"}});
}

TEST(CommonState, DeletionsAreForgottenAfterADayByAll) {
    Line mesh;
    mesh.retain(1, "lamp", "on");
    mesh.retain(1, "door", "open");
    mesh.time.run_for(100ms);
    mesh.retain(2, "lamp", "");
    mesh.time.run_for(100ms);
    EXPECT_EQ(mesh.node(3).counters().state.entries, 2U);
    EXPECT_EQ(mesh.keeper(3).kept.size(), 2U);
    mesh.time.run_for(23h);
    EXPECT_EQ(mesh.node(3).counters().state.entries, 2U);
    mesh.time.run_for(2h + 10min);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        EXPECT_EQ(mesh.node(id).counters().state.entries, 1U);
        EXPECT_EQ(mesh.keeper(id).kept.size(), 1U);
    }
    mesh.expect_all({{"door", "open"}});
}

TEST(CommonState, ALeafWritesAndComparesNothing) {
    SmallMesh mesh(3);
    mesh.kill(3);
    mesh.set_role(3, NodeRole::Leaf);
    mesh.restart(3);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    mesh.retain(1, "lamp", "on");
    mesh.retain(3, "leaf", "1");
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.keeper(1).retained, (Retained{{"lamp", "on"}, {"leaf", "1"}}));
    EXPECT_EQ(mesh.keeper(2).retained, mesh.keeper(1).retained);
    EXPECT_EQ(mesh.keeper(3).retained, (Retained{{"leaf", "1"}}));
    EXPECT_EQ(mesh.node(3).digests().of_state, 0U);
}

TEST(CommonState, ValuesOfOtherKindsReachAllAndSurviveARestart) {
    Line mesh;
    const StateName name{.tenant = 0, .text = "pump"};
    const auto value_on = [&](std::uint64_t id) {
        const auto found = mesh.node(id).find_state(StateKind::Session, name);
        return found ? std::string(as_text(found->bytes)) : "none";
    };
    ASSERT_TRUE(mesh.node(1).put_state(StateKind::Session, name, as_bytes("one"), mesh.time.now()));
    mesh.time.run_for(10ms);
    EXPECT_EQ(value_on(1) + value_on(2) + value_on(3), "oneoneone");
    ASSERT_EQ(mesh.keeper(3).sessions.size(), 1U);
    EXPECT_EQ(mesh.keeper(3).sessions[0].name, "pump");
    mesh.kill(3);
    mesh.restart(3);
    EXPECT_EQ(value_on(3), "one");
    mesh.link(2, 3);
    mesh.time.run_for(1s);
    ASSERT_TRUE(mesh.node(3).put_state(StateKind::Session, name, std::nullopt, mesh.time.now()));
    mesh.time.run_for(10ms);
    EXPECT_EQ(value_on(1) + value_on(2) + value_on(3), "nonenonenone");
    const std::string large(kStateValueBytesMax, 'x');
    EXPECT_EQ(mesh.node(3)
                  .put_state(StateKind::Session, name, as_bytes(large), mesh.time.now())
                  .error()
                  .kind,
              ErrorKind::Limit);
}

TEST(CommonState, WhatWasSetBeforeThereWasAMeshIsSharedAndYieldsToLaterWrites) {
    Line mesh;
    mesh.keeper(1).retained = {{"lamp", "old"}, {"door", "shut"}};
    mesh.retain(3, "lamp", "on");
    mesh.time.run_for(100ms);
    const WallTime before = WallTime::from_ms(kClockBelievedFromMs) - std::chrono::hours(48);
    for (const std::string_view topic : {"lamp", "door"}) {
        mesh.node(1).adopt_retained({.tenant = 0, .text = topic}, before, 0, mesh.time.now());
    }
    mesh.time.run_for(3s);
    mesh.expect_all({{"lamp", "on"}, {"door", "shut"}});
}

/// Writes, deletions, partitions and deaths at random; at rest, all are the same.
class CommonStateAtRandom : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, CommonStateAtRandom, ::testing::Range<std::uint64_t>(1, 21));

TEST_P(CommonStateAtRandom, AllEndWithTheSame) {
    Random random(GetParam());
    SmallMesh mesh(4);
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> wires{
        {1, 2}, {2, 3}, {3, 4}, {4, 1}};
    for (const auto& [a, b] : wires) {
        mesh.link(a, b);
    }
    mesh.time.run_for(3s);
    for (int step = 0; step < 200; ++step) {
        const auto& [a, b] = wires[random.below(wires.size())];
        const std::uint64_t what = random.below(10);
        if (what == 0) {
            mesh.cut(a, b);
        } else if (what == 1) {
            mesh.mend(a, b);
        } else {
            const std::string topic = "t" + std::to_string(random.below(20));
            mesh.retain(a, topic, random.chance(0.3) ? "" : std::to_string(step),
                        static_cast<Qos>(random.below(3)));
        }
        mesh.time.run_for(std::chrono::milliseconds(random.below(300)));
    }
    for (const auto& [a, b] : wires) {
        mesh.mend(a, b);
    }
    mesh.time.run_for(2min);
    for (std::uint64_t id = 2; id <= 4; ++id) {
        EXPECT_EQ(mesh.keeper(id).retained, mesh.keeper(1).retained);
        EXPECT_EQ(mesh.node(id).digests().of_state, mesh.node(1).digests().of_state);
    }
}

}  // namespace
}  // namespace kith::mesh
