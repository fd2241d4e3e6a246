// Seeded pseudo-random numbers, handed to whoever needs them.
//
// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. Never for secrets: those come from
// crypto/. Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace kith {

class Random {
  public:
    explicit Random(std::uint64_t seed);

    [[nodiscard]] std::uint64_t next();

    /// Uniform in [0, bound). Requires: bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

    /// Uniform in [0, 1).
    [[nodiscard]] double unit();

    /// True with this probability, 0 to 1.
    [[nodiscard]] bool chance(double probability) { return unit() < probability; }

    /// Uniform in [min, max]. Requires: min <= max.
    [[nodiscard]] Duration between(Duration min, Duration max);

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace kith
