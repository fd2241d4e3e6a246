#include "mesh/detail/frame_writer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace kith::mesh {
namespace {

/// As long as it may be.
Destination largest(std::uint64_t node, std::size_t groups) {
    Destination destination;
    destination.node = NodeId(node);
    destination.stream_sequence = UINT64_MAX >> 1U;
    for (std::size_t i = 0; i < groups; ++i) {
        destination.groups.push_back(i + 1);
    }
    return destination;
}

Data message_to(std::span<const Destination> destinations) {
    Data data;
    data.id = {NodeId(~std::uint64_t{0}), ~0U, UINT64_MAX >> 1U};
    data.expires_after_ms = ~0U;
    data.tenant = ~0U;
    data.destinations.assign(destinations.begin(), destinations.end());
    return data;
}

TEST(FrameWriter, AFrameHasALimitOfDestinations) {
    std::vector<Destination> many;
    for (std::uint64_t node = 1; node <= kDestinationsMax + 1; ++node) {
        many.push_back({.node = NodeId(node), .groups = {}});
    }
    EXPECT_EQ(fitting_count(std::span<const Destination>()), 0U);
    EXPECT_EQ(fitting_count(std::span<const Destination>(many).first(3)), 3U);
    EXPECT_EQ(fitting_count(std::span<const Destination>(many)), kDestinationsMax);
}

TEST(FrameWriter, WhatFitsIsWrittenWithTheLargestMessage) {
    const std::vector<std::uint8_t> payload(kMessageBytesMax);
    for (const std::size_t groups : {std::size_t{0}, std::size_t{100}, kDestinationGroupsMax}) {
        std::vector<Destination> many;
        for (std::uint64_t node = 1; node <= kDestinationsMax; ++node) {
            many.push_back(largest(node, groups));
        }
        const std::span<const Destination> all(many);
        const std::size_t count = fitting_count(all);
        ASSERT_GE(count, 1U);
        Data data = message_to(all.first(count));
        data.payload = payload;
        FrameWriter writer;
        const Bytes frame = writer.write_data(data, payload);
        const auto slice = next_frame(frame).value();
        ASSERT_TRUE(slice.has_value());
        EXPECT_EQ(decode_data(*slice).value().destinations.size(), count);
    }
}

TEST(FrameWriter, AcknowledgementsFitABatch) {
    std::vector<CustodyEntry> entries(kListEntriesMax + 1);
    EXPECT_EQ(fitting_count(std::span<const CustodyEntry>(entries)), kListEntriesMax);
    for (CustodyEntry& entry : entries) {
        entry.id = {NodeId(1), 1, 1};
        for (std::uint64_t node = 1; node <= kDestinationsMax; ++node) {
            entry.destinations.push_back(NodeId(node));
        }
    }
    EXPECT_EQ(fitting_count(std::span<const CustodyEntry>(entries)), 1U);
}

}  // namespace
}  // namespace kith::mesh
