// The one-time code by which the first user claims a node.
//
// Printed at the first start, valid for kClaimLifetime, once. Only its SHA-256 is kept.
// Threads: shard-local.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"

namespace kith::access {

class ClaimCode {
  public:
    /// Makes a new code, which replaces any other.
    [[nodiscard]] std::string issue(crypto::SecretSource& secrets, Instant now);
    /// False without a code, after its time and once it was used.
    [[nodiscard]] bool is_open(Instant now) const;
    [[nodiscard]] bool matches(std::string_view code, Instant now) const;
    void close() { digest_.reset(); }

  private:
    std::optional<crypto::Digest> digest_;
    Instant expires_at_;
};

}  // namespace kith::access
