#include "runtime/resolve.h"

#include <gtest/gtest.h>

namespace kith::runtime {
namespace {

TEST(Resolve, LiteralsNeedNoResolver) {
    const auto v4 = resolve("10.1.2.3:1883");
    ASSERT_TRUE(v4.has_value());
    ASSERT_EQ(v4->size(), 1U);
    EXPECT_EQ(v4->front().to_string(), "10.1.2.3:1883");
    const auto v6 = resolve("[2001:db8::1]:80");
    ASSERT_TRUE(v6.has_value());
    EXPECT_EQ(v6->front().to_string(), "[2001:db8::1]:80");
}

TEST(Resolve, LocalhostIsLoopback) {
    const auto addresses = resolve("localhost:7");
    ASSERT_TRUE(addresses.has_value());
    for (const SocketAddress& address : *addresses) {
        EXPECT_TRUE(address.is_loopback());
        EXPECT_EQ(address.port(), 7);
    }
}

TEST(Resolve, RefusesWhatNamesNoHostAndPort) {
    for (const char* text : {"", "host", ":", "host:", "host:http", "host:70000"}) {
        const auto addresses = resolve(text);
        ASSERT_FALSE(addresses.has_value()) << text;
        EXPECT_EQ(addresses.error().kind, ErrorKind::Invalid) << text;
    }
}

// ".invalid" never exists (RFC 6761); without a network the resolver fails just as well.
TEST(Resolve, UnknownHostsAreAnError) {
    const auto addresses = resolve("no-such-host.invalid:1883");
    ASSERT_FALSE(addresses.has_value());
    EXPECT_NE(addresses.error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace kith::runtime
