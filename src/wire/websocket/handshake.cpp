#include "wire/websocket/handshake.h"

#include <array>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/uuid/detail/sha1.hpp>
#include <cstdint>

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

}  // namespace

std::string accept_key(std::string_view key) {
    namespace base64 = boost::beast::detail::base64;
    const std::array<std::uint8_t, 20> digest = sha1(key, kGuid);
    std::string text(base64::encoded_size(digest.size()), '\0');
    text.resize(base64::encode(text.data(), digest.data(), digest.size()));
    return text;
}

}  // namespace kith::websocket
