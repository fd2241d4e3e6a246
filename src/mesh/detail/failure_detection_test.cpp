// What a neighbour's silence comes to, and how soon: the figures that the mesh promises, in virtual
// time.
#include <gtest/gtest.h>

#include "mesh/detail/neighbors.h"
#include "mesh/limits.h"
#include "mesh/testing/neighborhood.h"

namespace kith::mesh {
namespace {

using testing::Neighborhood;
using testing::Pair;
using testing::Star;
using testing::Way;
using Node = Neighborhood::Node;

constexpr Duration kMessageInterval = 50ms;  // 20 messages a second

TEST(FailureDetection, SilentDeathUnderTrafficIsSuspectedWithin250Milliseconds) {
    for (int i = 0; i < 100; ++i) {
        Pair pair(Timing::normal(), {}, static_cast<std::uint64_t>(i) + 1);
        pair.settle();
        pair.world.chatter(pair.a, pair.b, kMessageInterval);
        pair.world.run_for(1s + i * 1ms);
        const Instant death = pair.world.now();
        pair.b.is_dead = true;
        pair.world.run_for(1s);
        const Duration noticed = pair.a.first(NeighborChange::Suspect) - death;
        EXPECT_LT(noticed, 250ms);
        EXPECT_LE(noticed, kMessageInterval + kReceiptPatienceMin + kProbes * kProbeInterval + 2ms);
        EXPECT_GT(noticed, kProbes * kProbeInterval);
        EXPECT_LE(pair.a.first(NeighborChange::Down) - death, 320ms + 1ms);
    }
}

TEST(FailureDetection, AFrameIsMissedAfterPatienceProbesAndARoundTrip) {
    Pair pair;
    pair.settle();
    pair.b.is_dead = true;
    const Instant sent = pair.world.now();
    pair.a.send_message(pair.b.id);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.a.first(NeighborChange::Suspect) - sent,
              kReceiptPatienceMin + kProbes * kProbeInterval);
    EXPECT_EQ(pair.a.probes_sent, static_cast<std::uint64_t>(kProbes));
}

TEST(FailureDetection, AnIdleNeighborThatDiesIsDownWhenItsHellosAreMissed) {
    struct Case {
        Timing timing;
        Duration max;
    };
    for (const Case& each : {Case{Timing::normal(), 1600ms}, Case{Timing::fast(), 320ms},
                             Case{Timing::frugal(), 16s}}) {
        for (int i = 0; i < 20; ++i) {
            Pair pair(each.timing, {}, static_cast<std::uint64_t>(i) + 1);
            pair.settle();
            pair.world.run_for(5s + i * 37ms);
            const Instant death = pair.world.now();
            pair.b.is_dead = true;
            pair.world.run_for(20s);
            EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
            EXPECT_LE(pair.a.first(NeighborChange::Down) - death, each.max + 1ms);
        }
    }
}

TEST(FailureDetection, WithTheFastProfileActiveDeathIsDownWithin170Milliseconds) {
    Pair pair(Timing::fast());
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(2s);
    const Instant death = pair.world.now();
    pair.b.is_dead = true;
    pair.world.run_for(1s);
    EXPECT_LE(pair.a.first(NeighborChange::Down) - death, 170ms);
}

TEST(FailureDetection, AnythingHeardClearsASuspicion) {
    Pair pair;
    pair.settle();
    pair.wire.ways[0].is_cut = pair.wire.ways[1].is_cut = true;
    pair.a.send_message(pair.b.id);
    pair.world.run_for(200ms);
    ASSERT_EQ(pair.a.count(NeighborChange::Suspect), 1);
    EXPECT_TRUE(pair.a.neighbors.find(pair.b.id)->is_suspect);
    Neighborhood::mend(pair.wire);
    pair.world.run_for(500ms);
    EXPECT_EQ(pair.a.count(NeighborChange::Cleared), 1);
    EXPECT_FALSE(pair.a.neighbors.find(pair.b.id)->is_suspect);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 0);
}

// The end that does not hear says so at once, and the other believes it.
TEST(FailureDetection, AOneWayCutUnderTrafficIsDownAtBothEndsWithin330Milliseconds) {
    for (int i = 0; i < 50; ++i) {
        Pair pair(Timing::normal(), {}, static_cast<std::uint64_t>(i) + 1);
        pair.settle();
        pair.world.chatter(pair.a, pair.b, kMessageInterval);
        pair.world.run_for(1s + i * 1ms);
        const Instant cut = pair.world.now();
        pair.wire.ways[0].is_cut = true;
        pair.world.run_for(1s);
        EXPECT_LE(pair.b.first(NeighborChange::Down) - cut, 330ms);
        EXPECT_LE(pair.a.first(NeighborChange::Down) - cut, 330ms);
        EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
        EXPECT_EQ(pair.b.count(NeighborChange::Down), 1);
    }
}

// Half a second of one large frame on a slow link, behind which everything waits: the receiver
// sees bytes, the sender hellos.
TEST(FailureDetection, ALargeFrameOnASlowLinkIsNoSilence) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(1s);
    pair.wire.ways[0].delay = 500ms;
    for (int i = 0; i < 50; ++i) {
        pair.world.run_for(10ms);
        pair.b.neighbors.on_heard(pair.link(), pair.world.now());
    }
    EXPECT_EQ(pair.a.changes.size(), 1U);
    EXPECT_EQ(pair.b.changes.size(), 1U);
}

TEST(FailureDetection, AnAnswerEndsProbingAndANewSilenceBeginsAnew) {
    Pair pair;
    pair.settle();
    pair.wire.ways[0].is_cut = true;
    pair.a.send_message(pair.b.id);
    pair.wire.ways[0].is_cut = false;
    ASSERT_TRUE(pair.world.run_until([&] { return pair.a.probes_sent == 1; }, 100ms));
    pair.world.run_for(2ms);
    pair.b.is_dead = true;
    const Instant sent = pair.world.now();
    pair.a.send_message(pair.b.id);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.a.first(NeighborChange::Suspect) - sent,
              kReceiptPatienceMin + kProbes * kProbeInterval);
}

// nats-server#3682: a neighbour that only takes must be probed all the same.
TEST(FailureDetection, SendingDoesNotPostponeProbing) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, 1ms);
    pair.world.run_for(1s);
    const Instant death = pair.world.now();
    pair.b.is_dead = true;
    pair.world.run_for(1s);
    EXPECT_LE(pair.a.first(NeighborChange::Suspect) - death, 170ms);
}

TEST(FailureDetection, FramesThatWereLostAreNotWaitedForForEver) {
    Pair pair;
    pair.settle();
    pair.wire.ways[0].is_cut = true;
    pair.a.send_message(pair.b.id);
    pair.wire.ways[0].is_cut = false;
    pair.world.run_for(10s);
    EXPECT_TRUE(pair.a.count(NeighborChange::Suspect) == 0);
    EXPECT_LE(pair.a.probes_sent, 1U) << "the answer settles what came before it";
}

TEST(FailureDetection, FramesThatCameTwiceDoNotHideOneThatIsMissing) {
    Pair pair(Timing::normal(), {.repeat = 1.0});
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(10s);
    EXPECT_EQ(pair.a.probes_sent, 0U);
    const Instant death = pair.world.now();
    pair.b.is_dead = true;
    pair.world.run_for(1s);
    EXPECT_LT(pair.a.first(NeighborChange::Suspect) - death, 250ms);
}

// A disk that hangs stops what is behind the reading loop: acknowledgements, not receipts. Here
// nothing behind it ever answers.
TEST(FailureDetection, ANeighborWhoseDiskHangsIsNotSuspected) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(60s);
    EXPECT_EQ(pair.a.count(NeighborChange::Suspect), 0);
    EXPECT_EQ(pair.a.probes_sent, 0U);
}

TEST(FailureDetection, ALongWayIsGivenMoreTime) {
    Pair pair(Timing::normal(), {.delay = 300ms, .jitter = 40ms});
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(60s);
    EXPECT_EQ(pair.a.changes.size(), 1U);
    EXPECT_EQ(pair.b.changes.size(), 1U);
}

TEST(FailureDetection, TimersThatAreLateBringNobodyDown) {
    for (const Timing& timing : {Timing::normal(), Timing::fast(), Timing::frugal()}) {
        for (const Duration interval : {Duration(50ms), Duration(1s), Duration(20s)}) {
            Pair pair(timing);
            pair.a.timer_lateness = 100ms;
            pair.b.timer_lateness = 100ms;
            pair.settle();
            pair.world.chatter(pair.a, pair.b, interval);
            pair.world.chatter(pair.b, pair.a, interval);
            pair.world.run_for(5min);
            EXPECT_EQ(pair.a.count(NeighborChange::Down), 0);
            EXPECT_EQ(pair.b.count(NeighborChange::Down), 0);
            EXPECT_EQ(pair.a.count(NeighborChange::Suspect), 0);
        }
    }
}

// Both processes stand still for 100 ms again and again, as beside two that use all cores; their
// timers come before what has arrived meanwhile.
TEST(FailureDetection, ProcessesThatStutterBringNobodyDown) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Pair pair(Timing::normal(), {}, seed);
        pair.settle();
        pair.world.chatter(pair.a, pair.b, kMessageInterval);
        pair.world.chatter(pair.b, pair.a, kMessageInterval);
        Random random(seed);
        for (int i = 0; i < 1000; ++i) {
            pair.world.freeze(random.chance(0.5) ? pair.a : pair.b, 100ms);
            pair.world.run_for(random.between(100ms, 150ms));
        }
        EXPECT_EQ(pair.a.count(NeighborChange::Down), 0);
        EXPECT_EQ(pair.b.count(NeighborChange::Down), 0);
        EXPECT_EQ(pair.a.count(NeighborChange::Suspect), 0);
        EXPECT_EQ(pair.b.count(NeighborChange::Suspect), 0);
    }
}

// All others froze with it, so that nobody has called it down meanwhile: as after the computer
// slept.
TEST(FailureDetection, WhoSleptFor10SecondsDoesNotCallTheOthersDead) {
    Star star(6);
    star.settle();
    for (Node* node : star.leaves) {
        star.world.freeze(*node, 10s);
    }
    star.world.freeze(star.hub, 10s);
    star.world.run_for(10s + 5ms);
    EXPECT_EQ(star.hub.probes_sent, 6U) << "asks at once instead of waiting for hellos";
    star.world.run_for(5s);
    EXPECT_EQ(star.hub.count(NeighborChange::Down), 0);
    EXPECT_EQ(star.hub.count(NeighborChange::Suspect), 0);
    EXPECT_EQ(star.hub.neighbors.up().size(), 6U);
}

// Its neighbours have called it down, and it is told so; its own clock alone convicts nobody.
TEST(FailureDetection, AProcessThatWasStoppedComesBackWithoutANewLink) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.freeze(pair.b, 10s);
    pair.world.run_for(10s);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
    pair.world.run_for(10ms);
    EXPECT_TRUE(pair.is_up());
    EXPECT_TRUE(pair.a.closed.empty());
    EXPECT_TRUE(pair.b.closed.empty());
    pair.world.run_for(10s);
    EXPECT_TRUE(pair.is_up());
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
}

TEST(FailureDetection, WhoSleptAndMeetsADeadNeighborNoticesIt) {
    Pair pair;
    pair.settle();
    pair.world.freeze(pair.a, 10s);
    pair.world.run_for(5s);
    pair.b.is_dead = true;
    pair.world.run_for(5s);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 0);
    pair.world.run_for(2s);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
}

TEST(FailureDetection, LateTimersDelayButDoNotHideADeath) {
    Pair pair;
    pair.a.timer_lateness = 250ms;
    pair.settle();
    pair.b.is_dead = true;
    pair.world.run_for(10s);
    EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
}

// What it tells the others makes their links active in the middle of the turn that found it.
TEST(FailureDetection, ADeathThatIsToldToOthersSilencesNoneOfThem) {
    Star star(6);
    star.hub.tells_of_deaths = true;
    star.settle();
    star.leaves[5]->is_dead = true;
    star.world.run_for(30s);
    EXPECT_EQ(star.hub.count(NeighborChange::Down), 1);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(star.leaves[i]->count(NeighborChange::Down), 0);
    }
}

// Lifeguard.

TEST(FailureDetection, WhenMostFallSilentANodeDoubtsItselfFirst) {
    Star star(6);
    star.settle();
    const Instant cut = star.world.now();
    for (Neighborhood::Wire* wire : star.wires) {
        Neighborhood::cut(*wire);
    }
    star.world.run_for(10s);
    EXPECT_EQ(star.hub.count(NeighborChange::Down), 6);
    EXPECT_GT(star.hub.first(NeighborChange::Down) - cut, 2 * 1600ms - 600ms);
    EXPECT_LE(star.hub.changes.back().at - cut, 2 * 1600ms + 1ms);
}

TEST(FailureDetection, WhenHalfFallSilentANodeTrustsItself) {
    Star star(6);
    star.settle();
    const Instant cut = star.world.now();
    for (std::size_t i = 0; i < 3; ++i) {
        Neighborhood::cut(*star.wires[i]);
    }
    star.world.run_for(10s);
    EXPECT_EQ(star.hub.count(NeighborChange::Down), 3);
    EXPECT_LE(star.hub.changes.back().at - cut, 1600ms + 1ms);
}

TEST(FailureDetection, ADoubtThatProvedRightCostsNothing) {
    Star star(6);
    star.settle();
    for (Neighborhood::Wire* wire : star.wires) {
        Neighborhood::cut(*wire);
    }
    star.world.run_for(2s);
    for (Neighborhood::Wire* wire : star.wires) {
        Neighborhood::mend(*wire);
    }
    star.world.run_for(10s);
    EXPECT_EQ(star.hub.neighbors.up().size(), 6U);
    // The leaves, which have one neighbour each, have no reason to doubt; the hub hears of it.
    EXPECT_EQ(star.leaves[0]->count(NeighborChange::Down), 1);
}

TEST(FailureDetection, ADoubtThatIsOverDelaysNothing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Star star(3, Timing::normal(), seed);
        star.settle();
        const Instant cut = star.world.now();
        star.wires[0]->ways[1].is_cut = true;
        star.wires[1]->ways[1].is_cut = true;
        star.world.run_for(1050ms);
        EXPECT_EQ(star.hub.count(NeighborChange::Down), 0);
        star.wires[0]->ways[1].is_cut = false;
        star.world.run_for(5s);
        EXPECT_EQ(star.hub.count(NeighborChange::Down), 1);
        EXPECT_LE(star.hub.first(NeighborChange::Down) - cut, 1600ms + 1ms);
    }
}

TEST(FailureDetection, SuspicionOfMostNeighborsTakesTwiceAsLong) {
    Star star(4);
    star.settle();
    for (Node* leaf : star.leaves) {
        star.world.chatter(star.hub, *leaf, kMessageInterval);
    }
    star.world.run_for(2s);
    const Instant cut = star.world.now();
    for (Neighborhood::Wire* wire : star.wires) {
        Neighborhood::cut(*wire);
    }
    star.world.run_for(2s);
    EXPECT_EQ(star.hub.count(NeighborChange::Suspect), 4);
    EXPECT_GT(star.hub.first(NeighborChange::Suspect) - cut, 200ms);
    EXPECT_LE(star.hub.first(NeighborChange::Suspect) - cut, 320ms);
    EXPECT_GT(star.hub.first(NeighborChange::Down) - cut, 500ms);
}

TEST(FailureDetection, WithOneNeighborThereIsNoDoubt) {
    Pair pair;
    pair.settle();
    pair.world.chatter(pair.a, pair.b, kMessageInterval);
    pair.world.run_for(2s);
    const Instant death = pair.world.now();
    pair.b.is_dead = true;
    pair.world.run_for(2s);
    EXPECT_LE(pair.a.first(NeighborChange::Down) - death, 320ms + 1ms);
}

}  // namespace
}  // namespace kith::mesh
