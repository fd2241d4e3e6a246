#include <algorithm>

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Disconnect, WhatSaysNothingIsLeftOut) {
    Disconnect packet;
    EXPECT_EQ(to_bytes(packet, Version::V5), (Buffer{0xE0, 0x00}));
    packet.reason_code = ReasonCode::ServerShuttingDown;
    EXPECT_EQ(to_bytes(packet, Version::V5), (Buffer{0xE0, 0x01, 0x8B}));
    EXPECT_EQ(to_bytes(packet, Version::V311), (Buffer{0xE0, 0x00}));
    packet.reason_string = "x";
    EXPECT_EQ(to_bytes(packet, Version::V5), packet_of(0xE0, {0x8B, 4, 0x1F, field("x")}));
}

TEST(Disconnect, EveryPropertyIsRead) {
    const Buffer bytes = packet_of(0xE0, {0x04, 20, 0x11, 0, 0, 0, 60, 0x1F, field("x"), 0x1C,
                                          field("s"), 0x26, field("k"), field("v")});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Disconnect>(decoder, bytes);
    EXPECT_EQ(packet.reason_code, ReasonCode::DisconnectWithWillMessage);
    EXPECT_EQ(packet.session_expiry_interval, 60U);
    EXPECT_EQ(packet.reason_string, "x");
    EXPECT_EQ(packet.server_reference, "s");
    EXPECT_EQ((*packet.user_properties.begin()).name, "k");
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Disconnect, FlagsAreReserved) {
    // [MQTT-3.14.1-1].
    EXPECT_EQ(refusal_by_server({0xE1, 0x00}), kMalformed);
    EXPECT_EQ(refusal_by_server({0xE2, 0x00}, Version::V311), kMalformed);
}

TEST(Disconnect, EachSideHasItsReasonCodes) {
    // [MQTT-3.14.2-1], table 3-10; 0x8C is in table 2-6 alone.
    const std::vector<int> both{0x00, 0x80, 0x81, 0x82, 0x83, 0x8C, 0x90,
                                0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99};
    const std::vector<int> client_only{0x04};
    const std::vector<int> server_only{0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9B,
                                       0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};
    const auto holds = [](const std::vector<int>& codes, int code) {
        return std::ranges::count(codes, code) > 0;
    };
    for (int code = 0; code < 256; ++code) {
        const Buffer bytes = packet_of(0xE0, {code});
        const bool from_client = holds(both, code) || holds(client_only, code);
        const bool from_server = holds(both, code) || holds(server_only, code);
        EXPECT_EQ(refusal_by_server(bytes), from_client ? kAccepted : kProtocolError) << code;
        EXPECT_EQ(refusal_by_client(bytes), from_server ? kAccepted : kProtocolError) << code;
    }
}

TEST(Disconnect, AServerSendsNoSessionExpiryInterval) {
    // [MQTT-3.14.2-2].
    const Buffer bytes = packet_of(0xE0, {0x00, 5, 0x11, 0, 0, 0, 60});
    EXPECT_EQ(refusal_by_server(bytes), kAccepted);
    EXPECT_EQ(refusal_by_client(bytes), kProtocolError);
}

TEST(Disconnect, BeforeMqtt5OnlyClientsSendItAndItIsEmpty) {
    EXPECT_EQ(refusal_by_server({0xE0, 0x00}, Version::V311), kAccepted);
    EXPECT_EQ(refusal_by_server({0xE0, 0x01, 0x00}, Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client({0xE0, 0x00}, Version::V311), kProtocolError);
    EXPECT_EQ(refusal_by_client({0xE0, 0x00}, Version::V31), kProtocolError);
}

TEST(Disconnect, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(packet_of(0xE0, {0x00, 3, 0x21, 0, 1})), kMalformed);
}

TEST(Disconnect, LengthMustFit) {
    EXPECT_EQ(refusal_by_server(packet_of(0xE0, {0x00, 0x00})), kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(0xE0, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xE0, {0x00, 0x00, 0x00})), kMalformed);
}

}  // namespace
}  // namespace kith::mqtt
