// Where others may reach this computer: the addresses of its interfaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::node {

/// Where the mesh listens unless configured.
inline constexpr std::uint16_t kMeshPort = 7883;
/// Of this computer's own in a token; with more, it would grow out of a QR code.
inline constexpr std::size_t kOwnAddressesMax = 3;

/// "10.0.0.7:PORT", "[fd00::7]:PORT": of interfaces that are up, loopback and link-local ones left
/// out, IPv4 first; `count_max` at most.
[[nodiscard]] std::vector<std::string> own_addresses(std::uint16_t port, std::size_t count_max);

}  // namespace kith::node
