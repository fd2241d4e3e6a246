// Passwords of people, kept as scrypt hashes (RFC 7914).
//
// One hash takes about 32 MiB and some 100 ms of a core, on purpose: call these on a
// runtime::BlockingPool, never on a loop. Text form: $scrypt$ln=15,r=8,p=1$SALT$HASH, where N is
// 2^ln and salt and hash are base64 without padding. Threads: any.
// Limits: a stored hash may ask for at most 128 MiB, so that a damaged one cannot take the machine.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secrets.h"

namespace kith::crypto {

/// Longest password taken, in bytes; longer ones only burn time.
inline constexpr std::size_t kPasswordBytesMax = 1024;

/// Errors: Limit if the password is longer than kPasswordBytesMax; Unavailable without memory.
[[nodiscard]] Result<std::string> hash_password(std::string_view password, SecretSource& secrets);

/// True if `password` is the one that `hash` was made from. Errors: Malformed if `hash` is not one;
/// Limit and Unavailable as above.
[[nodiscard]] Result<bool> verify_password(std::string_view password, std::string_view hash);

}  // namespace kith::crypto
