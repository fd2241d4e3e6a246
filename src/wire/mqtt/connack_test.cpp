#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

Buffer connack_with(std::initializer_list<Piece> properties) {
    const Buffer block = bytes_of(properties);
    return packet_of(0x20, {0x00, 0x00, static_cast<int>(block.size()), block});
}

TEST(Connack, ShortestFormsAreExact) {
    EXPECT_EQ(to_bytes(Connack{}, Version::V5), (Buffer{0x20, 0x03, 0x00, 0x00, 0x00}));
    EXPECT_EQ(to_bytes(Connack{}, Version::V311), (Buffer{0x20, 0x02, 0x00, 0x00}));
    const Connack present{.session_present = true};
    EXPECT_EQ(to_bytes(present, Version::V5), (Buffer{0x20, 0x03, 0x01, 0x00, 0x00}));
    EXPECT_EQ(to_bytes(present, Version::V311), (Buffer{0x20, 0x02, 0x01, 0x00}));
    // MQTT 3.1 has no such flag.
    EXPECT_EQ(to_bytes(present, Version::V31), (Buffer{0x20, 0x02, 0x00, 0x00}));
}

TEST(Connack, EveryPropertyIsRead) {
    const Buffer bytes = connack_with(
        {0x11,       0,    0,           0,         60,         0x21, 0,          20,
         0x24,       1,    0x25,        0,         0x27,       0,    0,          1,
         0,          0x12, field("id"), 0x22,      0,          5,    0x1F,       field("why"),
         0x28,       0,    0x29,        1,         0x2A,       0,    0x13,       0,
         30,         0x1A, field("r"),  0x1C,      field("s"), 0x15, field("m"), 0x16,
         field("d"), 0x26, field("k"),  field("v")});
    Decoder decoder(Sender::Server);
    const auto packet = decode_as<Connack>(decoder, bytes);
    EXPECT_EQ(packet.session_expiry_interval, 60U);
    EXPECT_EQ(packet.receive_maximum, 20);
    EXPECT_EQ(packet.maximum_qos, Qos::AtLeastOnce);
    EXPECT_EQ(packet.retain_available, false);
    EXPECT_EQ(packet.maximum_packet_size, 256U);
    EXPECT_EQ(packet.assigned_client_identifier, "id");
    EXPECT_EQ(packet.topic_alias_maximum, 5);
    EXPECT_EQ(packet.reason_string, "why");
    EXPECT_EQ(packet.wildcard_subscription_available, false);
    EXPECT_EQ(packet.subscription_identifiers_available, true);
    EXPECT_EQ(packet.shared_subscription_available, false);
    EXPECT_EQ(packet.server_keep_alive, 30);
    EXPECT_EQ(packet.response_information, "r");
    EXPECT_EQ(packet.server_reference, "s");
    EXPECT_EQ(packet.authentication_method, "m");
    EXPECT_EQ(as_text(packet.authentication_data.value()), "d");
    EXPECT_EQ((*packet.user_properties.begin()).name, "k");
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Connack, ReservedFlagsAreMalformed) {
    // [MQTT-3.2.2-1].
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x02, 0x00, 0x00})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x80, 0x00}), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x01, 0x00}), Version::V311), kAccepted);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x01, 0x00}), Version::V31), kMalformed);
}

TEST(Connack, ARefusalHasNoSession) {
    // [MQTT-3.2.2-6].
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x01, 0x87, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x01, 0x05}), Version::V311), kProtocolError);
}

TEST(Connack, OnlyListedReasonCodesPass) {
    // [MQTT-3.2.2-8], table 3-1.
    const std::vector<int> listed{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                                  0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
    for (int code = 0; code < 256; ++code) {
        const bool allowed = std::ranges::count(listed, code) > 0;
        EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x00, code, 0x00})),
                  allowed ? kAccepted : kProtocolError)
            << code;
    }
}

TEST(Connack, Mqtt3HasSixReturnCodes) {
    // MQTT 3.1.1, table 3.1.
    const std::vector<ReasonCode> reasons{
        ReasonCode::Success,
        ReasonCode::UnsupportedProtocolVersion,
        ReasonCode::ClientIdentifierNotValid,
        ReasonCode::ServerUnavailable,
        ReasonCode::BadUserNameOrPassword,
        ReasonCode::NotAuthorized,
    };
    for (std::size_t code = 0; code < reasons.size(); ++code) {
        const Buffer bytes = packet_of(0x20, {0x00, static_cast<int>(code)});
        Decoder decoder(Sender::Server, Version::V311);
        const auto packet = decode_as<Connack>(decoder, bytes);
        EXPECT_EQ(packet.reason_code, reasons[code]);
        EXPECT_EQ(to_bytes(packet, Version::V311), bytes);
    }
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x00, 0x06}), Version::V311), kMalformed);
}

TEST(Connack, ReasonsWithoutAReturnCodeGetTheNearest) {
    EXPECT_EQ(connack_return_code(ReasonCode::Banned), 5);
    EXPECT_EQ(connack_return_code(ReasonCode::BadAuthenticationMethod), 4);
    EXPECT_EQ(connack_return_code(ReasonCode::ServerBusy), 3);
    EXPECT_EQ(connack_return_code(ReasonCode::QuotaExceeded), 3);
    EXPECT_EQ(connack_return_code(ReasonCode::UnspecifiedError), 3);
}

TEST(Connack, ValuesOutOfRangeAreProtocolErrors) {
    for (const int id : {0x24, 0x25, 0x28, 0x29, 0x2A}) {
        EXPECT_EQ(refusal_by_client(connack_with({id, 0x01})), kAccepted) << id;
        EXPECT_EQ(refusal_by_client(connack_with({id, 0x02})), kProtocolError) << id;
    }
    EXPECT_EQ(refusal_by_client(connack_with({0x21, 0x00, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_client(connack_with({0x27, 0x00, 0x00, 0x00, 0x00})), kProtocolError);
}

TEST(Connack, AuthenticationDataNeedsAMethod) {
    EXPECT_EQ(refusal_by_client(connack_with({0x16, field("d")})), kProtocolError);
}

TEST(Connack, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_client(connack_with({0x17, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_client(connack_with({0x0B, 0x01})), kMalformed);
}

TEST(Connack, LengthMustFit) {
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x00, 0x00}), Version::V5), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0x00}), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {}), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0, 0, 0}), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x20, {0, 0, 0, 0}), Version::V5), kMalformed);
}

TEST(ConnackDeathTest, EncoderRefusesASessionInARefusal) {
    const Connack packet{.session_present = true, .reason_code = ReasonCode::Banned};
    EXPECT_DEATH((void)to_bytes(packet, Version::V5), "session_present");
}

}  // namespace
}  // namespace kith::mqtt
