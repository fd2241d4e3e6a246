#include "wire/dns/name.h"

#include <gtest/gtest.h>

#include "wire/dns/limits.h"

namespace kith::dns {
namespace {

TEST(DnsName, IsItsLabelsWithoutRegardToCase) {
    const Name name("_Kith._tcp.local");
    EXPECT_EQ(name, Name("_kith._TCP.LOCAL"));
    EXPECT_NE(name, Name("_kith._tcp"));
    EXPECT_NE(name, Name("_kith_tcp.local"));
    EXPECT_EQ(name.encoded_bytes(), 18U);
    EXPECT_EQ(name.to_string(), "_Kith._tcp.local.");
}

TEST(DnsName, AnInstanceMayHaveDotsAndSpaces) {
    const Name name("hall 3. gate", Name("_kith._tcp.local"));
    EXPECT_EQ(name.labels().size(), 4U);
    EXPECT_EQ(name.labels().front(), "hall 3. gate");
    EXPECT_TRUE(name.is_below(Name("_kith._tcp.local")));
    EXPECT_TRUE(name.is_below(Name("LOCAL")));
    EXPECT_FALSE(name.is_below(name));
    EXPECT_FALSE(name.is_below(Name("_mqtt._tcp.local")));
}

TEST(DnsName, HasTheLengthsOfTheStandard) {
    Name name;
    EXPECT_FALSE(name.append(""));
    EXPECT_FALSE(name.append(std::string(kLabelBytesMax + 1, 'x')));
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(name.append(std::string(kLabelBytesMax, 'x')));
    }
    EXPECT_EQ(name.encoded_bytes(), 193U);
    EXPECT_FALSE(name.append(std::string(62, 'x')));
    EXPECT_TRUE(name.append(std::string(61, 'x')));
    EXPECT_EQ(name.encoded_bytes(), kNameBytesMax);
}

}  // namespace
}  // namespace kith::dns
