// The clocks of one node: a monotonic one that begins anywhere and drifts, and one for people that
// is wrong, and jumps.
//
// The monotonic clock is what MeshNode sees as `now`; that it differs from node to node and from
// the simulator's own time shows code that compares instants of two nodes. Drift is in whole parts
// per million and computed in integers, so that all compilers agree.
#pragma once

#include "base/time.h"

namespace kith::sim {

class Clock {
  public:
    struct Options {
        Duration offset{};                 // of the monotonic clock at time 0
        std::int64_t drift_ppm = 0;        // of both; -1000 to 1000
        std::chrono::milliseconds skew{};  // of the wall clock
    };

    Clock() = default;
    explicit Clock(const Options& options) : options_(options) {}

    /// What the node's monotonic clock shows at the simulator's time `at`.
    [[nodiscard]] Instant local(Instant at) const {
        return Instant::from_ns(at.ns() + options_.offset.count() + drift_ns(at.ns()));
    }
    /// The first time at which local() is not before `local`; never() for never().
    [[nodiscard]] Instant global(Instant local) const;

    [[nodiscard]] WallTime wall(Instant at) const {
        return WallTime::from_ms(kStartMs + options_.skew.count() +
                                 (at.ns() + drift_ns(at.ns())) / 1'000'000);
    }
    void jump(std::chrono::milliseconds by) { options_.skew += by; }

  private:
    static constexpr std::int64_t kStartMs = 1'770'000'000'000;  // 2026-02-02
    static constexpr std::int64_t kMillion = 1'000'000;

    [[nodiscard]] std::int64_t drift_ns(std::int64_t at_ns) const {
        return at_ns / kMillion * options_.drift_ppm;
    }

    Options options_;
};

inline Instant Clock::global(Instant local) const {
    if (local == Instant::never()) {
        return local;
    }
    const std::int64_t target = local.ns();
    std::int64_t guess = target - options_.offset.count();
    // Each step leaves a thousandth of the error at most, of which the first is a year's.
    for (int i = 0; i < 4; ++i) {
        guess = target - options_.offset.count() - drift_ns(guess);
    }
    // Drift comes in steps of a millisecond, so the guess may be a step of it short.
    while (this->local(Instant::from_ns(guess)) < local) {
        guess += 1 + (options_.drift_ppm < 0 ? -options_.drift_ppm : options_.drift_ppm) / 2;
    }
    return Instant::from_ns(guess);
}

}  // namespace kith::sim
