// Where secret bytes come from: salts, tokens, session ids, claim codes.
//
// An interface, so that a simulation can repeat a run; the node uses SystemSecrets and nothing
// else. base/random.h is for everything that nobody may guess at a profit.
#pragma once

#include "base/bytes.h"

namespace kith::crypto {

class SecretSource {
  public:
    virtual ~SecretSource() = default;
    /// Fills `room` with bytes that cannot be guessed. Never fails: a system without entropy stops.
    virtual void fill(MutableBytes room) = 0;
};

/// The operating system's generator, by OpenSSL. Threads: thread-safe (OpenSSL's own state).
class SystemSecrets final : public SecretSource {
  public:
    void fill(MutableBytes room) override;
};

}  // namespace kith::crypto
