#include "broker/detail/rate.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/hash.h"

namespace kith::broker {
namespace {

const Instant kStart = Instant::from_ns(1'000'000'000'000);

TEST(RateBucket, GivesASecondsWorthAtOnceAndThenTheRate) {
    RateBucket bucket;
    const Duration cost = rate_cost(1, 10);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(bucket.charge(kStart, cost), Duration::zero()) << i;
    }
    EXPECT_EQ(bucket.charge(kStart, cost), 100ms);
    EXPECT_EQ(bucket.charge(kStart + 200ms, cost), Duration::zero());
    EXPECT_EQ(bucket.charge(kStart + 200ms, cost), 100ms);
}

TEST(RateBucket, TakesNothingWhenThereIsNotEnough) {
    RateBucket bucket;
    const Duration cost = rate_cost(1, 2);
    EXPECT_TRUE(bucket.take(kStart, cost));
    EXPECT_TRUE(bucket.take(kStart, cost));
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(bucket.take(kStart, cost));
    }
    EXPECT_TRUE(bucket.take(kStart + 500ms, cost));
}

TEST(RateBucket, LetsOneThroughThatIsLargerThanTheBurst) {
    RateBucket bucket;
    EXPECT_TRUE(bucket.take(kStart, 5s));
    EXPECT_FALSE(bucket.take(kStart + 4s, 5s));
    EXPECT_TRUE(bucket.take(kStart + 5s, 5s));
}

TEST(RateBucket, CostsNothingWithoutALimit) {
    EXPECT_EQ(rate_cost(1'000'000, 0), Duration::zero());
    EXPECT_EQ(rate_cost(3, 2), 1500ms);
}

TEST(RateLease, SharesOneRateAmongShards) {
    SharedRate rate;
    RateLease first;
    RateLease second;
    std::uint64_t count = 0;
    for (Instant now = kStart; now < kStart + 10s; now = now + 1ms) {
        for (int i = 0; i < 10; ++i) {  // would be 10,000 a second
            if (!rate.is_over(now, rate_cost(10, 1000))) {
                static_cast<void>((i % 2 == 0 ? first : second).charge(rate, now, 1, 1000));
                ++count;
            }
        }
    }
    EXPECT_NEAR(static_cast<double>(count), 11'000, 200);  // and a second's worth at the start
}

TEST(AddressRates, LimitsOneAddressAndNotTheNext) {
    const auto rates = std::make_unique<AddressRates>();
    const std::uint64_t wild = hash_text("192.0.2.1");
    const std::uint64_t tame = hash_text("192.0.2.2");
    for (int i = 0; i < 60; ++i) {
        EXPECT_TRUE(rates->take(wild, kStart, 1s, 1min));
    }
    EXPECT_FALSE(rates->take(wild, kStart, 1s, 1min));
    EXPECT_TRUE(rates->take(tame, kStart, 1s, 1min));
    EXPECT_FALSE(rates->is_over(wild, kStart + 1s, 1s, 1min));
}

}  // namespace
}  // namespace kith::broker
