// BEACON: how a node says on its network that it is there. One UDP datagram to a multicast group.
//
//      0       1       2       3       4       5       6       7
//     +-------+-------+-------+-------+-------+-------+-------+-------+
//     |  'k'  |  'i'  |  't'  |  'h'  |  'b'  |  'c'  |  'n'  |   1   |   the last byte: the
//     version
//     +-------+-------+-------+-------+-------+-------+-------+-------+
//     | flags | 0     | port          | epoch                         |   flags, bit 0: unpaired
//     +-------+-------+---------------+-------------------------------+
//     | mesh                                                          |   0 if unpaired
//     +---------------------------------------------------------------+
//     | link_state_digest                                             |
//     +---------------------------------------------------------------+
//     | public_key, 32 bytes                                          |
//     +---------------------------------------------------------------+
//     | signature, 64 bytes: Ed25519 over the 64 bytes before it      |
//     +---------------------------------------------------------------+
//
// Big-endian, 128 bytes. The node's id follows from its key, so that nobody can claim another's.
// The first bytes are no record's, so that a signature of the one is never one of the other. Where
// the beacon came from is not signed: it is a hint at where to look, and whoever is there has to
// prove who it is. Threads: pure functions. Limits: exactly kBeaconBytes.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {

inline constexpr std::size_t kBeaconSignedBytes = 64;
inline constexpr std::size_t kBeaconBytes = kBeaconSignedBytes + kSignatureBytes;
static_assert(kBeaconBytes <= 200, "a beacon is for everybody, so it is short");

struct Beacon {
    /// The node belongs to no mesh, and takes part in nothing: mesh and port are 0.
    bool is_unpaired = false;
    std::uint16_t port = 0;   // where it is linked to; not 0 in a mesh
    std::uint32_t epoch = 0;  // of its start
    std::uint64_t mesh = 0;   // which one, from the fingerprint of its root
    std::uint64_t link_state_digest = 0;
    std::array<std::uint8_t, 32> public_key{};

    friend bool operator==(const Beacon&, const Beacon&) = default;
};

/// Writes what is signed; the signature goes behind it. Requires: room for kBeaconSignedBytes; a
/// beacon that decode_beacon() takes.
void encode_signed(const Beacon& beacon, MutableBytes room);

/// Errors: Unsupported for another version; Malformed.
[[nodiscard]] Result<Beacon> decode_beacon(Bytes datagram);

/// The parts of a datagram that decode_beacon() has taken.
[[nodiscard]] inline Bytes signed_part(Bytes beacon) {
    return beacon.first(kBeaconSignedBytes);
}
[[nodiscard]] inline Bytes signature_part(Bytes beacon) {
    return beacon.subspan(kBeaconSignedBytes);
}

}  // namespace kith::mesh
