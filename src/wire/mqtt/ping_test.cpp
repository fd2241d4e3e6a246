#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Ping, IsAFixedHeaderAlone) {
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        EXPECT_EQ(to_bytes(Pingreq{}, version), (Buffer{0xC0, 0x00}));
        EXPECT_EQ(to_bytes(Pingresp{}, version), (Buffer{0xD0, 0x00}));
        EXPECT_EQ(refusal_by_server({0xC0, 0x00}, version), kAccepted);
        EXPECT_EQ(refusal_by_client({0xD0, 0x00}, version), kAccepted);
    }
}

TEST(Ping, BodyIsMalformed) {
    EXPECT_EQ(refusal_by_server({0xC0, 0x01, 0x00}), kMalformed);
    EXPECT_EQ(refusal_by_client({0xD0, 0x01, 0x00}), kMalformed);
}

TEST(Ping, FlagsAreReserved) {
    // [MQTT-2.1.3-1].
    EXPECT_EQ(refusal_by_server({0xC1, 0x00}), kMalformed);
    EXPECT_EQ(refusal_by_client({0xD8, 0x00}), kMalformed);
}

}  // namespace
}  // namespace kith::mqtt
