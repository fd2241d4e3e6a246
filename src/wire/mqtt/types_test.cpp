#include "wire/mqtt/types.h"

#include <gtest/gtest.h>

#include <set>

namespace kith::mqtt {
namespace {

TEST(ReasonCode, EveryListedCodeHasAName) {
    // MQTT 5.0, table 2-6: 43 values.
    std::set<std::string_view> names;
    for (int value = 0; value < 256; ++value) {
        const std::string_view name = to_string(static_cast<ReasonCode>(value));
        if (name != "unknown") {
            names.insert(name);
        }
    }
    EXPECT_EQ(names.size(), 43U);
    EXPECT_EQ(to_string(ReasonCode::NotAuthorized), "not authorized");
}

TEST(ReasonCode, FailuresStartAt128) {
    EXPECT_FALSE(is_failure(ReasonCode::ReAuthenticate));
    EXPECT_TRUE(is_failure(ReasonCode::UnspecifiedError));
    EXPECT_FALSE(is_failure(static_cast<ReasonCode>(0x7F)));
}

TEST(PacketType, FifteenHaveAName) {
    std::set<std::string_view> names;
    for (int value = 1; value < 16; ++value) {
        names.insert(to_string(static_cast<PacketType>(value)));
    }
    EXPECT_EQ(names.size(), 15U);
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_EQ(to_string(PacketType{}), "unknown");
}

}  // namespace
}  // namespace kith::mqtt
