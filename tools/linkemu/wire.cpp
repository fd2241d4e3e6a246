#include "tools/linkemu/wire.h"

#include <algorithm>

namespace kith::linkemu {
namespace {

constexpr std::uint64_t kNsPerS = 1'000'000'000;
constexpr std::int64_t kReorderFactor = 10;

Duration time_of(std::size_t packet_bytes, std::uint64_t bits_per_s) {
    return Duration(static_cast<std::int64_t>(packet_bytes * 8 * kNsPerS / bits_per_s));
}

}  // namespace

Departures Wire::take(Instant now, std::size_t packet_bytes) {
    Departures departures;
    const Draw draw = this->draw();
    ++counters_.entered;
    if (settings_.is_cut) {
        ++counters_.cut;
        return departures;
    }
    if (draw.is_lost) {
        ++counters_.lost;
        return departures;
    }
    if (!has_room(now, packet_bytes)) {
        ++counters_.overflowed;
        return departures;
    }
    const Instant sent = serialized(now, packet_bytes);
    const auto shift = static_cast<std::int64_t>(double(settings_.jitter.count()) * draw.jitter);
    const Duration delay = std::max(Duration{}, settings_.delay + Duration(shift));
    if (draw.is_late) {
        ++counters_.reordered;
        departures.add(sent + delay * kReorderFactor);
    } else {
        last_ = std::max(last_, sent + delay);
        departures.add(last_);
    }
    if (draw.is_doubled) {
        ++counters_.duplicated;
        departures.add(departures.at().front());
    }
    counters_.left += departures.at().size();
    counters_.bytes += departures.at().size() * packet_bytes;
    return departures;
}

Wire::Draw Wire::draw() {
    const double lost = random_.unit();
    const double doubled = random_.unit();
    const double late = random_.unit();
    const double jitter = random_.unit();
    return {.is_lost = lost < settings_.loss,
            .is_doubled = doubled < settings_.duplicate,
            .is_late = late < settings_.reorder,
            .jitter = 2 * jitter - 1};
}

bool Wire::has_room(Instant now, std::size_t packet_bytes) const {
    if (settings_.bits_per_s == 0) {
        return true;
    }
    const Duration waiting = std::max(Duration{}, busy_until_ - now);
    const Duration full = time_of(settings_.queue_bytes, settings_.bits_per_s);
    return waiting + time_of(packet_bytes, settings_.bits_per_s) <= full;
}

Instant Wire::serialized(Instant now, std::size_t packet_bytes) {
    if (settings_.bits_per_s == 0) {
        return now;
    }
    busy_until_ = std::max(busy_until_, now) + time_of(packet_bytes, settings_.bits_per_s);
    return busy_until_;
}

}  // namespace kith::linkemu
