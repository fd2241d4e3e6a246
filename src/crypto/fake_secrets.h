// Repeatable bytes for tests and simulations. Never linked into what users run.
#pragma once

#include "base/random.h"
#include "crypto/secrets.h"

namespace kith::crypto {

class FakeSecrets final : public SecretSource {
  public:
    explicit FakeSecrets(std::uint64_t seed) : random_(seed) {}

    void fill(MutableBytes room) override {
        for (std::uint8_t& byte : room) {
            byte = static_cast<std::uint8_t>(random_.next());
        }
    }

  private:
    Random random_;
};

}  // namespace kith::crypto
