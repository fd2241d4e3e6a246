// HELLO, and the small frames: what each refuses.
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

std::string hello(const Buffer& body) {
    return decoded_words(FrameType::Hello, body);
}

/// A hello up to its sequence, and what follows that.
BodyBuilder hello_until_sequence(std::uint8_t flags) {
    return BodyBuilder().u8(flags);
}
const Buffer kRestWithoutEcho = BodyBuilder().varint(500).varint(9).varint(3).u16(0xFFFF);

TEST(Hello, DigestsThatAreNotToldAre0) {
    const Buffer body = hello_until_sequence(0x00).varint(1).raw(kRestWithoutEcho);
    EXPECT_EQ(hello(body),
              "hello 1 wants=false is=false interval=500 sent=9 echo=0 held=0 "
              "received=3 heard=ffff keeps 0 0 0 0 0 0");
}

TEST(Hello, ReservedFlagsAreMalformed) {
    const std::string reason = "malformed: reserved flag is set";
    EXPECT_EQ(hello(hello_until_sequence(0x10).varint(1).raw(kRestWithoutEcho)), reason);
    EXPECT_EQ(hello(hello_until_sequence(0x08).varint(1).raw(kRestWithoutEcho).u8(0x40)), reason);
}

TEST(Hello, ADigestOf0IsNotTold) {
    const Buffer body = hello_until_sequence(0x08).varint(1).raw(kRestWithoutEcho).u8(0x10).u64(0);
    EXPECT_EQ(hello(body), "malformed: digest of 0 is told");
}

TEST(Hello, AnEchoOfNothingIsMalformed) {
    const auto body = [](std::uint64_t echo_sent_at_us) {
        return hello_until_sequence(0x04)
            .varint(1)
            .varint(500)
            .varint(9)
            .varint(echo_sent_at_us)
            .varint(2)
            .varint(3)
            .u16(0)
            .bytes();
    };
    EXPECT_EQ(hello(body(0)), "malformed: echo of a hello that was sent at 0");
    EXPECT_EQ(hello(body(1)).substr(0, 7), "hello 1");
}

TEST(Hello, NumbersFitTheirFields) {
    const std::string reason = "malformed: number is larger than its field";
    EXPECT_EQ(hello(hello_until_sequence(0).varint(1ULL << 32U).raw(kRestWithoutEcho)), reason);
    EXPECT_EQ(hello(hello_until_sequence(0).varint(0xFFFFFFFF).raw(kRestWithoutEcho)).substr(0, 16),
              "hello 4294967295");
    EXPECT_EQ(hello(hello_until_sequence(0).varint(1).varint(65536).varint(9).varint(3).u16(0)),
              reason);
}

TEST(Hello, NumbersHaveTheirShortestForm) {
    EXPECT_EQ(hello(hello_until_sequence(0).u8(0x81).u8(0x00).raw(kRestWithoutEcho)),
              "malformed: number is not in its shortest form");
}

TEST(Hello, TheLargestOneFitsTheRoomOnAStack) {
    Hello frame;
    frame.sequence = ~0U;
    frame.interval_ms = 0xFFFF;
    frame.sent_at_us = detail::kVarintMax;
    frame.echo_sent_at_us = detail::kVarintMax;
    frame.echo_held_us = ~0U;
    frame.received_frames = ~0U;
    frame.digests.of_kind.fill(~0ULL);
    EXPECT_EQ(frame_bytes(frame), 82U);
    EXPECT_LE(frame_bytes(frame), kHelloFrameBytesMax);
}

TEST(Credit, PrioritiesEndAtSeven) {
    EXPECT_EQ(decoded_words(FrameType::Credit, {7, 5}), "credit 7 5");
    EXPECT_EQ(decoded_words(FrameType::Credit, {8, 5}), "malformed: priority is larger than 7");
}

TEST(Goodbye, ReasonsEndAtSilent) {
    EXPECT_EQ(decoded_words(FrameType::Goodbye, {5}), "goodbye 5");
    EXPECT_EQ(decoded_words(FrameType::Goodbye, {6}),
              "malformed: reason of a goodbye is not known");
}

}  // namespace
}  // namespace kith::mesh
