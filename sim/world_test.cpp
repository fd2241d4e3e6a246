#include "sim/world.h"

#include <gtest/gtest.h>

#include "sim/testing/stub_world.h"

namespace kith::sim {
namespace {

using testing::StubWorld;

TEST(World, LinksNodesThatHaveAWire) {
    StubWorld rig(3);
    rig.world.add_wire(0, 1, {});
    rig.run(1s);
    EXPECT_EQ(rig.node(0).link_count(), 1);
    EXPECT_EQ(rig.node(1).link_count(), 1);
    EXPECT_EQ(rig.node(2).link_count(), 0);
    EXPECT_TRUE(rig.world.network().is_up(0));
}

TEST(World, IsTheSameForTheSameSeed) {
    const auto trace = [](std::uint64_t seed) {
        StubWorld rig(5, seed);
        for (NodeIndex i = 1; i < 5; ++i) {
            rig.world.add_wire(
                i - 1, i,
                {.delay_min = 1ms, .delay_max = 9ms, .loss = LossOptions::bernoulli(0.05)});
        }
        rig.run(20s);
        rig.world.kill(2, Death::Process);
        rig.run(1s);
        rig.world.start(2);
        rig.run(20s);
        return rig.world.trace_hash();
    };
    EXPECT_EQ(trace(1), trace(1));
    EXPECT_NE(trace(1), trace(2));
}

TEST(World, ShowsEachNodeItsOwnClock) {
    StubWorld rig(0);
    rig.add(HostOptions{.clock = {.offset = 100s, .drift_ppm = 500}});
    rig.add(HostOptions{.clock = {.offset = 7s, .drift_ppm = -500}});
    rig.world.add_wire(0, 1, {});
    rig.run(1000s);
    EXPECT_EQ(rig.world.host(0).local_now(), Instant() + 1100s + 500ms);
    EXPECT_EQ(rig.world.host(1).local_now(), Instant() + 1007s - 500ms);
    // Each says hello once a second by its own clock.
    EXPECT_NEAR(static_cast<double>(rig.node(1).counters().frames_in), 1000.5, 1.5);
    EXPECT_NEAR(static_cast<double>(rig.node(0).counters().frames_in), 999.5, 1.5);
}

TEST(World, ResetsTheLinksOfAProcessThatDies) {
    StubWorld rig(2);
    rig.world.add_wire(0, 1, {});
    rig.run(1s);
    rig.world.kill(1, Death::Process);
    rig.run(2ms);
    EXPECT_EQ(rig.journal.count("down"), 1);
    EXPECT_EQ(rig.node(0).link_count(), 0);
}

TEST(World, SaysNothingOfANodeThatLosesPower) {
    StubWorld rig(2);
    rig.world.add_wire(0, 1, {.user_timeout = 3s});
    rig.run(1s);
    rig.world.kill(1, Death::Power);
    rig.run(30s);
    EXPECT_EQ(rig.journal.count("down"), 0) << "nobody resets, the hellos just vanish";
    rig.world.start(1);
    rig.run(10s);
    EXPECT_EQ(rig.journal.count("down"), 1) << "its new kernel knows nothing of the session";
    EXPECT_EQ(rig.node(0).link_count(), 1) << "and the wire was dialled again";
}

TEST(World, HandsAFrozenNodeItsEventsWhenItThaws) {
    StubWorld rig(2);
    rig.world.add_wire(0, 1, {});
    rig.run(2500ms);
    rig.node(1).notes_frames = true;
    rig.world.freeze(1, rig.world.now() + 5s);
    rig.node(0).send_all("one");
    rig.run(1ms);
    rig.node(0).send_all("two");
    const auto before = rig.node(1).counters().frames_in;
    rig.run(4899ms);
    EXPECT_EQ(rig.node(1).counters().frames_in, before);
    EXPECT_FALSE(rig.world.answers(1));
    rig.run(200ms);
    EXPECT_TRUE(rig.world.answers(1));
    EXPECT_EQ(rig.frames(1).at(0), "one");
    EXPECT_EQ(rig.frames(1).at(1), "two");
    const auto heard = rig.node(0).counters().frames_in;
    rig.run(3s);
    EXPECT_GE(rig.node(0).counters().frames_in, heard + 3) << "its timer fires again";
}

TEST(World, RestartsANodeWithWhatItsDiskHas) {
    StubWorld rig(1);
    rig.run(1s);
    rig.world.enter(
        0, [](Participant& node, Instant) { static_cast<testing::StubNode&>(node).store(7); });
    rig.run(10ms);
    EXPECT_EQ(rig.journal.count("stored 7"), 1);
    rig.world.kill(0, Death::Power);
    rig.world.start(0);
    EXPECT_EQ(rig.journal.count("restored 7"), 1);
    EXPECT_EQ(rig.world.host(0).incarnation(), 2);
}

TEST(World, GivesANodeThatLostItsDiskAnotherIdentity) {
    StubWorld rig(1);
    rig.run(1s);
    const mesh::NodeId before = rig.world.host(0).id();
    rig.world.enter(
        0, [](Participant& node, Instant) { static_cast<testing::StubNode&>(node).store(7); });
    rig.run(10ms);
    rig.world.kill(0, Death::Power);
    rig.world.wipe(0);
    rig.world.start(0);
    EXPECT_NE(rig.world.host(0).id(), before);
    EXPECT_EQ(rig.world.index_of(rig.world.host(0).id()), 0);
    EXPECT_EQ(rig.world.index_of(before), 0) << "known as who it was";
    EXPECT_EQ(rig.journal.count("restored 7"), 0);
}

TEST(World, RemembersKeysForAsLongAsADisk) {
    StubWorld rig(1);
    FakeTrust other(mesh::NodeId(5), 55, 1);
    FakeTrust twin(mesh::NodeId(5), 66, 1);
    auto& trust = const_cast<FakeTrust&>(rig.world.host(0).trust());
    ASSERT_TRUE(trust.admit(mesh::NodeId(5), other.certificate()));
    rig.world.kill(0, Death::Power);
    rig.world.start(0);
    EXPECT_FALSE(rig.world.host(0).trust().check(mesh::NodeId(5), twin.certificate()));
    rig.world.kill(0, Death::Power);
    rig.world.wipe(0);
    EXPECT_TRUE(rig.world.host(0).trust().check(mesh::NodeId(5), twin.certificate()));
}

TEST(World, GivesEachLifeALaterEpoch) {
    StubWorld rig(1);
    for (int i = 0; i < 5; ++i) {
        rig.world.kill(0, Death::Process);
        rig.world.host(0).jump_wall(-1000s);
        rig.world.start(0);
    }
    for (std::size_t i = 1; i < rig.epochs.size(); ++i) {
        EXPECT_GT(rig.epochs[i], rig.epochs[i - 1]);
    }
    EXPECT_EQ(rig.epochs.size(), 6);
}

TEST(World, CallsBackAtATime) {
    StubWorld rig(0);
    std::vector<int> called;
    rig.world.call_at(Instant() + 2s, [&] { called.push_back(2); });
    rig.world.call_at(Instant() + 1s, [&] {
        called.push_back(1);
        rig.world.call_at(Instant() + 3s, [&] { called.push_back(3); });
    });
    rig.run(5s);
    EXPECT_EQ(called, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(rig.world.now(), Instant() + 5s);
}

}  // namespace
}  // namespace kith::sim
