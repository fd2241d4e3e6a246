#include "base/byte_writer.h"

#include <array>

#include <gtest/gtest.h>

#include "base/byte_reader.h"

namespace kith {
namespace {

TEST(ByteWriter, WritesBigEndianFieldsInOrder) {
    std::array<std::uint8_t, 15> room{};
    ByteWriter writer(room);
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x04050607U);
    writer.u64(0x08090A0B0C0D0E0FU);
    EXPECT_EQ(writer.written(), room.size());
    EXPECT_EQ(to_hex(room), "0102030405060708090a0b0c0d0e0f");
}

TEST(ByteWriter, WhatIsWrittenReadsBackTheSame) {
    std::array<std::uint8_t, 21> room{};
    ByteWriter writer(room);
    writer.u64(UINT64_MAX);
    writer.u32(0x80000000U);
    writer.u16(0xFF00);
    writer.u8(0x7F);
    writer.bytes(as_bytes("kith"));
    ByteReader reader(Bytes(room).first(writer.written()));
    EXPECT_EQ(reader.u64(), UINT64_MAX);
    EXPECT_EQ(reader.u32(), 0x80000000U);
    EXPECT_EQ(reader.u16(), 0xFF00);
    EXPECT_EQ(reader.u8(), 0x7F);
    EXPECT_EQ(as_text(reader.bytes(4)), "kith");
    EXPECT_TRUE(reader.at_end());
}

TEST(ByteWriter, WritesNothingOfNothing) {
    ByteWriter writer{MutableBytes()};
    writer.bytes(Bytes());
    EXPECT_EQ(writer.written(), 0U);
}

TEST(ByteWriterDeathTest, RunningOutOfRoomIsABrokenInvariant) {
    std::array<std::uint8_t, 3> room{};
    EXPECT_DEATH(ByteWriter(room).u32(1), "check failed");
    EXPECT_DEATH(ByteWriter(room).bytes(as_bytes("four")), "check failed");
    EXPECT_DEATH(
        {
            ByteWriter writer(room);
            writer.u16(1);
            writer.u16(2);
        },
        "check failed");
}

}  // namespace
}  // namespace kith
