// Counts durations in buckets that are at most 1/64 of their value wide, from 1 ns to 18 minutes.
//
// Log-linear: the position of the highest bit picks a group, the six bits behind it a bucket. A
// quantile is the upper edge of its bucket: never too good. Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace kith::bench {

class Histogram {
  public:
    void add(Duration value);
    void clear() { *this = Histogram(); }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The value that this share (0 to 1) of all values does not exceed. Requires: count() > 0.
    [[nodiscard]] Duration quantile(double share) const;

  private:
    static constexpr unsigned kSubBits = 6;
    static constexpr unsigned kMaxBits = 40;
    static constexpr std::size_t kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;

    [[nodiscard]] static std::size_t bucket_of(std::uint64_t ns);
    [[nodiscard]] static std::uint64_t upper_ns(std::size_t bucket);

    std::array<std::uint64_t, kBuckets> buckets_{};
    std::uint64_t count_ = 0;
};

}  // namespace kith::bench
