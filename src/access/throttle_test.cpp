#include "access/throttle.h"

#include <gtest/gtest.h>

namespace kith::access {
namespace {

const Instant kStart = Instant::from_ns(1'000'000'000'000);

TEST(Throttle, FiveTriesThenAPauseOfThirtySeconds) {
    Throttle throttle(kTriesMax);
    for (std::uint32_t i = 0; i < 5; ++i) {
        const auto answer = throttle.begin("anna", kStart);
        EXPECT_TRUE(answer.is_allowed);
        EXPECT_EQ(answer.tries_left, 4 - i);
    }
    const auto paused = throttle.begin("anna", kStart + 10s);
    EXPECT_FALSE(paused.is_allowed);
    EXPECT_EQ(paused.retry_after, 20s);
    EXPECT_FALSE(throttle.begin("anna", kStart + 30s - 1ns).is_allowed);
    const auto again = throttle.begin("anna", kStart + 30s);
    EXPECT_TRUE(again.is_allowed);
    EXPECT_EQ(again.tries_left, 4U);
}

TEST(Throttle, KeysDoNotShareTheirTries) {
    Throttle throttle(kTriesMax);
    for (int i = 0; i < 5; ++i) {
        (void)throttle.begin("anna", kStart);
    }
    EXPECT_FALSE(throttle.begin("anna", kStart).is_allowed);
    EXPECT_TRUE(throttle.begin("bert", kStart).is_allowed);
}

TEST(Throttle, SuccessForgives) {
    Throttle throttle(kTriesMax);
    for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(throttle.begin("anna", kStart).is_allowed);
        throttle.forgive("anna");
    }
    EXPECT_EQ(throttle.key_count(), 0U);
    throttle.forgive("nobody");
}

TEST(Throttle, OldTriesAreForgotten) {
    Throttle throttle(kTriesMax);
    for (int i = 0; i < 4; ++i) {
        (void)throttle.begin("anna", kStart);
    }
    EXPECT_EQ(throttle.peek("anna", kStart + kTriesMemory).tries_left, 0U);
    EXPECT_EQ(throttle.begin("anna", kStart + kTriesMemory + 1ns).tries_left, 4U);
}

TEST(Throttle, PeekDoesNotCount) {
    Throttle throttle(kTriesMax);
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(throttle.peek("anna", kStart).is_allowed);
    }
    EXPECT_EQ(throttle.key_count(), 0U);
}

TEST(Throttle, RemembersABoundedNumberOfKeys) {
    Throttle throttle(kTriesMax);
    for (int i = 0; i < 5; ++i) {
        (void)throttle.begin("first", kStart);
    }
    for (std::size_t i = 1; i < kThrottleKeysMax; ++i) {
        (void)throttle.begin("key " + std::to_string(i), kStart);
    }
    EXPECT_FALSE(throttle.peek("first", kStart).is_allowed);
    (void)throttle.begin("one more", kStart);
    EXPECT_EQ(throttle.key_count(), kThrottleKeysMax);
    EXPECT_TRUE(throttle.peek("first", kStart).is_allowed) << "seen longest ago";
}

TEST(RecentKeys, ForgetsTheOldestAndWhatIsTooOld) {
    RecentKeys keys(2, 10s);
    const Instant start = Instant() + 1min;
    keys.add("a", start);
    keys.add("b", start + 1s);
    keys.add("a", start + 2s);
    keys.add("c", start + 3s);
    EXPECT_TRUE(keys.has("a", start + 12s));
    EXPECT_FALSE(keys.has("a", start + 13s));
    EXPECT_FALSE(keys.has("b", start + 3s)) << "made room";
    EXPECT_TRUE(keys.has("c", start + 3s));
    EXPECT_EQ(keys.key_count(), 2U);
}

}  // namespace
}  // namespace kith::access
