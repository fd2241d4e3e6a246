// Where beacons and pairing offers go (docs/formats/beacon.md).
#pragma once

#include <cstdint>

#include "mesh/discovery/limits.h"
#include "runtime/address.h"

namespace kith::mesh {

[[nodiscard]] inline runtime::SocketAddress beacon_group_v4() {
    return runtime::SocketAddress::v4({239, 255, 75, 105}, kBeaconPort);
}
[[nodiscard]] inline runtime::SocketAddress beacon_group_v6() {
    return runtime::SocketAddress::v6(
        {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x4b, 0x69, 0x74, 0x68}, kBeaconPort);
}

/// They stay on the link.
inline constexpr std::uint8_t kBeaconHops = 1;

}  // namespace kith::mesh
