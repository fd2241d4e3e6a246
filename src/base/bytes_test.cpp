#include "base/bytes.h"

#include <array>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Bytes, TextAndBytesAreTwoViewsOfTheSameMemory) {
    const std::string text("a\0\xFF", 3);
    const Bytes bytes = as_bytes(text);
    ASSERT_EQ(bytes.size(), 3U);
    EXPECT_EQ(static_cast<const void*>(bytes.data()), text.data());
    EXPECT_EQ(bytes[2], 0xFF);
    EXPECT_EQ(as_text(bytes), text);
}

TEST(Bytes, HexHasTwoLowerCaseDigitsForEachByte) {
    const std::array<std::uint8_t, 4> bytes = {0x00, 0x0A, 0xA0, 0xFF};
    EXPECT_EQ(to_hex(bytes), "000aa0ff");
    EXPECT_EQ(to_hex(Bytes()), "");
}

}  // namespace
}  // namespace kith
