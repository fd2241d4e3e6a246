#include "mesh/discovery/trickle.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Trickle::Times kTimes{
    .interval_min = 500ms, .interval_max = 30s, .answer_jitter = 500ms, .redundancy = 3};
constexpr Instant kStart = Instant::from_ns(1'000'000'000);

/// The next moment at which it has something to say or to withhold.
struct Said {
    Instant at;
    Trickle::Turn turn;
};
Said next(Trickle& trickle) {
    while (true) {
        const Instant at = trickle.deadline();
        if (const Trickle::Turn turn = trickle.on_timer(at); turn != Trickle::Turn::Nothing) {
            return {at, turn};
        }
    }
}

TEST(Trickle, SaysNothingBeforeItStarts) {
    Trickle trickle(kTimes, 1);
    EXPECT_EQ(trickle.deadline(), Instant::never());
    trickle.reset(kStart);
    EXPECT_EQ(trickle.on_timer(kStart + 1h), Trickle::Turn::Nothing);
}

TEST(Trickle, IntervalsDoubleUpToTheLargest) {
    Trickle trickle(kTimes, 1);
    trickle.start(kStart);
    Instant begins = kStart;
    EXPECT_LE(next(trickle).at - kStart, 500ms);
    begins = begins + 500ms;
    for (Duration interval = 1s;; interval = std::min<Duration>(interval * 2, 30s)) {
        const Said said = next(trickle);
        EXPECT_EQ(said.turn, Trickle::Turn::Say);
        EXPECT_GE(said.at - begins, interval / 2) << "RFC 6206, 4.2: t is from [I/2, I)";
        EXPECT_LE(said.at - begins, interval);
        begins = begins + interval;
        if (begins - kStart > 3min) {
            break;
        }
    }
}

TEST(Trickle, ThreeWhoSayTheSameAreEnough) {
    Trickle trickle(kTimes, 2);
    trickle.start(kStart);
    trickle.on_equal();
    trickle.on_equal();
    EXPECT_EQ(next(trickle).turn, Trickle::Turn::Say);
    // In the next interval it counts anew.
    while (trickle.deadline() < kStart + 500ms) {
        static_cast<void>(trickle.on_timer(trickle.deadline()));
    }
    static_cast<void>(trickle.on_timer(kStart + 500ms));
    for (int i = 0; i < 3; ++i) {
        trickle.on_equal();
    }
    EXPECT_EQ(next(trickle).turn, Trickle::Turn::Withhold);
    EXPECT_EQ(next(trickle).turn, Trickle::Turn::Say);
}

TEST(Trickle, NewsIsAnsweredSoonAndAtRandom) {
    std::vector<Duration> answers;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Trickle trickle(kTimes, seed);
        trickle.start(kStart);
        while (trickle.deadline() < kStart + 2min) {
            static_cast<void>(trickle.on_timer(trickle.deadline()));
        }
        trickle.reset(kStart + 2min);
        answers.push_back(next(trickle).at - (kStart + 2min));
    }
    const auto [first, last] = std::ranges::minmax(answers);
    EXPECT_LT(first, 150ms);
    EXPECT_GT(last, 350ms);
    EXPECT_LE(last, 500ms);
}

TEST(Trickle, NewsDuringNewsChangesNothing) {
    // Else a flood of news would put off what is to be said, again and again.
    Trickle trickle(kTimes, 3);
    trickle.start(kStart);
    const Instant before = trickle.deadline();
    trickle.reset(kStart + 1ms);
    EXPECT_EQ(trickle.deadline(), before);
}

}  // namespace
}  // namespace kith::mesh
