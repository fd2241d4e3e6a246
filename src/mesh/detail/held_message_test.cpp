#include "mesh/detail/held_message.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

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
