#include "bench/moment.h"

#include <algorithm>

#include "base/check.h"

namespace kith::bench {
namespace {

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double seconds_of(const Step& step) {
    // Never zero, so that what took no time at all is not infinitely fast.
    return std::max(seconds_of(step.to.at - step.from.at), 1e-9);
}

std::optional<double> cpu_seconds_of(const Step& step) {
    if (!step.from.broker || !step.to.broker) {
        return std::nullopt;
    }
    return seconds_of(step.to.broker->cpu - step.from.broker->cpu);
}

void add(Report& report, std::string key, double value) {
    report.more.emplace_back(std::move(key), value);
}

}  // namespace

void report_rate(Report& report, std::string key, const Step& step) {
    add(report, std::move(key), static_cast<double>(step.count) / seconds_of(step));
}

void report_cpu_us_each(Report& report, std::string key, const Step& step) {
    CHECK(step.count > 0);
    if (const auto seconds = cpu_seconds_of(step)) {
        add(report, std::move(key), *seconds * 1e6 / static_cast<double>(step.count));
    }
}

void report_rss_bytes_each(Report& report, std::string key, const Step& step) {
    CHECK(step.count > 0);
    if (step.from.broker && step.to.broker) {
        const std::uint64_t before = step.from.broker->rss_bytes;
        const std::uint64_t after = std::max(step.to.broker->rss_bytes, before);
        add(report, std::move(key),
            static_cast<double>(after - before) / static_cast<double>(step.count));
    }
}

void report_cpu_share(Report& report, std::string key, const Step& step) {
    if (const auto seconds = cpu_seconds_of(step)) {
        add(report, std::move(key), *seconds / seconds_of(step));
    }
}

}  // namespace kith::bench
