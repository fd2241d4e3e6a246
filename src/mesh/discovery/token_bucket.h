// So many at once, and so many in a second after that. Threads: shard-local.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

class TokenBucket {
  public:
    TokenBucket(std::uint32_t burst, std::uint32_t per_second)
        : each_(Duration(1s) / per_second), full_(each_ * burst) {}

    /// False if there is none left.
    [[nodiscard]] bool take(Instant now) {
        if (!has(now)) {
            return false;
        }
        empty_since_ = std::max(empty_since_, now - full_) + each_;
        return true;
    }
    [[nodiscard]] bool has(Instant now) const {
        return std::max(empty_since_, now - full_) + each_ <= now;
    }

  private:
    Duration each_;
    Duration full_;
    Instant empty_since_ = Instant::from_ns(INT64_MIN / 2);
};

}  // namespace kith::mesh
