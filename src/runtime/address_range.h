// A range of IP addresses, as people write it: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7".
// Immutable.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "runtime/address.h"

namespace kith::runtime {

class AddressRange {
  public:
    /// Errors: Invalid, for bits set behind the prefix, too: they hide a mistake.
    [[nodiscard]] static Result<AddressRange> parse(std::string_view text);

    /// Ports do not matter. A range of IPv4 has no address of IPv6, however that is written.
    [[nodiscard]] bool contains(const SocketAddress& address) const;

  private:
    AddressRange(const SocketAddress& first, unsigned prefix_bits)
        : first_(first), prefix_bits_(prefix_bits) {}

    SocketAddress first_;
    unsigned prefix_bits_;  // of the 128 of a mapped address
};

}  // namespace kith::runtime
