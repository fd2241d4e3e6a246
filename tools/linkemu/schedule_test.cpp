#include "tools/linkemu/schedule.h"

#include <string>

#include <gtest/gtest.h>

namespace kith::linkemu {
namespace {

Order order_of(std::string_view line) {
    const Result<std::optional<Order>> order = parse_order(line);
    EXPECT_TRUE(order.has_value()) << line;
    return order.value_or(std::nullopt).value_or(Order{});
}

TEST(Schedule, ReadsAWholeLine) {
    const Order order = order_of(
        "t=5s link a-b to b loss=20% delay=40ms+-10ms rate=10mbit queue=64kB duplicate=1% "
        "reorder=0.5% cut=yes  # a bad day");
    EXPECT_EQ(order.at, 5s);
    EXPECT_EQ(order.link, "a-b");
    EXPECT_EQ(order.to, "b");
    const WireSettings settings = order.applied_to({});
    EXPECT_EQ(settings, (WireSettings{.delay = 40ms,
                                      .jitter = 10ms,
                                      .loss = 0.2,
                                      .duplicate = 0.01,
                                      .reorder = 0.005,
                                      .bits_per_s = 10'000'000,
                                      .queue_bytes = 64'000,
                                      .is_cut = true}));
}

TEST(Schedule, ChangesOnlyWhatIsNamed) {
    const WireSettings before{.delay = 5ms, .loss = 0.1};
    EXPECT_EQ(order_of("link * cut=yes").applied_to(before),
              (WireSettings{.delay = 5ms, .loss = 0.1, .is_cut = true}));
    EXPECT_EQ(order_of("link * clear jitter=1ms").applied_to(before),
              (WireSettings{.jitter = 1ms}));
}

TEST(Schedule, WithoutATimeIsForNow) {
    EXPECT_FALSE(order_of("link a-b loss=1%").at.has_value());
}

TEST(Schedule, CommentsAndEmptyLinesAreNoOrders) {
    for (const char* line : {"", "   ", "# link a-b", " \t\r"}) {
        const Result<std::optional<Order>> order = parse_order(line);
        ASSERT_TRUE(order.has_value());
        EXPECT_FALSE(order->has_value());
    }
}

TEST(Schedule, RefusesWhatItDoesNotKnow) {
    for (const char* line :
         {"loss=20%", "link", "link a-b to", "link a-b loss=20", "link a-b loss=101%",
          "link a-b loss=-1%", "link a-b loss=nan%", "link a-b delay=5", "link a-b delay=5parsec",
          "link a-b delay=2000min", "link a-b delay=1ms+-", "link a-b cut=maybe", "link a-b hop",
          "link a-b speed=1ms", "t= link a-b", "link a-b rate=1000gbit", "link a-b queue=2000MB"}) {
        EXPECT_FALSE(parse_order(line).has_value()) << line;
    }
    EXPECT_FALSE(parse_order(std::string(kLineBytesMax + 1, ' ')).has_value());
}

}  // namespace
}  // namespace kith::linkemu
