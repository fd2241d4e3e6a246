// What stands in front of every frame, and what may stand behind its fields.
#include <utility>

#include "wire/mesh/detail/varint.h"
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

std::string slicing_error(const Buffer& bytes) {
    const auto slice = next_frame(bytes);
    return slice ? "none" : std::string(to_string(slice.error().kind)) + ": " + slice.error().text;
}

/// The length of a frame, alone.
Buffer length_of(std::uint64_t value) {
    return BodyBuilder().varint(value);
}

TEST(Frame, NothingComesOutOfNothing) {
    EXPECT_FALSE(next_frame({}).value().has_value());
}

TEST(Frame, TypeAndPriorityShareAByte) {
    const Buffer bytes{0x02, 0xFF, 0x07, 0x99};
    const FrameSlice slice = next_frame(bytes).value().value();
    EXPECT_EQ(static_cast<int>(slice.type), 31);
    EXPECT_EQ(slice.priority, Priority::Drain);
    EXPECT_EQ(to_hex(slice.body), "07");
    EXPECT_EQ(slice.frame_bytes, 3U);
}

TEST(Frame, OneOfAnUnknownTypeIsCutOutAndNotDecoded) {
    for (const int type : {0, 18, 31}) {
        const Buffer bytes{0x03, static_cast<std::uint8_t>(type << 3), 0x01, 0x02};
        EXPECT_EQ(decoded_words(slice_of(bytes)), "unsupported: type of frame is not known");
    }
}

TEST(Frame, ALengthOf0IsMalformed) {
    EXPECT_EQ(slicing_error({0x00}), "malformed: length of a frame is 0");
}

TEST(Frame, ALengthHasItsShortestForm) {
    EXPECT_EQ(slicing_error({0x82, 0x00, 0x60, 0x00}),
              "malformed: length of a frame is not in its shortest form");
    EXPECT_EQ(slicing_error(Buffer(9, 0xFF)),
              "malformed: length of a frame is not in its shortest form");
}

TEST(Frame, ALengthBeyondTheLimitIsKnownBeforeTheFrameIs) {
    EXPECT_EQ(slicing_error(length_of(kFrameBytesMax)), "none");
    EXPECT_EQ(slicing_error(length_of(kFrameBytesMax + 1)), "limit: frame is too large");
    EXPECT_EQ(slicing_error(length_of(detail::kVarintMax)), "limit: frame is too large");
}

TEST(Frame, TheLargestOneIsCutOut) {
    Buffer bytes = length_of(kFrameBytesMax);
    bytes.push_back(0x48);
    bytes.resize(3 + kFrameBytesMax - 1);
    EXPECT_FALSE(next_frame(bytes).value().has_value());
    bytes.push_back(0);
    EXPECT_EQ(next_frame(bytes).value().value().body.size(), kFrameBytesMax - 1);
}

TEST(Varint, ShortestFormsOfAllLengthsAreRead) {
    for (unsigned bytes = 1; bytes <= detail::kVarintBytesMax; ++bytes) {
        const std::uint64_t largest = (std::uint64_t{1} << (7 * bytes)) - 1;
        const std::uint64_t smallest = bytes == 1 ? 0 : std::uint64_t{1} << (7 * (bytes - 1));
        for (const std::uint64_t value : {smallest, largest}) {
            const Buffer encoded = length_of(value);
            EXPECT_EQ(encoded.size(), bytes);
            EXPECT_EQ(detail::varint_bytes(value), bytes);
            const detail::Varint scan = detail::scan_varint(encoded);
            EXPECT_EQ(scan.state, detail::Varint::State::Complete);
            EXPECT_EQ(scan.size_bytes, bytes);
            EXPECT_EQ(scan.value, value);
            const detail::Varint cut = detail::scan_varint(Bytes(encoded).first(bytes - 1));
            EXPECT_EQ(cut.state, detail::Varint::State::Incomplete);
        }
    }
}

TEST(Varint, LongerFormsAreMalformed) {
    const Buffer longer[] = {{0x80, 0x00}, {0xFF, 0x80, 0x00}, Buffer(9, 0x80), Buffer(10, 0xFF)};
    for (const Buffer& bytes : longer) {
        EXPECT_EQ(detail::scan_varint(bytes).state, detail::Varint::State::Malformed)
            << to_hex(bytes);
    }
}

TEST(Extension, UnknownOnesAreSkipped) {
    const Buffer body = BodyBuilder().u32(5).u8(0x00).blob("").u8(0xEE).blob("new");
    EXPECT_EQ(decoded_words(FrameType::Receipt, body), "receipt 5");
}

TEST(Extension, OneThatIsCutOffIsMalformed) {
    const std::string reason = "malformed: frame is shorter than its fields";
    EXPECT_EQ(decoded_words(FrameType::Receipt, BodyBuilder().u32(5).u8(7)), reason);
    EXPECT_EQ(decoded_words(FrameType::Receipt, BodyBuilder().u32(5).u8(7).u8(3).fill(2)), reason);
}

TEST(Extension, ThereMayBeSixteen) {
    BodyBuilder body;
    body.u32(5);
    for (std::size_t i = 0; i < kExtensionsMax; ++i) {
        body.u8(9).blob("x");
    }
    EXPECT_EQ(decoded_words(FrameType::Receipt, body), "receipt 5");
    body.u8(9).blob("x");
    EXPECT_EQ(decoded_words(FrameType::Receipt, body), "limit: too many extensions");
}

TEST(Extension, EveryFrameAndBodyTakesThem) {
    const Buffer extension{0x77, 0x02, 'h', 'i'};
    const Frame frames[] = {Hello{},      RecordAck{}, RecordRequest{}, Digest{},
                            CustodyAck{}, Credit{},    Goodbye{}};
    for (const Frame& frame : frames) {
        BodyBuilder body;
        body.raw(body_of(frame)).raw(extension);
        EXPECT_EQ(decoded_words(static_cast<FrameType>(frame.index() + 1), body), words(frame));
    }
    EXPECT_TRUE(decode_link_state(BodyBuilder().raw(encode(LinkStateBody{})).raw(extension).bytes())
                    .has_value());
    EXPECT_TRUE(decode_interest(BodyBuilder().raw(encode(InterestBody{})).raw(extension).bytes())
                    .has_value());
}

}  // namespace
}  // namespace kith::mesh
