#include "broker/detail/packet_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;

/// Reason codes that are named; the rest is a number.
constexpr std::size_t kReasonsNamedMax = 8;

/// A variable byte integer (section 1.5.5); what it is cut off at 0 if it is none.
std::size_t variable_integer(ByteReader& reader) {
    std::size_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        const std::uint8_t byte = reader.u8();
        value |= static_cast<std::size_t>(byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) {
            return reader.failed() ? 0 : value;
        }
    }
    return 0;
}

std::string reason_words(std::uint8_t code) {
    return std::string(to_string(static_cast<mqtt::ReasonCode>(code)));
}

void describe_publish(std::uint8_t first_byte, ByteReader& reader, mqtt::Version version,
                      PacketNote& note) {
    const unsigned qos = (first_byte >> 1U) & 3U;
    const Bytes topic = reader.bytes(reader.u16());
    if (qos != 0) {
        note.packet_id = PacketId(reader.u16());
    }
    if (version == mqtt::Version::V5) {
        (void)reader.bytes(variable_integer(reader));
    }
    if (!reader.failed()) {
        note.text =
            fmt::format("qos {}{}{}, {} bytes to {}", qos, (first_byte & 1U) != 0 ? ", retain" : "",
                        (first_byte & 8U) != 0 ? ", again" : "", reader.rest().size(),
                        topic.empty() ? "the topic of an alias" : as_text(topic));
    }
}

void describe_answers(ByteReader& reader, mqtt::Version version, PacketNote& note) {
    note.packet_id = PacketId(reader.u16());
    if (version == mqtt::Version::V5) {
        (void)reader.bytes(variable_integer(reader));
    }
    const Bytes codes = reader.rest();
    for (std::size_t i = 0; i < std::min(codes.size(), kReasonsNamedMax); ++i) {
        note.text += i == 0 ? "" : ", ";
        note.text += codes[i] <= 2 ? fmt::format("qos {}", codes[i]) : reason_words(codes[i]);
    }
    if (codes.size() > kReasonsNamedMax) {
        note.text += fmt::format(", {} more", codes.size() - kReasonsNamedMax);
    }
}

}  // namespace

PacketNote describe_packet(std::uint8_t first_byte, Bytes body, mqtt::Version version) {
    const auto type = static_cast<PacketType>(first_byte >> 4U);
    PacketNote note{.at = {}, .type = to_string(type), .packet_id = {}, .text = {}};
    ByteReader reader(body);
    switch (type) {
        case PacketType::Publish:
            describe_publish(first_byte, reader, version, note);
            break;
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubrel:
        case PacketType::Pubcomp:
            note.packet_id = PacketId(reader.u16());
            note.text = reason_words(!reader.at_end() ? reader.u8() : std::uint8_t{0});
            break;
        case PacketType::Suback:
        case PacketType::Unsuback:
            describe_answers(reader, version, note);
            break;
        case PacketType::Subscribe:
        case PacketType::Unsubscribe:
            note.packet_id = PacketId(reader.u16());
            break;
        case PacketType::Connack:
            note.text = (reader.u8() & 1U) != 0 ? "session present, " : "";
            note.text += version == mqtt::Version::V5 ? reason_words(reader.u8())
                                                      : fmt::format("code {}", reader.u8());
            break;
        case PacketType::Disconnect:
        case PacketType::Auth:
            note.text = reason_words(body.empty() ? std::uint8_t{0} : body.front());
            break;
        case PacketType::Connect:
        case PacketType::Pingreq:
        case PacketType::Pingresp:
            break;
    }
    if (reader.failed()) {
        note.text = "cut off";
    }
    return note;
}

PacketNote describe_packet(Bytes packet, mqtt::Version version) {
    ByteReader reader(packet);
    const std::uint8_t first_byte = reader.u8();
    (void)variable_integer(reader);
    return describe_packet(first_byte, reader.bytes(reader.rest().size()), version);
}

}  // namespace kith::broker
