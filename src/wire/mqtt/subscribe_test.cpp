#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

/// A SUBSCRIBE of MQTT 5.0 to `t` with this options byte.
Buffer subscribe_with_options(int options) {
    return packet_of(0x82, {0x00, 0x01, 0x00, field("t"), options});
}

Buffer subscribe_with(std::initializer_list<Piece> properties) {
    const Buffer block = bytes_of(properties);
    return packet_of(0x82, {0x00, 0x01, static_cast<int>(block.size()), block, field("t"), 0x00});
}

TEST(Subscribe, ExampleOfTheStandardIsReproduced) {
    // MQTT 5.0, figures 3-19 and 3-22: packet identifier 10, "a/b" with QoS 1, "c/d" with QoS 2.
    const Buffer bytes =
        packet_of(0x82, {0x00, 0x0A, 0x00, 0x00, 0x03, "a/b", 0x01, 0x00, 0x03, "c/d", 0x02});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Subscribe>(decoder, bytes);
    EXPECT_EQ(packet.packet_id, PacketId(10));
    ASSERT_EQ(packet.subscriptions.size(), 2U);
    EXPECT_EQ(packet.subscriptions[0].filter, "a/b");
    EXPECT_EQ(packet.subscriptions[0].maximum_qos, Qos::AtLeastOnce);
    EXPECT_EQ(packet.subscriptions[1].filter, "c/d");
    EXPECT_EQ(packet.subscriptions[1].maximum_qos, Qos::ExactlyOnce);
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Subscribe, OptionsAreRead) {
    Decoder decoder(Sender::Client);
    const Buffer bytes = subscribe_with_options(0x2E);
    const auto packet = decode_as<Subscribe>(decoder, bytes);
    ASSERT_EQ(packet.subscriptions.size(), 1U);
    const Subscription& subscription = packet.subscriptions[0];
    EXPECT_EQ(subscription.maximum_qos, Qos::ExactlyOnce);
    EXPECT_TRUE(subscription.no_local);
    EXPECT_TRUE(subscription.retain_as_published);
    EXPECT_EQ(subscription.retain_handling, RetainHandling::DoNotSend);
    // MQTT 3.1.1 has nothing but the QoS.
    EXPECT_EQ(to_bytes(packet, Version::V311), packet_of(0x82, {0x00, 0x01, field("t"), 0x02}));
}

TEST(Subscribe, SubscriptionIdentifierIsRead) {
    Decoder decoder(Sender::Client);
    const Buffer bytes = subscribe_with({0x0B, 0xFF, 0xFF, 0xFF, 0x7F});
    const auto packet = decode_as<Subscribe>(decoder, bytes);
    EXPECT_EQ(packet.subscription_identifier, kVariableByteIntegerMax);
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Subscribe, OptionsOutOfRangeAreRefused) {
    // [MQTT-3.8.3-5]; section 3.8.3.1 calls the others protocol errors.
    EXPECT_EQ(refusal_by_server(subscribe_with_options(0x40)), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe_with_options(0x80)), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe_with_options(0x03)), kProtocolError);
    EXPECT_EQ(refusal_by_server(subscribe_with_options(0x30)), kProtocolError);
}

TEST(Subscribe, Mqtt3HasSixReservedBits) {
    // MQTT 3.1.1 [MQTT-3.8.3-4].
    for (const int options : {0x04, 0x08, 0x10, 0x20, 0x40, 0x80}) {
        const Buffer bytes = packet_of(0x82, {0x00, 0x01, field("t"), options});
        EXPECT_EQ(refusal_by_server(bytes, Version::V311), kMalformed) << options;
        EXPECT_EQ(refusal_by_server(bytes, Version::V31), kMalformed) << options;
    }
}

TEST(Subscribe, AskingForNothingIsAProtocolError) {
    // [MQTT-3.8.3-2].
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0x00, 0x01, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0x00, 0x01}), Version::V311), kProtocolError);
}

TEST(Subscribe, FilterIsNonEmptyUtf8) {
    // [MQTT-3.8.3-1], [MQTT-4.7.3-1], [MQTT-4.7.3-2].
    const auto subscribe = [](std::string_view filter) {
        return packet_of(0x82, {0x00, 0x01, 0x00, field(filter), 0x00});
    };
    EXPECT_EQ(refusal_by_server(subscribe("a/+/#")), kAccepted);
    EXPECT_EQ(refusal_by_server(subscribe("")), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe("\xFF")), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe(std::string_view("a\0", 2))), kMalformed);
}

TEST(Subscribe, FlagsAreFixed) {
    // [MQTT-3.8.1-1].
    const auto subscribe = [](int first_byte) {
        return packet_of(first_byte, {0x00, 0x01, field("t"), 0x00});
    };
    EXPECT_EQ(refusal_by_server(subscribe(0x82), Version::V311), kAccepted);
    EXPECT_EQ(refusal_by_server(subscribe(0x80), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe(0x83), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe(0x8A), Version::V311), kMalformed);
    EXPECT_EQ(refusal_by_server(subscribe(0x8A), Version::V31), kAccepted);
}

TEST(Subscribe, PacketIdentifierIsNeverZero) {
    // [MQTT-2.2.1-3].
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0, 0, 0, field("t"), 0})), kProtocolError);
}

TEST(Subscribe, SubscriptionIdentifierIsOneAtMostAndNotZero) {
    EXPECT_EQ(refusal_by_server(subscribe_with({0x0B, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(subscribe_with({0x0B, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_server(subscribe_with({0x0B, 0x01, 0x0B, 0x02})), kProtocolError);
    EXPECT_EQ(refusal_by_server(subscribe_with({0x0B, 0x81, 0x00})), kMalformed);
}

TEST(Subscribe, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(subscribe_with({0x1F, field("why")})), kMalformed);
}

TEST(Subscribe, LengthMustFit) {
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0x00})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0x00, 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0, 1, 0, field("t")})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x82, {0, 1, 0, field("t"), 0, 0})), kMalformed);
}

TEST(Subscribe, ManyFiltersFitTheScratchOfOneDecoder) {
    std::vector<Subscription> many(20'000, Subscription{.filter = "t"});
    const Subscribe packet{.packet_id = PacketId(1), .subscriptions = many};
    const Buffer bytes = to_bytes(packet, Version::V5);
    const Buffer few = subscribe_with({});
    Decoder decoder(Sender::Client);
    EXPECT_EQ(decode_as<Subscribe>(decoder, bytes).subscriptions.size(), many.size());
    EXPECT_EQ(decode_as<Subscribe>(decoder, few).subscriptions.size(), 1U);
}

TEST(SubscribeDeathTest, EncoderRefusesToAskForNothing) {
    EXPECT_DEATH((void)to_bytes(Subscribe{.packet_id = PacketId(1)}, Version::V5), "empty");
}

}  // namespace
}  // namespace kith::mqtt
