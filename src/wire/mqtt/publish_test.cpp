#include "base/random.h"
#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

constexpr Refusal kTopicInvalid{ErrorKind::Protocol, ReasonCode::TopicNameInvalid};

/// A PUBLISH of QoS 0 to `t` with these properties and the payload "p".
Buffer publish_with(std::initializer_list<Piece> properties, std::string_view topic = "t") {
    const Buffer block = bytes_of(properties);
    return packet_of(0x30, {field(topic), static_cast<int>(block.size()), block, "p"});
}

Buffer encoded_properties(const Publish& packet) {
    return {packet.properties.encoded.begin(), packet.properties.encoded.end()};
}

TEST(Publish, ExampleOfMqtt311IsReproduced) {
    // MQTT 3.1.1, figure 3.11: topic a/b, packet identifier 10.
    const Buffer bytes = packet_of(0x32, {0x00, 0x03, "a/b", 0x00, 0x0A});
    Decoder decoder(Sender::Client, Version::V311);
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_EQ(packet.topic, "a/b");
    EXPECT_EQ(packet.packet_id, PacketId(10));
    EXPECT_EQ(packet.qos, Qos::AtLeastOnce);
    EXPECT_TRUE(packet.payload.empty());
    EXPECT_EQ(to_bytes(packet, Version::V311), bytes);
}

TEST(Publish, ExampleOfMqtt5IsReproduced) {
    // MQTT 5.0, figure 3-9: topic a/b, packet identifier 10, no properties.
    const Buffer bytes = packet_of(0x32, {0x00, 0x03, "a/b", 0x00, 0x0A, 0x00});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_EQ(packet.topic, "a/b");
    EXPECT_EQ(packet.packet_id, PacketId(10));
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Publish, FlagsAreRead) {
    Decoder decoder(Sender::Client, Version::V311);
    const Buffer bytes = packet_of(0x3D, {field("t"), 0x00, 0x01, "payload"});
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_TRUE(packet.dup);
    EXPECT_EQ(packet.qos, Qos::ExactlyOnce);
    EXPECT_TRUE(packet.retain);
    EXPECT_EQ(as_text(packet.payload), "payload");
}

TEST(Publish, QosThreeIsMalformed) {
    // [MQTT-3.3.1-4].
    EXPECT_EQ(refusal_by_server(packet_of(0x36, {field("t"), 0x00, 0x01, 0x00})), kMalformed);
    EXPECT_EQ(refusal_by_client(packet_of(0x36, {field("t"), 0x00, 0x01}), Version::V311),
              kMalformed);
}

TEST(Publish, DupWithQosZeroIsMalformed) {
    // [MQTT-3.3.1-2].
    EXPECT_EQ(refusal_by_server(packet_of(0x38, {field("t"), 0x00})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x3A, {field("t"), 0x00, 0x01, 0x00})), kAccepted);
}

TEST(Publish, PacketIdentifierIsNeverZero) {
    // [MQTT-2.2.1-3], [MQTT-2.2.1-4].
    EXPECT_EQ(refusal_by_server(packet_of(0x32, {field("t"), 0x00, 0x00, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_client(packet_of(0x34, {field("t"), 0x00, 0x00}), Version::V311),
              kProtocolError);
}

TEST(Publish, TopicIsUtf8WithoutNul) {
    // [MQTT-3.3.2-1], [MQTT-1.5.4-1], [MQTT-1.5.4-2].
    EXPECT_EQ(refusal_by_server(publish_with({}, "\xC3\xA4/\xE6\x97\xA5")), kAccepted);
    EXPECT_EQ(refusal_by_server(publish_with({}, "a/\xC3")), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({}, "\xED\xBF\xBF")), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({}, std::string("a\0", 2))), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({}, "a long topic with an error in it \xF5")),
              kMalformed);
}

TEST(Publish, TopicHasNoWildcards) {
    // [MQTT-3.3.2-2], [MQTT-4.7.0-1].
    EXPECT_EQ(refusal_by_server(publish_with({}, "a/+/b")), kTopicInvalid);
    EXPECT_EQ(refusal_by_server(publish_with({}, "#")), kTopicInvalid);
    EXPECT_EQ(refusal_by_server(publish_with({}, "a/long/topic/name/and/then/#")), kTopicInvalid);
    EXPECT_EQ(refusal_by_server(publish_with({}, "\xE6\x97\xA5/#")), kTopicInvalid);
}

TEST(Publish, EmptyTopicNeedsAnAlias) {
    // Section 3.3.2.3.4; [MQTT-4.7.3-1].
    EXPECT_EQ(refusal_by_server(publish_with({0x23, 0x00, 0x01}, "")), kAccepted);
    EXPECT_EQ(refusal_by_server(publish_with({}, "")), kProtocolError);
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {field("")}), Version::V311), kProtocolError);
}

TEST(Publish, TopicAliasZeroIsInvalid) {
    // [MQTT-3.3.2-8].
    const Refusal alias_invalid{ErrorKind::Protocol, ReasonCode::TopicAliasInvalid};
    EXPECT_EQ(refusal_by_server(publish_with({0x23, 0x00, 0x00})), alias_invalid);
    EXPECT_EQ(refusal_by_server(publish_with({0x23, 0xFF, 0xFF})), kAccepted);
}

TEST(Publish, PayloadFormatIndicatorIsZeroOrOne) {
    EXPECT_EQ(refusal_by_server(publish_with({0x01, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(publish_with({0x01, 0x02})), kProtocolError);
}

TEST(Publish, ResponseTopicIsATopicName) {
    // [MQTT-3.3.2-13], [MQTT-3.3.2-14], [MQTT-4.7.3-1].
    EXPECT_EQ(refusal_by_server(publish_with({0x08, field("r/1")})), kAccepted);
    EXPECT_EQ(refusal_by_server(publish_with({0x08, field("r/+")})), kProtocolError);
    EXPECT_EQ(refusal_by_server(publish_with({0x08, field("r/#")})), kProtocolError);
    EXPECT_EQ(refusal_by_server(publish_with({0x08, field("")})), kProtocolError);
    EXPECT_EQ(refusal_by_server(publish_with({0x08, field("r\xFF")})), kMalformed);
}

TEST(Publish, TextPropertiesAreUtf8) {
    // [MQTT-3.3.2-19], [MQTT-1.5.7-1].
    EXPECT_EQ(refusal_by_server(publish_with({0x03, field("\xFF")})), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({0x26, field("\xFF"), field("v")})), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({0x26, field("k"), field("\xFF")})), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({0x09, field("\xFF")})), kAccepted);
}

TEST(Publish, OnlyAServerSendsSubscriptionIdentifiers) {
    // [MQTT-3.3.4-6].
    const Buffer bytes = publish_with({0x0B, 0x01});
    EXPECT_EQ(refusal_by_server(bytes), kProtocolError);
    EXPECT_EQ(refusal_by_client(bytes), kAccepted);
    EXPECT_EQ(refusal_by_client(publish_with({0x0B, 0x00})), kProtocolError);
}

TEST(Publish, SubscriptionIdentifiersKeepTheirOrder) {
    // [MQTT-3.3.4-4].
    const Buffer bytes = publish_with({0x0B, 0x07, 0x0B, 0x80, 0x01, 0x0B, 0x07});
    Decoder decoder(Sender::Server);
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_EQ(std::vector<std::uint32_t>(packet.subscription_identifiers.begin(),
                                         packet.subscription_identifiers.end()),
              (std::vector<std::uint32_t>{7, 128, 7}));
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Publish, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(publish_with({0x11, 0, 0, 0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({0x1F, field("why")})), kMalformed);
    EXPECT_EQ(refusal_by_server(publish_with({0x15, field("m")})), kMalformed);
}

TEST(Publish, EveryFieldMustBeWhole) {
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {0x00})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {0x00, 0x02, "t"})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {field("t")})), kMalformed);  // property length
    EXPECT_EQ(refusal_by_server(packet_of(0x32, {field("t"), 0x01})), kMalformed);
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {field("t"), 0x02, 0x01})), kMalformed);
}

TEST(Publish, AdjacentForwardedPropertiesAreAViewOfThePacket) {
    const Buffer run = bytes_of({0x01, 0x01, 0x26, field("k"), field("v"), 0x09, field("\x01")});
    const Buffer bytes = publish_with({0x02, 0, 0, 0, 9, run, 0x23, 0, 1});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_EQ(encoded_properties(packet), run);
    EXPECT_GE(packet.properties.encoded.data(), bytes.data());
    EXPECT_LT(packet.properties.encoded.data(), bytes.data() + bytes.size());
    EXPECT_EQ(packet.message_expiry_interval, 9U);
    EXPECT_EQ(packet.topic_alias, 1);
}

TEST(Publish, ForwardedPropertiesAreJoinedInTheirOrder) {
    // [MQTT-3.3.2-18]: whatever stands between them, they come out as they went in.
    Random random(7);
    for (int round = 0; round < 300; ++round) {
        std::vector<Buffer> forwarded{
            bytes_of({0x01, 0x01}),
            bytes_of({0x03, field("text/plain")}),
            bytes_of({0x08, field("answer/to")}),
            bytes_of({0x09, field("id")}),
            bytes_of({0x26, field("k"), field("1")}),
            bytes_of({0x26, field("k"), field("2")}),
        };
        std::vector<Buffer> others{
            bytes_of({0x02, 0, 0, 0, 9}),
            bytes_of({0x23, 0, 1}),
            bytes_of({0x0B, 0x05}),
            bytes_of({0x0B, 0x06}),
        };
        Buffer block;
        Buffer expected;
        while (!forwarded.empty() || !others.empty()) {
            const bool forward = others.empty() || (!forwarded.empty() && random.chance(0.5));
            auto& from = forward ? forwarded : others;
            const auto taken =
                from.begin() + static_cast<std::ptrdiff_t>(random.below(from.size()));
            block.insert(block.end(), taken->begin(), taken->end());
            if (forward) {
                expected.insert(expected.end(), taken->begin(), taken->end());
            }
            from.erase(taken);
        }
        const Buffer bytes = packet_of(0x30, {field("t"), static_cast<int>(block.size()), block});
        Decoder decoder(Sender::Server);
        const auto packet = decode_as<Publish>(decoder, bytes);
        ASSERT_EQ(encoded_properties(packet), expected);
        EXPECT_EQ(packet.message_expiry_interval, 9U);
        EXPECT_EQ(packet.topic_alias, 1);
        EXPECT_EQ(packet.subscription_identifiers.size(), 2U);
    }
}

TEST(Publish, HeadLeavesRoomForThePacketIdentifier) {
    Publish packet;
    packet.topic = "a/b";
    packet.qos = Qos::AtLeastOnce;
    packet.packet_id = PacketId(0x1234);
    packet.payload = as_bytes("payload");
    for (const Version version : {Version::V311, Version::V5}) {
        const Buffer whole = to_bytes(packet, version);
        Buffer head(encoded_head_bytes(packet, version));
        ByteWriter writer(head);
        const PublishHead placed = encode_head(packet, version, writer);
        EXPECT_EQ(placed.bytes, head.size());
        EXPECT_EQ(Buffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(head.size())),
                  head);
        EXPECT_EQ(head.size() + packet.payload.size(), whole.size());
        EXPECT_EQ(head.at(placed.packet_id_offset), 0x12);
        EXPECT_EQ(head.at(placed.packet_id_offset + 1), 0x34);
    }
}

TEST(Publish, HeadCanBeWrittenBehindOtherPackets) {
    Publish packet;
    packet.topic = "t";
    packet.qos = Qos::ExactlyOnce;
    packet.packet_id = PacketId(1);
    Buffer room(2 + encoded_head_bytes(packet, Version::V5));
    ByteWriter writer(room);
    encode(Pingresp{}, Version::V5, writer);
    const PublishHead head = encode_head(packet, Version::V5, writer);
    EXPECT_EQ(head.bytes, room.size() - 2);
    EXPECT_EQ(head.packet_id_offset, 5U);  // from the start of the head
}

TEST(Publish, HeadOfQosZeroHasNoPacketIdentifier) {
    // [MQTT-2.2.1-2].
    const Publish packet{.topic = "t"};
    Buffer head(encoded_head_bytes(packet, Version::V311));
    ByteWriter writer(head);
    EXPECT_EQ(encode_head(packet, Version::V311, writer).packet_id_offset, 0U);
    EXPECT_EQ(head, (Buffer{0x30, 0x03, 0x00, 0x01, 't'}));
}

TEST(Publish, PropertiesAreLeftOutBeforeMqtt5) {
    const Buffer run = bytes_of({0x01, 0x01});
    const Publish packet{.topic = "t",
                         .message_expiry_interval = 5,
                         .topic_alias = 3,
                         .properties = {.encoded = run}};
    EXPECT_EQ(to_bytes(packet, Version::V311), (Buffer{0x30, 0x03, 0x00, 0x01, 't'}));
}

TEST(PublishDeathTest, EncoderRefusesWhatNoReceiverTakes) {
    EXPECT_DEATH((void)to_bytes(Publish{}, Version::V5), "topic");
    EXPECT_DEATH((void)to_bytes(Publish{.topic_alias = 1}, Version::V311), "topic");
    EXPECT_DEATH((void)to_bytes(Publish{.dup = true, .topic = "t"}, Version::V5), "dup");
    EXPECT_DEATH((void)to_bytes(Publish{.qos = Qos::AtLeastOnce, .topic = "t"}, Version::V5), "id");
    EXPECT_DEATH((void)to_bytes(Publish{.topic = "t", .topic_alias = 0}, Version::V5), "min");
}

}  // namespace
}  // namespace kith::mqtt
