#include <algorithm>

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Unsuback, CodesStandInTheOrderOfTheFilters) {
    // [MQTT-3.11.3-1].
    const std::vector<ReasonCode> codes{ReasonCode::NoSubscriptionExisted, ReasonCode::Success};
    const Unsuback packet{.packet_id = PacketId(10), .reason_codes = codes};
    const Buffer bytes = packet_of(0xB0, {0x00, 0x0A, 0x00, 0x11, 0x00});
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
    Decoder decoder(Sender::Server);
    EXPECT_EQ(decode_as<Unsuback>(decoder, bytes), packet);
}

TEST(Unsuback, Mqtt3HasNoCodes) {
    const std::vector<ReasonCode> codes{ReasonCode::NoSubscriptionExisted};
    const Unsuback packet{.packet_id = PacketId(10), .reason_codes = codes};
    const Buffer bytes = packet_of(0xB0, {0x00, 0x0A});
    EXPECT_EQ(to_bytes(packet, Version::V311), bytes);
    Decoder decoder(Sender::Server, Version::V311);
    EXPECT_TRUE(decode_as<Unsuback>(decoder, bytes).reason_codes.empty());
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0x00, 0x0A, 0x00}), Version::V311), kMalformed);
}

TEST(Unsuback, OnlyListedReasonCodesPass) {
    // [MQTT-3.11.3-2].
    const std::vector<int> listed{0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};
    for (int code = 0; code < 256; ++code) {
        const bool allowed = std::ranges::count(listed, code) > 0;
        EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 1, 0, code})),
                  allowed ? kAccepted : kProtocolError)
            << code;
    }
}

TEST(Unsuback, AnswersOneFilterAtLeast) {
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 1, 0})), kMalformed);
}

TEST(Unsuback, PacketIdentifierIsNeverZero) {
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 0, 0, 0})), kProtocolError);
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 0}), Version::V311), kProtocolError);
}

TEST(Unsuback, PropertiesAreReadAndOthersRefused) {
    const Buffer bytes = packet_of(0xB0, {0, 1, 4, 0x1F, field("x"), 0x00});
    Decoder decoder(Sender::Server);
    EXPECT_EQ(decode_as<Unsuback>(decoder, bytes).reason_string, "x");
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 1, 2, 0x0B, 1, 0})), kMalformed);
}

TEST(Unsuback, LengthMustFit) {
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0xB0, {0}), Version::V311), kMalformed);
}

TEST(UnsubackDeathTest, EncoderRefusesToAnswerNothing) {
    EXPECT_DEATH((void)to_bytes(Unsuback{.packet_id = PacketId(1)}, Version::V5), "empty");
}

}  // namespace
}  // namespace kith::mqtt
