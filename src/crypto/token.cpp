#include "crypto/token.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/base64.h"

namespace kith::crypto {
namespace {

constexpr std::string_view kPrefix = "kk_";
// 32 characters, so that five random bits choose one evenly; no i, l, o, u (look-alikes, words).
constexpr std::string_view kIdAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kSecretBytes = 18;
static_assert(kIdAlphabet.size() == 32);

bool is_id_character(char c) {
    return kIdAlphabet.find(c) != std::string_view::npos;
}

}  // namespace

Token make_token(SecretSource& secrets) {
    std::array<std::uint8_t, kTokenIdLength> choices{};
    secrets.fill(choices);
    Token token;
    for (const std::uint8_t choice : choices) {
        token.id.push_back(kIdAlphabet[choice % kIdAlphabet.size()]);
    }
    token.text.append(kPrefix).append(token.id).append(random_text(secrets, kSecretBytes));
    return token;
}

bool looks_like_token(std::string_view text) {
    return text.starts_with(kPrefix);
}

Result<std::string_view> token_id(std::string_view text) {
    const auto malformed = fail(ErrorKind::Malformed, "not a token");
    if (text.size() != kTokenLength || !text.starts_with(kPrefix)) {
        return malformed;
    }
    const std::string_view id = text.substr(kPrefix.size(), kTokenIdLength);
    const std::string_view secret = text.substr(kPrefix.size() + kTokenIdLength);
    if (!std::ranges::all_of(id, is_id_character) || !from_base64(secret, Base64::Url)) {
        return malformed;
    }
    return id;
}

Digest token_digest(std::string_view text) {
    return sha256(as_bytes(text));
}

std::string random_text(SecretSource& secrets, std::size_t byte_count) {
    std::vector<std::uint8_t> bytes(byte_count);
    secrets.fill(bytes);
    return to_base64(bytes, Base64::Url);
}

}  // namespace kith::crypto
