#include "sim/clock.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

TEST(Clock, RunsFastBySoManyPartsPerMillion) {
    const Clock clock({.offset = 5s, .drift_ppm = 100});
    EXPECT_EQ(clock.local(Instant::from_ns(0)), Instant::from_ns(0) + 5s);
    EXPECT_EQ(clock.local(Instant::from_ns(0) + 1000s), Instant::from_ns(0) + 1005s + 100ms);
}

TEST(Clock, FindsTheTimeAtWhichItShowsAnInstant) {
    for (const std::int64_t drift_ppm : {-1000, -37, 0, 37, 1000}) {
        const Clock clock({.offset = 3h, .drift_ppm = drift_ppm});
        for (std::int64_t ns = 0; ns < 10'000'000'000'000; ns += 98'765'432'101) {
            const Instant local = clock.local(Instant::from_ns(ns));
            const Instant global = clock.global(local);
            ASSERT_GE(clock.local(global), local);
            ASSERT_LE(std::abs(global.ns() - ns), 4000) << drift_ppm;
        }
    }
}

TEST(Clock, HasNoTimeForNever) {
    EXPECT_EQ(Clock({.offset = 1s}).global(Instant::never()), Instant::never());
}

TEST(Clock, JumpsOnlyForPeople) {
    Clock clock({.offset = 1s, .skew = 500ms});
    const WallTime before = clock.wall(Instant::from_ns(0));
    const Instant local = clock.local(Instant::from_ns(0));
    clock.jump(-3600s);
    EXPECT_EQ(clock.wall(Instant::from_ns(0)) - before, -3600s);
    EXPECT_EQ(clock.local(Instant::from_ns(0)), local);
}

}  // namespace
}  // namespace kith::sim
