// The time by which the mesh orders writes: wall clock where clocks agree, and never backwards.
//
// A hybrid logical clock (Kulkarni et al. 2014): milliseconds since 1970 in the upper 48 bits, a
// counter below. It is behind nothing that was written or taken here, so a write that knows another
// one is later, whatever the clocks say. The wall clock is told now and then, and runs on by the
// monotonic one. Beside it runs what it showed first: of the two the earlier one stamps and the
// later one refuses, so that a clock that jumps while the node runs does no harm. What is more than
// kStampAheadMax ahead of a clock that can be believed is refused, so that a node that started with
// a wrong one does not take all others with it. Threads: shard-local.
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
        wall_ = wall - std::chrono::milliseconds(to_ms(now - Instant()));
        if (!is_believed(now)) {
            first_ = wall_;
        }
    }
    /// Later than all before; but not after a clock that was wrong was set right, since others
    /// would refuse it for as long as it was ahead.
    [[nodiscard]] std::uint64_t tick(Instant now) {
        const std::uint64_t least = earlier(now);
        const bool is_astray = ms_of(last_) > ms_of(least) + kAheadMsMax;
        last_ = is_astray ? least : std::max(last_ + 1, least);
        return last_;
    }
    /// This was written elsewhere, or in a life before.
    void observe(std::uint64_t time) { last_ = std::max(last_, time); }
    [[nodiscard]] bool is_ahead(std::uint64_t time, Instant now) const {
        const std::uint64_t later = at(std::max(wall_, first_), now);
        return is_believed(now) && ms_of(time) > ms_of(later) + kAheadMsMax;
    }
    /// Hours since 1970.
    [[nodiscard]] std::uint32_t hour(Instant now) const {
        return hour_of(std::max(last_, earlier(now)));
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
    static constexpr auto kAheadMsMax = static_cast<std::uint64_t>(to_ms(kStampAheadMax));

    /// The time now, of a clock that showed this at instant 0.
    [[nodiscard]] static std::uint64_t at(WallTime base, Instant now) {
        return from_ms(base.ms() + to_ms(now - Instant()));
    }
    [[nodiscard]] std::uint64_t earlier(Instant now) const {
        return at(std::min(wall_, first_), now);
    }
    /// A machine whose clock was never set knows no better than its peers.
    [[nodiscard]] bool is_believed(Instant now) const {
        return ms_of(at(first_, now)) >= static_cast<std::uint64_t>(kClockBelievedFromMs);
    }

    // At instant 0, which may be before the node began.
    WallTime wall_;   // as it was told last
    WallTime first_;  // as it was told first, once it can be believed
    std::uint64_t last_ = 0;
};

}  // namespace kith::mesh
