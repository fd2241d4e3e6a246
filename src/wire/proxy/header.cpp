#include "wire/proxy/header.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/byte_reader.h"

namespace kith::proxy {
namespace {

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedBytes = 16;

constexpr std::uint8_t kVersion2 = 0x20;
constexpr std::uint8_t kCommandLocal = 0x0;
constexpr std::uint8_t kCommandProxy = 0x1;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::size_t kTcp4Bytes = 12;
constexpr std::size_t kTcp6Bytes = 36;
constexpr std::size_t kUnixBytes = 216;

tl::unexpected<Error> malformed(const char* why) {
    return fail(ErrorKind::Malformed, why);
}

/// True if one is the beginning of the other.
bool may_begin(std::string_view text, std::string_view start) {
    const std::size_t common = std::min(text.size(), start.size());
    return text.substr(0, common) == start.substr(0, common);
}

void set_v4(Header& header, Bytes ip) {
    header.is_v4 = true;
    header.client_ip = {};
    header.client_ip[10] = 0xFF;
    header.client_ip[11] = 0xFF;
    std::ranges::copy(ip, header.client_ip.begin() + 12);
}

// --- Version 1 ---

/// A decimal number without signs or leading zeros, as a whole.
std::optional<std::uint32_t> decimal(std::string_view text, std::uint32_t max) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    const bool has_zeros = text.size() > 1 && text.front() == '0';
    return is_whole && !has_zeros && number <= max ? std::optional(number) : std::nullopt;
}

std::string_view take_until(std::string_view& rest, char end) {
    const std::size_t at = std::min(rest.find(end), rest.size());
    const std::string_view taken = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return taken;
}

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
    std::array<std::uint8_t, 4> ip{};
    if (std::ranges::count(text, '.') != 3) {
        return std::nullopt;
    }
    for (std::uint8_t& byte : ip) {
        const auto number = decimal(take_until(text, '.'), 255);
        if (!number) {
            return std::nullopt;
        }
        byte = static_cast<std::uint8_t>(*number);
    }
    return ip;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
    std::uint16_t group = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), group, 16);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && text.size() <= 4 ? std::optional(group) : std::nullopt;
}

/// Groups with colons between them into `bytes`; how many bytes, or nothing for a wrong text.
std::optional<std::size_t> parse_groups(std::string_view text, MutableBytes bytes) {
    std::size_t count = 0;
    bool more = !text.empty();
    while (more) {
        more = text.find(':') != std::string_view::npos;
        const std::string_view part = take_until(text, ':');
        const bool is_v4 = !more && part.find('.') != std::string_view::npos;
        const auto tail = is_v4 ? parse_v4(part) : std::nullopt;
        const auto group = is_v4 ? std::nullopt : parse_group(part);
        if ((!tail && !group) || count + (tail ? 4U : 2U) > bytes.size()) {
            return std::nullopt;
        }
        if (tail) {
            std::ranges::copy(*tail, bytes.begin() + static_cast<std::ptrdiff_t>(count));
            count += 4;
        } else {
            bytes[count++] = static_cast<std::uint8_t>(*group >> 8);
            bytes[count++] = static_cast<std::uint8_t>(*group & 0xFF);
        }
    }
    return count;
}

/// RFC 4291, 2.2: eight groups, of which one run may be "::".
std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
    std::array<std::uint8_t, 16> ip{};
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        const auto count = parse_groups(text, ip);
        return count == ip.size() ? std::optional(ip) : std::nullopt;
    }
    const std::string_view after = text.substr(gap + 2);
    std::array<std::uint8_t, 16> tail{};
    const auto head_bytes = parse_groups(text.substr(0, gap), ip);
    const auto tail_bytes = parse_groups(after, tail);
    const bool has_v4_head = text.substr(0, gap).find('.') != std::string_view::npos;
    // The gap stands for one group at least.
    if (!head_bytes || !tail_bytes || has_v4_head || after.starts_with(':') ||
        *head_bytes + *tail_bytes > ip.size() - 2) {
        return std::nullopt;
    }
    std::copy_n(tail.begin(), *tail_bytes, ip.end() - static_cast<std::ptrdiff_t>(*tail_bytes));
    return ip;
}

Result<Header> parse_addresses(std::string_view line) {
    const auto wrong = malformed("the PROXY line names no TCP addresses");
    const std::string_view family = take_until(line, ' ');
    const std::string_view source = take_until(line, ' ');
    const std::string_view destination = take_until(line, ' ');
    const auto source_port = decimal(take_until(line, ' '), 65535);
    const auto destination_port = decimal(line, 65535);
    if (!source_port || !destination_port) {
        return wrong;
    }
    Header header{.has_client = true, .client_port = static_cast<std::uint16_t>(*source_port)};
    if (family == "TCP4") {
        const auto ip = parse_v4(source);
        if (!ip || !parse_v4(destination)) {
            return wrong;
        }
        set_v4(header, *ip);
        return header;
    }
    const auto ip = parse_v6(source);
    if (family != "TCP6" || !ip || !parse_v6(destination)) {
        return wrong;
    }
    header.client_ip = *ip;
    return header;
}

Result<std::optional<Header>> parse_line(std::string_view text) {
    const std::string_view window = text.substr(0, kProxyLineBytesMax);
    const std::size_t end = window.find(kLineEnd);
    if (end == std::string_view::npos) {
        if (text.size() >= kProxyLineBytesMax) {
            return fail(ErrorKind::Limit, "the PROXY line does not end within 107 bytes");
        }
        return std::nullopt;
    }
    const std::string_view line = window.substr(kLineStart.size(), end - kLineStart.size());
    Header header;
    if (line != "UNKNOWN" && !line.starts_with("UNKNOWN ")) {
        TRY_ASSIGN(header, parse_addresses(line));
    }
    header.header_bytes = end + kLineEnd.size();
    return header;
}

// --- Version 2 ---

/// Type, length, value; one after the other to the very end.
bool are_tlvs(Bytes bytes) {
    ByteReader reader(bytes);
    while (!reader.at_end()) {
        static_cast<void>(reader.u8());
        const std::uint16_t length = reader.u16();
        static_cast<void>(reader.bytes(length));
    }
    return !reader.failed();
}

Result<Header> parse_family(std::uint8_t family, Bytes body) {
    const std::size_t address_bytes = family == kTcp4         ? kTcp4Bytes
                                      : family == kTcp6       ? kTcp6Bytes
                                      : family == kUnixStream ? kUnixBytes
                                                              : 0;
    const bool is_known = family == kUnspecified || address_bytes > 0;
    if (!is_known || body.size() < address_bytes || !are_tlvs(body.subspan(address_bytes))) {
        return malformed("the PROXY header names no stream addresses");
    }
    Header header;
    if (family == kTcp4) {
        set_v4(header, body.first(4));
        header.client_port = ByteReader(body.subspan(8, 2)).u16();
    } else if (family == kTcp6) {
        std::ranges::copy(body.first(16), header.client_ip.begin());
        header.client_port = ByteReader(body.subspan(32, 2)).u16();
    }
    header.has_client = family == kTcp4 || family == kTcp6;
    return header;
}

Result<std::optional<Header>> parse_binary(Bytes bytes) {
    if (bytes.size() > kSignature.size()) {
        const std::uint8_t command = bytes[kSignature.size()] & 0x0FU;
        if ((bytes[kSignature.size()] & 0xF0U) != kVersion2 || command > kCommandProxy) {
            return malformed("the PROXY header has an unknown version or command");
        }
    }
    if (bytes.size() < kFixedBytes) {
        return std::nullopt;
    }
    ByteReader reader(bytes.subspan(kSignature.size()));
    const std::uint8_t command = reader.u8() & 0x0FU;
    const std::uint8_t family = reader.u8();
    const std::size_t body_bytes = reader.u16();
    if (body_bytes > kProxyHeaderBytesMax) {
        return fail(ErrorKind::Limit, "the PROXY header is longer than 2048 bytes");
    }
    if (bytes.size() < kFixedBytes + body_bytes) {
        return std::nullopt;
    }
    Header header;
    if (command != kCommandLocal) {
        TRY_ASSIGN(header, parse_family(family, bytes.subspan(kFixedBytes, body_bytes)));
    }
    header.header_bytes = kFixedBytes + body_bytes;
    return header;
}

}  // namespace

Result<std::optional<Header>> parse_header(Bytes bytes) {
    const std::string_view text = as_text(bytes);
    if (text.empty()) {
        return std::nullopt;
    }
    if (may_begin(text, kLineStart)) {
        return text.size() < kLineStart.size() ? std::nullopt : parse_line(text);
    }
    if (may_begin(text, kSignature)) {
        return text.size() < kSignature.size() ? std::nullopt : parse_binary(bytes);
    }
    return malformed("the connection does not begin with a PROXY header");
}

}  // namespace kith::proxy
