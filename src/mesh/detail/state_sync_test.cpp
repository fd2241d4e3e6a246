#include "mesh/detail/state_sync.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Instant at(Duration since) {
    return Instant::from_ns(1) + since;
}

TEST(StateSync, ComparesAtTheFirstHelloIfItBegins) {
    EXPECT_TRUE(StateSync(true).is_due(1, 2, at(0s)));
    EXPECT_FALSE(StateSync(false).is_due(1, 2, at(0s)));
    EXPECT_FALSE(StateSync(true).is_due(1, 1, at(0s)));
}

TEST(StateSync, ADifferenceHasToLastForTwoHellos) {
    StateSync sync(true);
    EXPECT_FALSE(sync.is_due(1, 1, at(0s)));
    EXPECT_FALSE(sync.is_due(1, 2, at(1s)));
    EXPECT_FALSE(sync.is_due(2, 3, at(2s))) << "it is another one";
    EXPECT_TRUE(sync.is_due(2, 3, at(3s)));
}

TEST(StateSync, TheOtherSideComparesOnlyIfThatDoesNotHelp) {
    StateSync sync(false);
    EXPECT_FALSE(sync.is_due(1, 2, at(0s)));
    EXPECT_FALSE(sync.is_due(1, 2, at(1s)));
    EXPECT_FALSE(sync.is_due(1, 2, at(2s)));
    EXPECT_TRUE(sync.is_due(1, 2, at(3s)));
}

TEST(StateSync, WhatStaysDifferentIsComparedMoreAndMoreSeldom) {
    StateSync sync(true);
    int count = 0;
    for (int tenth = 0; tenth < 6000; ++tenth) {
        count += sync.is_due(1, 2, at(tenth * 100ms)) ? 1 : 0;
    }
    EXPECT_LE(count, 20);
    EXPECT_GE(count, 10);
}

TEST(StateSync, WhileSomethingWaitsToBeSentNothingIsCompared) {
    StateSync sync(true);
    const StateKey key{.hash = 1, .kind = StateKind::Retained};
    EXPECT_TRUE(sync.add(key));
    EXPECT_FALSE(sync.is_due(1, 2, at(0s)));
    EXPECT_EQ(sync.take(StateKind::Session), std::nullopt);
    EXPECT_EQ(sync.take(StateKind::Retained), key);
    EXPECT_FALSE(sync.has_waiting());
    EXPECT_TRUE(sync.is_due(1, 2, at(1s)));
}

TEST(StateSync, TheOutboxIsBoundedAndHasEachKeyOnce) {
    StateSync sync(true);
    for (std::uint64_t i = 0; i < kStateOutboxMax; ++i) {
        EXPECT_TRUE(sync.add({.hash = i, .kind = StateKind::Retained}));
    }
    EXPECT_FALSE(sync.add({.hash = kStateOutboxMax, .kind = StateKind::Retained}));
    EXPECT_TRUE(sync.add({.hash = 1, .kind = StateKind::Session}));
    sync.remove({.hash = 0, .kind = StateKind::Retained});
    EXPECT_EQ(sync.take(StateKind::Retained)->hash, 1U);
}

}  // namespace
}  // namespace kith::mesh
