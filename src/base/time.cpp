#include "base/time.h"

#include <algorithm>

#include <fmt/format.h>

namespace kith {
namespace {

constexpr std::int64_t kFirstPrintableMs = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr std::int64_t kLastPrintableMs = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

}  // namespace

std::string to_rfc3339(WallTime time) {
    using namespace std::chrono;
    const sys_time<milliseconds> point{
        milliseconds(std::clamp(time.ms(), kFirstPrintableMs, kLastPrintableMs))};
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss<milliseconds> clock{point - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

}  // namespace kith
