#include <algorithm>

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Suback, CodesStandInTheOrderOfTheFilters) {
    // [MQTT-3.9.3-1].
    const std::vector<ReasonCode> codes{ReasonCode::GrantedQos2, ReasonCode::NotAuthorized,
                                        ReasonCode::Success};
    const Suback packet{.packet_id = PacketId(10), .reason_codes = codes};
    const Buffer bytes = packet_of(0x90, {0x00, 0x0A, 0x00, 0x02, 0x87, 0x00});
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
    Decoder decoder(Sender::Server);
    EXPECT_EQ(decode_as<Suback>(decoder, bytes), packet);
}

TEST(Suback, Mqtt3KnowsOneFailure) {
    // MQTT 3.1.1 [MQTT-3.9.3-2].
    const std::vector<ReasonCode> codes{ReasonCode::GrantedQos1, ReasonCode::NotAuthorized};
    const Suback packet{
        .packet_id = PacketId(10), .reason_string = "dropped", .reason_codes = codes};
    EXPECT_EQ(to_bytes(packet, Version::V311), packet_of(0x90, {0x00, 0x0A, 0x01, 0x80}));
}

TEST(Suback, OnlyListedReasonCodesPass) {
    // [MQTT-3.9.3-2].
    const std::vector<int> listed{0x00, 0x01, 0x02, 0x80, 0x83, 0x87,
                                  0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
    const std::vector<int> listed_v311{0x00, 0x01, 0x02, 0x80};
    for (int code = 0; code < 256; ++code) {
        const bool allowed = std::ranges::count(listed, code) > 0;
        const bool allowed_v311 = std::ranges::count(listed_v311, code) > 0;
        EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1, 0, code})),
                  allowed ? kAccepted : kProtocolError)
            << code;
        EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1, code}), Version::V311),
                  allowed_v311 ? kAccepted : kProtocolError)
            << code;
    }
}

TEST(Suback, AnswersOneFilterAtLeast) {
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1, 0})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1}), Version::V311), kMalformed);
}

TEST(Suback, PacketIdentifierIsNeverZero) {
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 0, 0, 0})), kProtocolError);
}

TEST(Suback, PropertiesAreReadAndOthersRefused) {
    const Buffer bytes =
        packet_of(0x90, {0, 1, 11, 0x1F, field("x"), 0x26, field("k"), field("v"), 0x00});
    Decoder decoder(Sender::Server);
    const auto packet = decode_as<Suback>(decoder, bytes);
    EXPECT_EQ(packet.reason_string, "x");
    EXPECT_EQ((*packet.user_properties.begin()).name, "k");
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1, 2, 0x0B, 1, 0})), kMalformed);
}

TEST(Suback, LengthMustFit) {
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x90, {0, 1, 5, 0})), kMalformed);
}

TEST(SubackDeathTest, EncoderRefusesToAnswerNothing) {
    EXPECT_DEATH((void)to_bytes(Suback{.packet_id = PacketId(1)}, Version::V5), "empty");
}

}  // namespace
}  // namespace kith::mqtt
