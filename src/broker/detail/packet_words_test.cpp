#include "broker/detail/packet_words.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/mqtt/encoder.h"

namespace kith::broker {
namespace {

using mqtt::Version;

template <typename Packet>
PacketNote note_of(const Packet& packet, Version version = Version::V5) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, version, writer);
    return describe_packet(bytes, version);
}

TEST(PacketWords, SayOfAPublishWhatItIsButNotWhatItHolds) {
    mqtt::Publish publish{.dup = true,
                          .qos = Qos::AtLeastOnce,
                          .retain = true,
                          .topic = "plant/temp",
                          .packet_id = PacketId(7),
                          .payload = as_bytes("secret")};
    PacketNote note = note_of(publish);
    EXPECT_EQ(note.type, "PUBLISH");
    EXPECT_EQ(note.packet_id, PacketId(7));
    EXPECT_EQ(note.text, "qos 1, retain, again, 6 bytes to plant/temp");
    publish.message_expiry_interval = 30;
    EXPECT_EQ(note_of(publish).text, note.text);
    EXPECT_EQ(note_of(publish, Version::V311).text, note.text);
    note = note_of(mqtt::Publish{.topic = "", .payload = as_bytes("x"), .topic_alias = 3});
    EXPECT_EQ(note.text, "qos 0, 1 bytes to the topic of an alias");
}

TEST(PacketWords, SayTheReasonsOfAnswers) {
    PacketNote note =
        note_of(mqtt::Acknowledgement{.type = mqtt::PacketType::Puback,
                                      .packet_id = PacketId(9),
                                      .reason_code = mqtt::ReasonCode::NotAuthorized});
    EXPECT_EQ(note.type, "PUBACK");
    EXPECT_EQ(note.packet_id, PacketId(9));
    EXPECT_EQ(note.text, "not authorized");
    note =
        note_of(mqtt::Acknowledgement{.type = mqtt::PacketType::Pubrel, .packet_id = PacketId(9)});
    EXPECT_EQ(note.text, "success");
    std::vector<mqtt::ReasonCode> codes(3, mqtt::ReasonCode::NotAuthorized);
    codes[0] = mqtt::ReasonCode::Success;
    note = note_of(mqtt::Suback{.packet_id = PacketId(2), .reason_codes = codes});
    EXPECT_EQ(note.text, "qos 0, not authorized, not authorized");
    codes.resize(10);
    note = note_of(mqtt::Suback{.packet_id = PacketId(2), .reason_codes = codes}, Version::V311);
    EXPECT_TRUE(note.text.ends_with(", 2 more")) << note.text;
    note = note_of(mqtt::Connack{.session_present = true});
    EXPECT_EQ(note.text, "session present, success");
    note = note_of(mqtt::Disconnect{.reason_code = mqtt::ReasonCode::KeepAliveTimeout});
    EXPECT_EQ(note.text, "keep alive timeout");
}

TEST(PacketWords, SayNothingOfWhoConnects) {
    const PacketNote note = note_of(
        mqtt::Connect{.client_id = "press", .user_name = "anna", .password = as_bytes("secret")});
    EXPECT_EQ(note.type, "CONNECT");
    EXPECT_EQ(note.text, "");
}

TEST(PacketWords, ReadNoFurtherThanThePacket) {
    for (unsigned first_byte = 0; first_byte < 256; ++first_byte) {
        for (std::size_t size = 0; size < 12; ++size) {
            const std::vector<std::uint8_t> body(size, 0xFF);
            const auto first = static_cast<std::uint8_t>(first_byte);
            EXPECT_FALSE(describe_packet(first, body, Version::V5).type.empty());
            EXPECT_FALSE(describe_packet(first, body, Version::V311).type.empty());
        }
    }
    EXPECT_EQ(describe_packet(0x40, {}, Version::V5).text, "cut off");
}

}  // namespace
}  // namespace kith::broker
