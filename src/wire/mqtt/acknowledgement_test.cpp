#include <algorithm>

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

constexpr int kPuback = 0x40;
constexpr int kPubrec = 0x50;
constexpr int kPubrel = 0x62;
constexpr int kPubcomp = 0x70;

TEST(Acknowledgement, TypesShareOneForm) {
    const auto bytes_for = [](PacketType type) {
        return to_bytes(Acknowledgement{.type = type, .packet_id = PacketId(0x1234)}, Version::V5);
    };
    EXPECT_EQ(bytes_for(PacketType::Puback), (Buffer{0x40, 0x02, 0x12, 0x34}));
    EXPECT_EQ(bytes_for(PacketType::Pubrec), (Buffer{0x50, 0x02, 0x12, 0x34}));
    EXPECT_EQ(bytes_for(PacketType::Pubrel), (Buffer{0x62, 0x02, 0x12, 0x34}));
    EXPECT_EQ(bytes_for(PacketType::Pubcomp), (Buffer{0x70, 0x02, 0x12, 0x34}));
}

TEST(Acknowledgement, WhatSaysNothingIsLeftOut) {
    Acknowledgement packet{.packet_id = PacketId(1)};
    EXPECT_EQ(to_bytes(packet, Version::V5).size(), 4U);
    packet.reason_code = ReasonCode::NoMatchingSubscribers;
    EXPECT_EQ(to_bytes(packet, Version::V5), (Buffer{0x40, 0x03, 0x00, 0x01, 0x10}));
    EXPECT_EQ(to_bytes(packet, Version::V311), (Buffer{0x40, 0x02, 0x00, 0x01}));
    packet.reason_code = ReasonCode::Success;
    packet.reason_string = "x";
    EXPECT_EQ(to_bytes(packet, Version::V5), packet_of(0x40, {0, 1, 0x00, 4, 0x1F, field("x")}));
}

TEST(Acknowledgement, EveryLengthIsRead) {
    Decoder decoder(Sender::Client);
    const Buffer bytes = packet_of(
        kPubrec, {0x00, 0x01, 0x97, 0x0B, 0x1F, field("x"), 0x26, field("k"), field("v")});
    const auto packet = decode_as<Acknowledgement>(decoder, bytes);
    EXPECT_EQ(packet.type, PacketType::Pubrec);
    EXPECT_EQ(packet.reason_code, ReasonCode::QuotaExceeded);
    EXPECT_EQ(packet.reason_string, "x");
    EXPECT_EQ((*packet.user_properties.begin()).value, "v");
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0x00, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0x00, 0x01, 0x00})), kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0x00, 0x01, 0x00, 0x00})), kAccepted);
}

TEST(Acknowledgement, LengthMustFit) {
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0, 1, 0, 0, 0})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0, 1, 0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0, 1, 0}), Version::V311), kMalformed);
}

TEST(Acknowledgement, PacketIdentifierIsNeverZero) {
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0x00, 0x00})), kProtocolError);
}

TEST(Acknowledgement, FlagsAreFixed) {
    // [MQTT-2.1.3-1], [MQTT-3.6.1-1].
    EXPECT_EQ(refusal_by_server(packet_of(0x62, {0x00, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(0x60, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x6A, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x42, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x51, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x72, {0x00, 0x01})), kMalformed);
}

TEST(Acknowledgement, Mqtt31SetsDupOnARepeatedPubrel) {
    EXPECT_EQ(refusal_by_server(packet_of(0x6A, {0x00, 0x01}), Version::V31), kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(0x6A, {0x00, 0x01}), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x68, {0x00, 0x01}), Version::V31), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x48, {0x00, 0x01}), Version::V31), kMalformed);
}

TEST(Acknowledgement, OnlyListedReasonCodesPass) {
    // [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1], [MQTT-3.7.2-1].
    const std::vector<int> reception{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
    const std::vector<int> release{0x00, 0x92};
    for (const int first_byte : {kPuback, kPubrec, kPubrel, kPubcomp}) {
        const bool is_reception = first_byte == kPuback || first_byte == kPubrec;
        for (int code = 0; code < 256; ++code) {
            const bool allowed = std::ranges::count(is_reception ? reception : release, code) > 0;
            EXPECT_EQ(refusal_by_server(packet_of(first_byte, {0x00, 0x01, code})),
                      allowed ? kAccepted : kProtocolError)
                << first_byte << " " << code;
        }
    }
}

TEST(Acknowledgement, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(packet_of(kPuback, {0, 1, 0, 2, 0x01, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(kPubrel, {0, 1, 0, 3, 0x23, 0, 1})), kMalformed);
}

TEST(AcknowledgementDeathTest, EncoderRefusesOtherTypesAndNoIdentifier) {
    const Acknowledgement wrong{.type = PacketType::Publish, .packet_id = PacketId(1)};
    EXPECT_DEATH((void)to_bytes(wrong, Version::V5), "type");
    EXPECT_DEATH((void)to_bytes(Acknowledgement{}, Version::V5), "id");
}

}  // namespace
}  // namespace kith::mqtt
