// SHA-256, and a comparison that takes as long for equal bytes as for different ones.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace kith::crypto {

using Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Digest sha256(Bytes bytes);

/// The same of what comes in pieces. Threads: one at a time.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(Bytes bytes);
    /// Once, at the end.
    [[nodiscard]] Digest finish();

  private:
    void* context_;  // the library's own type, known to digest.cpp alone
};

/// Compares secrets. Only the lengths show in the time that it takes.
[[nodiscard]] bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace kith::crypto
