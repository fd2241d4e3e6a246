// The keys with which an identity provider signs its tokens: a JWK set (RFC 7517).
//
// Read from a file of the owner's; nothing is ever fetched, and no key that a token brings along or
// points to is looked at. Keys of kinds that this node does not verify with are skipped, as the RFC
// asks; a key that says it is of a known kind and is not refuses the whole set, because a set that
// is half read fails some machines and not others.
// Threads: immutable, any shard. Limits: kJwkSetBytesMax, kJwksMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/signature.h"

namespace kith::access {

struct Jwk {
    std::string kid;  // empty: it has none
    std::optional<crypto::SignatureAlgorithm> algorithm;
    crypto::VerificationKey key;

    [[nodiscard]] bool fits(crypto::SignatureAlgorithm wanted) const {
        return key.fits(wanted) && algorithm.value_or(wanted) == wanted;
    }
};

class JwkSet {
  public:
    JwkSet() = default;
    /// Errors: Malformed, Invalid (a key, or none that can be used), Conflict (two keys with one
    /// kid), Limit.
    [[nodiscard]] static Result<JwkSet> parse(std::string_view text);

    /// The key that a token names, or the only one that fits if it names none; null if there is
    /// none, or a choice.
    [[nodiscard]] const Jwk* choose(std::optional<std::string_view> kid,
                                    crypto::SignatureAlgorithm algorithm) const;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

  private:
    std::vector<Jwk> keys_;
};

}  // namespace kith::access
