// Time as values: monotonic instants for timers, wall-clock time for people and disks.
//
// Nothing below runtime/ reads a clock: both arrive as arguments, so that a simulation can decide
// what time it is. A wall clock may jump; no timeout depends on it.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace kith {

using Duration = std::chrono::nanoseconds;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// A point on a shard's monotonic clock. Comparable only within one process or one simulation.
/// Adding saturates, so that a timeout of any length added to any instant is at most never().
class Instant {
  public:
    constexpr Instant() = default;
    [[nodiscard]] static constexpr Instant from_ns(std::int64_t ns) { return Instant(ns); }
    [[nodiscard]] static constexpr Instant never() { return Instant(INT64_MAX); }

    [[nodiscard]] constexpr std::int64_t ns() const { return ns_; }

    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Instant operator+(Instant t, Duration d) {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(t.ns_, d.count(), &sum)) [[unlikely]] {
            return Instant(d < Duration::zero() ? INT64_MIN : INT64_MAX);
        }
        return Instant(sum);
    }
    friend constexpr Instant operator-(Instant t, Duration d) { return Instant(t.ns_ - d.count()); }
    friend constexpr Duration operator-(Instant a, Instant b) { return Duration(a.ns_ - b.ns_); }

  private:
    constexpr explicit Instant(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
class WallTime {
  public:
    constexpr WallTime() = default;
    [[nodiscard]] static constexpr WallTime from_ms(std::int64_t ms) { return WallTime(ms); }

    [[nodiscard]] constexpr std::int64_t ms() const { return ms_; }

    friend constexpr auto operator<=>(WallTime, WallTime) = default;
    friend constexpr WallTime operator+(WallTime t, std::chrono::milliseconds d) {
        return WallTime(t.ms_ + d.count());
    }
    friend constexpr WallTime operator-(WallTime t, std::chrono::milliseconds d) {
        return WallTime(t.ms_ - d.count());
    }
    friend constexpr std::chrono::milliseconds operator-(WallTime a, WallTime b) {
        return std::chrono::milliseconds(a.ms_ - b.ms_);
    }

  private:
    constexpr explicit WallTime(std::int64_t ms) : ms_(ms) {}
    std::int64_t ms_ = 0;
};

/// RFC 3339 in UTC with milliseconds: "2026-04-01T08:42:17.204Z". The format has years of four
/// digits; a time before the year 0 or after 9999 prints as the first or last it can name.
[[nodiscard]] std::string to_rfc3339(WallTime time);

/// A duration in whole milliseconds, rounded down; for wires and JSON.
[[nodiscard]] constexpr std::int64_t to_ms(Duration d) {
    return std::chrono::floor<std::chrono::milliseconds>(d).count();
}

}  // namespace kith
