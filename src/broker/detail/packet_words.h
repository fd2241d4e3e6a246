// What a packet is, in a few words: for the log of one client's packets.
#pragma once

#include "base/bytes.h"
#include "broker/packet_log.h"
#include "wire/mqtt/types.h"

namespace kith::broker {

/// `body` is what follows the fixed header. The packet may be wrong: what cannot be read is left
/// out. Says no payload, no user name, no password.
[[nodiscard]] PacketNote describe_packet(std::uint8_t first_byte, Bytes body,
                                         mqtt::Version version);
/// The same of a whole packet.
[[nodiscard]] PacketNote describe_packet(Bytes packet, mqtt::Version version);

}  // namespace kith::broker
