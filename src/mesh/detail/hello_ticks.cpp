#include "mesh/detail/hello_ticks.h"

namespace kith::mesh {
namespace {

constexpr int kJitterDivisor = 32;

}  // namespace

void HelloTicks::start(Instant now) {
    plan(idle_, timing_.hello_idle, now + random_.between(Duration::zero(), timing_.hello_idle));
}

void HelloTicks::stop() {
    idle_ = {};
    active_ = {};
}

void HelloTicks::quicken(Instant now) {
    if (active_.at == Instant::never()) {
        plan(active_, timing_.hello_active, now + timing_.hello_active);
    }
}

bool HelloTicks::take_idle(Instant now) {
    return take(idle_, timing_.hello_idle, now);
}

bool HelloTicks::take_active(Instant now) {
    return take(active_, timing_.hello_active, now);
}

bool HelloTicks::take(Tick& tick, Duration interval, Instant now) {
    if (now < tick.at) {
        return false;
    }
    // A timer that is late moves the beat if it missed one: hellos are never made up for.
    const bool has_missed = tick.base + interval - interval / kJitterDivisor <= now;
    plan(tick, interval, (has_missed ? now : tick.base) + interval);
    return true;
}

void HelloTicks::plan(Tick& tick, Duration interval, Instant base) {
    tick.base = base;
    tick.at = base - random_.between(Duration::zero(), interval / kJitterDivisor);
}

}  // namespace kith::mesh
