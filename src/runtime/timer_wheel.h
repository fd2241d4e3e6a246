// A hierarchical timer wheel: arming and cancelling cost the same with ten timers or a million.
//
// Time is counted in ticks of kTimerTick. Level 0 has a slot for each of the next 64 ticks, level 1
// one for each 64 ticks, and so on; eight levels reach further than an Instant can. A timer lies in
// the level of the highest group of six bits in which its tick differs from the wheel's, so that
// all of a level is due before anything of the level above. When the wheel reaches a slot of a
// higher level, its timers move down. A deadline is rounded up to a tick: never early.
// Threads: shard-local. Time comes in as an argument, so that it may be virtual.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "runtime/timer.h"

namespace kith::runtime {

class TimerWheel {
  public:
    explicit TimerWheel(Instant start);
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Fires `timer` in the first advance() at or after `deadline`; moves an armed one. A deadline
    /// that has passed fires in the next tick, also when armed from within on_timer().
    void arm(Timer& timer, Instant deadline);

    /// Fires everything that is due. A timer that fires may arm, cancel or destroy any timer.
    void advance(Instant now);

    /// When advance() has something to do next: no later than the first deadline. never() if no
    /// timer is armed.
    [[nodiscard]] Instant next_deadline();

  private:
    using Slot = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;
    static constexpr unsigned kLevelBits = 6;
    static constexpr unsigned kSlots = 1U << kLevelBits;
    static constexpr unsigned kLevels = 8;  // 48 bits of ticks; an Instant has 44

    struct Position {
        unsigned level;
        unsigned slot;
        std::uint64_t tick;  // with which the slot begins
    };

    void insert(Timer& timer, std::uint64_t tick);
    [[nodiscard]] std::optional<Position> find_next();

    std::array<std::array<Slot, kSlots>, kLevels> slots_;
    std::array<std::uint64_t, kLevels> occupied_{};  // a set bit may be stale, a clear one is not
    std::uint64_t tick_;                             // everything due up to here has fired
    std::uint64_t armed_after_;                      // no timer is put at or before this tick
};

}  // namespace kith::runtime
