#include "wire/mesh/beacon.h"

#include <algorithm>
#include <string_view>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"

namespace kith::mesh {
namespace {

constexpr std::string_view kMagic = "kithbcn";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kUnpaired = 0x01;

/// What holds of every beacon, whoever makes it.
Status check(const Beacon& beacon) {
    if (beacon.is_unpaired && (beacon.mesh != 0 || beacon.port != 0)) {
        return fail(ErrorKind::Malformed, "an unpaired node tells a mesh or a port");
    }
    if (!beacon.is_unpaired && (beacon.mesh == 0 || beacon.port == 0)) {
        return fail(ErrorKind::Malformed, "a node of a mesh tells no mesh or no port");
    }
    return {};
}

}  // namespace

void encode_signed(const Beacon& beacon, MutableBytes room) {
    CHECK(check(beacon).has_value());
    ByteWriter out(room.first(kBeaconSignedBytes));
    out.bytes(as_bytes(kMagic));
    out.u8(kVersion);
    out.u8(beacon.is_unpaired ? kUnpaired : std::uint8_t{0});
    out.u8(0);
    out.u16(beacon.port);
    out.u32(beacon.epoch);
    out.u64(beacon.mesh);
    out.u64(beacon.link_state_digest);
    out.bytes(beacon.public_key);
    CHECK(out.written() == kBeaconSignedBytes);
}

Result<Beacon> decode_beacon(Bytes datagram) {
    ByteReader in(datagram);
    if (as_text(in.bytes(kMagic.size())) != kMagic) {
        return fail(ErrorKind::Malformed, "not a beacon");
    }
    if (in.u8() != kVersion) {
        return fail(ErrorKind::Unsupported, "a beacon of another version");
    }
    if (datagram.size() != kBeaconBytes) {
        return fail(ErrorKind::Malformed, "a beacon of a wrong length");
    }
    const std::uint8_t flags = in.u8();
    if ((flags & ~kUnpaired) != 0 || in.u8() != 0) {
        return fail(ErrorKind::Malformed, "flags of a beacon that nobody knows");
    }
    Beacon beacon;
    beacon.is_unpaired = (flags & kUnpaired) != 0;
    beacon.port = in.u16();
    beacon.epoch = in.u32();
    beacon.mesh = in.u64();
    beacon.link_state_digest = in.u64();
    std::ranges::copy(in.bytes(beacon.public_key.size()), beacon.public_key.begin());
    TRY(check(beacon));
    return beacon;
}

}  // namespace kith::mesh
