#include "api/usage_board.h"

#include <gtest/gtest.h>

namespace kith::api {
namespace {

class UsageBoardTest : public ::testing::Test {
  protected:
    static Instant at(double seconds) {
        return Instant::from_ns(static_cast<std::int64_t>((1000 + seconds) * 1e9));
    }
    static WallTime wall(double seconds) {
        return WallTime::from_ms(1'800'000'000'000 + static_cast<std::int64_t>(seconds * 1000));
    }
    /// `rate` messages a second came in up to `seconds`.
    void add(double seconds, double rate) {
        Totals totals;
        totals.broker.messages_in = static_cast<std::uint64_t>(seconds * rate);
        totals.broker.messages_out = static_cast<std::uint64_t>(seconds * rate * 2);
        totals.broker.connections = 7;
        totals.resident_bytes = 1000;
        board_.add(totals, at(seconds), wall(seconds));
    }

    UsageBoard board_;
};

TEST_F(UsageBoardTest, RatesAreOverTheTimeSinceTheSampleBefore) {
    EXPECT_FALSE(board_.latest().has_value());
    add(0, 100);
    EXPECT_EQ(board_.latest()->messages_in_per_s, 0);
    add(1, 100);
    EXPECT_DOUBLE_EQ(board_.latest()->messages_in_per_s, 100);
    EXPECT_DOUBLE_EQ(board_.latest()->messages_out_per_s, 200);
    EXPECT_EQ(board_.latest()->at, wall(1));
    add(3, 100);
    EXPECT_DOUBLE_EQ(board_.latest()->messages_in_per_s, 100);
}

TEST_F(UsageBoardTest, CountersThatStartAnewGiveNoNegativeRate) {
    add(10, 100);
    board_.add(Totals(), at(11), wall(11));
    EXPECT_EQ(board_.latest()->messages_in_per_s, 0);
}

TEST_F(UsageBoardTest, SeriesHaveAPointForEachStepAndNothingWhereNothingWasMeasured) {
    for (int second = 0; second <= 20; ++second) {
        add(second, 50);
    }
    const UsageSeries series = board_.series({.window_s = 40, .step_s = 2}).value();
    ASSERT_EQ(series.points.size(), 20U);
    EXPECT_EQ(series.end, wall(20));
    for (std::size_t i = 0; i < 20; ++i) {
        ASSERT_EQ(series.points[i].has_value(), i >= 10) << i;
        if (i >= 10) {
            EXPECT_DOUBLE_EQ(series.points[i]->messages_in_per_s, 50);
            EXPECT_DOUBLE_EQ(series.points[i]->connections, 7);
            EXPECT_DOUBLE_EQ(series.points[i]->resident_bytes, 1000);
        }
    }
}

TEST_F(UsageBoardTest, LongPauseIsAGapInTheSeries) {
    for (int second = 0; second <= 10; ++second) {
        add(second, 10);
    }
    for (int second = 31; second <= 40; ++second) {
        add(second, 10);
    }
    const UsageSeries series = board_.series({.window_s = 40, .step_s = 2}).value();
    std::size_t gaps = 0;
    for (const auto& point : series.points) {
        gaps += point ? 0U : 1U;
    }
    EXPECT_GE(gaps, 9U);
    EXPECT_LE(gaps, 11U);
    EXPECT_TRUE(series.points.front().has_value());
    EXPECT_TRUE(series.points.back().has_value());
}

TEST_F(UsageBoardTest, LargerStepsAreMeansOfTheSmallOnes) {
    double messages = 0;
    for (int second = 0; second <= 8; ++second) {
        Totals totals;
        totals.broker.messages_in = static_cast<std::uint64_t>(messages);
        board_.add(totals, at(second), wall(second));
        messages += second < 4 ? 10 : 30;
    }
    const UsageSeries series = board_.series({.window_s = 8, .step_s = 8}).value();
    ASSERT_EQ(series.points.size(), 1U);
    EXPECT_DOUBLE_EQ(series.points[0]->messages_in_per_s, 20);
}

TEST_F(UsageBoardTest, KeepsOneHour) {
    for (int second = 0; second <= 4000; second += 2) {
        add(second, 5);
    }
    const UsageSeries series = board_.series({.window_s = 3600, .step_s = 2}).value();
    ASSERT_EQ(series.points.size(), 1800U);
    EXPECT_TRUE(series.points.front().has_value());
}

TEST_F(UsageBoardTest, RefusesStepsAndWindowsThatItCannotGive) {
    add(0, 1);
    for (const UsageQuery query :
         {UsageQuery{.window_s = 600, .step_s = 0}, UsageQuery{.window_s = 600, .step_s = 3},
          UsageQuery{.window_s = 600, .step_s = -2}, UsageQuery{.window_s = 3602, .step_s = 2},
          UsageQuery{.window_s = 0, .step_s = 2}, UsageQuery{.window_s = 10, .step_s = 4}}) {
        EXPECT_EQ(board_.series(query).error().kind, ErrorKind::Invalid);
    }
    EXPECT_TRUE(board_.series({.window_s = 3600, .step_s = 3600}).has_value());
}

TEST_F(UsageBoardTest, DelayIsThatOfTheLastMinute) {
    Totals totals;
    board_.add(totals, at(0), wall(0));
    EXPECT_EQ(board_.latest()->delivery_p99_ms, std::nullopt);
    totals.broker.delivery.record_us(100'000, 50);
    board_.add(totals, at(1), wall(1));
    ASSERT_TRUE(board_.latest()->delivery_p99_ms.has_value());
    EXPECT_GE(*board_.latest()->delivery_p99_ms, 100);
    for (int second = 2; second < 90; ++second) {
        totals.broker.delivery.record_us(500, 1000);
        board_.add(totals, at(second), wall(second));
    }
    EXPECT_LE(*board_.latest()->delivery_p99_ms, 1.1);
}

}  // namespace
}  // namespace kith::api
