// What the bridge stores comes back as it was, and nothing else is taken for it.

#include "mesh/live/bridge_records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

Data message(std::size_t destination_count) {
    Data data;
    data.id = {.origin = NodeId(7), .epoch = 3, .sequence = 9};
    data.priority = Priority::Alarm;
    data.qos = 2;
    data.retain = true;
    data.flow = 11;
    data.hops_left = 5;
    data.topic = "a/b";
    for (std::size_t i = 1; i <= destination_count; ++i) {
        data.destinations.push_back(
            {.node = NodeId(i), .stream_sequence = i, .stream_first = 1, .groups = {}});
    }
    return data;
}

TEST(BridgeRecords, ANoteHasAllOfAMessageButItsContent) {
    Data data = message(2);
    data.destinations[1].groups = {5, 6};
    const auto back = decode_note(encode_note(data));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->id, data.id);
    EXPECT_EQ(back->priority, data.priority);
    EXPECT_EQ(back->qos, data.qos);
    EXPECT_EQ(back->flow, data.flow);
    EXPECT_EQ(back->destinations, data.destinations);
    EXPECT_TRUE(back->topic.empty());
}

TEST(BridgeRecords, ANoteHoldsMoreDestinationsThanAFrame) {
    const Data data = message(kDestinationsMax + 500);
    const auto back = decode_note(encode_note(data));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->destinations, data.destinations);
}

TEST(BridgeRecords, ANoteThatIsCutOffIsRefused) {
    const std::vector<std::uint8_t> note = encode_note(message(3));
    for (std::size_t bytes = 0; bytes < note.size(); ++bytes) {
        EXPECT_FALSE(decode_note(Bytes(note).first(bytes))) << bytes;
    }
}

TEST(BridgeRecords, AStreamComesBackWithItsProgress) {
    const StreamPosition stream{
        .origin = NodeId(UINT64_MAX), .epoch = 4, .priority = Priority::Low};
    EXPECT_EQ(decode_stream_key(encode_stream_key(stream)).value(), stream);
    const StreamProgress progress{.delivered = 90, .given_up = {{3, 5}, {80, 80}}};
    EXPECT_EQ(decode_progress(encode_progress(progress)).value(), progress);
}

TEST(BridgeRecords, OtherBytesAreNoStream) {
    std::vector<std::uint8_t> key = encode_stream_key({.origin = NodeId(1), .epoch = 1});
    EXPECT_FALSE(decode_stream_key(Bytes(key).first(key.size() - 1)));
    key.back() = kPriorityCount;
    EXPECT_FALSE(decode_stream_key(key));
    EXPECT_FALSE(decode_stream_key(encode_record_key({.origin = NodeId(1)})));
    const std::vector<std::uint8_t> value = encode_progress({.delivered = 1, .given_up = {{2, 3}}});
    EXPECT_FALSE(decode_progress(Bytes(value).first(value.size() - 1)));
}

TEST(BridgeRecords, ARecordComesBackUntilWhenItWasToLast) {
    const std::vector<std::uint8_t> told{1, 2, 3};
    const std::vector<std::uint8_t> value = encode_record(WallTime::from_ms(-5), told);
    const auto back = decode_record(value);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->expires_at, WallTime::from_ms(-5));
    EXPECT_TRUE(std::ranges::equal(back->told, told));
    EXPECT_FALSE(decode_record(Bytes(value).first(7)));
}

TEST(BridgeRecords, AnIdentityIsReadBeforeWhatElseItsOriginTold) {
    const RecordKey identity{.origin = NodeId(9), .kind = RecordKind::Identity};
    const RecordKey interest{.origin = NodeId(9), .kind = RecordKind::Interest, .part = 3};
    EXPECT_TRUE(is_record_key(encode_record_key(identity)));
    EXPECT_FALSE(is_record_key(encode_stream_key({.origin = NodeId(9)})));
    EXPECT_LT(encode_record_key(identity), encode_record_key(interest));
}

}  // namespace
}  // namespace kith::mesh
