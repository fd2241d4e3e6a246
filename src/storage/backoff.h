// How long to wait before the next try: doubled from a first wait to a last one.
//
// One writer has one disk, so there is nobody to stay out of step with: no jitter. Threads: that of
// its owner.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace kith::storage {

class Backoff {
  public:
    Backoff(Duration first, Duration last) : first_(first), last_(last), next_(first) {}

    /// The wait before the next try.
    [[nodiscard]] Duration next() {
        const Duration wait = next_;
        next_ = std::min(last_, next_ * 2);
        return wait;
    }
    void reset() { next_ = first_; }

  private:
    Duration first_;
    Duration last_;
    Duration next_;
};

}  // namespace kith::storage
