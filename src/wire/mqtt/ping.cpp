// PINGREQ and PINGRESP, which are a fixed header and nothing else (MQTT 5.0, sections 3.12, 3.13).
#include "wire/mqtt/detail/errors.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

constexpr std::size_t kPingBytes = 2;

void put_ping(ByteWriter& writer, PacketType type) {
    writer.u8(detail::first_byte(type));
    writer.u8(0);
}

}  // namespace

std::size_t encoded_bytes(const Pingreq&, Version) {
    return kPingBytes;
}

std::size_t encoded_bytes(const Pingresp&, Version) {
    return kPingBytes;
}

void encode(const Pingreq&, Version, ByteWriter& writer) {
    put_ping(writer, PacketType::Pingreq);
}

void encode(const Pingresp&, Version, ByteWriter& writer) {
    put_ping(writer, PacketType::Pingresp);
}

}  // namespace kith::mqtt
