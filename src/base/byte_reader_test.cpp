#include "base/byte_reader.h"

#include <array>

#include <gtest/gtest.h>

namespace kith {
namespace {

constexpr std::array<std::uint8_t, 15> kCounting = {1, 2,  3,  4,  5,  6,  7, 8,
                                                    9, 10, 11, 12, 13, 14, 15};

TEST(ByteReader, ReadsBigEndianFieldsInOrder) {
    ByteReader reader(kCounting);
    EXPECT_EQ(reader.u8(), 0x01);
    EXPECT_EQ(reader.u16(), 0x0203);
    EXPECT_EQ(reader.u32(), 0x04050607U);
    EXPECT_EQ(reader.u64(), 0x08090A0B0C0D0E0FU);
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(reader.failed());
}

TEST(ByteReader, ViewsPointIntoTheInput) {
    ByteReader reader(kCounting);
    const Bytes first = reader.bytes(4);
    EXPECT_EQ(first.data(), kCounting.data());
    EXPECT_EQ(first.size(), 4U);
    EXPECT_EQ(reader.rest().data(), kCounting.data() + 4);
    EXPECT_EQ(reader.rest().size(), 11U);
}

TEST(ByteReader, AnEmptyReadAtTheEndIsNoFailure) {
    ByteReader reader{Bytes()};
    EXPECT_TRUE(reader.bytes(0).empty());
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(reader.failed());
}

TEST(ByteReader, EveryFieldFailsOneByteShortOfItsSize) {
    const auto is_short = [](std::size_t size, auto read) {
        ByteReader reader(Bytes(kCounting).first(size));
        read(reader);
        return reader.failed();
    };
    EXPECT_TRUE(is_short(0, [](ByteReader& r) { (void)r.u8(); }));
    EXPECT_TRUE(is_short(1, [](ByteReader& r) { (void)r.u16(); }));
    EXPECT_TRUE(is_short(3, [](ByteReader& r) { (void)r.u32(); }));
    EXPECT_TRUE(is_short(7, [](ByteReader& r) { (void)r.u64(); }));
    EXPECT_TRUE(is_short(4, [](ByteReader& r) { (void)r.bytes(5); }));
    EXPECT_FALSE(is_short(8, [](ByteReader& r) { (void)r.u64(); }));
}

TEST(ByteReader, AfterAFailureNothingIsReadAnyMore) {
    ByteReader reader(Bytes(kCounting).first(3));
    EXPECT_EQ(reader.bytes(4).size(), 0U);
    ASSERT_TRUE(reader.failed());
    EXPECT_EQ(reader.u8(), 0);
    EXPECT_EQ(reader.u16(), 0);
    EXPECT_EQ(reader.u32(), 0U);
    EXPECT_EQ(reader.u64(), 0U);
    EXPECT_TRUE(reader.bytes(0).empty());
    EXPECT_TRUE(reader.rest().empty());
    EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, ACallerMayFailItForAReasonOfItsOwn) {
    ByteReader reader(kCounting);
    reader.fail();
    EXPECT_TRUE(reader.failed());
    EXPECT_EQ(reader.u8(), 0);
}

}  // namespace
}  // namespace kith
