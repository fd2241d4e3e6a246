#include "mesh/detail/suspicion.h"

#include <algorithm>

#include "mesh/limits.h"

namespace kith::mesh {

void Suspicion::begin(Instant now) {
    since_ = now;
    next_at_ = now;
    probes_ = 0;
    is_put_off_ = false;
}

Suspicion::Step Suspicion::take_step(Duration answer_patience, SelfDoubt doubt, Instant now) {
    if (now < next_at_) {
        return Step::None;
    }
    const bool is_late = now - next_at_ > kTimerLateMin;
    next_at_ = now + kProbeInterval;
    if (probes_ < kProbes) {
        ++probes_;
        if (probes_ == kProbes) {
            next_at_ = std::max(next_at_, since_ + answer_patience);
        }
        return Step::Probe;
    }
    if (!is_put_off_ && (is_late || doubt == SelfDoubt::Yes)) {
        is_put_off_ = true;
        if (doubt == SelfDoubt::Yes) {
            next_at_ = now + std::max<Duration>(kProbes * kProbeInterval, answer_patience);
        }
        return Step::None;
    }
    end();
    return Step::Judge;
}

}  // namespace kith::mesh
