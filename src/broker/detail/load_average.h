// A rate a minute, averaged over the last minutes with less and less weight: what `$SYS` calls
// load.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "base/time.h"

namespace kith::broker {

class LoadAverage {
  public:
    static constexpr std::array<int, 3> kMinutes = {1, 5, 15};

    /// `total` has been counted by now. Calls for one object come in order of time.
    void update(std::uint64_t total, Duration since_last) {
        const double seconds = static_cast<double>(to_ms(since_last)) / 1000;
        if (seconds <= 0) {
            last_total_ = total;
            return;
        }
        const double rate = static_cast<double>(total - last_total_) * 60 / seconds;
        last_total_ = total;
        for (std::size_t i = 0; i < kMinutes.size(); ++i) {
            const double weight = std::exp(-seconds / (60.0 * kMinutes[i]));
            loads_[i] = rate + weight * (loads_[i] - rate);
        }
    }
    /// By place in kMinutes.
    [[nodiscard]] double load(std::size_t place) const { return loads_.at(place); }

  private:
    std::uint64_t last_total_ = 0;
    std::array<double, kMinutes.size()> loads_{};
};

}  // namespace kith::broker
