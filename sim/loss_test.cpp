#include "sim/loss.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

constexpr int kFrames = 200'000;

TEST(Loss, LosesNothingUnlessTold) {
    Loss loss;
    Random random(1);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(loss.loses(random));
    }
    EXPECT_EQ(random.next(), Random(1).next()) << "it draws nothing";
}

TEST(Loss, LosesTheShareThatItIsTold) {
    Loss loss;
    loss.set(LossOptions::bernoulli(0.2));
    Random random(2);
    int lost = 0;
    for (int i = 0; i < kFrames; ++i) {
        lost += loss.loses(random) ? 1 : 0;
    }
    EXPECT_NEAR(lost / double{kFrames}, 0.2, 0.01);
}

TEST(Loss, ComesInBursts) {
    Loss loss;
    loss.set(LossOptions::bursts(0.1, 20));
    Random random(3);
    int lost = 0;
    int runs = 0;
    bool was_lost = false;
    for (int i = 0; i < kFrames; ++i) {
        const bool is_lost = loss.loses(random);
        lost += is_lost ? 1 : 0;
        runs += is_lost && !was_lost ? 1 : 0;
        was_lost = is_lost;
    }
    EXPECT_NEAR(lost / double{kFrames}, 0.09, 0.02);
    EXPECT_GT(lost / double(runs), 5) << "independent losses would come one by one";
}

}  // namespace
}  // namespace kith::sim
