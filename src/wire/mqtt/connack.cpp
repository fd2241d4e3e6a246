// CONNACK (MQTT 5.0, section 3.2; MQTT 3.1.1, section 3.2).
//
//     | 0 0 0 0 0 0 0 session-present | reason code or return code | properties (5.0) |
#include <algorithm>
#include <array>

#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/detail/reason_code_set.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using detail::malformed;
using detail::PacketReader;
using detail::PropertyBlock;
using detail::PropertySet;
using detail::protocol_error;
using detail::ReasonCodeSet;

/// [MQTT-3.2.2-8], table 3-1.
constexpr ReasonCodeSet kConnackReasons{
    ReasonCode::Success,
    ReasonCode::UnspecifiedError,
    ReasonCode::MalformedPacket,
    ReasonCode::ProtocolError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::UnsupportedProtocolVersion,
    ReasonCode::ClientIdentifierNotValid,
    ReasonCode::BadUserNameOrPassword,
    ReasonCode::NotAuthorized,
    ReasonCode::ServerUnavailable,
    ReasonCode::ServerBusy,
    ReasonCode::Banned,
    ReasonCode::BadAuthenticationMethod,
    ReasonCode::TopicNameInvalid,
    ReasonCode::PacketTooLarge,
    ReasonCode::QuotaExceeded,
    ReasonCode::PayloadFormatInvalid,
    ReasonCode::RetainNotSupported,
    ReasonCode::QosNotSupported,
    ReasonCode::UseAnotherServer,
    ReasonCode::ServerMoved,
    ReasonCode::ConnectionRateExceeded,
};

constexpr PropertySet kConnackProperties{
    PropertyId::SessionExpiryInterval,
    PropertyId::ReceiveMaximum,
    PropertyId::MaximumQos,
    PropertyId::RetainAvailable,
    PropertyId::MaximumPacketSize,
    PropertyId::AssignedClientIdentifier,
    PropertyId::TopicAliasMaximum,
    PropertyId::ReasonString,
    PropertyId::UserProperty,
    PropertyId::WildcardSubscriptionAvailable,
    PropertyId::SubscriptionIdentifierAvailable,
    PropertyId::SharedSubscriptionAvailable,
    PropertyId::ServerKeepAlive,
    PropertyId::ResponseInformation,
    PropertyId::ServerReference,
    PropertyId::AuthenticationMethod,
    PropertyId::AuthenticationData,
};

/// MQTT 3.1.1, table 3.1: the reason for each return code.
constexpr std::array kReturnCodes{
    ReasonCode::Success,
    ReasonCode::UnsupportedProtocolVersion,
    ReasonCode::ClientIdentifierNotValid,
    ReasonCode::ServerUnavailable,
    ReasonCode::BadUserNameOrPassword,
    ReasonCode::NotAuthorized,
};

void take_properties(Connack& packet, const PropertyBlock& properties) {
    using enum PropertyId;
    packet.session_expiry_interval = properties.number<std::uint32_t>(SessionExpiryInterval);
    packet.receive_maximum = properties.number<std::uint16_t>(ReceiveMaximum);
    packet.maximum_qos = properties.number<Qos>(MaximumQos);
    packet.retain_available = properties.flag(RetainAvailable);
    packet.maximum_packet_size = properties.number<std::uint32_t>(MaximumPacketSize);
    packet.assigned_client_identifier = properties.text(AssignedClientIdentifier);
    packet.topic_alias_maximum = properties.number<std::uint16_t>(TopicAliasMaximum);
    packet.reason_string = properties.text(ReasonString);
    packet.wildcard_subscription_available = properties.flag(WildcardSubscriptionAvailable);
    packet.subscription_identifiers_available = properties.flag(SubscriptionIdentifierAvailable);
    packet.shared_subscription_available = properties.flag(SharedSubscriptionAvailable);
    packet.server_keep_alive = properties.number<std::uint16_t>(ServerKeepAlive);
    packet.response_information = properties.text(ResponseInformation);
    packet.server_reference = properties.text(ServerReference);
    packet.authentication_method = properties.text(AuthenticationMethod);
    packet.authentication_data = properties.binary(AuthenticationData);
    packet.user_properties = UserProperties(properties.encoded_run());
}

Status read_reason_code(Connack& packet, PacketReader& reader, Version version) {
    const std::uint8_t code = reader.u8();
    TRY(reader.status());
    if (version != Version::V5) {
        if (code >= kReturnCodes.size()) {
            return tl::unexpected(malformed("CONNACK return code is reserved"));
        }
        packet.reason_code = kReturnCodes[code];
        return {};
    }
    if (!kConnackReasons.contains(code)) {
        return tl::unexpected(protocol_error("reason code is not one of CONNACK's"));
    }
    packet.reason_code = static_cast<ReasonCode>(code);
    return {};
}

}  // namespace

std::uint8_t connack_return_code(ReasonCode code) {
    constexpr std::uint8_t kServerUnavailable = 3;
    if (code == ReasonCode::BadAuthenticationMethod) {
        code = ReasonCode::BadUserNameOrPassword;
    } else if (code == ReasonCode::Banned) {
        code = ReasonCode::NotAuthorized;
    }
    const auto* found = std::ranges::find(kReturnCodes, code);
    return found == kReturnCodes.end()
               ? kServerUnavailable
               : static_cast<std::uint8_t>(std::distance(kReturnCodes.begin(), found));
}

Result<Connack> Decoder::decode_connack(const Frame& frame) {
    PacketReader reader(frame.body);
    Connack packet;
    const std::uint8_t flags = reader.u8();
    // MQTT 3.1 has no session present flag: the whole byte is reserved.
    const unsigned reserved = version_ == Version::V31 ? 0xFF : 0xFE;
    if ((flags & reserved) != 0) {  // [MQTT-3.2.2-1]
        return tl::unexpected(malformed("reserved CONNACK flag is set"));
    }
    packet.session_present = flags != 0;
    TRY(read_reason_code(packet, reader, version_));
    if (packet.session_present && packet.reason_code != ReasonCode::Success) {  // [MQTT-3.2.2-6]
        return tl::unexpected(protocol_error("session present in a CONNACK that refuses"));
    }
    if (version_ == Version::V5) {
        const PropertyBlock properties(reader, property_scratch_, {.allowed = kConnackProperties});
        take_properties(packet, properties);
    }
    TRY(reader.finish());
    if (packet.authentication_data && !packet.authentication_method) {
        return tl::unexpected(protocol_error("authentication data without a method"));
    }
    return packet;
}

namespace {

template <typename Out>
void put_properties(Out& out, const Connack& packet) {
    using enum PropertyId;
    detail::put_number(out, SessionExpiryInterval, packet.session_expiry_interval);
    detail::put_number(out, ReceiveMaximum, packet.receive_maximum);
    detail::put_number(out, MaximumQos, packet.maximum_qos);
    detail::put_number(out, RetainAvailable, packet.retain_available);
    detail::put_number(out, MaximumPacketSize, packet.maximum_packet_size);
    detail::put_utf8(out, AssignedClientIdentifier, packet.assigned_client_identifier);
    detail::put_number(out, TopicAliasMaximum, packet.topic_alias_maximum);
    detail::put_utf8(out, ReasonString, packet.reason_string);
    detail::put_number(out, WildcardSubscriptionAvailable, packet.wildcard_subscription_available);
    detail::put_number(out, SubscriptionIdentifierAvailable,
                       packet.subscription_identifiers_available);
    detail::put_number(out, SharedSubscriptionAvailable, packet.shared_subscription_available);
    detail::put_number(out, ServerKeepAlive, packet.server_keep_alive);
    detail::put_utf8(out, ResponseInformation, packet.response_information);
    detail::put_utf8(out, ServerReference, packet.server_reference);
    detail::put_utf8(out, AuthenticationMethod, packet.authentication_method);
    detail::put_binary(out, AuthenticationData, packet.authentication_data);
    out.bytes(packet.user_properties.encoded());
}

template <typename Out>
void put_body(Out& out, const Connack& packet, Version version) {
    const bool session_present = packet.session_present && version != Version::V31;
    out.u8(session_present ? 1 : 0);
    if (version != Version::V5) {
        out.u8(connack_return_code(packet.reason_code));
        return;
    }
    detail::put_reason_code(out, packet.reason_code);
    detail::put_property_block(out, [&packet](auto& block) { put_properties(block, packet); });
}

}  // namespace

std::size_t encoded_bytes(const Connack& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Connack& packet, Version version, ByteWriter& writer) {
    CHECK(!packet.session_present || packet.reason_code == ReasonCode::Success);
    detail::put_packet(writer, detail::first_byte(PacketType::Connack),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt
