// The time by which the mesh orders writes: wall clock where clocks agree, and never backwards.
//
// A hybrid logical clock (Kulkarni et al. 2014): milliseconds since 1970 in the upper 48 bits, a
// counter below. It is behind nothing that was written or taken here, so a write that knows another
// one is later, whatever the clocks say. The wall clock is told now and then and runs on by the
// monotonic one; one that jumps back leaves the time where it is. What is more than kStampAheadMax
// ahead of a clock that can be believed is refused, so that one wrong clock does not take all
// others with it. Threads: shard-local.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "mesh/limits.h"

namespace kith::mesh {

class HybridClock {
  public:
    static constexpr unsigned kCounterBits = 16;

    void set_wall(WallTime wall, Instant now) {
        wall_ = wall;
        set_at_ = now;
    }
    /// Later than all before.
    [[nodiscard]] std::uint64_t tick(Instant now) {
        last_ = std::max(last_ + 1, wall_time(now));
        return last_;
    }
    /// This was written elsewhere, or in a life before.
    void observe(std::uint64_t time) { last_ = std::max(last_, time); }
    [[nodiscard]] bool is_ahead(std::uint64_t time, Instant now) const {
        constexpr auto kPatienceMs = static_cast<std::uint64_t>(to_ms(kStampAheadMax));
        return is_believed(now) && ms_of(time) > ms_of(wall_time(now)) + kPatienceMs;
    }
    /// Hours since 1970.
    [[nodiscard]] std::uint32_t hour(Instant now) const {
        return hour_of(std::max(last_, wall_time(now)));
    }

    [[nodiscard]] static constexpr std::uint64_t ms_of(std::uint64_t time) {
        return time >> kCounterBits;
    }
    [[nodiscard]] static constexpr std::uint64_t from_ms(std::int64_t ms) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)) << kCounterBits;
    }
    [[nodiscard]] static constexpr std::uint32_t hour_of(std::uint64_t time) {
        constexpr std::uint64_t kMsPerHour = 3'600'000;
        return static_cast<std::uint32_t>(ms_of(time) / kMsPerHour);
    }

  private:
    [[nodiscard]] std::uint64_t wall_time(Instant now) const {
        return from_ms(wall_.ms() + to_ms(now - set_at_));
    }
    /// A machine whose clock was never set knows no better than its peers.
    [[nodiscard]] bool is_believed(Instant now) const {
        return ms_of(wall_time(now)) >= static_cast<std::uint64_t>(kClockBelievedFromMs);
    }

    WallTime wall_;
    Instant set_at_;
    std::uint64_t last_ = 0;
};

}  // namespace kith::mesh
