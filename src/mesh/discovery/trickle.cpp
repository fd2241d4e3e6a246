#include "mesh/discovery/trickle.h"

#include <algorithm>

#include "base/check.h"

namespace kith::mesh {

Trickle::Trickle(const Times& times, std::uint64_t seed) : times_(times), random_(seed) {
    CHECK(times.interval_min <= times.interval_max);
    CHECK(times.answer_jitter <= times.interval_min);
}

void Trickle::start(Instant now) {
    interval_ = times_.interval_min;
    begin(now, Moment::Soon);
}

void Trickle::reset(Instant now) {
    // RFC 6206, 4.2, 6: "if I is greater than Imin ... if I is equal to Imin ... Trickle does
    // nothing."
    if (interval_ > times_.interval_min) {
        interval_ = times_.interval_min;
        begin(now, Moment::Soon);
    }
}

Trickle::Turn Trickle::on_timer(Instant now) {
    Turn turn = Turn::Nothing;
    if (due_at_ <= now) {
        due_at_ = Instant::never();
        turn = heard_ < times_.redundancy ? Turn::Say : Turn::Withhold;
    }
    if (ends_at_ <= now) {
        interval_ = std::min(interval_ * 2, times_.interval_max);
        begin(now, Moment::SecondHalf);
    }
    return turn;
}

Instant Trickle::deadline() const {
    return std::min(due_at_, ends_at_);
}

void Trickle::begin(Instant now, Moment moment) {
    heard_ = 0;
    due_at_ = now + (moment == Moment::Soon ? random_.between(Duration(), times_.answer_jitter)
                                            : random_.between(interval_ / 2, interval_));
    ends_at_ = now + interval_;
}

}  // namespace kith::mesh
