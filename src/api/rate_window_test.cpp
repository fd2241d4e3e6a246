#include "api/rate_window.h"

#include <gtest/gtest.h>

namespace kith::api {
namespace {

Instant at(double seconds) {
    return Instant::from_ns(static_cast<std::int64_t>((1000 + seconds) * 1e9));
}

TEST(RateWindow, SteadyStreamGivesItsRate) {
    RateClock clock;
    RateWindow rate;
    clock.advance(at(0));
    for (int second = 1; second <= 30; ++second) {
        rate.add(clock, 21);
        clock.advance(at(second));
        EXPECT_DOUBLE_EQ(rate.per_second(clock), 21.0) << second;
    }
}

TEST(RateWindow, SamplingFiveTimesASecondGivesTheSameRate) {
    RateClock clock;
    RateWindow rate;
    clock.advance(at(0));
    for (int step = 1; step <= 100; ++step) {
        rate.add(clock, 4);
        clock.advance(at(step * 0.2));
        if (step >= 5) {
            EXPECT_NEAR(rate.per_second(clock), 20.0, 1e-9) << step;
        }
    }
}

TEST(RateWindow, JitterOfTheSamplesDoesNotShow) {
    RateClock clock;
    RateWindow rate;
    clock.advance(at(0));
    double last = 0;
    for (int second = 1; second <= 20; ++second) {
        const double now = second + (second % 3 == 0 ? 0.05 : -0.04);
        rate.add(clock, static_cast<std::uint64_t>((now - last) * 1000 + 0.5));
        last = now;
        clock.advance(at(now));
        EXPECT_NEAR(rate.per_second(clock), 1000, 2) << second;
    }
}

TEST(RateWindow, FallsToZeroWhenNothingIsCounted) {
    RateClock clock;
    RateWindow rate;
    clock.advance(at(0));
    rate.add(clock, 80);
    int second = 1;
    for (; second <= static_cast<int>(kRateIntervals); ++second) {
        clock.advance(at(second));
        EXPECT_DOUBLE_EQ(rate.per_second(clock), 80.0 / second);
    }
    clock.advance(at(second));
    EXPECT_EQ(rate.per_second(clock), 0.0);
}

TEST(RateWindow, CountsAfterALongSilenceAreNotMixedWithOldOnes) {
    RateClock clock;
    RateWindow rate;
    clock.advance(at(0));
    for (int second = 1; second <= 9; ++second) {
        rate.add(clock, 1000);
        clock.advance(at(second));
    }
    for (int second = 10; second <= 100; ++second) {
        clock.advance(at(second));
    }
    rate.add(clock, 8);
    clock.advance(at(101));
    EXPECT_DOUBLE_EQ(rate.per_second(clock), 1.0);
}

TEST(RateWindow, NothingIsARateOfZero) {
    const RateClock clock;
    RateWindow rate;
    EXPECT_EQ(rate.per_second(clock), 0.0);
    rate.add(clock, 5);
    EXPECT_EQ(rate.per_second(clock), 0.0) << "no interval has closed";
}

}  // namespace
}  // namespace kith::api
