// When a node says hello: on all of its links at the same time, so that many links are one timer.
//
// Two ticks: an idle one for all links, and one for those that are in use, which stops with the
// last of them. Where in the interval a node ticks, and a jitter of 1/32, come from the seed, so
// that nodes do not speak in step. Jitter does not add up: the rate is exact. Threads: shard-local.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "mesh/options.h"

namespace kith::mesh {

class HelloTicks {
  public:
    HelloTicks(const Timing& timing, std::uint64_t seed) : timing_(timing), random_(seed) {}

    /// With the first link.
    void start(Instant now);
    void stop();
    [[nodiscard]] bool is_running() const { return idle_.at != Instant::never(); }
    /// A link is in use: the next tick for those comes within the active interval.
    void quicken(Instant now);

    /// True once when it is due; the next is planned.
    [[nodiscard]] bool take_idle(Instant now);
    [[nodiscard]] bool take_active(Instant now);
    /// No link is in use any more.
    void calm_down() { active_ = {}; }
    [[nodiscard]] Instant next() const { return std::min(idle_.at, active_.at); }

  private:
    struct Tick {
        Instant base = Instant::never();  // without jitter
        Instant at = Instant::never();
    };
    [[nodiscard]] bool take(Tick& tick, Duration interval, Instant now);
    void plan(Tick& tick, Duration interval, Instant base);

    Timing timing_;
    Random random_;
    Tick idle_;
    Tick active_;
};

}  // namespace kith::mesh
