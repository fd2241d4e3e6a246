#include "base/time.h"

#include <fmt/format.h>

namespace kith {

std::string to_rfc3339(WallTime time) {
    using namespace std::chrono;
    const sys_time<milliseconds> point{milliseconds(time.ms())};
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss<milliseconds> clock{point - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

}  // namespace kith
