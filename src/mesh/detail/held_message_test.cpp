#include "mesh/detail/held_message.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

Destinations destinations(std::initializer_list<std::uint64_t> nodes) {
    Destinations list;
    for (const std::uint64_t node : nodes) {
        list.push_back({.node = NodeId(node), .groups = {}});
    }
    return list;
}

TEST(HeldMessage, LeavesWithItsDestinationsInOrder) {
    // They came one after the other, as parts of the message found their way here.
    const HeldMessage message(Data{}, Instant());
    const Data data = message.outgoing(destinations({9, 2, 5}), Instant());
    EXPECT_EQ(data.destinations, destinations({2, 5, 9}));
}

TEST(HeldMessage, CountsDownTheTimeThatItWasHeld) {
    Data data;
    data.expires_after_ms = 1'000;
    const HeldMessage message(data, Instant());
    EXPECT_EQ(message.outgoing({}, Instant() + 400ms).expires_after_ms, 600U);
    EXPECT_EQ(message.outgoing({}, Instant() + 2s).expires_after_ms, 1U) << "0 would be never";
    EXPECT_FALSE(message.has_expired(Instant() + 999ms));
    EXPECT_TRUE(message.has_expired(Instant() + 1s));
}

}  // namespace
}  // namespace kith::mesh
