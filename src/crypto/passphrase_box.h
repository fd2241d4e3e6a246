// Bytes that whoever knows a short passphrase can read, and nobody else in time.
//
//     salt 16 | nonce 12 | ciphertext | tag 16
//
// AES-256-GCM with the key that PBKDF2-HMAC-SHA-256 makes of passphrase and salt in 100,000 rounds:
// about 30 ms here, so that trying passphrases is slow. It is as safe as the passphrase has bits
// and the content has a short life. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secrets.h"

namespace kith::crypto {

inline constexpr std::size_t kPassphraseBoxExtraBytes = 16 + 12 + 16;

/// `label` says what the box is for: opening it for anything else fails.
[[nodiscard]] std::vector<std::uint8_t> seal_with_passphrase(std::string_view passphrase,
                                                             std::string_view label, Bytes content,
                                                             SecretSource& secrets);
/// Errors: Malformed if it is too short; Denied if the passphrase or the label is another one, or
/// the box was changed.
[[nodiscard]] Result<std::vector<std::uint8_t>> open_with_passphrase(std::string_view passphrase,
                                                                     std::string_view label,
                                                                     Bytes box);

}  // namespace kith::crypto
