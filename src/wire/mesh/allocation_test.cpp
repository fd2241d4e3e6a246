// The hot paths do not allocate: a hello, a message whose destinations fit, an acknowledgement.
#include <memory>

#include "tests/support/allocations/allocations.h"
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

/// How often `act` allocates.
template <typename Act>
std::size_t allocations_of(const Act& act) {
    const std::size_t before = test::thread_allocation_count();
    act();
    return test::thread_allocation_count() - before;
}

Data message_to(std::uint64_t destinations) {
    Data data;
    data.id = {NodeId(1), 2, 3};
    for (std::uint64_t node = 1; node <= destinations; ++node) {
        Destination& destination = data.destinations.emplace_back();
        destination.node = NodeId(node);
        destination.stream_sequence = node;
        destination.groups = {node};
    }
    data.topic = "plant/h2/oven-3/temp_c";
    data.payload = as_bytes("184.2");
    return data;
}

TEST(Allocation, IsCounted) {
    std::unique_ptr<Buffer> kept;
    EXPECT_EQ(allocations_of([&kept] { kept = std::make_unique<Buffer>(100); }), 2U);
    const Buffer bytes = to_bytes(message_to(5));  // one destination more than fits in place
    EXPECT_GT(allocations_of([&] { (void)decode_data(slice_of(bytes)); }), 0U);
}

TEST(Allocation, DecodingAHelloDoesNot) {
    Hello hello;
    hello.digests.of_kind.fill(7);
    const Buffer bytes = to_bytes(hello);
    EXPECT_EQ(allocations_of([&] {
                  EXPECT_TRUE(decode_hello(slice_of(bytes).body).has_value());
                  EXPECT_TRUE(decode(slice_of(bytes)).has_value());
              }),
              0U);
}

TEST(Allocation, EncodingAHelloDoesNot) {
    Hello hello;
    hello.digests.of_kind.fill(7);
    Buffer room(kHelloFrameBytesMax);
    EXPECT_EQ(allocations_of([&] { EXPECT_GT(encode(hello, room), 40U); }), 0U);
}

TEST(Allocation, DecodingDataDoesNot) {
    const Buffer bytes = to_bytes(message_to(4));
    EXPECT_EQ(allocations_of([&] {
                  EXPECT_EQ(decode_data(slice_of(bytes)).value().destinations.size(), 4U);
                  EXPECT_TRUE(decode(slice_of(bytes)).has_value());
              }),
              0U);
}

TEST(Allocation, EncodingDataDoesNot) {
    const Data data = message_to(4);
    Buffer room(200);
    EXPECT_EQ(
        allocations_of([&] { EXPECT_EQ(encode_data_head(data, room), data_head_bytes(data)); }),
        0U);
}

TEST(Allocation, DecodingAcknowledgementsDoesNot) {
    RecordAck records;
    records.records.resize(8, {{NodeId(1), RecordKind::Interest, 1}, {}});
    CustodyAck custody;
    for (std::uint64_t i = 1; i <= 8; ++i) {
        CustodyEntry& entry = custody.entries.emplace_back();
        entry.id = {NodeId(1), 2, i};
        entry.destinations = {NodeId(3), NodeId(4)};
    }
    for (const Frame& frame : {Frame(records), Frame(custody)}) {
        const Buffer bytes = to_bytes(frame);
        EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(decode(slice_of(bytes)).has_value()); }), 0U);
    }
}

}  // namespace
}  // namespace kith::mesh
