// Messages a second over the last few sampling intervals, for very many counters at once.
//
// A RateClock closes intervals of about a second, aligned with the arrival of samples, so that a
// steady stream gives a steady number whatever the phase. A RateWindow is one counter; it is only
// touched when something is counted, and reads as zero once its intervals have passed.
// Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace kith::api {

inline constexpr std::size_t kRateIntervals = 8;
/// Intervals close with the first sampling after this time.
inline constexpr Duration kRateIntervalMin = 900ms;

class RateClock {
  public:
    /// Samples up to `now` have been counted: closes the open interval if it is long enough.
    void advance(Instant now) {
        if (!is_started_) {
            is_started_ = true;
            starts_[0] = now;
            return;
        }
        if (now - starts_[open_ % starts_.size()] >= kRateIntervalMin) {
            ++open_;
            starts_[open_ % starts_.size()] = now;
        }
    }

    /// The interval that is being counted now.
    [[nodiscard]] std::uint64_t open() const { return open_; }
    [[nodiscard]] std::uint64_t first_closed() const {
        return open_ < kRateIntervals ? 0 : open_ - kRateIntervals;
    }
    /// Of all closed intervals that count.
    [[nodiscard]] double seconds() const {
        const Duration span =
            starts_[open_ % starts_.size()] - starts_[first_closed() % starts_.size()];
        return std::chrono::duration<double>(span).count();
    }

  private:
    std::array<Instant, kRateIntervals + 1> starts_{};
    std::uint64_t open_ = 0;
    bool is_started_ = false;
};

class RateWindow {
  public:
    void add(const RateClock& clock, std::uint64_t count) {
        // Intervals that passed without a count still hold those of long ago.
        const std::uint64_t first_stale = last_ + 1;
        for (std::uint64_t i = 0; i < counts_.size() && first_stale + i <= clock.open(); ++i) {
            counts_[(first_stale + i) % counts_.size()] = 0;
        }
        last_ = clock.open();
        counts_[last_ % counts_.size()] += static_cast<std::uint32_t>(count);
    }

    [[nodiscard]] double per_second(const RateClock& clock) const {
        std::uint64_t sum = 0;
        for (std::uint64_t i = clock.first_closed(); i < clock.open(); ++i) {
            if (i <= last_ && i + counts_.size() > last_) {
                sum += counts_[i % counts_.size()];
            }
        }
        const double seconds = clock.seconds();
        return sum == 0 || seconds <= 0 ? 0 : static_cast<double>(sum) / seconds;
    }

  private:
    std::array<std::uint32_t, kRateIntervals + 1> counts_{};
    std::uint64_t last_ = 0;  // the interval that was last counted in
};

}  // namespace kith::api
