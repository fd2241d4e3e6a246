#include "runtime/address_range.h"

#include <gtest/gtest.h>

#include <string>

namespace kith::runtime {
namespace {

bool contains(const char* range, const char* address) {
    return AddressRange::parse(range).value().contains(SocketAddress::parse(address).value());
}

TEST(AddressRange, HasTheAddressesThatBeginAlike) {
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1:1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0:1"));
    EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.200:1"));
    EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127:1"));
    EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7:1"));
    EXPECT_FALSE(contains("192.0.2.7", "192.0.2.8:1"));
    EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8:1"));
    EXPECT_TRUE(contains("2001:db8::/33", "[2001:db8:7fff::1]:1"));
    EXPECT_FALSE(contains("2001:db8::/33", "[2001:db8:8000::1]:1"));
    EXPECT_TRUE(contains("::1", "[::1]:1"));
}

TEST(AddressRange, KeepsTheTwoVersionsApart) {
    EXPECT_FALSE(contains("0.0.0.0/0", "[::1]:1"));
    EXPECT_FALSE(contains("::/0", "10.0.0.1:1"));
}

TEST(AddressRange, RefusesWhatIsNone) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
          "2001:db8::1/32", "::/129", "host", "localhost", "10.0.0/8", "10.0.0.0:80", "[::1]"}) {
        EXPECT_FALSE(AddressRange::parse(text)) << text;
    }
}

}  // namespace
}  // namespace kith::runtime
