#include "sim/frame_oracles.h"

#include <gtest/gtest.h>

#include "wire/mesh/bodies.h"

namespace kith::sim {
namespace {

using mesh::NodeId;

TEST(Covers, IsAboutEveryTopic) {
    EXPECT_TRUE(covers("a/b", "a/b"));
    EXPECT_TRUE(covers("a/+", "a/b"));
    EXPECT_TRUE(covers("a/+", "a/+"));
    EXPECT_TRUE(covers("#", "a/+/c"));
    EXPECT_TRUE(covers("a/#", "a"));
    EXPECT_TRUE(covers("a/#", "a/b/#"));
    EXPECT_TRUE(covers("+/b", "a/b"));
    EXPECT_FALSE(covers("a/b", "a/+"));
    EXPECT_FALSE(covers("a/+", "a/#"));
    EXPECT_FALSE(covers("a/+", "a/b/c"));
    EXPECT_FALSE(covers("a/b/c", "a/b"));
    EXPECT_FALSE(covers("a/#", "#"));
}

mesh::Data message() {
    mesh::Data data;
    data.id = {.origin = NodeId(1), .epoch = 1, .sequence = 1};
    data.qos = 0;
    data.destinations.push_back({.node = NodeId(9)});
    return data;
}

TEST(VisitOracle, LetsAMessageComeTwice) {
    Verdicts verdicts;
    VisitOracle oracle(verdicts);
    const Instant at = Instant() + 1h;
    oracle.on_data(3, message(), at);
    oracle.on_data(3, message(), at);
    EXPECT_TRUE(verdicts.is_clean());
    oracle.on_data(3, message(), at);
    EXPECT_EQ(verdicts.count(Oracle::NoLoops), 1);
}

TEST(VisitOracle, CountsByNodeAndDestination) {
    Verdicts verdicts;
    VisitOracle oracle(verdicts);
    mesh::Data other = message();
    other.destinations[0].node = NodeId(8);
    for (int i = 0; i < 2; ++i) {
        oracle.on_data(3, message(), Instant());
        oracle.on_data(3, other, Instant());
        oracle.on_data(4, message(), Instant());
    }
    EXPECT_TRUE(verdicts.is_clean());
}

TEST(VisitOracle, AllowsMoreWhenNeighboursChangeOrTimePasses) {
    Verdicts verdicts;
    VisitOracle oracle(verdicts);
    mesh::Data data = message();
    data.qos = 1;
    const Instant at = Instant() + 1h;
    oracle.on_data(3, data, at);
    oracle.on_change(at);
    for (int i = 0; i < 3; ++i) {
        oracle.on_data(3, data, at);
    }
    oracle.on_data(3, data, at + 1s);
    EXPECT_TRUE(verdicts.is_clean());
    oracle.on_data(3, data, at + 1s);
    EXPECT_EQ(verdicts.count(Oracle::NoLoops), 1);
}

TEST(VisitOracle, LetsQos0CircleWhileRoutesFollowAChange) {
    Verdicts verdicts;
    VisitOracle oracle(verdicts);
    mesh::Data reliable = message();
    reliable.qos = 1;
    reliable.id.sequence = 2;
    oracle.on_change(Instant() + 10s);
    for (int i = 0; i < 5; ++i) {
        oracle.on_data(3, message(), Instant() + 11s);
    }
    EXPECT_TRUE(verdicts.is_clean());
    for (int i = 0; i < 4; ++i) {
        oracle.on_data(3, reliable, Instant() + 11s);
    }
    EXPECT_TRUE(verdicts.is_clean()) << "two more for the change";
    oracle.on_data(3, reliable, Instant() + 11s);
    EXPECT_EQ(verdicts.count(Oracle::NoLoops), 1);
}

TEST(VisitOracle, ExcusesAHopLimitOnlyAfterAChange) {
    Verdicts verdicts;
    VisitOracle oracle(verdicts);
    oracle.on_change(Instant() + 20s);
    oracle.on_hop_limit(1, Instant() + 25s);
    EXPECT_TRUE(verdicts.is_clean());
    oracle.on_hop_limit(1, Instant() + 40s);
    EXPECT_EQ(verdicts.count(Oracle::NoLoops), 1);
}

struct InterestRig {
    Verdicts verdicts;
    InterestOracle oracle{verdicts};
    std::vector<Subscription> subscriptions{{.node = 1, .identity = NodeId(5), .filter = "a/b"}};

    void tell(std::uint32_t counter, std::string_view filter, std::string_view group = {}) {
        mesh::InterestBody body;
        body.entries.push_back({.share_group = group, .filter = filter});
        const std::vector<std::uint8_t> bytes = mesh::encode(body);
        oracle.on_record({.key = {.origin = NodeId(5), .kind = mesh::RecordKind::Interest},
                          .version = {.epoch = 1, .counter = counter},
                          .body = bytes});
    }
    std::uint64_t broken() {
        oracle.judge(subscriptions, Instant());
        return verdicts.count(Oracle::Interest);
    }
};

TEST(InterestOracle, WantsASupersetToBeTold) {
    InterestRig rig;
    EXPECT_EQ(rig.broken(), 1) << "nothing was told";
    rig.tell(1, "a/+");
    EXPECT_EQ(rig.broken(), 1);
    rig.tell(2, "x/y");
    EXPECT_EQ(rig.broken(), 2) << "what was told last counts";
    rig.tell(1, "a/b");
    EXPECT_EQ(rig.broken(), 3) << "not what is older";
    rig.subscriptions[0].is_ended = true;
    EXPECT_EQ(rig.broken(), 3);
}

TEST(InterestOracle, KeepsGroupsApart) {
    InterestRig rig;
    rig.tell(1, "a/b", "group");
    EXPECT_EQ(rig.broken(), 1);
    rig.subscriptions[0].group = "group";
    EXPECT_EQ(rig.broken(), 1);
}

}  // namespace
}  // namespace kith::sim
