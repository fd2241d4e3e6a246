#include "mesh/detail/hybrid_clock.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

const Instant kStart = Instant::from_ns(1) + 100h;  // monotonic clocks begin anywhere
const WallTime kWall = WallTime::from_ms(kClockBelievedFromMs) + 1000h;

HybridClock started() {
    HybridClock clock;
    clock.set_wall(kWall, kStart);
    return clock;
}

std::uint64_t time_of(WallTime wall) {
    return HybridClock::from_ms(wall.ms());
}

TEST(HybridClock, ShowsTheWallAndNeverTheSameTwice) {
    HybridClock clock = started();
    EXPECT_EQ(clock.tick(kStart + 5s), time_of(kWall + 5s));
    EXPECT_EQ(clock.tick(kStart + 5s), time_of(kWall + 5s) + 1);
    EXPECT_EQ(clock.tick(kStart + 4s), time_of(kWall + 5s) + 2);
}

TEST(HybridClock, IsLaterThanWhatItHasSeen) {
    HybridClock clock = started();
    clock.observe(time_of(kWall + 30s));
    EXPECT_EQ(clock.tick(kStart), time_of(kWall + 30s) + 1);
    clock.observe(time_of(kWall));
    EXPECT_EQ(clock.tick(kStart), time_of(kWall + 30s) + 2);
}

TEST(HybridClock, RefusesWhatIsMoreThanAMinuteAhead) {
    const HybridClock clock = started();
    EXPECT_FALSE(clock.is_ahead(time_of(kWall + 60s), kStart));
    EXPECT_TRUE(clock.is_ahead(time_of(kWall + 61s), kStart));
    EXPECT_FALSE(clock.is_ahead(time_of(kWall + 61s), kStart + 1s));
}

TEST(HybridClock, AJumpAheadWhileItRunsDoesNotStamp) {
    HybridClock clock = started();
    clock.set_wall(kWall + 24h, kStart);
    EXPECT_EQ(clock.tick(kStart), time_of(kWall));
}

// What a write replaces is older than the write all the same: CommonState sees to that.
TEST(HybridClock, AJumpBackWhileItRunsStampsAndDoesNotRefuse) {
    HybridClock clock = started();
    EXPECT_EQ(clock.tick(kStart), time_of(kWall));
    clock.set_wall(kWall - 24h, kStart);
    EXPECT_FALSE(clock.is_ahead(time_of(kWall), kStart));
    EXPECT_EQ(clock.tick(kStart), time_of(kWall - 24h));
}

TEST(HybridClock, IsRightAgainWhenAWrongClockIsSet) {
    HybridClock clock;
    clock.set_wall(kWall + 24h, kStart);
    EXPECT_EQ(clock.tick(kStart), time_of(kWall + 24h));
    clock.set_wall(kWall, kStart);
    EXPECT_EQ(clock.tick(kStart), time_of(kWall));
}

TEST(HybridClock, AClockThatWasNeverSetRefusesNothingUntilItIs) {
    HybridClock clock;
    clock.set_wall(WallTime::from_ms(0), kStart);
    EXPECT_FALSE(clock.is_ahead(time_of(kWall + 1000h), kStart));
    clock.set_wall(kWall, kStart);
    EXPECT_TRUE(clock.is_ahead(time_of(kWall + 1000h), kStart));
    EXPECT_EQ(clock.tick(kStart), time_of(kWall));
}

TEST(HybridClock, CountsHours) {
    const HybridClock clock = started();
    EXPECT_EQ(clock.hour(kStart + 1h), clock.hour(kStart) + 1);
    EXPECT_EQ(HybridClock::hour_of(HybridClock::from_ms(7'200'000)), 2U);
}

}  // namespace
}  // namespace kith::mesh
