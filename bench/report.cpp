#include "bench/report.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "json/writer.h"

namespace kith::bench {
namespace {

/// "12.4 M", "980 k", "37": three digits are what a noisy machine can tell.
std::string short_number(double value) {
    constexpr double kThousand = 1e3;
    constexpr double kMillion = 1e6;
    if (value >= kMillion) {
        return fmt::format("{:.4g} M", value / kMillion);
    }
    if (value >= 10 * kThousand) {
        return fmt::format("{:.4g} k", value / kThousand);
    }
    return fmt::format("{:.4g}", value);
}

void add_row(std::string& out, std::string_view name, const std::string& value) {
    out += fmt::format("{:<28} {}\n", name, value);
}

void add_row(std::string& out, std::string_view name, const std::optional<double>& value) {
    if (value) {
        add_row(out, name, short_number(*value));
    }
}

}  // namespace

std::string to_json(const Report& report) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("scenario", std::string_view(report.scenario));
    json.field("target", std::string_view(report.target));
    json.field("seconds", report.seconds);
    json.field("messages", report.messages);
    json.field("rate", report.rate_per_s);
    json.field("undelivered", report.undelivered);
    json.field("p50_us", report.p50_us);
    json.field("p99_us", report.p99_us);
    json.field("p999_us", report.p999_us);
    json.field("max_us", report.max_us);
    json.field("cpu_us_per_message", report.cpu_us_per_message);
    json.field("rss_bytes", report.rss_bytes);
    json.field("generator_cpu_share", report.generator_cpu_share);
    for (const auto& [name, value] : report.more) {
        json.field(name, value);
    }
    json.end_object();
    return out;
}

std::string to_table(const Report& report) {
    std::string out;
    add_row(out, "scenario", report.scenario);
    add_row(out, "target", report.target);
    for (const auto& [name, value] : report.more) {
        add_row(out, name, short_number(value));
    }
    add_row(out, "seconds", short_number(report.seconds));
    add_row(out, "messages", short_number(static_cast<double>(report.messages)));
    add_row(out, "messages per second", report.rate_per_s);
    if (report.undelivered) {
        add_row(out, "undelivered", fmt::format("{:.3g} %", 100 * *report.undelivered));
    }
    add_row(out, "latency p50, us", report.p50_us);
    add_row(out, "latency p99, us", report.p99_us);
    add_row(out, "latency p99.9, us", report.p999_us);
    add_row(out, "latency maximum, us", report.max_us);
    add_row(out, "broker CPU us per message", report.cpu_us_per_message);
    if (report.rss_bytes) {
        add_row(out, "broker resident MiB",
                fmt::format("{:.1f}", static_cast<double>(*report.rss_bytes) / (1024 * 1024)));
    }
    if (report.generator_cpu_share) {
        add_row(out, "generator, of one core",
                fmt::format("{:.0f} %", 100 * *report.generator_cpu_share));
    }
    return out;
}

}  // namespace kith::bench
