// AUTH, which MQTT 5.0 alone has (section 3.15).
//
//     | reason code | properties |      both are left out for Success without properties
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

/// [MQTT-3.15.2-1], table 3-11.
constexpr ReasonCodeSet kClientReasons{
    ReasonCode::ContinueAuthentication,
    ReasonCode::ReAuthenticate,
};
constexpr ReasonCodeSet kServerReasons{
    ReasonCode::Success,
    ReasonCode::ContinueAuthentication,
};

constexpr PropertySet kAuthProperties{
    PropertyId::AuthenticationMethod,
    PropertyId::AuthenticationData,
    PropertyId::ReasonString,
    PropertyId::UserProperty,
};

bool has_properties(const Auth& packet) {
    return packet.authentication_method || packet.authentication_data || packet.reason_string ||
           !packet.user_properties.empty();
}

}  // namespace

Result<Auth> Decoder::decode_auth(const Frame& frame) {
    PacketReader reader(frame.body);
    Auth packet;
    const std::uint8_t code = reader.at_end() ? std::uint8_t{0} : reader.u8();
    const bool from_client = sender_ == Sender::Client;
    if (!(from_client ? kClientReasons : kServerReasons).contains(code)) {
        return tl::unexpected(protocol_error("reason code is not one of AUTH's"));
    }
    packet.reason_code = static_cast<ReasonCode>(code);
    if (frame.body.empty()) {
        return packet;
    }
    const PropertyBlock properties(reader, property_scratch_, {.allowed = kAuthProperties});
    packet.authentication_method = properties.text(PropertyId::AuthenticationMethod);
    packet.authentication_data = properties.binary(PropertyId::AuthenticationData);
    packet.reason_string = properties.text(PropertyId::ReasonString);
    packet.user_properties = UserProperties(properties.encoded_run());
    TRY(reader.finish());
    if (!packet.authentication_method) {  // "It is a Protocol Error to omit" it (3.15.2.2.2).
        return tl::unexpected(protocol_error("AUTH without an authentication method"));
    }
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Auth& packet) {
    if (packet.reason_code == ReasonCode::Success && !has_properties(packet)) {
        return;
    }
    detail::put_reason_code(out, packet.reason_code);
    detail::put_property_block(out, [&packet](auto& block) {
        detail::put_utf8(block, PropertyId::AuthenticationMethod, packet.authentication_method);
        detail::put_binary(block, PropertyId::AuthenticationData, packet.authentication_data);
        detail::put_utf8(block, PropertyId::ReasonString, packet.reason_string);
        block.bytes(packet.user_properties.encoded());
    });
}

}  // namespace

std::size_t encoded_bytes(const Auth& packet, Version) {
    return detail::packet_bytes([&packet](auto& out) { put_body(out, packet); });
}

void encode(const Auth& packet, Version version, ByteWriter& writer) {
    CHECK(version == Version::V5);
    detail::put_packet(writer, detail::first_byte(PacketType::Auth),
                       [&packet](auto& out) { put_body(out, packet); });
}

}  // namespace kith::mqtt
