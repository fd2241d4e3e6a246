#include "base/hex.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Hex, OnlyPairsOfLowerCaseDigitsAreBytes) {
    EXPECT_EQ(from_hex("00ff1a"), (std::vector<std::uint8_t>{0x00, 0xFF, 0x1A}));
    for (const char* wrong : {"", "0", "0g", "00FF", "0x00", "00f", "00 f"}) {
        EXPECT_TRUE(from_hex(wrong).empty()) << wrong;
    }
}

}  // namespace
}  // namespace kith
