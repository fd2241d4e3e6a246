#include <algorithm>

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

Buffer auth_with(int code, std::initializer_list<Piece> properties) {
    const Buffer block = bytes_of(properties);
    return packet_of(0xF0, {code, static_cast<int>(block.size()), block});
}

TEST(Auth, EveryPropertyIsRead) {
    const Buffer bytes = auth_with(0x18, {0x15, field("SCRAM"), 0x16, field("d"), 0x1F, field("x"),
                                          0x26, field("k"), field("v")});
    Decoder decoder(Sender::Server);
    const auto packet = decode_as<Auth>(decoder, bytes);
    EXPECT_EQ(packet.reason_code, ReasonCode::ContinueAuthentication);
    EXPECT_EQ(packet.authentication_method, "SCRAM");
    EXPECT_EQ(as_text(packet.authentication_data.value()), "d");
    EXPECT_EQ(packet.reason_string, "x");
    EXPECT_EQ((*packet.user_properties.begin()).name, "k");
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Auth, SuccessWithoutPropertiesIsEmpty) {
    EXPECT_EQ(to_bytes(Auth{}, Version::V5), (Buffer{0xF0, 0x00}));
    EXPECT_EQ(refusal_by_client({0xF0, 0x00}), kAccepted);
}

TEST(Auth, EachSideHasItsReasonCodes) {
    // [MQTT-3.15.2-1], table 3-11.
    for (int code = 0; code < 256; ++code) {
        const Buffer bytes = auth_with(code, {0x15, field("m")});
        const bool from_client = code == 0x18 || code == 0x19;
        const bool from_server = code == 0x18 || code == 0x00;
        EXPECT_EQ(refusal_by_server(bytes), from_client ? kAccepted : kProtocolError) << code;
        EXPECT_EQ(refusal_by_client(bytes), from_server ? kAccepted : kProtocolError) << code;
    }
    EXPECT_EQ(refusal_by_server({0xF0, 0x00}), kProtocolError);
}

TEST(Auth, NeedsAnAuthenticationMethod) {
    // Section 3.15.2.2.2.
    EXPECT_EQ(refusal_by_server(auth_with(0x18, {})), kProtocolError);
    EXPECT_EQ(refusal_by_server(auth_with(0x18, {0x16, field("d")})), kProtocolError);
}

TEST(Auth, ReasonCodeAndPropertiesAreLeftOutTogether) {
    // Section 3.15.2.1 lets both be omitted, not one of them.
    EXPECT_EQ(refusal_by_server({0xF0, 0x01, 0x18}), kMalformed);
    EXPECT_EQ(refusal_by_client({0xF0, 0x01, 0x00}), kMalformed);
}

TEST(Auth, FlagsAreReserved) {
    // [MQTT-3.15.1-1].
    EXPECT_EQ(refusal_by_client({0xF1, 0x00}), kMalformed);
}

TEST(Auth, DoesNotExistBeforeMqtt5) {
    EXPECT_EQ(refusal_by_client({0xF0, 0x00}, Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client({0xF0, 0x00}, Version::V31), kMalformed);
}

TEST(Auth, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(auth_with(0x18, {0x15, field("m"), 0x1C, field("s")})), kMalformed);
}

TEST(Auth, LengthMustFit) {
    EXPECT_EQ(refusal_by_server(packet_of(0xF0, {0x18, 9, 0x15, field("m")})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xF0, {0x18, 4, 0x15, field("m"), 0})), kMalformed);
}

TEST(AuthDeathTest, EncoderRefusesMqtt3) {
    EXPECT_DEATH((void)to_bytes(Auth{}, Version::V311), "version");
}

}  // namespace
}  // namespace kith::mqtt
