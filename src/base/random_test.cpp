#include "base/random.h"

#include <array>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Random, IsTheGeneratorThatItsAuthorsPublished) {
    // xoshiro256** seeded by splitmix64(0), first values of the reference implementation.
    Random random(0);
    EXPECT_EQ(random.next(), 0x99EC5F36CB75F2B4U);
    EXPECT_EQ(random.next(), 0xBF6E1F784956452AU);
    EXPECT_EQ(random.next(), 0x1A5F849D4933E6E0U);
}

TEST(Random, TheSameSeedGivesTheSameNumbersAndAnotherOthers) {
    Random one(42);
    Random same(42);
    Random other(43);
    int equal_count = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t value = one.next();
        EXPECT_EQ(value, same.next());
        equal_count += value == other.next() ? 1 : 0;
    }
    EXPECT_EQ(equal_count, 0);
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
    Random random(7);
    std::array<int, 6> counts{};
    for (int i = 0; i < 6'000; ++i) {
        const std::uint64_t value = random.below(6);
        ASSERT_LT(value, 6U);
        ++counts[value];
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, 1'000, 150);
    }
}

TEST(Random, BelowOneIsZeroAndHugeBoundsHold) {
    Random random(7);
    EXPECT_EQ(random.below(1), 0U);
    const std::uint64_t bound = (std::uint64_t{1} << 63) + 1;  // half of the draws are rejected
    for (int i = 0; i < 100; ++i) {
        EXPECT_LT(random.below(bound), bound);
    }
}

TEST(Random, UnitLiesInItsHalfOpenInterval) {
    Random random(1);
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        const double value = random.unit();
        ASSERT_GE(value, 0.0);
        ASSERT_LT(value, 1.0);
        sum += value;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(Random, ChanceOfZeroNeverAndOfOneAlwaysHappens) {
    Random random(1);
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_FALSE(random.chance(0.0));
        EXPECT_TRUE(random.chance(1.0));
    }
}

TEST(Random, BetweenIncludesBothEnds) {
    Random random(3);
    std::array<int, 3> counts{};
    for (int i = 0; i < 300; ++i) {
        const Duration drawn = random.between(-1ns, 1ns);
        ASSERT_GE(drawn, -1ns);
        ASSERT_LE(drawn, 1ns);
        ++counts[static_cast<std::size_t>(drawn.count() + 1)];
    }
    for (const int count : counts) {
        EXPECT_GT(count, 0);
    }
    EXPECT_EQ(random.between(5ms, 5ms), 5ms);
}

TEST(Random, BetweenSpansEveryDurationThereIs) {
    Random random(3);
    bool has_negative = false;
    bool has_positive = false;
    for (int i = 0; i < 100; ++i) {
        const Duration drawn = random.between(Duration::min(), Duration::max());
        has_negative = has_negative || drawn < 0ns;
        has_positive = has_positive || drawn > 0ns;
    }
    EXPECT_TRUE(has_negative);
    EXPECT_TRUE(has_positive);
}

TEST(RandomDeathTest, AnEmptyRangeIsABrokenInvariant) {
    Random random(1);
    EXPECT_DEATH((void)random.below(0), "bound > 0");
    EXPECT_DEATH((void)random.between(2ns, 1ns), "min <= max");
}

}  // namespace
}  // namespace kith
