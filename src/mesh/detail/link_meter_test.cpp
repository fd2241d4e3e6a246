#include "mesh/detail/link_meter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mesh/limits.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {
namespace {

Instant at(Duration time) {
    return Instant() + time;
}

// RFC 6298 (2.2) When the first RTT measurement R is made, the host MUST set SRTT <- R and RTTVAR
// <- R/2.
TEST(RoundTrip, TheFirstSampleIsTakenAsItIs) {
    RoundTrip round_trip;
    EXPECT_FALSE(round_trip.is_known());
    round_trip.add(100ms);
    EXPECT_TRUE(round_trip.is_known());
    EXPECT_EQ(round_trip.smoothed(), 100ms);
    EXPECT_EQ(round_trip.variation(), 50ms);
}

// RFC 6298 (2.3): RTTVAR <- 3/4 * RTTVAR + 1/4 * |SRTT - R'|, SRTT <- 7/8 * SRTT + 1/8 * R'.
TEST(RoundTrip, FurtherSamplesAreSmoothed) {
    RoundTrip round_trip;
    round_trip.add(100ms);
    round_trip.add(180ms);
    EXPECT_EQ(round_trip.variation(), 57500us);
    EXPECT_EQ(round_trip.smoothed(), 110ms);
}

TEST(RoundTrip, ComesToRestOnAWayThatIsSteady) {
    RoundTrip round_trip;
    round_trip.add(200ms);
    for (int i = 0; i < 200; ++i) {
        round_trip.add(10ms);
    }
    EXPECT_NEAR(static_cast<double>(round_trip.smoothed() / 1us), 10'000, 2);
    EXPECT_LE(round_trip.variation(), 10us);
}

TEST(RoundTrip, OneEnormousSampleCountsAsLess) {
    RoundTrip round_trip;
    for (int i = 0; i < 50; ++i) {
        round_trip.add(1ms);
    }
    round_trip.add(10s);
    EXPECT_LE(round_trip.smoothed(), 20ms);
    for (int i = 0; i < 20; ++i) {
        round_trip.add(1ms);
    }
    EXPECT_EQ(round_trip.receipt_patience(), kReceiptPatienceMin);
}

TEST(RoundTrip, FollowsAWayThatBecameLong) {
    RoundTrip round_trip;
    round_trip.add(1ms);
    for (int i = 0; i < 60; ++i) {
        round_trip.add(600ms);
    }
    EXPECT_NEAR(static_cast<double>(round_trip.smoothed() / 1ms), 600, 5);
}

TEST(RoundTrip, NegativeAndEndlessSamplesAreBounded) {
    RoundTrip round_trip;
    round_trip.add(-1s);
    EXPECT_EQ(round_trip.smoothed(), 0s);
    RoundTrip endless;
    endless.add(24h);
    EXPECT_EQ(endless.smoothed(), 60s);
}

TEST(RoundTrip, PatienceHasAMinimum) {
    RoundTrip round_trip;
    EXPECT_EQ(round_trip.receipt_patience(), kReceiptPatienceMin);
    round_trip.add(100ms);
    EXPECT_EQ(round_trip.receipt_patience(), 3 * 100ms + 4 * 50ms);
    EXPECT_EQ(round_trip.answer_patience(), 100ms + 4 * 50ms);
}

TEST(Cost, IsTenForAWayWithoutDelayOrLoss) {
    EXPECT_EQ(measured_cost_times_256(0ms, 16), 10U * 256U);
}

TEST(Cost, GrowsWithRoundTripAndLoss) {
    EXPECT_EQ(measured_cost_times_256(20ms, 16), 20U * 256U);
    EXPECT_EQ(measured_cost_times_256(0ms, 8), 20U * 256U);
    EXPECT_EQ(measured_cost_times_256(20ms, 4), 80U * 256U);
}

TEST(Cost, OfALinkOnWhichNothingComesThroughIsFinite) {
    EXPECT_EQ(measured_cost_times_256(0ms, 0), 320U * 256U);
}

TEST(SmoothedCost, HalvesItsDistanceInAHalfLife) {
    SmoothedCost cost;
    cost.add(1000 * 256, at(0s));
    for (Duration time = 250ms; time <= kCostHalfLife; time += 250ms) {
        cost.add(10 * 256, at(time));
    }
    EXPECT_NEAR(cost.value(), 505, 32);
}

// The same whether it is told often or seldom.
TEST(SmoothedCost, DoesNotDependOnHowOftenItIsMeasured) {
    SmoothedCost often;
    SmoothedCost seldom;
    often.add(4000 * 256, at(0s));
    seldom.add(4000 * 256, at(0s));
    for (Duration time = 50ms; time <= 20s; time += 50ms) {
        often.add(10 * 256, at(time));
    }
    for (Duration time = 5s; time <= 20s; time += 5s) {
        seldom.add(10 * 256, at(time));
    }
    EXPECT_NEAR(often.value(), seldom.value(), 8);
    const double exact = 10 + 3990 * std::exp2(-20.0 / 4.0);
    EXPECT_NEAR(seldom.value(), exact, exact / 16);
}

TEST(SmoothedCost, ForgetsEverythingAfterALongTime) {
    SmoothedCost cost;
    cost.add(kCostMax * 256ULL, at(0s));
    cost.add(10 * 256, at(24h));
    EXPECT_EQ(cost.value(), 10U);
}

TEST(SmoothedCost, HasFourSignificantBits) {
    for (const std::uint32_t exact : {10U, 15U, 17U, 100U, 1000U, 54321U, 10'000'000U}) {
        SmoothedCost cost;
        cost.add(exact * 256ULL, at(0s));
        EXPECT_NEAR(cost.value(), exact, exact / 16.0 + 0.5);
        std::uint32_t digits = cost.value();
        while (digits % 2 == 0) {
            digits /= 2;
        }
        EXPECT_LT(digits, 16U);
    }
}

TEST(SmoothedCost, StaysWithinTheLimits) {
    SmoothedCost cheap;
    cheap.add(0, at(0s));
    EXPECT_EQ(cheap.value(), 1U);
    SmoothedCost dear;
    dear.add(UINT64_MAX / 2, at(0s));
    EXPECT_EQ(dear.value(), kCostMax);
}

TEST(Stalls, PatienceIsFourTimesTheUsualOne) {
    Stalls stalls;
    EXPECT_EQ(stalls.patience(at(0s)), Duration::zero());
    stalls.add(400ms, at(0s));
    EXPECT_EQ(stalls.patience(at(0s)), Duration(800ms));
    for (int i = 0; i < 20; ++i) {
        stalls.add(400ms, at(1s));
    }
    EXPECT_NEAR(static_cast<double>(to_ms(stalls.patience(at(1s)))), 1600, 2);
}

TEST(Stalls, ShorterOnesDoNotShortenIt) {
    Stalls stalls;
    stalls.add(400ms, at(0s));
    stalls.add(100ms, at(1s));
    EXPECT_EQ(stalls.patience(at(1s)), Duration(800ms));
}

TEST(Stalls, AreForgotten) {
    Stalls stalls;
    stalls.add(400ms, at(0s));
    EXPECT_EQ(stalls.patience(at(kStallHalfLife)), Duration(400ms));
    EXPECT_EQ(stalls.patience(at(1h)), Duration::zero());
}

TEST(Stalls, HowLongANeighborSleptIsNotHowLongToWaitForIt) {
    Stalls stalls;
    for (int i = 0; i < 10; ++i) {
        stalls.add(1h, at(0s));
    }
    EXPECT_EQ(stalls.patience(at(0s)), Duration(kStallPatienceMax));
}

TEST(ToldCost, ChangesOnlyForWhatStaysLongerThanTwoSeconds) {
    ToldCost told;
    told.start(100);
    EXPECT_FALSE(told.offer(126, at(0s)));
    EXPECT_FALSE(told.offer(126, at(2s)));
    EXPECT_TRUE(told.offer(130, at(2s + 1ns)));
    EXPECT_EQ(told.value(), 130U);
}

TEST(ToldCost, AQuarterIsNotEnough) {
    ToldCost told;
    told.start(100);
    for (Duration time{}; time < 60s; time += 500ms) {
        EXPECT_FALSE(told.offer(125, at(time)));
        EXPECT_FALSE(told.offer(75, at(time)));
    }
}

TEST(ToldCost, WhatGoesBackInBetweenStartsAgain) {
    ToldCost told;
    told.start(100);
    EXPECT_FALSE(told.offer(200, at(0s)));
    EXPECT_FALSE(told.offer(100, at(1900ms)));
    EXPECT_FALSE(told.offer(200, at(2s)));
    EXPECT_FALSE(told.offer(200, at(4s)));
    EXPECT_TRUE(told.offer(200, at(4100ms)));
}

TEST(ToldCost, WhatSwingsToBothSidesIsNotTold) {
    ToldCost told;
    told.start(100);
    for (Duration time{}; time < 60s; time += 2s) {
        EXPECT_FALSE(told.offer(200, at(time)));
        EXPECT_FALSE(told.offer(50, at(time + 1s)));
    }
}

}  // namespace
}  // namespace kith::mesh
