#include <gtest/gtest.h>

#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

constexpr std::uint8_t kGoneFlag = 0x04;

BodyBuilder head_of_state() {
    return BodyBuilder().u64(1).u8(1).u64(2).u64(3).u64(0).u32(0);
}

TEST(State, AKindOfANewerNodeIsSkipped) {
    const std::string reason = "unsupported: kind of state is not known";
    for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{3}}) {
        EXPECT_EQ(decoded_words(FrameType::StateRequest, BodyBuilder().varint(1).u64(1).u8(kind)),
                  reason);
    }
}

TEST(State, StampsHaveATimeAndAWriter) {
    EXPECT_EQ(decoded_words(FrameType::State,
                            BodyBuilder().u64(1).u8(1).u64(0).u64(3).u64(0).u32(0).u8(kGoneFlag)),
              "malformed: stamp of 0");
    EXPECT_EQ(decoded_words(FrameType::State,
                            BodyBuilder().u64(1).u8(1).u64(2).u64(0).u64(0).u32(0).u8(kGoneFlag)),
              "malformed: id of a node is 0");
}

TEST(State, WhatIsGoneHasNoQos) {
    EXPECT_EQ(decoded_words(FrameType::State, head_of_state().u8(kGoneFlag)).substr(0, 6),
              "state ");
    EXPECT_EQ(decoded_words(FrameType::State, head_of_state().u8(kGoneFlag | 1)),
              "malformed: QoS of a state");
    EXPECT_EQ(decoded_words(FrameType::State, head_of_state().u8(kGoneFlag | 8)),
              "malformed: reserved flag is set");
}

TEST(State, ValuesThatAreNoMessagesAreSmall) {
    const auto body = [](std::uint8_t kind, std::size_t bytes) {
        return BodyBuilder()
            .u64(1)
            .u8(kind)
            .u64(2)
            .u64(3)
            .u64(0)
            .u32(0)
            .u8(0)
            .varint(0)
            .blob("n")
            .u64(0)
            .varint(0)
            .blob("")
            .blob(std::string(bytes, 'x'))
            .bytes();
    };
    EXPECT_EQ(decoded_words(FrameType::State, body(2, kStateValueBytesMax - 1)).substr(0, 6),
              "state ");
    EXPECT_EQ(decoded_words(FrameType::State, body(2, kStateValueBytesMax)),
              "limit: value of a state is too large");
    EXPECT_EQ(decoded_words(FrameType::State, body(1, kStateValueBytesMax)).substr(0, 6), "state ");
}

TEST(StateDigest, ABucketOf0IsNotTold) {
    Buffer body(kStateBuckets / 8);
    body[0] = 1;
    body.resize(body.size() + 8);
    EXPECT_EQ(decoded_words(FrameType::StateDigest, body), "malformed: bucket of 0 is told");
}

TEST(StateList, StandsInOrderWithinItsBounds) {
    const auto list = [](std::uint64_t first, std::uint64_t last,
                         const std::vector<std::uint64_t>& keys) {
        BodyBuilder body;
        body.u64(first).u8(1).u64(last).u8(1).varint(keys.size());
        for (const std::uint64_t key : keys) {
            body.u64(key).u8(1).u64(7).u64(8);
        }
        return decoded_words(FrameType::StateList, body.bytes());
    };
    const std::string reason = "malformed: list of state is not in order";
    EXPECT_EQ(list(1, 9, {1, 5, 9}).substr(0, 10), "state-list");
    EXPECT_EQ(list(1, 9, {5, 5}), reason);
    EXPECT_EQ(list(1, 9, {5, 4}), reason);
    EXPECT_EQ(list(2, 9, {1}), reason);
    EXPECT_EQ(list(2, 8, {9}), reason);
    EXPECT_EQ(list(9, 1, {}), "malformed: list of state ends before it begins");
}

TEST(StateRequest, StandsInOrder) {
    const auto request = [](std::uint64_t one, std::uint64_t other) {
        return decoded_words(FrameType::StateRequest,
                             BodyBuilder().varint(2).u64(one).u8(1).u64(other).u8(1));
    };
    EXPECT_EQ(request(1, 2).substr(0, 13), "state-request");
    EXPECT_EQ(request(2, 2), "malformed: list of keys is not in order");
}

TEST(Data, AStampOf0IsMalformed) {
    Data data;
    data.id = {NodeId(1), 1, 1};
    data.state_time = 1;
    data.destinations.emplace_back().node = NodeId(2);
    Buffer bytes = to_bytes(data);
    EXPECT_EQ(decoded_words(slice_of(bytes)).substr(0, 5), "data ");
    bytes[bytes.size() - 13] = 0;  // the last byte of its time
    EXPECT_EQ(decoded_words(slice_of(bytes)), "malformed: stamp of a retained message");
}

}  // namespace
}  // namespace kith::mesh
