#include "mesh/trust/join_token.h"

#include <algorithm>
#include <charconv>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/narrow.h"
#include "crypto/base64.h"

namespace kith::mesh {
namespace {

constexpr std::string_view kPrefix = "kith1.";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kFixedBytes = 1 + 1 + 8 + 32 + 8 + 16 + 1;
// Base64 has four characters for three bytes.
static_assert(kPrefix.size() +
                  (kFixedBytes + kLocatorsMax * (kLocatorBytesMax + 1) + kCheckBytes) * 4 / 3 + 1 <=
              kJoinTokenBytesMax);

crypto::Digest check_of(Bytes content) {
    return crypto::sha256(content);
}

/// What stands between the version and the check.
Result<JoinToken> read_content(ByteReader& reader) {
    JoinToken token;
    const std::uint8_t role = reader.u8();
    token.expires_at = WallTime::from_ms(static_cast<std::int64_t>(reader.u64()));
    std::ranges::copy(reader.bytes(token.root_fingerprint.size()), token.root_fingerprint.begin());
    token.invite = InviteId(reader.u64());
    std::ranges::copy(reader.bytes(token.secret.size()), token.secret.begin());
    const std::uint8_t locator_count = reader.u8();
    if (reader.failed() || role > static_cast<std::uint8_t>(NodeRole::Leaf) ||
        token.expires_at.ms() < 0 || locator_count > kLocatorsMax) {
        return fail(ErrorKind::Malformed, "the token is not one that this program makes");
    }
    token.role = static_cast<NodeRole>(role);
    for (std::uint8_t i = 0; i < locator_count; ++i) {
        const std::string_view locator = as_text(reader.bytes(reader.u8()));
        if (reader.failed() || !check_locator(locator)) {
            return fail(ErrorKind::Malformed, "the token names a place that is no HOST:PORT");
        }
        token.locators.emplace_back(locator);
    }
    return token;
}

}  // namespace

Status check_locator(std::string_view locator) {
    if (locator.size() > kLocatorBytesMax) {
        return fail(ErrorKind::Limit, "an address has 64 bytes at most");
    }
    const auto is_plain = [](char c) { return c > ' ' && c < '\x7F'; };
    const std::size_t colon = locator.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || !std::ranges::all_of(locator, is_plain)) {
        return fail(ErrorKind::Invalid, "not HOST:PORT");
    }
    const std::string_view host = locator.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (host.find_first_of(":[]") != std::string_view::npos && !is_bracketed) {
        return fail(ErrorKind::Invalid, "an IPv6 address needs brackets: [ADDRESS]:PORT");
    }
    const std::string_view digits = locator.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
        return fail(ErrorKind::Invalid, "the port is not between 1 and 65535");
    }
    return {};
}

std::string to_text(const JoinToken& token) {
    CHECK(token.locators.size() <= kLocatorsMax);
    std::size_t size = kFixedBytes + kCheckBytes;
    for (const std::string& locator : token.locators) {
        CHECK(check_locator(locator).has_value());
        size += 1 + locator.size();
    }
    std::vector<std::uint8_t> bytes(size);
    ByteWriter writer(bytes);
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(token.role));
    writer.u64(static_cast<std::uint64_t>(token.expires_at.ms()));
    writer.bytes(token.root_fingerprint);
    writer.u64(token.invite.value());
    writer.bytes(token.secret);
    writer.u8(narrow<std::uint8_t>(token.locators.size()));
    for (const std::string& locator : token.locators) {
        writer.u8(narrow<std::uint8_t>(locator.size()));
        writer.bytes(as_bytes(locator));
    }
    const crypto::Digest check = check_of(Bytes(bytes).first(writer.written()));
    writer.bytes(Bytes(check).first(kCheckBytes));
    return std::string(kPrefix) + crypto::to_base64(bytes, crypto::Base64::Url);
}

Result<JoinToken> parse_join_token(std::string_view text) {
    if (text.size() > kJoinTokenBytesMax || !text.starts_with(kPrefix)) {
        return fail(ErrorKind::Malformed, "not a join token: one begins with kith1.");
    }
    const auto bytes = crypto::from_base64(text.substr(kPrefix.size()), crypto::Base64::Url);
    if (!bytes || bytes->size() < kFixedBytes + kCheckBytes) {
        return fail(ErrorKind::Malformed, "the token is not whole; copy all of it");
    }
    const Bytes content = Bytes(*bytes).first(bytes->size() - kCheckBytes);
    const crypto::Digest check = check_of(content);
    if (!std::ranges::equal(Bytes(check).first(kCheckBytes), Bytes(*bytes).last(kCheckBytes))) {
        return fail(ErrorKind::Malformed, "the token is not whole or was altered; copy it again");
    }
    ByteReader reader(content);
    if (reader.u8() != kVersion) {
        return fail(ErrorKind::Unsupported, "the token was made by a later version of kith");
    }
    TRY_ASSIGN(JoinToken token, read_content(reader));
    if (!reader.at_end()) {
        return fail(ErrorKind::Malformed, "the token is not one that this program makes");
    }
    return token;
}

}  // namespace kith::mesh
