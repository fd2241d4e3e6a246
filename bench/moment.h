// Two moments of a run make a rate, and what the broker spent between them.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "bench/process_probe.h"
#include "bench/report.h"

namespace kith::bench {

struct Moment {
    Instant at;
    std::optional<ProcessUse> broker;  // none if its process is not known
};

/// From one moment to a later one, in which `count` things were done.
struct Step {
    Moment from;
    Moment to;
    std::size_t count = 1;
};

/// Each adds one result under `key`; those about the broker add none if its process is not known.
void report_rate(Report& report, std::string key, const Step& step);
void report_cpu_us_each(Report& report, std::string key, const Step& step);
/// Resident memory that came; less than none counts as none.
void report_rss_bytes_each(Report& report, std::string key, const Step& step);
/// Of one core.
void report_cpu_share(Report& report, std::string key, const Step& step);

}  // namespace kith::bench
