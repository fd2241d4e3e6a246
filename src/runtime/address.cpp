#include "runtime/address.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace kith::runtime {
namespace {

constexpr std::size_t kMappedPrefixBytes = 12;  // ::ffff:0:0/96

Result<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        return fail(ErrorKind::Invalid, "the port is not a number from 0 to 65535");
    }
    return port;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return fail(ErrorKind::Invalid, "an address needs a port: HOST:PORT");
    }
    std::string host(text.substr(0, colon));
    TRY_ASSIGN(const std::uint16_t port, parse_port(text.substr(colon + 1)));
    if (host.empty()) {
        return v4({0, 0, 0, 0}, port);
    }
    if (host == "localhost") {
        return loopback(port);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        std::array<std::uint8_t, 16> ip{};
        if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), ip.data()) != 1) {
            return fail(ErrorKind::Invalid, "what is between the brackets is no IPv6 address");
        }
        return v6(ip, port);
    }
    std::array<std::uint8_t, 4> ip{};
    if (inet_pton(AF_INET, host.c_str(), ip.data()) != 1) {
        return fail(ErrorKind::Invalid, "the host is no IP address: 127.0.0.1:PORT or [::1]:PORT");
    }
    return v4(ip, port);
}

SocketAddress SocketAddress::v4(std::array<std::uint8_t, 4> ip, std::uint16_t port) {
    std::array<std::uint8_t, 16> mapped{};
    mapped[10] = 0xff;
    mapped[11] = 0xff;
    std::copy(ip.begin(), ip.end(), mapped.begin() + kMappedPrefixBytes);
    return SocketAddress(mapped, port, true);
}

SocketAddress SocketAddress::v6(const std::array<std::uint8_t, 16>& ip, std::uint16_t port) {
    return SocketAddress(ip, port, false);
}

SocketAddress SocketAddress::loopback(std::uint16_t port) {
    return v4({127, 0, 0, 1}, port);
}

bool SocketAddress::is_loopback() const {
    if (is_v4_) {
        return ip_[kMappedPrefixBytes] == 127;
    }
    return ip_[15] == 1 && std::all_of(ip_.begin(), ip_.end() - 1, [](auto b) { return b == 0; });
}

bool SocketAddress::is_any() const {
    const auto first = ip_.begin() + (is_v4_ ? kMappedPrefixBytes : 0);
    return std::all_of(first, ip_.end(), [](auto b) { return b == 0; });
}

bool SocketAddress::is_multicast() const {
    return is_v4_ ? (ip_[kMappedPrefixBytes] & 0xf0) == 0xe0 : ip_[0] == 0xff;
}

bool SocketAddress::is_link_local() const {
    return !is_v4_ && ip_[0] == 0xfe && (ip_[1] & 0xc0) == 0x80;
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const {
    return SocketAddress(ip_, port, is_v4_);
}

std::string SocketAddress::to_string() const {
    return is_v4_ ? fmt::format("{}:{}", host_to_string(), port_)
                  : fmt::format("[{}]:{}", host_to_string(), port_);
}

std::string SocketAddress::host_to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    std::array<std::uint8_t, 16> ip = ip_;
    const unsigned interface = is_link_local() ? static_cast<unsigned>(ip[2] << 8) | ip[3] : 0U;
    if (interface != 0) {
        ip[2] = ip[3] = 0;
    }
    inet_ntop(is_v4_ ? AF_INET : AF_INET6, ip.data() + (is_v4_ ? kMappedPrefixBytes : 0),
              text.data(), text.size());
    return interface == 0 ? text.data() : fmt::format("{}%{}", text.data(), interface);
}

}  // namespace kith::runtime
