// The errors of the codec, with their MQTT 5 reason codes (section 4.13).
#pragma once

#include "base/result.h"
#include "wire/mqtt/types.h"

namespace kith::mqtt::detail {

/// "A Control Packet that cannot be parsed according to this specification."
[[nodiscard]] constexpr Error malformed(const char* text) {
    return {ErrorKind::Malformed, static_cast<std::uint16_t>(ReasonCode::MalformedPacket), text};
}

/// "A packet which is not allowed ... or contains data which is inconsistent". Some protocol errors
/// have a reason code of their own, which says more.
[[nodiscard]] constexpr Error protocol_error(const char* text,
                                             ReasonCode reason = ReasonCode::ProtocolError) {
    return {ErrorKind::Protocol, static_cast<std::uint16_t>(reason), text};
}

}  // namespace kith::mqtt::detail
