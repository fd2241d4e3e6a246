// The PROXY protocol, versions 1 and 2: what a proxy says of its client before that client's bytes.
//
// Version 1 is a line of text, at most 107 bytes:
//
//     PROXY TCP4 192.0.2.7 192.0.2.1 50123 1883\r\n         or TCP6, or UNKNOWN and anything
//
// Version 2 is binary, numbers big-endian:
//
//     0                                              12        13        14      16
//     +----------------------------------------------+---------+---------+-------+----------------
//     | 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A          | version | family  | bytes | addresses, TLVs
//     |                                              | command | protocol| that  | as the family
//     |                                              |         |         | follow| says
//     +----------------------------------------------+---------+---------+-------+----------------
//
// Sans-I/O and strict: whatever leaves doubt where the header ends or who the client is, is an
// error. TLVs are checked for their form and skipped. The protocol proves nothing: who may speak it
// is decided by who connects. https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
// Threads: pure. Limits: kProxyLineBytesMax, kProxyHeaderBytesMax.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::proxy {

/// "\r\n" included, as the specification has it.
inline constexpr std::size_t kProxyLineBytesMax = 107;
/// Addresses and TLVs of version 2 behind its first 16 bytes; proxies send some hundred.
inline constexpr std::size_t kProxyHeaderBytesMax = 2048;

struct Header {
    /// False: the proxy speaks for itself (a health check) or does not know its client.
    bool has_client = false;
    /// IPv4 addresses mapped, ::ffff:a.b.c.d.
    std::array<std::uint8_t, 16> client_ip{};
    bool is_v4 = false;
    std::uint16_t client_port = 0;
    /// How long it was; the client's own bytes follow.
    std::size_t header_bytes = 0;
};

/// Nothing while the header is not complete. Errors: Malformed, as soon as it can be known; Limit.
[[nodiscard]] Result<std::optional<Header>> parse_header(Bytes bytes);

}  // namespace kith::proxy
