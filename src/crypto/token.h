// Bearer tokens and other random texts that people and machines carry.
//
// A token is "kk_" + 8 characters that name it + 24 characters that prove it. The name part may be
// shown and logged; of the whole only the SHA-256 is kept. 24 characters of base64url are 144 bits,
// too many to guess, so a fast hash is enough.
//
//     kk_ q7m2x4tn Vb3k9-Qd...      (written without the spaces)
//         id       secret
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"

namespace kith::crypto {

inline constexpr std::size_t kTokenIdLength = 8;
inline constexpr std::size_t kTokenLength = 3 + kTokenIdLength + 24;

struct Token {
    std::string id;    // lower-case letters and digits without look-alikes: safe in URLs and shells
    std::string text;  // the whole token, to be shown once
};

[[nodiscard]] Token make_token(SecretSource& secrets);

/// Whether it starts as a token does: no password does (access/credential.h).
[[nodiscard]] bool looks_like_token(std::string_view text);

/// The id part of a token's text, a view into it. Errors: Malformed if it is not shaped like one.
[[nodiscard]] Result<std::string_view> token_id(std::string_view text);

/// What is stored of a token.
[[nodiscard]] Digest token_digest(std::string_view text);

/// `byte_count` secret bytes as base64url: session ids, claim codes.
[[nodiscard]] std::string random_text(SecretSource& secrets, std::size_t byte_count);

}  // namespace kith::crypto
