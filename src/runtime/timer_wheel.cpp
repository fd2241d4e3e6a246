#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "runtime/limits.h"

namespace kith::runtime {
namespace {

constexpr std::int64_t kTickNs = kTimerTick.count();
constexpr std::uint64_t kTickMax = INT64_MAX / kTickNs;

std::uint64_t tick_at_or_after(Instant t) {
    const std::int64_t ns = std::max<std::int64_t>(t.ns(), 0);
    return static_cast<std::uint64_t>(ns / kTickNs + (ns % kTickNs != 0 ? 1 : 0));
}

std::uint64_t tick_at_or_before(Instant t) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(t.ns(), 0) / kTickNs);
}

}  // namespace

TimerWheel::TimerWheel(Instant start) : tick_(tick_at_or_before(start)), armed_after_(tick_) {}

void TimerWheel::arm(Timer& timer, Instant deadline) {
    timer.cancel();
    std::uint64_t tick = tick_at_or_after(deadline);
    if (tick <= armed_after_) {
        tick = armed_after_ + 1;
        deadline = Instant::from_ns(static_cast<std::int64_t>(tick) * kTickNs);
    }
    timer.deadline_ = deadline;
    insert(timer, tick);
}

void TimerWheel::insert(Timer& timer, std::uint64_t tick) {
    DCHECK(tick >= tick_);
    const std::uint64_t differing = (tick ^ tick_) | (kSlots - 1);
    const auto level = static_cast<unsigned>(63 - std::countl_zero(differing)) / kLevelBits;
    const auto slot = static_cast<unsigned>(tick >> (level * kLevelBits)) & (kSlots - 1);
    slots_[level][slot].push_back(timer);
    occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::advance(Instant now) {
    const std::uint64_t now_tick = tick_at_or_before(now);
    if (now_tick <= tick_) {
        return;
    }
    armed_after_ = now_tick;
    for (auto next = find_next(); next && next->tick <= now_tick; next = find_next()) {
        tick_ = next->tick;
        Slot due;
        due.swap(slots_[next->level][next->slot]);
        occupied_[next->level] &= ~(std::uint64_t{1} << next->slot);
        while (!due.empty()) {
            Timer& timer = due.front();
            due.pop_front();
            if (next->level == 0) {
                timer.on_timer(now);  // may destroy any timer, this one and those in `due` too
            } else {
                insert(timer, tick_at_or_after(timer.deadline_));
            }
        }
    }
    tick_ = now_tick;
}

Instant TimerWheel::next_deadline() {
    const auto next = find_next();
    if (!next || next->tick > kTickMax) {
        return Instant::never();
    }
    return Instant::from_ns(static_cast<std::int64_t>(next->tick) * kTickNs);
}

std::optional<TimerWheel::Position> TimerWheel::find_next() {
    for (unsigned level = 0; level < kLevels; ++level) {
        while (occupied_[level] != 0) {
            const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
            if (slots_[level][slot].empty()) {  // its timers were cancelled
                occupied_[level] &= occupied_[level] - 1;
                continue;
            }
            const unsigned shift = level * kLevelBits;
            const std::uint64_t above = tick_ >> (shift + kLevelBits) << (shift + kLevelBits);
            return Position{level, slot, above | (std::uint64_t{slot} << shift)};
        }
    }
    return std::nullopt;
}

}  // namespace kith::runtime
