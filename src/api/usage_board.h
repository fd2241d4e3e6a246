// What the node does, second by second: totals to rates, and the last hour as series.
//
// Fed with totals about once a second. Series have a fixed step on the monotonic clock; where no
// sample came (a suspended machine, the time before the start) there is nothing, not zero.
// Threads: shard-local. Limits: kUsageStepsMax steps of kUsageStep.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "api/backend.h"
#include "api/limits.h"
#include "base/result.h"
#include "base/time.h"

namespace kith::api {

/// One moment, with rates over the time since the sample before.
struct UsageSample {
    WallTime at;
    Totals totals;
    double messages_in_per_s = 0;
    double messages_out_per_s = 0;
    double bytes_in_per_s = 0;
    double bytes_out_per_s = 0;
    std::optional<double> delivery_p99_ms;  // of the last minute; none if nothing was delivered
};

/// Means over one step of a series.
struct UsagePoint {
    double messages_in_per_s = 0;
    double messages_out_per_s = 0;
    double bytes_in_per_s = 0;
    double bytes_out_per_s = 0;
    double connections = 0;
    double queued_messages = 0;
    double resident_bytes = 0;
};

struct UsageSeries {
    std::chrono::seconds step{};
    WallTime end;
    std::vector<std::optional<UsagePoint>> points;  // oldest first
};

struct UsageQuery {
    std::int64_t window_s = 600;
    std::int64_t step_s = 2;
};

class UsageBoard {
  public:
    void add(const Totals& totals, Instant now, WallTime wall_now);

    /// The last sample; none before the first.
    [[nodiscard]] const std::optional<UsageSample>& latest() const { return latest_; }
    /// Errors: Invalid if the step is no multiple of 2 s, or the window is longer than an hour or
    /// no multiple of the step.
    [[nodiscard]] Result<UsageSeries> series(const UsageQuery& query) const;

  private:
    struct Counted {
        Instant at;
        Totals totals;
    };
    struct Delays {
        Instant at;
        broker::DelayHistogram histogram;
    };
    struct Step {
        std::uint64_t number;  // since the first sample
        UsagePoint point;
    };

    void close_step(const Totals& totals, Instant now, WallTime wall_now);
    [[nodiscard]] std::optional<double> delivery_p99_ms(const Totals& totals, Instant now);

    std::optional<UsageSample> latest_;
    std::optional<Counted> last_;        // sample before the next one
    std::optional<Counted> step_start_;  // totals when the open step began
    Instant origin_;                     // when the first step began
    WallTime end_;                       // of the last closed step
    std::uint64_t closed_steps_ = 0;
    std::deque<Step> steps_;     // oldest first; numbers may have gaps
    std::deque<Delays> delays_;  // about every ten seconds, for the last minute
};

}  // namespace kith::api
