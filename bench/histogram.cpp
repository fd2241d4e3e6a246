#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace kith::bench {

void Histogram::add(Duration value) {
    ++buckets_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)))];
    ++count_;
}

Duration Histogram::quantile(double share) const {
    CHECK(count_ > 0);
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets &&
           (seen += buckets_[bucket]) < std::max<std::uint64_t>(wanted, 1)) {
        ++bucket;
    }
    return Duration(static_cast<std::int64_t>(upper_ns(bucket)));
}

std::size_t Histogram::bucket_of(std::uint64_t ns) {
    ns = std::min(ns, (std::uint64_t{1} << kMaxBits) - 1);
    // Below 2^kSubBits each value has a bucket; above, a group of 2^kSubBits for each power of two.
    const unsigned bits = static_cast<unsigned>(std::bit_width(ns));
    if (bits <= kSubBits) {
        return ns;
    }
    const unsigned shift = bits - kSubBits - 1;
    return (static_cast<std::size_t>(shift) << kSubBits) + (ns >> shift);
}

std::uint64_t Histogram::upper_ns(std::size_t bucket) {
    if (bucket < (std::size_t{2} << kSubBits)) {
        return bucket;
    }
    const std::size_t shift = (bucket >> kSubBits) - 1;
    const std::uint64_t top = (bucket & ((std::size_t{1} << kSubBits) - 1)) + (1U << kSubBits);
    return ((top + 1) << shift) - 1;
}

}  // namespace kith::bench
