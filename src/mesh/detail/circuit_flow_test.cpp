#include "mesh/detail/circuit_flow.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

/// With as much room as there ever is at first.
struct Flow : CircuitFlow {
    Flow() { EXPECT_TRUE(on_room({.received = 0, .allowed = kCircuitWindowBytes})); }

    std::string next_text() { return std::string(as_text(next().bytes)); }
    std::string take_text(std::uint64_t before, std::string_view text) {
        return std::string(as_text(on_bytes({.before = before, .bytes = as_bytes(text)})));
    }
};

TEST(CircuitFlow, NothingLeavesBeforeItIsAllowed) {
    CircuitFlow flow;
    EXPECT_EQ(flow.append(as_bytes("abc")), 3U);
    EXPECT_FALSE(flow.has_next());
    EXPECT_TRUE(flow.on_room({.received = 0, .allowed = 2}));
    ASSERT_TRUE(flow.has_next());
    EXPECT_EQ(as_text(flow.next().bytes), "ab");
    EXPECT_FALSE(flow.has_next());
    EXPECT_TRUE(flow.is_waiting());
}

TEST(CircuitFlow, KeepsWhatIsSentUntilItHasArrived) {
    Flow flow;
    EXPECT_EQ(flow.append(as_bytes("abcd")), 4U);
    EXPECT_EQ(flow.next_text(), "abcd");
    EXPECT_TRUE(flow.on_room({.received = 1, .allowed = kCircuitWindowBytes}));
    flow.go_back();
    EXPECT_EQ(flow.next().before, 1U);
    flow.go_back();
    EXPECT_EQ(flow.next_text(), "bcd");
    EXPECT_FALSE(flow.is_settled());
    EXPECT_TRUE(flow.on_room({.received = 4, .allowed = kCircuitWindowBytes}));
    EXPECT_TRUE(flow.is_settled());
    EXPECT_FALSE(flow.is_waiting());
    EXPECT_EQ(flow.settled_bytes(), 4U);
}

TEST(CircuitFlow, RoomsMayComeLateOrTwiceButNotOfWhatWasNeverSent) {
    Flow flow;
    EXPECT_EQ(flow.append(as_bytes("abcd")), 4U);
    static_cast<void>(flow.next());
    EXPECT_TRUE(flow.on_room({.received = 3, .allowed = kCircuitWindowBytes + 3}));
    EXPECT_TRUE(flow.on_room({.received = 2, .allowed = 2}));
    EXPECT_EQ(flow.settled_bytes(), 3U);
    EXPECT_FALSE(flow.on_room({.received = 5, .allowed = 5}));
    EXPECT_EQ(flow.settled_bytes(), 3U);
}

TEST(CircuitFlow, TakesNoMoreThanAWindow) {
    Flow flow;
    const std::string all(kCircuitWindowBytes, 'x');
    EXPECT_EQ(flow.append(as_bytes(all)), kCircuitWindowBytes);
    EXPECT_EQ(flow.append(as_bytes("y")), 0U);
    std::size_t pieces = 0;
    for (; flow.has_next(); ++pieces) {
        EXPECT_EQ(flow.next().bytes.size(), kCircuitBytesMax);
    }
    EXPECT_EQ(pieces, kCircuitWindowBytes / kCircuitBytesMax);
    EXPECT_TRUE(flow.on_room({.received = 1, .allowed = kCircuitWindowBytes + 1}));
    EXPECT_EQ(flow.append(as_bytes("yz")), 1U);
    EXPECT_EQ(flow.next_text(), "y");
}

TEST(CircuitFlow, HandsOutWhatComesNextOnce) {
    Flow flow;
    EXPECT_EQ(flow.take_text(0, "ab"), "ab");
    EXPECT_EQ(flow.take_text(0, "ab"), "");
    EXPECT_EQ(flow.take_text(3, "d"), "") << "c is missing";
    EXPECT_EQ(flow.take_text(1, "bcd"), "cd");
    EXPECT_EQ(flow.take_text(4, "e"), "e");
}

TEST(CircuitFlow, AGapOrARepetitionIsAnsweredAtOnce) {
    Flow flow;
    static_cast<void>(flow.tell_room());
    EXPECT_EQ(flow.take_text(1, "b"), "");
    EXPECT_TRUE(flow.is_room_urgent());
    EXPECT_EQ(flow.tell_room().received, 0U);
    EXPECT_FALSE(flow.is_room_urgent());
    EXPECT_FALSE(flow.is_room_news());
}

TEST(CircuitFlow, AllowsWhatWasTakenAndNoMore) {
    Flow flow;
    static_cast<void>(flow.tell_room());
    const std::string quarter(kCircuitWindowBytes / 4, 'x');
    EXPECT_EQ(flow.take_text(0, quarter).size(), quarter.size());
    EXPECT_TRUE(flow.is_room_urgent());
    EXPECT_EQ(flow.tell_room(), (CircuitFlow::Room{quarter.size(), kCircuitWindowBytes}));
    flow.take(quarter.size() - 1);
    EXPECT_FALSE(flow.is_room_urgent());
    EXPECT_TRUE(flow.is_room_news());
    flow.take(1);
    EXPECT_TRUE(flow.is_room_urgent());
    EXPECT_EQ(flow.tell_room().allowed, kCircuitWindowBytes + quarter.size());
    // A sender that does not keep to it is not believed.
    const std::string all(kCircuitWindowBytes + 1, 'x');
    EXPECT_EQ(flow.take_text(quarter.size(), all), "");
}

}  // namespace
}  // namespace kith::mesh
