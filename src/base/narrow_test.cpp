#include "base/narrow.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Narrow, KeepsValuesThatFit) {
    EXPECT_EQ(narrow<std::uint8_t>(255), 255);
    EXPECT_EQ(narrow<std::int8_t>(-128LL), -128);
    EXPECT_EQ(narrow<std::uint64_t>(std::int32_t{7}), 7U);
}

TEST(NarrowDeathTest, AbortsWhereAValueWouldChange) {
    EXPECT_DEATH((void)narrow<std::uint8_t>(256), "check failed");
    EXPECT_DEATH((void)narrow<std::uint32_t>(-1), "check failed");
    EXPECT_DEATH((void)narrow<std::int32_t>(std::uint32_t{1} << 31), "check failed");
}

}  // namespace
}  // namespace kith
