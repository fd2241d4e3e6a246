#include <gtest/gtest.h>

#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

constexpr std::uint8_t kFromOrigin = 0x04;

/// Circuit 9 of node 7, up to its flags.
BodyBuilder head_of_circuit(std::uint8_t flags) {
    return BodyBuilder().u64(7).u32(1).varint(9).u8(flags);
}

TEST(Circuit, HasANumber) {
    EXPECT_EQ(decoded_words(FrameType::Circuit,
                            BodyBuilder().u64(7).u32(1).varint(0).u8(3 | kFromOrigin).u8(0)),
              "malformed: number of a circuit is 0");
}

TEST(Circuit, IsOpenedByItsOrigin) {
    const auto open = [](std::uint8_t flags, std::uint64_t way) {
        return decoded_words(FrameType::Circuit, head_of_circuit(flags).u64(8).varint(way).u8(32));
    };
    EXPECT_EQ(open(kFromOrigin, 1).substr(0, 8), "circuit ");
    EXPECT_EQ(open(0, 1), "malformed: circuit is opened by who is not its origin");
    EXPECT_EQ(open(kFromOrigin, 0), "malformed: way of a circuit is 0");
    EXPECT_EQ(open(kFromOrigin, 1ULL << 32U), "malformed: number is larger than its field");
    EXPECT_EQ(open(16, 1), "malformed: reserved flag is set");
}

TEST(Circuit, IsResumedByOpeningIt) {
    EXPECT_EQ(decoded_words(FrameType::Circuit, head_of_circuit(3 | 8).u8(0)),
              "malformed: circuit is resumed without being opened");
}

TEST(Circuit, CarriesSomethingButNotTooMuch) {
    const auto carry = [](std::size_t bytes) {
        return decoded_words(FrameType::Circuit,
                             head_of_circuit(1).varint(0).blob(std::string(bytes, 'x')));
    };
    EXPECT_EQ(carry(0), "malformed: circuit carries nothing");
    EXPECT_EQ(carry(kCircuitBytesMax).substr(0, 8), "circuit ");
    EXPECT_EQ(carry(kCircuitBytesMax + 1), "limit: text or blob is too long");
}

TEST(Circuit, AllowsWhatItHasReceived) {
    const auto room = [](std::uint64_t received, std::uint64_t allowed) {
        return decoded_words(FrameType::Circuit,
                             head_of_circuit(2).varint(received).varint(allowed));
    };
    EXPECT_EQ(room(5, 5).substr(0, 8), "circuit ");
    EXPECT_EQ(room(5, 4), "malformed: circuit allows less than it has received");
}

TEST(Circuit, EndsForAReasonThatIsKnown) {
    EXPECT_EQ(decoded_words(FrameType::Circuit, head_of_circuit(3).u8(5)).substr(0, 8), "circuit ");
    EXPECT_EQ(decoded_words(FrameType::Circuit, head_of_circuit(3).u8(6)),
              "malformed: end of a circuit is not known");
}

TEST(Circuit, BytesLetEverythingElsePass) {
    const Buffer bytes{1};
    Circuit frame;
    frame.id = {NodeId(7), 1, 9};
    frame.kind = CircuitKind::Bytes;
    frame.bytes = bytes;
    EXPECT_EQ(slice_of(to_bytes(frame)).priority, Priority::Bulk);
    frame.kind = CircuitKind::Room;
    EXPECT_EQ(slice_of(to_bytes(frame)).priority, Priority::Low);
}

}  // namespace
}  // namespace kith::mesh
