#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Rfc3339, ReadsWhatItWrites) {
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1'777'716'000'250},
                                  std::int64_t{951'782'400'000}, std::int64_t{-86'400'000}}) {
        const WallTime time = WallTime::from_ms(ms);
        EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time) << ms;
    }
}

TEST(Rfc3339, TakesFractionsOfOneToThreeDigitsOrNone) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), WallTime::from_ms(1000));
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z"), WallTime::from_ms(1500));
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.25Z"), WallTime::from_ms(1250));
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.125Z"), WallTime::from_ms(1125));
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const char* text :
         {"", "now", "2026-05-02", "2026-05-02T10:00:00", "2026-05-02T10:00:00+02:00",
          "2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z",
          "2026-05-02T24:00:00Z", "2026-05-02T10:60:00Z", "2026-05-02T10:00:60Z",
          "2026-05-02T10:00:00.Z", "2026-05-02T10:00:00.1234Z", "2026-05-02T10:00:00ZZ",
          "26-05-02T10:00:00Z", "2026-05-02 10:00:00Z", "-026-05-02T10:00:00Z"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace kith
