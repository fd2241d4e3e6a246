#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Unsubscribe, ExampleOfTheStandardIsReproduced) {
    // MQTT 5.0, figure 3-28: "a/b" and "c/d".
    const Buffer bytes = packet_of(0xA2, {0x00, 0x0A, 0x00, 0x00, 0x03, "a/b", 0x00, 0x03, "c/d"});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Unsubscribe>(decoder, bytes);
    EXPECT_EQ(packet.packet_id, PacketId(10));
    ASSERT_EQ(packet.filters.size(), 2U);
    EXPECT_EQ(packet.filters[0], "a/b");
    EXPECT_EQ(packet.filters[1], "c/d");
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
    EXPECT_EQ(to_bytes(packet, Version::V311),
              packet_of(0xA2, {0x00, 0x0A, field("a/b"), field("c/d")}));
}

TEST(Unsubscribe, AskingForNothingIsAProtocolError) {
    // [MQTT-3.10.3-2].
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 0})), kProtocolError);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1}), Version::V311), kProtocolError);
}

TEST(Unsubscribe, FilterIsNonEmptyUtf8) {
    // [MQTT-3.10.3-1], [MQTT-4.7.3-1].
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 0, field("")})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 0, field("\xFF")})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 0, field("#")})), kAccepted);
}

TEST(Unsubscribe, FlagsAreFixed) {
    // [MQTT-3.10.1-1].
    const auto unsubscribe = [](int first_byte) {
        return packet_of(first_byte, {0, 1, field("t")});
    };
    EXPECT_EQ(refusal_by_server(unsubscribe(0xA2), Version::V311), kAccepted);
    EXPECT_EQ(refusal_by_server(unsubscribe(0xA0), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(unsubscribe(0xAA), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(unsubscribe(0xAA), Version::V31), kAccepted);
}

TEST(Unsubscribe, PacketIdentifierIsNeverZero) {
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 0, 0, field("t")})), kProtocolError);
}

TEST(Unsubscribe, OnlyUserPropertiesAreAllowed) {
    EXPECT_EQ(
        refusal_by_server(packet_of(0xA2, {0, 1, 7, 0x26, field("k"), field("v"), field("t")})),
        kAccepted);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 2, 0x0B, 1, field("t")})), kMalformed);
}

TEST(Unsubscribe, LengthMustFit) {
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0xA2, {0, 1, 0, field("t"), 0})), kMalformed);
}

TEST(UnsubscribeDeathTest, EncoderRefusesToAskForNothing) {
    EXPECT_DEATH((void)to_bytes(Unsubscribe{.packet_id = PacketId(1)}, Version::V5), "empty");
}

}  // namespace
}  // namespace kith::mqtt
