// What a run measured, as JSON and as a table. Keys that a scenario does not measure are null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kith::bench {

struct Report {
    std::string scenario;
    std::string target;
    double seconds = 0;                 // the measured interval
    std::uint64_t messages = 0;         // received at subscribers within it
    std::optional<double> rate_per_s;   // messages / seconds
    std::optional<double> undelivered;  // share of what was sent and never came, 0 to 1
    std::optional<double> p50_us;
    std::optional<double> p99_us;
    std::optional<double> p999_us;
    std::optional<double> max_us;
    std::optional<double> cpu_us_per_message;   // of the broker, user and system
    std::optional<std::uint64_t> rss_bytes;     // of the broker, at the end of the interval
    std::optional<double> generator_cpu_share;  // of one core: near 1 the generator is the limit
    /// What only this scenario has: parameters and results, in order.
    std::vector<std::pair<std::string, double>> more;
};

/// One line: {"scenario":"one-to-one", ...}.
[[nodiscard]] std::string to_json(const Report& report);
/// Lines for people.
[[nodiscard]] std::string to_table(const Report& report);

}  // namespace kith::bench
