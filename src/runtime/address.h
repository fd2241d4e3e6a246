// Socket addresses as values: IPv4 or IPv6, with a port.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kith::runtime {

class SocketAddress {
  public:
    /// 0.0.0.0:0.
    SocketAddress() : SocketAddress(v4({0, 0, 0, 0}, 0)) {}

    /// Parses "127.0.0.1:1883", "[::1]:0", ":1883" (all IPv4 interfaces) or "localhost:1883".
    /// Host names other than localhost are refused: see resolve.h.
    [[nodiscard]] static Result<SocketAddress> parse(std::string_view text);
    [[nodiscard]] static SocketAddress v4(std::array<std::uint8_t, 4> ip, std::uint16_t port);
    [[nodiscard]] static SocketAddress v6(const std::array<std::uint8_t, 16>& ip,
                                          std::uint16_t port);
    [[nodiscard]] static SocketAddress loopback(std::uint16_t port);

    /// IPv4 addresses are kept mapped, ::ffff:a.b.c.d. A link-local IPv6 address that came from the
    /// kernel has the number of its interface in the third and fourth byte.
    [[nodiscard]] const std::array<std::uint8_t, 16>& ip() const { return ip_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] bool is_v4() const { return is_v4_; }
    [[nodiscard]] bool is_loopback() const;
    /// All interfaces: 0.0.0.0 or [::].
    [[nodiscard]] bool is_any() const;
    [[nodiscard]] bool is_multicast() const;
    /// fe80::/10: means something on one interface alone.
    [[nodiscard]] bool is_link_local() const;
    [[nodiscard]] SocketAddress with_port(std::uint16_t port) const;

    /// "127.0.0.1:1883" or "[::1]:1883".
    [[nodiscard]] std::string to_string() const;
    /// "127.0.0.1", "::1" or "fe80::1%2", where 2 is the interface.
    [[nodiscard]] std::string host_to_string() const;

    friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
    friend bool operator==(const SocketAddress&, const SocketAddress&) = default;

  private:
    SocketAddress(const std::array<std::uint8_t, 16>& ip, std::uint16_t port, bool is_v4)
        : ip_(ip), port_(port), is_v4_(is_v4) {}

    std::array<std::uint8_t, 16> ip_;
    std::uint16_t port_;
    bool is_v4_;
};

}  // namespace kith::runtime
