#include "wire/websocket/handshake.h"

#include <boost/uuid/detail/sha1.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace kith::websocket {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// SHA-1 as the handshake wants it: proof that the server speaks WebSocket, not security.
std::array<std::uint8_t, 20> sha1(std::string_view a, std::string_view b) {
    boost::uuids::detail::sha1 hash;
    hash.process_bytes(a.data(), a.size());
    hash.process_bytes(b.data(), b.size());
    boost::uuids::detail::sha1::digest_type words;
    hash.get_digest(words);
    std::array<std::uint8_t, 20> digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(words[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
}

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t taken = std::min<std::size_t>(bytes.size() - at, 3);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = (group << 8) | (i < taken ? bytes[at + i] : 0U);
        }
        for (std::size_t digit = 0; digit < 4; ++digit) {
            const std::uint32_t value = (group >> (18 - 6 * digit)) & 63U;
            text.push_back(digit <= taken ? kDigits[value] : '=');
        }
    }
    return text;
}

}  // namespace

std::string accept_key(std::string_view key) {
    return base64(sha1(key, kGuid));
}

}  // namespace kith::websocket
