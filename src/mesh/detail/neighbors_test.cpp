#include "mesh/detail/neighbors.h"

#include <gtest/gtest.h>

#include "mesh/limits.h"
#include "mesh/testing/neighborhood.h"

namespace kith::mesh {
namespace {

using testing::Neighborhood;
using testing::Pair;
using testing::Way;
using Node = Neighborhood::Node;
using Wire = Neighborhood::Wire;

constexpr std::size_t kForward = 0;
constexpr std::size_t kBackward = 1;

TEST(Neighbors, AreUpAtBothEndsAfterOneRoundTrip) {
    Pair pair;
    const Instant start = pair.world.now();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 1s));
    EXPECT_LE(pair.world.now() - start, 1ms);
    EXPECT_EQ(pair.a.count(NeighborChange::Up), 1);
    EXPECT_EQ(pair.b.count(NeighborChange::Up), 1);
}

TEST(Neighbors, StayUpWithoutTraffic) {
    Pair pair;
    pair.world.run_for(10min);
    EXPECT_EQ(pair.a.changes.size(), 1U);
    EXPECT_EQ(pair.b.changes.size(), 1U);
    EXPECT_EQ(pair.a.probes_sent, 0U);
}

TEST(Neighbors, AreUpAfterTheFirstHellosWereLost) {
    Pair pair(Timing::normal(), {.is_cut = true});
    pair.world.run_for(100ms);
    EXPECT_FALSE(pair.a.is_up(pair.b.id));
    Neighborhood::mend(pair.wire);
    pair.world.run_for(Timing::normal().hello_idle + 2ms);
    EXPECT_TRUE(pair.is_up());
}

TEST(Neighbors, AOneWayLinkNeverComesUpAndIsClosed) {
    Pair pair(Timing::normal(), {.is_cut = true});
    pair.wire.ways[kForward].is_cut = false;
    pair.world.run_for(kLinkLinger - 1ms);
    EXPECT_TRUE(pair.a.closed.empty());
    EXPECT_TRUE(pair.b.closed.empty());
    pair.world.run_for(1s);
    EXPECT_TRUE(pair.a.changes.empty());
    EXPECT_TRUE(pair.b.changes.empty());
    ASSERT_EQ(pair.b.closed.size(), 1U);
    EXPECT_EQ(pair.b.closed[0].second, GoodbyeReason::Silent);
    EXPECT_EQ(pair.a.neighbors.deadline(), Instant::never());
}

TEST(Neighbors, AnEndThatIsNotHeardAnyMoreIsToldSo) {
    Pair pair;
    pair.settle();
    pair.wire.ways[kForward].is_cut = true;
    const Instant cut = pair.world.now();
    pair.world.run_for(5s);
    EXPECT_EQ(pair.b.count(NeighborChange::Down), 1);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
    EXPECT_LE(pair.b.first(NeighborChange::Down) - cut, 1600ms);
    EXPECT_LE(pair.a.first(NeighborChange::Down) - pair.b.first(NeighborChange::Down), 1ms);
}

TEST(Neighbors, ALinkThatWasCutComesUpAgainWhileItLingers) {
    Pair pair;
    pair.settle();
    Neighborhood::cut(pair.wire);
    pair.world.run_for(5s);
    EXPECT_FALSE(pair.a.is_up(pair.b.id));
    EXPECT_FALSE(pair.b.is_up(pair.a.id));
    Neighborhood::mend(pair.wire);
    pair.world.run_for(600ms);
    EXPECT_TRUE(pair.is_up());
    EXPECT_TRUE(pair.a.closed.empty());
}

TEST(Neighbors, ALinkThatStaysSilentIsClosed) {
    Pair pair;
    pair.settle();
    Neighborhood::cut(pair.wire);
    pair.world.run_for(kLinkLinger + 2s);
    ASSERT_EQ(pair.a.closed.size(), 1U);
    EXPECT_EQ(pair.a.closed[0].second, GoodbyeReason::Silent);
    ASSERT_EQ(pair.b.closed.size(), 1U);
}

TEST(Neighbors, AreDownAtOnceWhenTheirLastLinkIs) {
    Pair pair;
    pair.settle();
    pair.a.neighbors.on_link_down(pair.link(), pair.world.now());
    EXPECT_EQ(pair.a.first(NeighborChange::Down), pair.world.now());
    EXPECT_EQ(pair.a.neighbors.find(pair.b.id), nullptr);
    EXPECT_TRUE(pair.a.neighbors.up().empty());
    EXPECT_EQ(pair.a.neighbors.deadline(), Instant::never());
}

TEST(Neighbors, AreDownAtOnceWhenTheySayGoodbye) {
    Pair pair;
    pair.settle();
    pair.a.neighbors.on_goodbye(pair.link(), pair.world.now());
    EXPECT_EQ(pair.a.first(NeighborChange::Down), pair.world.now());
    ASSERT_EQ(pair.a.closed.size(), 1U);
}

TEST(Neighbors, WhatComesFromALinkThatIsNotKnownIsIgnored) {
    Pair pair;
    pair.settle();
    const LinkId stranger(99);
    const Instant now = pair.world.now();
    pair.a.neighbors.on_heard(stranger, now);
    pair.a.neighbors.on_hello(stranger, {}, now);
    pair.a.neighbors.on_receipt(stranger, {}, now);
    pair.a.neighbors.on_countable(stranger, Traffic::Messages, now);
    pair.a.neighbors.on_goodbye(stranger, now);
    pair.a.neighbors.on_link_down(stranger, now);
    pair.a.neighbors.send(NodeId(99), Priority::Default, {}, {}, now);
    EXPECT_EQ(pair.a.changes.size(), 1U);
    EXPECT_EQ(pair.a.neighbors.neighbor_of(stranger), NodeId());
}

TEST(Neighbors, NeighborOfALinkIsKnownOnlyWhileItIsUp) {
    Pair pair;
    EXPECT_EQ(pair.a.neighbors.neighbor_of(pair.link()), NodeId());
    pair.settle();
    EXPECT_EQ(pair.a.neighbors.neighbor_of(pair.link()), pair.b.id);
    Neighborhood::cut(pair.wire);
    pair.world.run_for(2s);
    EXPECT_EQ(pair.a.neighbors.neighbor_of(pair.link()), NodeId());
}

TEST(Neighbors, NothingIsSentToWhoIsNotUp) {
    Pair pair(Timing::normal(), {.is_cut = true});
    const std::uint64_t frames = pair.a.frames_sent[pair.link()];
    pair.a.send_message(pair.b.id);
    EXPECT_EQ(pair.a.frames_sent[pair.link()], frames);
}

// Several links to one neighbour.

TEST(Neighbors, ASecondLinkJoinsTheFirst) {
    Pair pair;
    pair.settle();
    pair.world.connect(pair.a, pair.b);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.a.count(NeighborChange::Up), 1);
    ASSERT_EQ(pair.a.neighbors.views().size(), 1U);
    EXPECT_EQ(pair.a.neighbors.views()[0].link_count, 2U);
}

TEST(Neighbors, TheNewestLinkSaysWhatANeighborIs) {
    Pair pair;
    pair.settle();
    EXPECT_EQ(pair.a.neighbors.find(pair.b.id)->role, NodeRole::Router);
    pair.a.neighbors.on_link_up(LinkId(77), {.node = pair.b.id, .role = NodeRole::Leaf},
                                pair.world.now());
    EXPECT_EQ(pair.a.neighbors.find(pair.b.id)->role, NodeRole::Leaf);
}

TEST(Neighbors, OneLinkMayFailWhileAnotherAnswers) {
    Pair pair;
    Wire& dear = pair.world.connect(pair.a, pair.b, {}, 100);
    pair.settle();
    pair.world.chatter(pair.a, pair.b, 50ms);
    pair.world.run_for(1s);
    const std::uint64_t over_cheap = pair.a.frames_sent[pair.link()];
    EXPECT_GT(over_cheap, pair.a.frames_sent[dear.links[0]]);
    Neighborhood::cut(pair.wire);
    pair.world.run_for(250ms);
    const std::uint64_t received = pair.b.messages_received;
    pair.world.run_for(5s);
    EXPECT_GE(pair.b.messages_received, received + 99);
    EXPECT_EQ(pair.a.changes.size(), 1U) << "the neighbour was neither suspect nor down";
    EXPECT_EQ(pair.a.probes_sent, kProbes + 1U) << "one is enough for the link that answers";
    EXPECT_EQ(pair.b.changes.size(), 1U);
}

TEST(Neighbors, TheLinkThatCostsLessIsTaken) {
    Pair pair(Timing::normal(), {.delay = 30ms});
    pair.settle();
    Wire& fast = pair.world.connect(pair.a, pair.b, {.delay = 1ms});
    pair.world.run_for(1s);
    const std::uint64_t over_slow = pair.a.frames_sent[pair.link()];
    const std::uint64_t over_fast = pair.a.frames_sent[fast.links[0]];
    for (int i = 0; i < 10; ++i) {
        pair.a.send_message(pair.b.id);
    }
    EXPECT_EQ(pair.a.frames_sent[pair.link()], over_slow);
    EXPECT_EQ(pair.a.frames_sent[fast.links[0]], over_fast + 10);
}

TEST(Neighbors, AFifthLinkIsRefused) {
    Pair pair;
    for (std::size_t i = 1; i < kLinksPerNeighborMax; ++i) {
        pair.world.connect(pair.a, pair.b);
    }
    EXPECT_TRUE(pair.a.closed.empty());
    pair.world.connect(pair.a, pair.b);
    ASSERT_EQ(pair.a.closed.size(), 1U);
    EXPECT_EQ(pair.a.closed[0].second, GoodbyeReason::TooManyLinks);
    pair.settle();
    EXPECT_EQ(pair.a.neighbors.views()[0].link_count, kLinksPerNeighborMax);
}

// A node that dials again after its link was cut must not be shut out by what is left of it.
TEST(Neighbors, ASilentLinkGivesItsPlaceToANewOne) {
    Pair pair;
    for (std::size_t i = 1; i < kLinksPerNeighborMax; ++i) {
        pair.world.connect(pair.a, pair.b);
    }
    pair.settle();
    Neighborhood::cut(pair.wire);
    pair.world.run_for(2s);
    Wire& fresh = pair.world.connect(pair.a, pair.b);
    pair.world.run_for(1s);
    ASSERT_EQ(pair.a.closed.size(), 1U);
    EXPECT_EQ(pair.a.closed[0], std::pair(pair.link(), GoodbyeReason::Silent));
    EXPECT_EQ(pair.a.neighbors.neighbor_of(fresh.links[0]), pair.b.id);
    EXPECT_EQ(pair.a.changes.size(), 1U);
}

TEST(Neighbors, ThereAreNoMoreThanTheLimit) {
    Neighborhood world;
    Node& hub = world.add();
    for (std::size_t i = 0; i < kNeighborSessionsMax; ++i) {
        world.connect(world.add(), hub);
    }
    world.run_for(1s);
    EXPECT_EQ(hub.neighbors.up().size(), kNeighborSessionsMax);
    EXPECT_TRUE(hub.closed.empty());
    Node& late = world.add();
    world.connect(late, hub);
    ASSERT_EQ(hub.closed.size(), 1U);
    EXPECT_EQ(hub.closed[0].second, GoodbyeReason::TooManyLinks);
    world.run_for(1s);
    EXPECT_EQ(hub.neighbors.find(late.id), nullptr);
}

TEST(Neighbors, ALinkToOneselfOrToNobodyIsRefused) {
    Neighborhood world;
    Node& node = world.add();
    node.neighbors.on_link_up(LinkId(7), {.node = node.id}, world.now());
    node.neighbors.on_link_up(LinkId(8), {.node = NodeId()}, world.now());
    ASSERT_EQ(node.closed.size(), 2U);
    EXPECT_EQ(node.closed[0].second, GoodbyeReason::Duplicate);
    EXPECT_EQ(node.neighbors.deadline(), Instant::never());
}

TEST(Neighbors, AreListedInOrderOfId) {
    Neighborhood world;
    Node& hub = world.add();
    std::vector<Node*> others;
    for (int i = 0; i < 5; ++i) {
        others.push_back(&world.add());
    }
    for (const int i : {3, 0, 4, 1, 2}) {
        world.connect(hub, *others[static_cast<std::size_t>(i)]);
    }
    world.run_for(1s);
    ASSERT_EQ(hub.neighbors.up().size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(hub.neighbors.up()[i].node, others[i]->id);
    }
}

// Hellos.

TEST(Neighbors, HellosOfAllLinksLeaveTogether) {
    Neighborhood world;
    Node& hub = world.add();
    for (int i = 0; i < 20; ++i) {
        world.connect(hub, world.add());
        world.run_for(13ms);
    }
    world.run_for(1s);
    hub.hello_times.clear();
    const std::uint64_t hellos = hub.hellos_sent;
    world.run_for(60s);
    EXPECT_NEAR(static_cast<double>(hub.hello_times.size()), 120, 1);
    EXPECT_EQ(hub.hellos_sent - hellos, hub.hello_times.size() * 20U);
}

TEST(Neighbors, AnIdleNodeIsWokenForHellosOnly) {
    Pair pair;
    pair.settle();
    const std::uint64_t calls = pair.world.timer_calls();
    pair.world.run_for(60s);
    EXPECT_LE(pair.world.timer_calls() - calls, 2U * 121U);
}

TEST(Neighbors, AnIdleLinkCostsAtMost150BytesPerSecond) {
    Pair pair;
    Digests digests;
    digests.of_kind.fill(0xFEDCBA9876543210);
    pair.a.neighbors.set_digests(digests);
    pair.settle();
    const std::uint64_t before = pair.a.bytes_sent;
    pair.world.run_for(100s);
    EXPECT_LE(pair.a.bytes_sent - before, 150U * 100U);
    EXPECT_GT(pair.a.bytes_sent - before, 50U * 100U);
}

TEST(Neighbors, HellosComeFasterWhileDataFlowsEitherWay) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, 50ms);
    pair.world.run_for(1s);
    const std::uint64_t by_a = pair.a.hellos_sent;
    const std::uint64_t by_b = pair.b.hellos_sent;
    pair.world.run_for(10s);
    EXPECT_NEAR(static_cast<double>(pair.a.hellos_sent - by_a), 100, 2);
    EXPECT_NEAR(static_cast<double>(pair.b.hellos_sent - by_b), 100, 2);
    pair.world.be_quiet();
    pair.world.run_for(1200ms);
    const std::uint64_t quiet = pair.a.hellos_sent;
    pair.world.run_for(10s);
    EXPECT_NEAR(static_cast<double>(pair.a.hellos_sent - quiet), 20, 1);
    EXPECT_EQ(pair.a.changes.size(), 1U);
}

TEST(Neighbors, LostHellosNeverCauseMoreHellos) {
    Pair pair;
    pair.settle();
    Neighborhood::cut(pair.wire);
    const std::uint64_t before = pair.a.hellos_sent;
    pair.world.run_for(8s);
    // One more, which says that nothing is heard.
    EXPECT_LE(pair.a.hellos_sent - before, 18U);
    EXPECT_EQ(pair.a.probes_sent, 0U);
}

TEST(Neighbors, DigestsOfANeighborAreTold) {
    Pair pair;
    Digests digests;
    digests.of_kind[1] = 42;
    pair.b.neighbors.set_digests(digests);
    pair.settle();
    ASSERT_FALSE(pair.a.digests_heard.empty());
    EXPECT_EQ(pair.a.digests_heard.back(), digests);
    digests.of_kind[1] = 43;
    pair.b.neighbors.set_digests(digests);
    pair.world.run_for(600ms);
    EXPECT_EQ(pair.a.digests_heard.back(), digests);
}

TEST(Neighbors, DigestsThatStayThoseOfThisNodeAreToldOnce) {
    Pair pair;
    Digests digests;
    digests.of_kind[1] = 42;
    pair.a.neighbors.set_digests(digests);
    pair.b.neighbors.set_digests(digests);
    pair.settle();
    const std::size_t before = pair.a.digests_heard.size();
    pair.world.run_for(5s);
    EXPECT_EQ(pair.a.digests_heard.size(), before);
    pair.a.neighbors.set_digests({});
    pair.world.run_for(1s);
    EXPECT_GT(pair.a.digests_heard.size(), before);
}

TEST(Neighbors, ControlFramesAloneDoNotHastenHellos) {
    Pair pair;
    pair.settle();
    const std::uint64_t before = pair.a.hellos_sent;
    for (int i = 0; i < 20; ++i) {
        pair.a.send_message(pair.b.id, Priority::Control);
        pair.world.run_for(100ms);
    }
    EXPECT_LE(pair.a.hellos_sent - before, 5U);
}

// Receipts.

TEST(Neighbors, AReceiptComesWithinItsDelay) {
    Pair pair;
    pair.settle();
    pair.a.send_message(pair.b.id);
    const std::uint64_t frames = pair.b.frames_sent[pair.link()];
    ASSERT_TRUE(pair.world.run_until([&] { return pair.b.frames_sent[pair.link()] > frames; },
                                     kReceiptDelay + 1ms));
}

TEST(Neighbors, ManyFramesShareAReceipt) {
    Pair pair;
    pair.settle();
    const std::uint64_t frames = pair.b.frames_sent[pair.link()];
    pair.world.chatter(pair.a, pair.b, 100us);
    pair.world.run_for(1s);
    EXPECT_LE(pair.b.frames_sent[pair.link()] - frames, 110U + 12U);
    EXPECT_EQ(pair.a.probes_sent, 0U);
}

// Cost.

TEST(Neighbors, ACostThatStaysIsTold) {
    Pair pair(Timing::normal(), {.delay = 1ms});
    pair.settle();
    pair.world.run_for(10s);
    const std::uint32_t cheap = pair.a.neighbors.find(pair.b.id)->cost;
    EXPECT_EQ(cheap, 11U);  // 10 * (1 + 2 ms / 20 ms)
    EXPECT_TRUE(pair.a.cost_told_at.empty());
    pair.wire.ways[kForward].delay = 20ms;
    pair.wire.ways[kBackward].delay = 20ms;
    pair.world.run_for(60s);
    EXPECT_FALSE(pair.a.cost_told_at.empty());
    EXPECT_LE(pair.a.cost_told_at.size(), 4U);
    EXPECT_NEAR(pair.a.neighbors.find(pair.b.id)->cost, 30, 30 / 4);
}

TEST(Neighbors, ACostThatPassesIsNotTold) {
    Pair pair(Timing::normal(), {.delay = 1ms});
    pair.settle();
    pair.world.run_for(10s);
    pair.wire.ways[kForward].delay = 20ms;
    pair.world.run_for(1500ms);
    pair.wire.ways[kForward].delay = 1ms;
    pair.world.run_for(60s);
    EXPECT_TRUE(pair.a.cost_told_at.empty());
}

TEST(Neighbors, LossMakesALinkDearer) {
    Pair pair;
    pair.settle();
    for (int i = 0; i < 20; ++i) {
        pair.world.run_for(1500ms);
        pair.wire.ways[kForward].is_cut = true;
        pair.world.run_for(500ms);
        pair.wire.ways[kForward].is_cut = false;
    }
    EXPECT_EQ(pair.a.changes.size(), 1U);
    EXPECT_NEAR(pair.a.neighbors.find(pair.b.id)->cost, 10 * 4 / 3, 1);
    EXPECT_NEAR(pair.a.neighbors.views()[0].loss, 0.25, 0.07);
    EXPECT_EQ(pair.b.neighbors.views()[0].loss, 0.0) << "cost is that of sending to it";
}

TEST(Neighbors, TheBiasOfALinkIsAdded) {
    Pair pair(Timing::normal(), {.delay = 100us}, 1, 500);
    pair.settle();
    EXPECT_EQ(pair.a.neighbors.find(pair.b.id)->cost, 510U);
}

}  // namespace
}  // namespace kith::mesh
