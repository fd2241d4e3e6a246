#include "runtime/sim/core.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/hash.h"

namespace kith::runtime::sim {

Core::Core(const WorldOptions& options_in) : options(options_in), random(options_in.seed) {
    CHECK(options.delay_min <= options.delay_max);
    CHECK(options.window_bytes > 0);
}

WallTime Core::wall_now() const {
    return options.wall_start +
           std::chrono::milliseconds(to_ms(now_ - Instant::from_ns(Duration(1s).count())));
}

void Core::at(Instant when, std::function<void()> action) {
    events_.push_back({std::max(when, now_), next_number_++, std::move(action)});
    std::push_heap(events_.begin(), events_.end());
}

bool Core::step(Instant end) {
    if (events_.empty() || events_.front().when > end) {
        now_ = std::max(now_, end);
        return false;
    }
    std::pop_heap(events_.begin(), events_.end());
    const Event event = std::move(events_.back());
    events_.pop_back();  // the action may add events
    now_ = event.when;
    event.action();
    return true;
}

Duration Core::network_delay() {
    return random.between(options.delay_min, options.delay_max);
}

Duration Core::local_delay() {
    return random.between(1us, 20us);
}

std::size_t Core::piece_of(std::size_t bytes) {
    CHECK(bytes > 0);
    if (options.piece_bytes_max == 0) {
        return bytes;
    }
    return std::min<std::size_t>(bytes, 1 + random.below(options.piece_bytes_max));
}

void Core::record(std::uint64_t what, std::uint64_t who, std::uint64_t content) {
    const std::array<std::uint64_t, 5> event{trace_hash_, what, who, content,
                                             static_cast<std::uint64_t>(now_.ns())};
    trace_hash_ = hash_bytes({reinterpret_cast<const std::uint8_t*>(event.data()),
                              event.size() * sizeof(std::uint64_t)});
}

}  // namespace kith::runtime::sim
