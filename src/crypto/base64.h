// Base64 and base64url (RFC 4648, sections 4 and 5).
//
// Decoding is strict: no white space, no characters of the other alphabet, no stray bits in the
// last character, so that one text stands for one sequence of bytes and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::crypto {

enum class Base64 : std::uint8_t {
    Padded,    // "+/" and "=", as JSON and MIME use it
    Unpadded,  // "+/" without "=", as password hashes use it
    Url,       // "-_" without "=", for URLs, cookies and tokens
};

[[nodiscard]] std::string to_base64(Bytes bytes, Base64 form);

/// Errors: Malformed.
[[nodiscard]] Result<std::vector<std::uint8_t>> from_base64(std::string_view text, Base64 form);

}  // namespace kith::crypto
