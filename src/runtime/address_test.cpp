#include "runtime/address.h"

#include <array>

#include <gtest/gtest.h>

namespace kith::runtime {
namespace {

std::string round_trip(std::string_view text) {
    const auto address = SocketAddress::parse(text);
    return address ? address->to_string() : address.error().text;
}

TEST(SocketAddress, ParsesAndPrintsBothFamilies) {
    EXPECT_EQ(round_trip("127.0.0.1:1883"), "127.0.0.1:1883");
    EXPECT_EQ(round_trip("0.0.0.0:0"), "0.0.0.0:0");
    EXPECT_EQ(round_trip("[::1]:65535"), "[::1]:65535");
    EXPECT_EQ(round_trip("[2001:db8:0::7]:80"), "[2001:db8::7]:80");
    EXPECT_EQ(round_trip(":8080"), "0.0.0.0:8080");
    EXPECT_EQ(round_trip("localhost:5"), "127.0.0.1:5");
}

TEST(SocketAddress, RefusesWhatIsNoAddress) {
    for (const char* text :
         {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:80x", "1.2.3:80",
          "::1:80", "[::1:80", "[]:80", "host:80", "[1.2.3.4]:80", "1.2.3.4:+1"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().kind, ErrorKind::Invalid) << text;
    }
}

TEST(SocketAddress, KnowsItsKind) {
    EXPECT_TRUE(SocketAddress::parse("127.3.2.1:1")->is_loopback());
    EXPECT_TRUE(SocketAddress::parse("[::1]:1")->is_loopback());
    EXPECT_FALSE(SocketAddress::parse("[::2]:1")->is_loopback());
    EXPECT_FALSE(SocketAddress::parse("10.0.0.1:1")->is_loopback());
    EXPECT_TRUE(SocketAddress().is_any());
    EXPECT_TRUE(SocketAddress::parse("[::]:1")->is_any());
    EXPECT_FALSE(SocketAddress::loopback(1).is_any());
    EXPECT_TRUE(SocketAddress::parse("239.1.2.3:1")->is_multicast());
    EXPECT_TRUE(SocketAddress::parse("[ff02::1]:1")->is_multicast());
    EXPECT_FALSE(SocketAddress::parse("223.1.2.3:1")->is_multicast());
    EXPECT_TRUE(SocketAddress::parse("[fe80::1]:1")->is_link_local());
    EXPECT_TRUE(SocketAddress::parse("[febf::1]:1")->is_link_local());
    EXPECT_FALSE(SocketAddress::parse("[fec0::1]:1")->is_link_local());
    EXPECT_FALSE(SocketAddress::parse("254.128.0.1:1")->is_link_local());
}

TEST(SocketAddress, ALinkLocalAddressSaysOnWhichInterface) {
    EXPECT_EQ(round_trip("[fe80::1]:7"), "[fe80::1]:7");
    std::array<std::uint8_t, 16> ip{0xfe, 0x80, 0, 3};
    ip[15] = 1;
    EXPECT_EQ(SocketAddress::v6(ip, 7).to_string(), "[fe80::1%3]:7");
}

TEST(SocketAddress, ComparesByValue) {
    EXPECT_EQ(SocketAddress(), SocketAddress::v4({0, 0, 0, 0}, 0));
    EXPECT_EQ(SocketAddress::loopback(7), SocketAddress::parse("127.0.0.1:9")->with_port(7));
    EXPECT_NE(SocketAddress::loopback(7), SocketAddress::loopback(8));
}

}  // namespace
}  // namespace kith::runtime
