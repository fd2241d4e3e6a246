#include "node/detail/drop_samples.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

using mesh::Data;
using mesh::DropReason;
using mesh::NodeId;

Data message(std::string_view topic) {
    static constexpr std::uint8_t kPayload[5] = {};
    Data data;
    data.id.origin = NodeId(1);
    data.topic = topic;
    data.qos = 1;
    data.payload = kPayload;
    data.destinations.push_back({.node = NodeId(2), .groups = {}});
    return data;
}

TEST(DropSamples, TellsTheFirstOfEachReason) {
    DropSamples samples;
    const Data first = message("a");
    const Data second = message("b");
    samples.note(DropReason::NoRoute, &first, WallTime::from_ms(1));
    samples.note(DropReason::NoRoute, &second, WallTime::from_ms(2));
    samples.note(DropReason::Expired, &second, WallTime::from_ms(3));
    const std::vector<DropSample> taken = samples.take();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].reason, DropReason::NoRoute);
    EXPECT_EQ(taken[0].at.ms(), 1);
    EXPECT_EQ(taken[0].topic, "a");
    EXPECT_EQ(taken[0].from, NodeId(1));
    EXPECT_EQ(taken[0].to, std::vector<NodeId>{NodeId(2)});
    EXPECT_EQ(taken[0].qos, 1);
    EXPECT_EQ(taken[0].payload_bytes, 5U);
    EXPECT_EQ(taken[1].topic, "b");
}

TEST(DropSamples, BeginsAnewOnceTheyWereTaken) {
    DropSamples samples;
    const Data data = message("a");
    samples.note(DropReason::NoRoute, &data, {});
    EXPECT_EQ(samples.take().size(), 1U);
    EXPECT_TRUE(samples.take().empty());
    samples.note(DropReason::NoRoute, &data, {});
    EXPECT_EQ(samples.take().size(), 1U);
}

TEST(DropSamples, TellsWhatHasNoMessageByItsReason) {
    DropSamples samples;
    samples.note(DropReason::Malformed, nullptr, WallTime::from_ms(7));
    const std::vector<DropSample> taken = samples.take();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].reason, DropReason::Malformed);
    EXPECT_TRUE(taken[0].topic.empty());
}

}  // namespace
}  // namespace kith::node
