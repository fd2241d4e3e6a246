#include "wire/mqtt/frame.h"

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;
using State = FrameScan::State;

constexpr std::size_t kNoLimit = 1'000'000'000;

/// A packet whose body has this many bytes, each telling its place.
Buffer packet_with_body(std::uint32_t body_bytes) {
    Buffer packet(1 + variable_byte_integer_bytes(body_bytes) + body_bytes);
    ByteWriter writer(packet);
    writer.u8(0x30);
    put_variable_byte_integer(writer, body_bytes);
    for (std::uint32_t i = 0; i < body_bytes; ++i) {
        writer.u8(static_cast<std::uint8_t>(i));
    }
    return packet;
}

void append(Buffer& stream, const Buffer& bytes) {
    stream.insert(stream.end(), bytes.begin(), bytes.end());
}

/// Keeps copies of the bodies it gets; stops after `stop_after`.
struct Collector {
    std::size_t stop_after = 1'000'000;
    std::vector<Buffer> bodies;
    bool operator()(const Frame& frame) {
        bodies.emplace_back(frame.body.begin(), frame.body.end());
        return bodies.size() % stop_after != 0;
    }
};

TEST(ScanFrame, FindsTheFirstPacket) {
    const Buffer bytes{0x82, 0x02, 0xAA, 0xBB, 0xC0, 0x00};
    const FrameScan scan = scan_frame(bytes, kNoLimit);
    EXPECT_EQ(scan.state, State::Complete);
    EXPECT_EQ(scan.frame.type(), PacketType::Subscribe);
    EXPECT_EQ(scan.frame.flags(), 0b0010);
    EXPECT_EQ(scan.frame.total_bytes, 4U);
    EXPECT_EQ(Buffer(scan.frame.body.begin(), scan.frame.body.end()), (Buffer{0xAA, 0xBB}));
}

TEST(ScanFrame, TellsHowMuchIsMissingAsSoonAsItKnows) {
    const Buffer bytes{0x30, 0x80, 0x01, 0xAA};
    EXPECT_EQ(scan_frame({}, kNoLimit).state, State::Incomplete);
    EXPECT_EQ(scan_frame(Bytes(bytes).first(1), kNoLimit).wanted_bytes, 0U);
    EXPECT_EQ(scan_frame(Bytes(bytes).first(2), kNoLimit).wanted_bytes, 0U);
    const FrameScan scan = scan_frame(bytes, kNoLimit);
    EXPECT_EQ(scan.state, State::Incomplete);
    EXPECT_EQ(scan.wanted_bytes, 131U);
}

TEST(ScanFrame, LimitCountsTheWholePacket) {
    const Buffer bytes{0x30, 0x7F};
    EXPECT_EQ(scan_frame(bytes, 129).state, State::Incomplete);
    EXPECT_EQ(scan_frame(bytes, 128).state, State::TooLarge);
    const Buffer largest{0x30, 0xFF, 0xFF, 0xFF, 0x7F};
    EXPECT_EQ(scan_frame(largest, 268'435'460).state, State::Incomplete);
    EXPECT_EQ(scan_frame(largest, 268'435'459).state, State::TooLarge);
}

TEST(ScanFrame, LongRemainingLengthsAreMalformed) {
    // [MQTT-1.5.5-1].
    EXPECT_EQ(scan_frame(Buffer{0xC0, 0x80, 0x00}, kNoLimit).state, State::Malformed);
    EXPECT_EQ(scan_frame(Buffer{0x30, 0xFF, 0xFF, 0xFF, 0xFF}, kNoLimit).state, State::Malformed);
}

TEST(Framer, WholePacketsAreNotCopied) {
    Buffer stream = packet_with_body(3);
    append(stream, packet_with_body(0));
    append(stream, packet_with_body(200));
    Framer framer(kNoLimit);
    std::vector<std::size_t> offsets;
    ASSERT_TRUE(framer.feed(stream, [&](const Frame& frame) {
        offsets.push_back(static_cast<std::size_t>(frame.body.data() - stream.data()));
        return true;
    }));
    EXPECT_EQ(offsets, (std::vector<std::size_t>{2, 7, 10}));
    EXPECT_EQ(framer.held_bytes(), 0U);
}

TEST(Framer, EveryTwoCutsGiveTheSamePackets) {
    Buffer stream = packet_with_body(3);
    append(stream, packet_with_body(0));
    append(stream, packet_with_body(130));
    append(stream, packet_with_body(5));
    Collector whole;
    ASSERT_TRUE(Framer(kNoLimit).feed(stream, whole));
    ASSERT_EQ(whole.bodies.size(), 4U);
    const Bytes bytes(stream);
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); ++second) {
            Framer framer(kNoLimit);
            Collector parts;
            ASSERT_TRUE(framer.feed(bytes.first(first), parts));
            ASSERT_TRUE(framer.feed(bytes.subspan(first, second - first), parts));
            ASSERT_TRUE(framer.feed(bytes.subspan(second), parts));
            ASSERT_EQ(parts.bodies, whole.bodies) << first << " " << second;
            ASSERT_EQ(framer.held_bytes(), 0U);
        }
    }
}

TEST(Framer, StoppingKeepsWhatFollows) {
    Buffer stream;
    for (std::uint32_t body = 0; body < 5; ++body) {
        append(stream, packet_with_body(body));
    }
    Framer framer(kNoLimit);
    Collector one_by_one{.stop_after = 1};
    ASSERT_TRUE(framer.feed(stream, one_by_one));
    for (std::size_t packets = 1; packets < 5; ++packets) {
        EXPECT_EQ(one_by_one.bodies.size(), packets);
        EXPECT_GT(framer.held_bytes(), 0U);
        ASSERT_TRUE(framer.resume(one_by_one));
    }
    EXPECT_EQ(one_by_one.bodies.size(), 5U);
    EXPECT_EQ(one_by_one.bodies.back().size(), 4U);
    EXPECT_EQ(framer.held_bytes(), 0U);
}

TEST(Framer, FeedingWhileStoppedKeepsTheOrder) {
    Framer framer(kNoLimit);
    Collector one_by_one{.stop_after = 1};
    Buffer first = packet_with_body(1);
    append(first, packet_with_body(2));
    append(first, {0x30});
    ASSERT_TRUE(framer.feed(first, one_by_one));
    const Buffer second{0x03, 1, 2, 3};
    ASSERT_TRUE(framer.feed(second, one_by_one));
    ASSERT_TRUE(framer.resume(one_by_one));
    ASSERT_EQ(one_by_one.bodies.size(), 3U);
    EXPECT_EQ(one_by_one.bodies[1].size(), 2U);
    EXPECT_EQ(one_by_one.bodies[2], (Buffer{1, 2, 3}));
}

TEST(Framer, StoppingAtTheLastPacketKeepsNothing) {
    Framer framer(kNoLimit);
    Collector one_by_one{.stop_after = 1};
    ASSERT_TRUE(framer.feed(packet_with_body(3), one_by_one));
    EXPECT_EQ(framer.held_bytes(), 0U);
    ASSERT_TRUE(framer.resume(one_by_one));
    EXPECT_EQ(one_by_one.bodies.size(), 1U);
}

TEST(Framer, KeptBytesMoveToAnotherFramer) {
    // A connection that changes its shard after CONNECT takes along what came behind it.
    Buffer stream = packet_with_body(1);
    append(stream, packet_with_body(2));
    append(stream, {0x30, 0x05, 1});
    Framer here(kNoLimit);
    Collector connect_only{.stop_after = 1};
    ASSERT_TRUE(here.feed(stream, connect_only));
    const std::vector<std::uint8_t> held = here.take_held();
    EXPECT_EQ(held.size(), stream.size() - 3);
    EXPECT_EQ(here.held_bytes(), 0U);

    Framer there(kNoLimit);
    Collector rest;
    ASSERT_TRUE(there.feed(held, rest));
    ASSERT_TRUE(there.feed(Buffer{2, 3, 4, 5}, rest));
    ASSERT_EQ(rest.bodies.size(), 2U);
    EXPECT_EQ(rest.bodies[1], (Buffer{1, 2, 3, 4, 5}));
}

TEST(Framer, KeptBytesThatWerePartlyReadMoveToo) {
    Buffer stream;
    for (int i = 0; i < 3; ++i) {
        append(stream, packet_with_body(2));
    }
    Framer framer(kNoLimit);
    Collector one_by_one{.stop_after = 1};
    ASSERT_TRUE(framer.feed(stream, one_by_one));
    ASSERT_TRUE(framer.resume(one_by_one));
    EXPECT_EQ(framer.take_held(), packet_with_body(2));
}

TEST(Framer, TooLargePacketIsRefusedByItsHeader) {
    Framer framer(100);
    Collector collector;
    const Status status = framer.feed(Buffer{0x30, 0x63}, collector);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Limit);
    EXPECT_EQ(status.error().code, static_cast<std::uint16_t>(ReasonCode::PacketTooLarge));
    EXPECT_TRUE(collector.bodies.empty());
}

TEST(Framer, LimitCanChangeBetweenPackets) {
    Framer framer(10);
    Collector collector;
    ASSERT_TRUE(framer.feed(packet_with_body(8), collector));
    framer.set_packet_bytes_max(20);
    ASSERT_TRUE(framer.feed(packet_with_body(18), collector));
    EXPECT_FALSE(framer.feed(packet_with_body(19), collector));
    EXPECT_EQ(collector.bodies.size(), 2U);
}

TEST(Framer, MalformedLengthIsRefusedWhereverItIsCut) {
    const Buffer bytes{0x30, 0xFF, 0xFF, 0xFF, 0xFF};
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        Framer framer(kNoLimit);
        Collector collector;
        ASSERT_TRUE(framer.feed(Bytes(bytes).first(cut), collector));
        const Status status = framer.feed(Bytes(bytes).subspan(cut), collector);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().kind, ErrorKind::Malformed);
        EXPECT_EQ(status.error().code, static_cast<std::uint16_t>(ReasonCode::MalformedPacket));
    }
}

TEST(Framer, PacketsBeforeAnErrorAreDelivered) {
    Buffer stream = packet_with_body(1);
    append(stream, {0x30, 0x80, 0x00});
    Framer framer(kNoLimit);
    Collector collector;
    EXPECT_FALSE(framer.feed(stream, collector));
    EXPECT_EQ(collector.bodies.size(), 1U);
}

}  // namespace
}  // namespace kith::mqtt
