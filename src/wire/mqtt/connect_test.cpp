#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

/// A CONNECT of MQTT 5.0 with these flags, properties and payload.
Buffer connect_v5(int flags, const Buffer& properties, const Buffer& payload) {
    return packet_of(0x10, {field("MQTT"), 5, flags, 0x00, 0x0A,
                            static_cast<int>(properties.size()), properties, payload});
}

/// A CONNECT with these properties and nothing else of interest.
Buffer connect_with(std::initializer_list<Piece> properties) {
    return connect_v5(0x02, bytes_of(properties), field("c"));
}

Buffer connect_v311(int flags, const Buffer& payload) {
    return packet_of(0x10, {field("MQTT"), 4, flags, 0x00, 0x0A, payload});
}

Buffer connect_v31(int flags, const Buffer& payload) {
    return packet_of(0x10, {field("MQIsdp"), 3, flags, 0x00, 0x0A, payload});
}

/// A CONNECT with a will whose properties are these.
Buffer connect_with_will(std::initializer_list<Piece> properties, std::string_view topic = "w") {
    const Buffer block = bytes_of(properties);
    return connect_v5(
        0x06, {},
        bytes_of({field("c"), static_cast<int>(block.size()), block, field(topic), field("gone")}));
}

TEST(Connect, ExampleOfMqtt5IsReproduced) {
    // MQTT 5.0, figure 3-6: user name, password, will of QoS 1, clean start, keep alive 10 s,
    // session expiry interval 10 s. The payload is ours.
    const Buffer bytes = packet_of(
        0x10, {0x00, 0x04, "MQTT", 0x05, 0xCE, 0x00, 0x0A, 0x05, 0x11, 0x00, 0x00, 0x00, 0x0A,
               field("id"), 0x00, field("w/t"), field("bye"), field("user"), field("pass")});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(packet.version, Version::V5);
    EXPECT_TRUE(packet.clean_start);
    EXPECT_EQ(packet.keep_alive, 10);
    EXPECT_EQ(packet.session_expiry_interval, 10U);
    EXPECT_EQ(packet.client_id, "id");
    ASSERT_TRUE(packet.will);
    EXPECT_EQ(packet.will->qos, Qos::AtLeastOnce);
    EXPECT_FALSE(packet.will->retain);
    EXPECT_EQ(packet.will->topic, "w/t");
    EXPECT_EQ(as_text(packet.will->payload), "bye");
    EXPECT_EQ(packet.user_name, "user");
    EXPECT_EQ(as_text(packet.password.value()), "pass");
    EXPECT_EQ(to_bytes(packet, Version::V5), bytes);
}

TEST(Connect, ExampleOfMqtt311IsReproduced) {
    // MQTT 3.1.1, figure 3.6. The payload is ours.
    const Buffer bytes =
        packet_of(0x10, {0x00, 0x04, "MQTT", 0x04, 0xCE, 0x00, 0x0A, field("id"), field("w/t"),
                         field("bye"), field("user"), field("pass")});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(packet.version, Version::V311);
    EXPECT_EQ(packet.receive_maximum, 65'535);
    EXPECT_EQ(to_bytes(packet, Version::V311), bytes);
}

TEST(Connect, Mqtt31HasANameOfItsOwn) {
    const Buffer bytes = connect_v31(0x02, field("id"));
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(packet.version, Version::V31);
    EXPECT_EQ(to_bytes(packet, Version::V31), bytes);
}

TEST(Connect, AbsentPropertiesMeanWhatTheStandardSays) {
    Decoder decoder(Sender::Client);
    const Buffer bytes = connect_with({});
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(packet.session_expiry_interval, 0U);
    EXPECT_EQ(packet.receive_maximum, 65'535);
    EXPECT_EQ(packet.maximum_packet_size, std::nullopt);
    EXPECT_EQ(packet.topic_alias_maximum, 0);
    EXPECT_FALSE(packet.request_response_information);
    EXPECT_TRUE(packet.request_problem_information);
    EXPECT_EQ(packet.authentication_method, std::nullopt);
    EXPECT_TRUE(packet.user_properties.empty());
}

TEST(Connect, EveryPropertyIsRead) {
    const Buffer bytes = connect_with({0x11,           0xFF,       0xFF,
                                       0xFF,           0xFF,       0x21,
                                       0x00,           0x14,       0x27,
                                       0x00,           0x00,       0x10,
                                       0x00,           0x22,       0x00,
                                       0x0A,           0x19,       0x01,
                                       0x17,           0x00,       0x26,
                                       field("k"),     field("v"), 0x15,
                                       field("SCRAM"), 0x16,       field("\x01\x02"),
                                       0x26,           field("k"), field("w")});
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(packet.session_expiry_interval, 0xFFFF'FFFFU);
    EXPECT_EQ(packet.receive_maximum, 20);
    EXPECT_EQ(packet.maximum_packet_size, 4'096U);
    EXPECT_EQ(packet.topic_alias_maximum, 10);
    EXPECT_TRUE(packet.request_response_information);
    EXPECT_FALSE(packet.request_problem_information);
    EXPECT_EQ(packet.authentication_method, "SCRAM");
    EXPECT_EQ(as_text(packet.authentication_data.value()), "\x01\x02");
    // Interleaved user properties come out as one run, in order.
    std::vector<std::string> values;
    for (const UserProperty property : packet.user_properties) {
        EXPECT_EQ(property.name, "k");
        values.emplace_back(property.value);
    }
    EXPECT_EQ(values, (std::vector<std::string>{"v", "w"}));
}

TEST(Connect, PropertiesOfTheWillAreReadApartFromItsOwn) {
    const Buffer properties =
        bytes_of({0x26, field("a"), field("1"), 0x21, 0x00, 0x01, 0x26, field("b"), field("2")});
    const Buffer will = bytes_of({0x01, 0x01, 0x18, 0x00, 0x00, 0x00, 0x05, 0x26, field("c"),
                                  field("3"), 0x02, 0x00, 0x00, 0x00, 0x09, 0x03, field("t")});
    const Buffer bytes = connect_v5(
        0x3E - 0x08, properties,
        bytes_of({field("id"), static_cast<int>(will.size()), will, field("w"), field("x")}));
    Decoder decoder(Sender::Client);
    const auto packet = decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(
        Buffer(packet.user_properties.encoded().begin(), packet.user_properties.encoded().end()),
        bytes_of({0x26, field("a"), field("1"), 0x26, field("b"), field("2")}));
    ASSERT_TRUE(packet.will);
    EXPECT_EQ(packet.will->qos, Qos::ExactlyOnce);
    EXPECT_TRUE(packet.will->retain);
    EXPECT_EQ(packet.will->will_delay_interval, 5U);
    EXPECT_EQ(packet.will->message_expiry_interval, 9U);
    EXPECT_EQ(
        Buffer(packet.will->properties.encoded.begin(), packet.will->properties.encoded.end()),
        bytes_of({0x01, 0x01, 0x26, field("c"), field("3"), 0x03, field("t")}));
}

TEST(Connect, UnknownProtocolNamesAndVersionsAreUnsupported) {
    // [MQTT-3.1.2-1], [MQTT-3.1.2-2].
    const Refusal unsupported{ErrorKind::Unsupported, ReasonCode::UnsupportedProtocolVersion};
    const auto connect = [](std::string_view name, int level) {
        return packet_of(0x10, {field(name), level, 0x02, 0x00, 0x0A, 0x00, field("c")});
    };
    EXPECT_EQ(refusal_by_server(connect("MQTT", 5)), kAccepted);
    EXPECT_EQ(refusal_by_server(connect("MQTT", 6)), unsupported);
    EXPECT_EQ(refusal_by_server(connect("MQTT", 3)), unsupported);
    EXPECT_EQ(refusal_by_server(connect("MQTT", 0x84)), unsupported);
    EXPECT_EQ(refusal_by_server(connect("MQIsdp", 4)), unsupported);
    EXPECT_EQ(refusal_by_server(connect("mqtt", 5)), unsupported);
    EXPECT_EQ(refusal_by_server(connect("", 5)), unsupported);
}

TEST(Connect, VersionOfARefusedConnectIsKnown) {
    const auto version = [](const Buffer& bytes) { return connect_version(frame_of(bytes)); };
    EXPECT_EQ(version(connect_v5(0x01, {}, {})), Version::V5);
    EXPECT_EQ(version(connect_v311(0x01, {})), Version::V311);
    EXPECT_EQ(version(connect_v31(0x01, {})), Version::V31);
    EXPECT_EQ(version(packet_of(0x10, {field("MQTT"), 6})), std::nullopt);
    EXPECT_EQ(version(packet_of(0x10, {field("MQTT")})), std::nullopt);
    EXPECT_EQ(version(packet_of(0x10, {})), std::nullopt);
    EXPECT_EQ(version(packet_of(0x30, {field("MQTT"), 5})), std::nullopt);
}

TEST(Connect, ReservedFlagIsMalformed) {
    // [MQTT-3.1.2-3].
    EXPECT_EQ(refusal_by_server(connect_v5(0x03, {}, field("c"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v311(0x03, field("c"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v31(0x03, field("c"))), kMalformed);
}

TEST(Connect, WillFlagsMustFitTogether) {
    const Buffer will = bytes_of({field("c"), 0x00, field("w"), field("x")});
    EXPECT_EQ(refusal_by_server(connect_v5(0x06, {}, will)), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_v5(0x16, {}, will)), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_v5(0x1E, {}, will)), kMalformed);        // [MQTT-3.1.2-12]
    EXPECT_EQ(refusal_by_server(connect_v5(0x0A, {}, field("c"))), kMalformed);  // [MQTT-3.1.2-11]
    EXPECT_EQ(refusal_by_server(connect_v5(0x22, {}, field("c"))), kMalformed);  // [MQTT-3.1.2-13]
}

TEST(Connect, FieldsThatTheFlagsPromiseMustBeThere) {
    // [MQTT-3.1.2-9], [MQTT-3.1.2-17], [MQTT-3.1.2-19], [MQTT-3.1.3-3].
    EXPECT_EQ(refusal_by_server(connect_v5(0x02, {}, {})), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0x06, {}, field("c"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0x82, {}, field("c"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0x42, {}, field("c"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0xC2, {}, bytes_of({field("c"), field("u")}))),
              kMalformed);
}

TEST(Connect, FieldsThatTheFlagsDoNotPromiseMustNotBeThere) {
    // [MQTT-3.1.2-16], [MQTT-3.1.2-18].
    EXPECT_EQ(refusal_by_server(connect_v5(0x02, {}, bytes_of({field("c"), field("u")}))),
              kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v311(0x02, bytes_of({field("c"), field("u")}))),
              kMalformed);
}

TEST(Connect, PasswordWithoutUserNameIsForMqtt5Only) {
    // MQTT 3.1.1 [MQTT-3.1.2-22]; MQTT 5.0, section 3.1.2.9.
    const Buffer payload = bytes_of({field("c"), field("secret")});
    EXPECT_EQ(refusal_by_server(connect_v5(0x42, {}, payload)), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_v311(0x42, payload)), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v31(0x42, payload)), kMalformed);
}

TEST(Connect, Mqtt31MayPromiseAUserNameAndSendNone) {
    // MQTT 3.1, section 3.1: the remaining length takes precedence over the flags.
    Decoder decoder(Sender::Client);
    const Buffer no_strings = connect_v31(0xC2, field("c"));
    const auto without = decode_as<Connect>(decoder, no_strings);
    EXPECT_FALSE(without.user_name);
    EXPECT_FALSE(without.password);
    const Buffer one_string = connect_v31(0xC2, bytes_of({field("c"), field("u")}));
    const auto half = decode_as<Connect>(decoder, one_string);
    EXPECT_EQ(half.user_name, "u");
    EXPECT_FALSE(half.password);
    EXPECT_EQ(refusal_by_server(connect_v311(0xC2, field("c"))), kMalformed);
}

TEST(Connect, EmptyClientIdentifierNeedsACleanSessionInMqtt3) {
    // MQTT 3.1.1 [MQTT-3.1.3-7], [MQTT-3.1.3-8]; MQTT 5.0 [MQTT-3.1.3-6].
    const Refusal not_valid{ErrorKind::Protocol, ReasonCode::ClientIdentifierNotValid};
    EXPECT_EQ(refusal_by_server(connect_v311(0x02, field(""))), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_v311(0x00, field(""))), not_valid);
    EXPECT_EQ(refusal_by_server(connect_v31(0x00, field(""))), not_valid);
    EXPECT_EQ(refusal_by_server(connect_v5(0x00, {}, field(""))), kAccepted);
}

TEST(Connect, TextIsUtf8WithoutNul) {
    // [MQTT-1.5.4-1], [MQTT-1.5.4-2], [MQTT-3.1.3-4], [MQTT-3.1.3-11], [MQTT-3.1.3-12].
    const std::string nul("a\0b", 3);
    EXPECT_EQ(refusal_by_server(connect_v5(0x02, {}, field(nul))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0x02, {}, field("\xED\xA0\x80"))), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_v5(0x82, {}, bytes_of({field("c"), field("\xFF")}))),
              kMalformed);
    EXPECT_EQ(refusal_by_server(connect_with_will({}, "w\xC0\x80")), kMalformed);
    // A password is binary data.
    EXPECT_EQ(refusal_by_server(connect_v5(0x42, {}, bytes_of({field("c"), field("\xFF")}))),
              kAccepted);
}

TEST(Connect, ByteOrderMarkStays) {
    // [MQTT-1.5.4-3].
    Decoder decoder(Sender::Client);
    const Buffer bytes = connect_v5(0x02, {}, field("\xEF\xBB\xBFx"));
    EXPECT_EQ(decode_as<Connect>(decoder, bytes).client_id, "\xEF\xBB\xBFx");
}

TEST(Connect, WillTopicIsATopicName) {
    // [MQTT-3.3.2-2], [MQTT-4.7.3-1].
    const Refusal bad_topic{ErrorKind::Protocol, ReasonCode::TopicNameInvalid};
    EXPECT_EQ(refusal_by_server(connect_with_will({}, "w/x")), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with_will({}, "")), bad_topic);
    EXPECT_EQ(refusal_by_server(connect_with_will({}, "w/#")), bad_topic);
    EXPECT_EQ(refusal_by_server(connect_with_will({}, "+/w")), bad_topic);
}

TEST(Connect, ZeroIsNotAReceiveMaximumOrAPacketSize) {
    EXPECT_EQ(refusal_by_server(connect_with({0x21, 0x00, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with({0x21, 0x00, 0x00})), kProtocolError);
    EXPECT_EQ(refusal_by_server(connect_with({0x27, 0x00, 0x00, 0x00, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with({0x27, 0x00, 0x00, 0x00, 0x00})), kProtocolError);
}

TEST(Connect, BooleanPropertiesAreZeroOrOne) {
    EXPECT_EQ(refusal_by_server(connect_with({0x17, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with({0x17, 0x02})), kProtocolError);
    EXPECT_EQ(refusal_by_server(connect_with({0x19, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with({0x19, 0x02})), kProtocolError);
    EXPECT_EQ(refusal_by_server(connect_with_will({0x01, 0x01})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with_will({0x01, 0x02})), kProtocolError);
}

TEST(Connect, AuthenticationDataNeedsAMethod) {
    EXPECT_EQ(refusal_by_server(connect_with({0x15, field("m"), 0x16, field("d")})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with({0x16, field("d")})), kProtocolError);
}

TEST(Connect, PropertiesOfOtherPacketsAreMalformed) {
    EXPECT_EQ(refusal_by_server(connect_with({0x23, 0x00, 0x01})), kMalformed);  // topic alias
    EXPECT_EQ(refusal_by_server(connect_with({0x18, 0, 0, 0, 1})), kMalformed);  // will delay
    EXPECT_EQ(refusal_by_server(connect_with_will({0x18, 0, 0, 0, 1})), kAccepted);
    EXPECT_EQ(refusal_by_server(connect_with_will({0x11, 0, 0, 0, 1})), kMalformed);
    EXPECT_EQ(refusal_by_server(connect_with_will({0x0B, 0x01})), kMalformed);
}

TEST(Connect, VersionsBeforeFiveHaveNoProperties) {
    // The byte 0 of an empty property block would be the length of the client identifier.
    EXPECT_EQ(refusal_by_server(connect_v311(0x02, bytes_of({0x00, field("c")}))), kMalformed);
}

TEST(Connect, DecodingLeavesTheVersionOfTheConnectionAlone) {
    Decoder decoder(Sender::Client, Version::V311);
    const Buffer bytes = connect_with({});
    (void)decode_as<Connect>(decoder, bytes);
    EXPECT_EQ(decoder.version(), Version::V311);
}

TEST(ConnectDeathTest, EncoderRefusesAPasswordAloneInMqtt3) {
    Connect packet;
    packet.version = Version::V311;
    packet.password = as_bytes("secret");
    EXPECT_DEATH((void)to_bytes(packet, Version::V311), "user_name");
    packet.version = Version::V5;
    EXPECT_DEATH((void)to_bytes(packet, Version::V311), "version");
}

}  // namespace
}  // namespace kith::mqtt
