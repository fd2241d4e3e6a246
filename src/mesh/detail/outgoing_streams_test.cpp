#include "mesh/detail/outgoing_streams.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr OutgoingStreams::Key kStream{NodeId(7), Priority::Default, 2};
constexpr OutgoingStreams::Key kOlder{NodeId(7), Priority::Default, 1};

DataId id(std::uint64_t sequence, std::uint32_t epoch = 2) {
    return {NodeId(1), epoch, sequence};
}

TEST(OutgoingStreams, NumbersPlacesWithoutGaps) {
    OutgoingStreams streams;
    EXPECT_EQ(streams.append(kStream, {id(10), 100}), 1U);
    EXPECT_EQ(streams.append(kStream, {id(20), 100}), 2U);
    EXPECT_EQ(streams.append({NodeId(8), Priority::Default, 2}, {id(30), 100}), 1U);
    EXPECT_EQ(streams.append({NodeId(7), Priority::Alarm, 2}, {id(40), 100}), 1U);
}

TEST(OutgoingStreams, SaysTheFirstPlaceThatIsNotDoneWith) {
    OutgoingStreams streams;
    EXPECT_EQ(streams.first_open(kStream), 1U);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const std::uint64_t place = streams.append(kStream, {id(i), 100});
        EXPECT_TRUE(streams.open(kStream, place));
    }
    streams.finish(kStream, 2);
    EXPECT_EQ(streams.first_open(kStream), 1U);
    streams.finish(kStream, 1);
    EXPECT_EQ(streams.first_open(kStream), 3U);
    streams.finish(kStream, 3);
    EXPECT_EQ(streams.first_open(kStream), 4U);
    EXPECT_EQ(streams.append(kStream, {id(4), 100}), 4U);
}

TEST(OutgoingStreams, HasNoMoreOnTheWayThanTheWindow) {
    OutgoingStreams streams;
    for (std::uint64_t i = 1; i <= kStreamInFlightMax; ++i) {
        ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(i), 100})));
    }
    const std::uint64_t late = streams.append(kStream, {id(kStreamInFlightMax + 1), 100});
    EXPECT_FALSE(streams.open(kStream, late));
    EXPECT_FALSE(streams.next_to_open(kStream.destination, kStream.priority));
    streams.finish(kStream, 5);
    const auto next = streams.next_to_open(kStream.destination, kStream.priority);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->place, late);
    EXPECT_EQ(next->id, id(kStreamInFlightMax + 1));
    EXPECT_TRUE(streams.open(kStream, late));
}

TEST(OutgoingStreams, HasNoMoreBytesOnTheWayThanOneMessageBeyondTheBound) {
    OutgoingStreams streams;
    const std::size_t half = kStreamInFlightBytesMax / 2;
    ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(1), half})));
    ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(2), half - 1})));
    ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(3), 4 * half})));
    const std::uint64_t late = streams.append(kStream, {id(4), 1});
    EXPECT_FALSE(streams.open(kStream, late));
    streams.finish(kStream, 1);
    EXPECT_FALSE(streams.open(kStream, late));
    streams.finish(kStream, 3);
    EXPECT_TRUE(streams.open(kStream, late));
}

TEST(OutgoingStreams, SaysWhereMoreWaitsThanMayBeOnItsWay) {
    OutgoingStreams streams;
    const OutgoingStreams::Lane lane{kStream.destination, kStream.priority};
    ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(1), kStreamInFlightBytesMax})));
    EXPECT_TRUE(streams.full().empty()) << "it is all on its way";
    const std::uint64_t second = streams.append(kStream, {id(2), 1});
    const std::uint64_t third = streams.append(kStream, {id(3), 1});
    ASSERT_FALSE(streams.open(kStream, second));
    ASSERT_FALSE(streams.open(kStream, third));
    EXPECT_TRUE(streams.full().contains(lane));
    streams.finish(kStream, 1);
    ASSERT_TRUE(streams.open(kStream, second));
    EXPECT_TRUE(streams.full().contains(lane)) << "the third waits";
    ASSERT_TRUE(streams.open(kStream, third));
    EXPECT_TRUE(streams.full().empty());
}

TEST(OutgoingStreams, OpensPlacesInTheirOrder) {
    OutgoingStreams streams;
    const std::uint64_t first = streams.append(kStream, {id(1), 100});
    const std::uint64_t second = streams.append(kStream, {id(2), 100});
    EXPECT_FALSE(streams.open(kStream, second));
    EXPECT_TRUE(streams.open(kStream, first));
    EXPECT_TRUE(streams.open(kStream, second));
}

TEST(OutgoingStreams, WaitsForTheLifeBefore) {
    OutgoingStreams streams;
    streams.restore(kOlder, 41, {id(900, 1), 100});
    streams.restore(kOlder, 43, {id(902, 1), 100});
    const std::uint64_t place = streams.append(kStream, {id(1), 100});
    EXPECT_EQ(place, 1U);
    EXPECT_FALSE(streams.open(kStream, place));

    EXPECT_EQ(streams.first_open(kOlder), 41U);
    EXPECT_TRUE(streams.open(kOlder, 41));
    EXPECT_TRUE(streams.open(kOlder, 43));
    streams.finish(kOlder, 43);
    EXPECT_FALSE(streams.open(kStream, place));
    streams.finish(kOlder, 41);
    const auto next = streams.next_to_open(kStream.destination, kStream.priority);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->key, kStream);
    EXPECT_TRUE(streams.open(kStream, place));
}

TEST(OutgoingStreams, IgnoresWhatIsDoneWithTwice) {
    OutgoingStreams streams;
    ASSERT_TRUE(streams.open(kStream, streams.append(kStream, {id(1), 100})));
    streams.finish(kStream, 1);
    streams.finish(kStream, 1);
    streams.finish({NodeId(99), Priority::Default, 2}, 1);
    EXPECT_EQ(streams.first_open(kStream), 2U);
}

}  // namespace
}  // namespace kith::mesh
