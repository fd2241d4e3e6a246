// UNSUBACK (MQTT 5.0, section 3.11; MQTT 3.1.1, section 3.11).
//
//     | packet identifier | properties (5.0) | reason code (5.0) | reason code (5.0) | ...
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

/// [MQTT-3.11.3-2].
constexpr ReasonCodeSet kUnsubackReasons{
    ReasonCode::Success,
    ReasonCode::NoSubscriptionExisted,
    ReasonCode::UnspecifiedError,
    ReasonCode::ImplementationSpecificError,
    ReasonCode::NotAuthorized,
    ReasonCode::TopicFilterInvalid,
    ReasonCode::PacketIdentifierInUse,
};

constexpr PropertySet kUnsubackProperties{
    PropertyId::ReasonString,
    PropertyId::UserProperty,
};

}  // namespace

Result<Unsuback> Decoder::decode_unsuback(const Frame& frame) {
    PacketReader reader(frame.body);
    Unsuback packet;
    packet.packet_id = reader.packet_id();
    if (version_ != Version::V5) {
        TRY(reader.finish());
        return packet;
    }
    const PropertyBlock properties(reader, property_scratch_, {.allowed = kUnsubackProperties});
    packet.reason_string = properties.text(PropertyId::ReasonString);
    packet.user_properties = UserProperties(properties.encoded_run());
    TRY(reader.status());
    if (reader.at_end()) {  // an UNSUBSCRIBE has one filter at least, so has its answer
        return tl::unexpected(malformed("UNSUBACK without a reason code"));
    }
    for (const std::uint8_t code : reader.rest()) {
        if (!kUnsubackReasons.contains(code)) {
            return tl::unexpected(protocol_error("reason code is not one of UNSUBACK's"));
        }
        reason_scratch_.push_back(static_cast<ReasonCode>(code));
    }
    packet.reason_codes = reason_scratch_;
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Unsuback& packet, Version version) {
    detail::put_packet_id(out, packet.packet_id);
    if (version != Version::V5) {
        return;
    }
    detail::put_property_block(out, [&packet](auto& block) {
        detail::put_utf8(block, PropertyId::ReasonString, packet.reason_string);
        block.bytes(packet.user_properties.encoded());
    });
    for (const ReasonCode code : packet.reason_codes) {
        detail::put_reason_code(out, code);
    }
}

}  // namespace

std::size_t encoded_bytes(const Unsuback& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Unsuback& packet, Version version, ByteWriter& writer) {
    CHECK(version != Version::V5 || !packet.reason_codes.empty());
    detail::put_packet(writer, detail::first_byte(PacketType::Unsuback),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt
