// CONNECT (MQTT 5.0, section 3.1; MQTT 3.1.1, section 3.1; MQTT 3.1, section 3.1).
//
//     | protocol name | level | connect flags | keep alive | properties (5.0) |
//     | client id | will properties (5.0) | will topic | will payload | user name | password |
//
//     connect flags:   7          6          5            4 3        2           1           0
//                      user name  password   will retain  will QoS   will flag   clean start
//                      reserved
#include <array>

#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/detail/topic_name.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using detail::malformed;
using detail::PacketReader;
using detail::PropertyBlock;
using detail::PropertySet;
using detail::protocol_error;

constexpr std::uint8_t kReservedFlag = 0x01;
constexpr std::uint8_t kCleanStartFlag = 0x02;
constexpr std::uint8_t kWillFlag = 0x04;
constexpr std::uint8_t kWillQosShift = 3;
constexpr std::uint8_t kWillRetainFlag = 0x20;
constexpr std::uint8_t kPasswordFlag = 0x40;
constexpr std::uint8_t kUserNameFlag = 0x80;

constexpr PropertySet kConnectProperties{
    PropertyId::SessionExpiryInterval,
    PropertyId::ReceiveMaximum,
    PropertyId::MaximumPacketSize,
    PropertyId::TopicAliasMaximum,
    PropertyId::RequestResponseInformation,
    PropertyId::RequestProblemInformation,
    PropertyId::UserProperty,
    PropertyId::AuthenticationMethod,
    PropertyId::AuthenticationData,
};

constexpr PropertySet kWillProperties{
    PropertyId::WillDelayInterval,     PropertyId::PayloadFormatIndicator,
    PropertyId::MessageExpiryInterval, PropertyId::ContentType,
    PropertyId::ResponseTopic,         PropertyId::CorrelationData,
    PropertyId::UserProperty,
};

struct ProtocolName {
    Version version;
    std::string_view name;
};
constexpr std::array<ProtocolName, 3> kProtocolNames{{
    {Version::V31, "MQIsdp"},
    {Version::V311, "MQTT"},
    {Version::V5, "MQTT"},
}};

std::string_view protocol_name(Version version) {
    for (const ProtocolName& known : kProtocolNames) {
        if (known.version == version) {
            return known.name;
        }
    }
    CHECK_TEXT(false, "not a version");
    return {};
}

std::optional<Version> read_version(PacketReader& reader) {
    const std::string_view name = as_text(reader.binary());
    const std::uint8_t level = reader.u8();
    for (const ProtocolName& known : kProtocolNames) {
        if (known.name == name && static_cast<std::uint8_t>(known.version) == level) {
            return known.version;
        }
    }
    return std::nullopt;
}

Status check_flags(std::uint8_t flags, Version version) {
    if ((flags & kReservedFlag) != 0) {  // [MQTT-3.1.2-3]
        return tl::unexpected(malformed("reserved connect flag is set"));
    }
    const unsigned will_qos = (flags >> kWillQosShift) & 3U;
    if (will_qos == 3) {  // [MQTT-3.1.2-12]
        return tl::unexpected(malformed("will QoS is 3"));
    }
    const bool has_will = (flags & kWillFlag) != 0;
    if (!has_will && will_qos != 0) {  // [MQTT-3.1.2-11]
        return tl::unexpected(malformed("will QoS without a will"));
    }
    if (!has_will && (flags & kWillRetainFlag) != 0) {  // [MQTT-3.1.2-13]
        return tl::unexpected(malformed("will retain without a will"));
    }
    const bool password_alone = (flags & kPasswordFlag) != 0 && (flags & kUserNameFlag) == 0;
    if (password_alone && version != Version::V5) {  // MQTT 3.1.1 [MQTT-3.1.2-22]
        return tl::unexpected(malformed("password without a user name"));
    }
    return {};
}

void take_properties(Connect& packet, const PropertyBlock& properties) {
    using enum PropertyId;
    packet.session_expiry_interval =
        properties.number<std::uint32_t>(SessionExpiryInterval).value_or(0);
    packet.receive_maximum = properties.number<std::uint16_t>(ReceiveMaximum).value_or(65'535);
    packet.maximum_packet_size = properties.number<std::uint32_t>(MaximumPacketSize);
    packet.topic_alias_maximum = properties.number<std::uint16_t>(TopicAliasMaximum).value_or(0);
    packet.request_response_information =
        properties.flag(RequestResponseInformation).value_or(false);
    packet.request_problem_information = properties.flag(RequestProblemInformation).value_or(true);
    packet.authentication_method = properties.text(AuthenticationMethod);
    packet.authentication_data = properties.binary(AuthenticationData);
    packet.user_properties = UserProperties(properties.encoded_run());
}

template <typename Scratch>
Will read_will(PacketReader& reader, std::uint8_t flags, Version version, Scratch& scratch) {
    Will will;
    will.qos = static_cast<Qos>((flags >> kWillQosShift) & 3U);
    will.retain = (flags & kWillRetainFlag) != 0;
    if (version == Version::V5) {
        const PropertyBlock properties(
            reader, scratch,
            {.allowed = kWillProperties, .kept_encoded = detail::kForwardedProperties});
        will.will_delay_interval =
            properties.number<std::uint32_t>(PropertyId::WillDelayInterval).value_or(0);
        will.message_expiry_interval =
            properties.number<std::uint32_t>(PropertyId::MessageExpiryInterval);
        will.properties.encoded = properties.encoded_run();
    }
    will.topic = reader.utf8("will topic is not valid UTF-8");  // [MQTT-3.1.3-11]
    const bool bad_topic = will.topic.empty() || detail::has_wildcard(as_bytes(will.topic));
    if (bad_topic && !reader.failed()) {  // [MQTT-3.3.2-2], [MQTT-4.7.3-1]
        reader.fail(protocol_error("will topic is empty or contains a wildcard",
                                   ReasonCode::TopicNameInvalid));
    }
    will.payload = reader.binary();
    return will;
}

/// In MQTT 3.1 "the Remaining Length field takes precedence over the User Name flag": both strings
/// may be missing at the end, whatever the flags say.
bool is_present(std::uint8_t flags, std::uint8_t flag, const PacketReader& reader,
                Version version) {
    return (flags & flag) != 0 && !(version == Version::V31 && reader.at_end());
}

}  // namespace

std::optional<Version> connect_version(const Frame& frame) {
    if (frame.type() != PacketType::Connect) {
        return std::nullopt;
    }
    PacketReader reader(frame.body);
    return read_version(reader);
}

Result<Connect> Decoder::decode_connect(const Frame& frame) {
    PacketReader reader(frame.body);
    const std::optional<Version> version = read_version(reader);
    TRY(reader.status());
    if (!version) {  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
        return fail(ErrorKind::Unsupported, "protocol name or version is not supported",
                    static_cast<std::uint16_t>(ReasonCode::UnsupportedProtocolVersion));
    }
    Connect packet;
    packet.version = *version;
    const std::uint8_t flags = reader.u8();
    TRY(check_flags(flags, *version));
    packet.clean_start = (flags & kCleanStartFlag) != 0;
    packet.keep_alive = reader.u16();
    if (*version == Version::V5) {
        const PropertyBlock properties(reader, property_scratch_, {.allowed = kConnectProperties});
        take_properties(packet, properties);
    }
    // "The fields, if present, MUST appear in the order" [MQTT-3.1.3-1].
    packet.client_id = reader.utf8("client identifier is not valid UTF-8");  // [MQTT-3.1.3-4]
    if ((flags & kWillFlag) != 0) {
        packet.will = read_will(reader, flags, *version, will_scratch_);
    }
    if (is_present(flags, kUserNameFlag, reader, *version)) {
        packet.user_name = reader.utf8("user name is not valid UTF-8");  // [MQTT-3.1.3-12]
    }
    if (is_present(flags, kPasswordFlag, reader, *version)) {
        packet.password = reader.binary();
    }
    TRY(reader.finish());
    if (packet.authentication_data && !packet.authentication_method) {
        return tl::unexpected(protocol_error("authentication data without a method"));
    }
    const bool no_id_to_keep = packet.client_id.empty() && !packet.clean_start;
    if (no_id_to_keep && *version != Version::V5) {  // MQTT 3.1.1 [MQTT-3.1.3-8]
        return tl::unexpected(protocol_error("empty client identifier without clean session",
                                             ReasonCode::ClientIdentifierNotValid));
    }
    return packet;
}

namespace {

std::uint8_t connect_flags(const Connect& packet) {
    unsigned flags = packet.clean_start ? kCleanStartFlag : 0U;
    if (packet.will) {
        flags |= kWillFlag;
        flags |= static_cast<unsigned>(packet.will->qos) << kWillQosShift;
        flags |= packet.will->retain ? kWillRetainFlag : 0U;
    }
    flags |= packet.password ? kPasswordFlag : 0U;
    flags |= packet.user_name ? kUserNameFlag : 0U;
    return static_cast<std::uint8_t>(flags);
}

template <typename Out>
void put_properties(Out& out, const Connect& packet) {
    using enum PropertyId;
    detail::put_number_unless(out, SessionExpiryInterval, packet.session_expiry_interval, 0U);
    detail::put_number_unless<Out, std::uint16_t>(out, ReceiveMaximum, packet.receive_maximum,
                                                  65'535);
    detail::put_number(out, MaximumPacketSize, packet.maximum_packet_size);
    detail::put_number_unless<Out, std::uint16_t>(out, TopicAliasMaximum,
                                                  packet.topic_alias_maximum, 0);
    detail::put_number_unless(out, RequestResponseInformation, packet.request_response_information,
                              false);
    detail::put_number_unless(out, RequestProblemInformation, packet.request_problem_information,
                              true);
    detail::put_utf8(out, AuthenticationMethod, packet.authentication_method);
    detail::put_binary(out, AuthenticationData, packet.authentication_data);
    out.bytes(packet.user_properties.encoded());
}

template <typename Out>
void put_will(Out& out, const Will& will, Version version) {
    if (version == Version::V5) {
        detail::put_property_block(out, [&will](auto& block) {
            detail::put_number_unless(block, PropertyId::WillDelayInterval,
                                      will.will_delay_interval, 0U);
            detail::put_number(block, PropertyId::MessageExpiryInterval,
                               will.message_expiry_interval);
            block.bytes(will.properties.encoded);
        });
    }
    detail::put_utf8(out, will.topic);
    detail::put_binary(out, will.payload);
}

template <typename Out>
void put_body(Out& out, const Connect& packet) {
    detail::put_utf8(out, protocol_name(packet.version));
    out.u8(static_cast<std::uint8_t>(packet.version));
    out.u8(connect_flags(packet));
    out.u16(packet.keep_alive);
    if (packet.version == Version::V5) {
        detail::put_property_block(out, [&packet](auto& block) { put_properties(block, packet); });
    }
    detail::put_utf8(out, packet.client_id);
    if (packet.will) {
        put_will(out, *packet.will, packet.version);
    }
    if (packet.user_name) {
        detail::put_utf8(out, *packet.user_name);
    }
    if (packet.password) {
        detail::put_binary(out, *packet.password);
    }
}

}  // namespace

std::size_t encoded_bytes(const Connect& packet, Version version) {
    CHECK(packet.version == version);
    return detail::packet_bytes([&packet](auto& out) { put_body(out, packet); });
}

void encode(const Connect& packet, Version version, ByteWriter& writer) {
    CHECK(packet.version == version);
    CHECK(version == Version::V5 || packet.user_name || !packet.password);
    detail::put_packet(writer, detail::first_byte(PacketType::Connect),
                       [&packet](auto& out) { put_body(out, packet); });
}

}  // namespace kith::mqtt
