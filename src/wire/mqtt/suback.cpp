// SUBACK (MQTT 5.0, section 3.9; MQTT 3.1.1, section 3.9).
//
//     | packet identifier | properties (5.0) | reason code | reason code | ...
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

/// [MQTT-3.9.3-2].
constexpr ReasonCodeSet kSubackReasons{
    ReasonCode::Success,  // granted QoS 0
    ReasonCode::GrantedQos1,
    ReasonCode::GrantedQos2,
    ReasonCode::UnspecifiedError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::NotAuthorized,
    ReasonCode::TopicFilterInvalid,
    ReasonCode::PacketIdentifierInUse,
    ReasonCode::QuotaExceeded,
    ReasonCode::SharedSubscriptionsNotSupported,
    ReasonCode::SubscriptionIdentifiersNotSupported,
    ReasonCode::WildcardSubscriptionsNotSupported,
};

/// MQTT 3.1.1 [MQTT-3.9.3-2]: three grants and one failure.
constexpr ReasonCodeSet kReturnCodes{
    ReasonCode::Success,
    ReasonCode::GrantedQos1,
    ReasonCode::GrantedQos2,
    ReasonCode::UnspecifiedError,
};

constexpr PropertySet kSubackProperties{
    PropertyId::ReasonString,
    PropertyId::UserProperty,
};

}  // namespace

Result<Suback> Decoder::decode_suback(const Frame& frame) {
    PacketReader reader(frame.body);
    Suback packet;
    packet.packet_id = reader.packet_id();
    const bool is_v5 = version_ == Version::V5;
    if (is_v5) {
        const PropertyBlock properties(reader, property_scratch_, {.allowed = kSubackProperties});
        packet.reason_string = properties.text(PropertyId::ReasonString);
        packet.user_properties = UserProperties(properties.encoded_run());
    }
    TRY(reader.status());
    if (reader.at_end()) {  // a SUBSCRIBE has one filter at least, so has its answer
        return tl::unexpected(malformed("SUBACK without a reason code"));
    }
    const ReasonCodeSet& allowed = is_v5 ? kSubackReasons : kReturnCodes;
    for (const std::uint8_t code : reader.rest()) {
        if (!allowed.contains(code)) {
            return tl::unexpected(protocol_error("reason code is not one of SUBACK's"));
        }
        reason_scratch_.push_back(static_cast<ReasonCode>(code));
    }
    packet.reason_codes = reason_scratch_;
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Suback& packet, Version version) {
    detail::put_packet_id(out, packet.packet_id);
    const bool is_v5 = version == Version::V5;
    if (is_v5) {
        detail::put_property_block(out, [&packet](auto& block) {
            detail::put_utf8(block, PropertyId::ReasonString, packet.reason_string);
            block.bytes(packet.user_properties.encoded());
        });
    }
    for (const ReasonCode code : packet.reason_codes) {
        const bool nameless = !is_v5 && is_failure(code);
        detail::put_reason_code(out, nameless ? ReasonCode::UnspecifiedError : code);
    }
}

}  // namespace

std::size_t encoded_bytes(const Suback& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Suback& packet, Version version, ByteWriter& writer) {
    CHECK(!packet.reason_codes.empty());
    detail::put_packet(writer, detail::first_byte(PacketType::Suback),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt
