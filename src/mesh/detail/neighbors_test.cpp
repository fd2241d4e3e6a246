#include "mesh/detail/neighbors.h"

#include <gtest/gtest.h>

#include "mesh/testing/neighborhood.h"

namespace kith::mesh {
namespace {

using testing::Neighborhood;
using testing::Way;
using Node = Neighborhood::Node;
using Wire = Neighborhood::Wire;

/// Two nodes and a wire, up.
struct Pair {
    explicit Pair(const Timing& timing = Timing::normal(), const Way& way = {},
                  std::uint64_t seed = 1)
        : world(seed), a(world.add(timing)), b(world.add(timing)), wire(world.connect(a, b, way)) {}

    void settle() {
        ASSERT_TRUE(world.run_until([&] { return a.is_up(b.id) && b.is_up(a.id); }, 5s));
        world.run_for(3s);
    }

    Neighborhood world;
    Node& a;
    Node& b;
    Wire& wire;
};

TEST(Neighbors, AreUpAtBothEndsAfterOneRoundTrip) {
    Pair pair;
    const Instant start = pair.world.now();
    ASSERT_TRUE(pair.world.run_until(
        [&] { return pair.a.is_up(pair.b.id) && pair.b.is_up(pair.a.id); }, 1s));
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

TEST(Neighbors, SilentDeathUnderTrafficIsSuspectedWithin250Milliseconds) {
    for (int i = 0; i < 100; ++i) {
        Pair pair(Timing::normal(), {}, static_cast<std::uint64_t>(i) + 1);
        pair.settle();
        pair.world.chatter(pair.a, pair.b, 50ms);
        pair.world.run_for(1s + i * 1ms);
        const Instant death = pair.world.now();
        pair.b.is_dead = true;
        ASSERT_TRUE(
            pair.world.run_until([&] { return pair.a.count(NeighborChange::Suspect) > 0; }, 1s));
        const Duration noticed = pair.a.first(NeighborChange::Suspect) - death;
        EXPECT_LT(noticed, 250ms);
        EXPECT_LE(noticed, 50ms + kReceiptPatienceMin + kProbes * kProbeInterval + 2ms);
        EXPECT_GT(noticed, kProbes * kProbeInterval);
    }
}

TEST(Neighbors, AnIdleNeighborThatDiesIsDownAfterItsHellosAreMissed) {
    struct Case {
        Timing timing;
        Duration max;
    };
    for (const Case& each : {Case{Timing::normal(), 1600ms}, Case{Timing::fast(), 320ms},
                             Case{Timing::frugal(), 16s}}) {
        Pair pair(each.timing);
        pair.settle();
        pair.world.run_for(30s);
        const Instant death = pair.world.now();
        pair.b.is_dead = true;
        pair.world.run_for(20s);
        EXPECT_EQ(pair.a.count(NeighborChange::Down), 1);
        EXPECT_LE(pair.a.first(NeighborChange::Down) - death, each.max);
    }
}

}  // namespace
}  // namespace kith::mesh
