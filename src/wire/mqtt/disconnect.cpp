// DISCONNECT (MQTT 5.0, section 3.14; MQTT 3.1.1, section 3.14).
//
//     | reason code (5.0, optional) | properties (5.0, optional) |
//
// In MQTT 3.x only clients send it, and it is empty.
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/detail/reason_code_set.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using detail::PacketReader;
using detail::PropertyBlock;
using detail::PropertySet;
using detail::protocol_error;
using detail::ReasonCodeSet;

/// [MQTT-3.14.2-1], the rows of table 3-10 that a client may send, and the failed re-authentication
/// of table 2-6.
constexpr ReasonCodeSet kClientReasons{
    ReasonCode::Success,  // normal disconnection
    ReasonCode::DisconnectWithWillMessage,
    ReasonCode::UnspecifiedError,
    ReasonCode::MalformedPacket,
    ReasonCode::ProtocolError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::BadAuthenticationMethod,
    ReasonCode::TopicNameInvalid,
    ReasonCode::ReceiveMaximumExceeded,
    ReasonCode::TopicAliasInvalid,
    ReasonCode::PacketTooLarge,
    ReasonCode::MessageRateTooHigh,
    ReasonCode::QuotaExceeded,
    ReasonCode::AdministrativeAction,
    ReasonCode::PayloadFormatInvalid,
};

/// The rows that a server may send.
constexpr ReasonCodeSet kServerReasons{
    ReasonCode::Success,
    ReasonCode::UnspecifiedError,
    ReasonCode::MalformedPacket,
    ReasonCode::ProtocolError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::NotAuthorized,
    ReasonCode::ServerBusy,
    ReasonCode::ServerShuttingDown,
    ReasonCode::BadAuthenticationMethod,
    ReasonCode::KeepAliveTimeout,
    ReasonCode::SessionTakenOver,
    ReasonCode::TopicFilterInvalid,
    ReasonCode::TopicNameInvalid,
    ReasonCode::ReceiveMaximumExceeded,
    ReasonCode::TopicAliasInvalid,
    ReasonCode::PacketTooLarge,
    ReasonCode::MessageRateTooHigh,
    ReasonCode::QuotaExceeded,
    ReasonCode::AdministrativeAction,
    ReasonCode::PayloadFormatInvalid,
    ReasonCode::RetainNotSupported,
    ReasonCode::QosNotSupported,
    ReasonCode::UseAnotherServer,
    ReasonCode::ServerMoved,
    ReasonCode::SharedSubscriptionsNotSupported,
    ReasonCode::ConnectionRateExceeded,
    ReasonCode::MaximumConnectTime,
    ReasonCode::SubscriptionIdentifiersNotSupported,
    ReasonCode::WildcardSubscriptionsNotSupported,
};

constexpr PropertySet kDisconnectProperties{
    PropertyId::SessionExpiryInterval,
    PropertyId::ReasonString,
    PropertyId::UserProperty,
    PropertyId::ServerReference,
};

bool has_properties(const Disconnect& packet) {
    return packet.session_expiry_interval || packet.reason_string || packet.server_reference ||
           !packet.user_properties.empty();
}

}  // namespace

Result<Disconnect> Decoder::decode_disconnect(const Frame& frame) {
    PacketReader reader(frame.body);
    Disconnect packet;
    const bool is_v5 = version_ == Version::V5;
    if (is_v5 && !reader.at_end()) {
        const std::uint8_t code = reader.u8();
        const bool from_client = sender_ == Sender::Client;
        if (!(from_client ? kClientReasons : kServerReasons).contains(code)) {
            return tl::unexpected(protocol_error("reason code is not one of DISCONNECT's"));
        }
        packet.reason_code = static_cast<ReasonCode>(code);
    }
    if (is_v5 && !reader.at_end()) {
        const PropertyBlock properties(reader, property_scratch_,
                                       {.allowed = kDisconnectProperties});
        packet.session_expiry_interval =
            properties.number<std::uint32_t>(PropertyId::SessionExpiryInterval);
        packet.reason_string = properties.text(PropertyId::ReasonString);
        packet.server_reference = properties.text(PropertyId::ServerReference);
        packet.user_properties = UserProperties(properties.encoded_run());
    }
    TRY(reader.finish());
    if (sender_ == Sender::Server && packet.session_expiry_interval) {  // [MQTT-3.14.2-2]
        return tl::unexpected(protocol_error("session expiry interval from a server"));
    }
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Disconnect& packet, Version version) {
    const bool with_properties = has_properties(packet);
    const bool has_reason = packet.reason_code != ReasonCode::Success || with_properties;
    if (version != Version::V5 || !has_reason) {
        return;
    }
    detail::put_reason_code(out, packet.reason_code);
    if (with_properties) {
        detail::put_property_block(out, [&packet](auto& block) {
            detail::put_number(block, PropertyId::SessionExpiryInterval,
                               packet.session_expiry_interval);
            detail::put_utf8(block, PropertyId::ReasonString, packet.reason_string);
            detail::put_utf8(block, PropertyId::ServerReference, packet.server_reference);
            block.bytes(packet.user_properties.encoded());
        });
    }
}

}  // namespace

std::size_t encoded_bytes(const Disconnect& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Disconnect& packet, Version version, ByteWriter& writer) {
    detail::put_packet(writer, detail::first_byte(PacketType::Disconnect),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt
