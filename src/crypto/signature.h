// Signatures of others that a node verifies: those of JSON web tokens (RFC 7515, RFC 7518, RFC
// 8037), and of other nodes.
//
// A key is of one kind, and its kind alone says which algorithms it verifies. So a public key is
// never taken for a shared secret, whatever the token that came with it claims about itself: the
// classic confusion of algorithms has no way to be said. What makes signatures is signing_key.h.
// Threads: immutable, any shard. Limits: kRsaBitsMin, kRsaBitsMax, kSharedSecretBytesMin.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::crypto {

/// Shorter moduli can be factored; longer ones take too long to verify with.
inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 4096;
/// RFC 7518, 3.2: a secret is at least as long as the hash's output.
inline constexpr std::size_t kSharedSecretBytesMin = 32;

enum class SignatureAlgorithm : std::uint8_t { EdDsa, Es256, Rs256, Ps256, Hs256 };

/// "EdDSA", "ES256" ...: the names of RFC 7518. Nothing else is known, `none` least of all.
[[nodiscard]] std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name);

class VerificationKey {
  public:
    /// A point of Ed25519, 32 bytes. Errors: Invalid.
    [[nodiscard]] static Result<VerificationKey> ed25519(Bytes x);
    /// Coordinates of a point of P-256, 32 bytes each. Errors: Invalid, for a point that is not on
    /// the curve, too.
    [[nodiscard]] static Result<VerificationKey> p256(Bytes x, Bytes y);
    /// Modulus and exponent, big-endian. Errors: Invalid for sizes out of bounds.
    [[nodiscard]] static Result<VerificationKey> rsa(Bytes modulus, Bytes exponent);
    /// A secret that both sides know, for HS256. Errors: Invalid if it is too short.
    [[nodiscard]] static Result<VerificationKey> shared_secret(Bytes secret);

    [[nodiscard]] bool fits(SignatureAlgorithm algorithm) const;
    /// False for a wrong signature, and for an algorithm that this key does not fit. Takes up to
    /// 0.2 ms.
    [[nodiscard]] bool verify(SignatureAlgorithm algorithm, Bytes message, Bytes signature) const;

  private:
    enum class Kind : std::uint8_t { Ed25519, P256, Rsa, SharedSecret };

    VerificationKey(Kind kind, std::shared_ptr<void> key) : kind_(kind), key_(std::move(key)) {}
    explicit VerificationKey(std::vector<std::uint8_t> secret)
        : kind_(Kind::SharedSecret), secret_(std::move(secret)) {}

    Kind kind_;
    std::shared_ptr<void> key_;  // the library's own; shared_ptr: a set of keys is copied
    std::vector<std::uint8_t> secret_;
};

}  // namespace kith::crypto
