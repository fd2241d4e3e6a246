#include "base/time.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Instant, CalculatesWithDurations) {
    const Instant start = Instant::from_ns(1'000);
    EXPECT_EQ((start + 1us).ns(), 2'000);
    EXPECT_EQ((start - 1us).ns(), 0);
    EXPECT_EQ((start + 5s) - start, 5s);
    EXPECT_LT(start, start + 1ns);
}

TEST(Instant, NeverIsLaterThanEverythingAndStaysSo) {
    EXPECT_LT(Instant::from_ns(INT64_MAX - 1), Instant::never());
    EXPECT_EQ(Instant::never() + 1s, Instant::never());
    EXPECT_EQ(Instant::from_ns(INT64_MAX - 5) + 6ns, Instant::never());
    EXPECT_EQ(Instant::from_ns(5) + Duration::max(), Instant::never());
}

TEST(WallTime, CalculatesWithMilliseconds) {
    const WallTime time = WallTime::from_ms(1'500);
    EXPECT_EQ((time + 500ms).ms(), 2'000);
    EXPECT_EQ((time + 500ms) - time, 500ms);
    EXPECT_LT(time, time + 1ms);
}

TEST(WallTime, PrintsAsRfc3339InUtcWithMilliseconds) {
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(1'775'032'937'204)), "2026-04-01T08:42:17.204Z");
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(951'782'400'007)), "2000-02-29T00:00:00.007Z");
}

TEST(WallTime, PrintsTimesBeforeTheEpoch) {
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(WallTime, PrintsOnlyYearsOfFourDigits) {
    const std::string first = "0000-01-01T00:00:00.000Z";
    const std::string last = "9999-12-31T23:59:59.999Z";
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(-62'167'219'200'000)), first);
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(-62'167'219'200'001)), first);
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(INT64_MIN)), first);
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(253'402'300'799'999)), last);
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(253'402'300'800'000)), last);
    EXPECT_EQ(to_rfc3339(WallTime::from_ms(INT64_MAX)), last);
}

TEST(Duration, WholeMillisecondsAreRoundedDown) {
    EXPECT_EQ(to_ms(1'999us), 1);
    EXPECT_EQ(to_ms(2ms), 2);
    EXPECT_EQ(to_ms(0ns), 0);
    EXPECT_EQ(to_ms(-1ns), -1);
}

}  // namespace
}  // namespace kith
