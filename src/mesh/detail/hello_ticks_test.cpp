#include "mesh/detail/hello_ticks.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant() + 1h;

TEST(HelloTicks, DoNotRunBeforeTheyAreStarted) {
    HelloTicks ticks(Timing::normal(), 1);
    EXPECT_FALSE(ticks.is_running());
    EXPECT_EQ(ticks.next(), Instant::never());
    EXPECT_FALSE(ticks.take_idle(kStart));
    EXPECT_FALSE(ticks.take_active(kStart));
}

TEST(HelloTicks, KeepTheirRateWhateverTheJitter) {
    HelloTicks ticks(Timing::normal(), 7);
    ticks.start(kStart);
    int count = 0;
    Instant last;
    while (ticks.next() < kStart + 1000s) {
        const Instant now = ticks.next();
        if (count > 0) {
            EXPECT_NEAR(static_cast<double>((now - last) / 1us), 500'000, 500'000 / 32.0 + 1);
        }
        last = now;
        ASSERT_TRUE(ticks.take_idle(now));
        ASSERT_FALSE(ticks.take_idle(now));
        ++count;
    }
    EXPECT_NEAR(count, 2000, 1);
}

TEST(HelloTicks, StartWithinOneIntervalEachNodeElsewhere) {
    Instant earliest = Instant::never();
    Instant latest;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        HelloTicks ticks(Timing::normal(), seed);
        ticks.start(kStart);
        EXPECT_LE(ticks.next(), kStart + 500ms);
        earliest = std::min(earliest, ticks.next());
        latest = std::max(latest, ticks.next());
    }
    EXPECT_GT(latest - earliest, 400ms);
}

TEST(HelloTicks, QuickenOnlyWhileLinksAreInUse) {
    HelloTicks ticks(Timing::frugal(), 1);
    ticks.start(kStart);
    EXPECT_FALSE(ticks.take_active(kStart + 1h));
    ticks.quicken(kStart);
    EXPECT_LE(ticks.next(), kStart + 500ms);
    const Instant first = ticks.next();
    ticks.quicken(first - 1ms);
    EXPECT_EQ(ticks.next(), first) << "no later because more is sent";
    EXPECT_TRUE(ticks.take_active(kStart + 500ms));
    ticks.calm_down();
    EXPECT_FALSE(ticks.take_active(kStart + 1h));
}

TEST(HelloTicks, WhatWasMissedIsNotMadeUpFor) {
    HelloTicks ticks(Timing::normal(), 1);
    ticks.start(kStart);
    const Instant now = kStart + 1min;
    EXPECT_TRUE(ticks.take_idle(now));
    EXPECT_FALSE(ticks.take_idle(now));
    EXPECT_GE(ticks.next() - now, 480ms);
}

TEST(HelloTicks, TheNextIsAlwaysLater) {
    for (Duration late = 0ms; late < 1200ms; late += 1ms) {
        HelloTicks ticks(Timing::normal(), 3);
        ticks.start(kStart);
        const Instant now = ticks.next() + late;
        EXPECT_TRUE(ticks.take_idle(now));
        EXPECT_GT(ticks.next(), now);
    }
}

}  // namespace
}  // namespace kith::mesh
