// PUBACK, PUBREC, PUBREL and PUBCOMP, which share one form (MQTT 5.0, sections 3.4 to 3.7).
//
//     | packet identifier | reason code (5.0, optional) | properties (5.0, optional) |
//
// The reason code is left out if it is Success and there are no properties; the property length is
// left out if there are none.
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

/// [MQTT-3.4.2-1], [MQTT-3.5.2-1].
constexpr ReasonCodeSet kReceptionReasons{
    ReasonCode::Success,
    ReasonCode::NoMatchingSubscribers,
    ReasonCode::UnspecifiedError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::NotAuthorized,
    ReasonCode::TopicNameInvalid,
    ReasonCode::QuotaExceeded,
    ReasonCode::PacketIdentifierInUse,
    ReasonCode::PayloadFormatInvalid,
};

/// [MQTT-3.6.2-1], [MQTT-3.7.2-1].
constexpr ReasonCodeSet kReleaseReasons{
    ReasonCode::Success,
    ReasonCode::PacketIdentifierNotFound,
};

constexpr PropertySet kAcknowledgementProperties{
    PropertyId::ReasonString,
    PropertyId::UserProperty,
};

bool is_reason_allowed(PacketType type, std::uint8_t code) {
    const bool is_reception = type == PacketType::Puback || type == PacketType::Pubrec;
    return (is_reception ? kReceptionReasons : kReleaseReasons).contains(code);
}

}  // namespace

Result<Acknowledgement> Decoder::decode_acknowledgement(const Frame& frame) {
    PacketReader reader(frame.body);
    Acknowledgement packet;
    packet.type = frame.type();
    packet.packet_id = reader.packet_id();
    const bool is_v5 = version_ == Version::V5;
    if (is_v5 && !reader.at_end()) {
        const std::uint8_t code = reader.u8();
        if (!is_reason_allowed(packet.type, code)) {
            return tl::unexpected(protocol_error("reason code is not one of this packet's"));
        }
        packet.reason_code = static_cast<ReasonCode>(code);
    }
    if (is_v5 && !reader.at_end()) {
        const PropertyBlock properties(reader, property_scratch_,
                                       {.allowed = kAcknowledgementProperties});
        packet.reason_string = properties.text(PropertyId::ReasonString);
        packet.user_properties = UserProperties(properties.encoded_run());
    }
    TRY(reader.finish());
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Acknowledgement& packet, Version version) {
    detail::put_packet_id(out, packet.packet_id);
    const bool has_properties = packet.reason_string || !packet.user_properties.empty();
    const bool has_reason = packet.reason_code != ReasonCode::Success || has_properties;
    if (version != Version::V5 || !has_reason) {
        return;
    }
    detail::put_reason_code(out, packet.reason_code);
    if (has_properties) {
        detail::put_property_block(out, [&packet](auto& block) {
            detail::put_utf8(block, PropertyId::ReasonString, packet.reason_string);
            block.bytes(packet.user_properties.encoded());
        });
    }
}

}  // namespace

std::size_t encoded_bytes(const Acknowledgement& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Acknowledgement& packet, Version version, ByteWriter& writer) {
    CHECK(packet.type >= PacketType::Puback);
    CHECK(packet.type <= PacketType::Pubcomp);
    const std::uint8_t flags = packet.type == PacketType::Pubrel ? 0b0010 : 0;  // [MQTT-3.6.1-1]
    detail::put_packet(writer, detail::first_byte(packet.type, flags),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt
