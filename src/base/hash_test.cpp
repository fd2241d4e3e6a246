#include "base/hash.h"

#include <string>
#include <unordered_map>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Hash, IsTheSameOnEveryRunAndMachine) {
    // Published XXH3 64-bit values: shard placement depends on them.
    EXPECT_EQ(hash_text(""), 0x2D06800538D394C2U);
    EXPECT_EQ(hash_text("a"), 0xE6C632B61E964E1FU);
    EXPECT_EQ(hash_text("abc"), 0x78AF5F94892F3950U);
}

TEST(Hash, TextAndItsBytesHashAlike) {
    const std::string text("plant/\0line", 11);
    EXPECT_EQ(hash_text(text), hash_bytes(as_bytes(text)));
    EXPECT_NE(hash_text(text), hash_text("plant/"));
}

TEST(Hash, TablesKeyedByTextAreSearchedWithoutACopy) {
    std::unordered_map<std::string, int, TextHash, std::equal_to<>> table;
    table.emplace("press-07", 7);
    const auto found = table.find(std::string_view("press-07"));
    ASSERT_NE(found, table.end());
    EXPECT_EQ(found->second, 7);
}

}  // namespace
}  // namespace kith
