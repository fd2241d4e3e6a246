#include "bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace kith::bench {
namespace {

TEST(Histogram, SmallValuesAreExact) {
    Histogram histogram;
    for (int ns = 1; ns <= 100; ++ns) {
        histogram.add(Duration(ns));
    }
    EXPECT_EQ(histogram.count(), 100U);
    EXPECT_EQ(histogram.quantile(0.5), 50ns);
    EXPECT_EQ(histogram.quantile(0.99), 99ns);
    EXPECT_EQ(histogram.quantile(1), 100ns);
    EXPECT_EQ(histogram.quantile(0), 1ns);
}

TEST(Histogram, QuantilesAreAtMostOneBucketAboveTheTruth) {
    Random random(7);
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t scale = std::uint64_t{1} << random.below(38);
        values.push_back(static_cast<std::int64_t>(random.below(scale) + 1));
        histogram.add(Duration(values.back()));
    }
    std::ranges::sort(values);
    for (const double share : {0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto at = static_cast<std::size_t>(share * 20'000) - 1;
        const auto truth = static_cast<double>(values[at]);
        const auto told = static_cast<double>(histogram.quantile(share).count());
        EXPECT_GE(told, truth) << share;
        EXPECT_LE(told, truth * (1 + 1.0 / 64)) << share;
    }
}

TEST(Histogram, ValuesOutOfRangeAreCountedAtItsEnds) {
    Histogram histogram;
    histogram.add(-5ns);
    histogram.add(10h);
    EXPECT_EQ(histogram.quantile(0.5), 0ns);
    EXPECT_GE(histogram.quantile(1), 18min);
    histogram.clear();
    EXPECT_EQ(histogram.count(), 0U);
}

}  // namespace
}  // namespace kith::bench
