// The key with which a node signs what it tells others: Ed25519 (RFC 8032).
//
// A signature follows from key and message alone, so that a simulation repeats itself; what must
// not be guessed is the seed. Kept as PKCS #8 in PEM (RFC 8410), without a passphrase: its file is
// for the node's user alone.
// Threads: immutable, any shard.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secrets.h"

namespace kith::crypto {

inline constexpr std::size_t kEd25519SeedBytes = 32;
inline constexpr std::size_t kEd25519PublicKeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

using Ed25519PublicKey = std::array<std::uint8_t, kEd25519PublicKeyBytes>;

/// A public key as certificates have it: SubjectPublicKeyInfo in DER (RFC 8410).
[[nodiscard]] std::vector<std::uint8_t> subject_public_key_info(const Ed25519PublicKey& key);

class SigningKey {
  public:
    [[nodiscard]] static SigningKey generate(SecretSource& secrets);
    /// What RFC 8032 calls the private key: 32 bytes. Errors: Invalid.
    [[nodiscard]] static Result<SigningKey> from_seed(Bytes seed);
    /// Errors: Malformed; Invalid for a key of another kind.
    [[nodiscard]] static Result<SigningKey> parse(std::string_view pem);

    /// Secret.
    [[nodiscard]] std::string to_pem() const;
    [[nodiscard]] Ed25519PublicKey public_key() const;
    /// Takes about 0.1 ms. Requires: room for kEd25519SignatureBytes.
    void sign(Bytes message, MutableBytes signature) const;

  private:
    explicit SigningKey(std::shared_ptr<void> key) : key_(std::move(key)) {}

    std::shared_ptr<void> key_;  // the library's own; shared_ptr: its type is known to one file
};

}  // namespace kith::crypto
