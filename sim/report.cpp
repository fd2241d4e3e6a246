#include "sim/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/scenarios.h"

namespace kith::sim {
namespace {

constexpr double kWidth = 640;
constexpr double kHeight = 260;
constexpr double kLeft = 64;
constexpr double kRight = 16;
constexpr double kTop = 16;
constexpr double kBottom = 36;

struct Line {
    std::string_view name;
    double ReportRow::*value;
};
struct Plot {
    std::string_view title;
    std::string_view unit;
    std::vector<Line> lines;
};

/// 1, 2 or 5 times a power of ten, not below `value`.
double round_up(double value) {
    const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1e-9))));
    for (const double step : {1.0, 2.0, 5.0, 10.0}) {
        if (step * power >= value) {
            return step * power;
        }
    }
    return value;
}

/// Where a number of nodes stands: they grow by factors.
double x_of(std::uint32_t count, const std::vector<ReportRow>& rows) {
    const double first = std::log(double(rows.front().node_count));
    const double last = std::log(double(rows.back().node_count));
    const double share = last > first ? (std::log(double(count)) - first) / (last - first) : 0.5;
    return kLeft + share * (kWidth - kLeft - kRight);
}

std::string draw(const Plot& plot, const std::vector<ReportRow>& rows) {
    double most = 0;
    for (const Line& line : plot.lines) {
        for (const ReportRow& row : rows) {
            most = std::max(most, row.*line.value);
        }
    }
    most = round_up(most);
    const auto y_of = [most](double value) {
        return kHeight - kBottom - value / most * (kHeight - kTop - kBottom);
    };
    std::string svg = fmt::format(
        "<figure><figcaption>{} <span>({})</span></figcaption>"
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        plot.title, plot.unit, kWidth, kHeight, plot.title);
    for (int step = 0; step <= 4; ++step) {
        const double value = most * step / 4;
        svg += fmt::format(
            "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text class=\"y\" x=\"{}\" "
            "y=\"{:.1f}\">{:.4g}</text>",
            kLeft, y_of(value), kWidth - kRight, kLeft - 8, y_of(value) + 4, value);
    }
    for (const ReportRow& row : rows) {
        svg += fmt::format("<text class=\"x\" x=\"{:.1f}\" y=\"{}\">{}</text>",
                           x_of(row.node_count, rows), kHeight - 14, row.node_count);
    }
    for (std::size_t i = 0; i < plot.lines.size(); ++i) {
        std::string path;
        for (const ReportRow& row : rows) {
            const double x = x_of(row.node_count, rows);
            const double y = y_of(row.*plot.lines[i].value);
            path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
            svg +=
                fmt::format("<circle class=\"c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", i, x, y);
        }
        svg += fmt::format("<path class=\"line c{}\" d=\"{}\"/>", i, path);
    }
    svg += "</svg><p class=\"legend\">";
    for (std::size_t i = 0; i < plot.lines.size(); ++i) {
        svg += fmt::format("<span class=\"c{}\">&#9632;</span> {} ", i, plot.lines[i].name);
    }
    return svg + "</p></figure>\n";
}

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1d2329; --paper: #fff; --faint: #d8dde2;
  --c0: #1667b7; --c1: #b3541e; --c2: #2b7d4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #14181c; --faint: #39424a;
  --c0: #6cb2f2; --c1: #eb9a63; --c2: #72c99a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 720px; margin: 2rem auto; padding: 0 1rem; }
figure { margin: 2rem 0; } figcaption { font-weight: 600; } figcaption span { font-weight: 400; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--ink); }
.y { text-anchor: end; } .x { text-anchor: middle; }
.grid { stroke: var(--faint); } .line { fill: none; stroke-width: 2; }
.c0 { fill: var(--c0); color: var(--c0); } .c1 { fill: var(--c1); color: var(--c1); }
.c2 { fill: var(--c2); color: var(--c2); }
.line.c0 { stroke: var(--c0); fill: none; } .line.c1 { stroke: var(--c1); fill: none; }
.line.c2 { stroke: var(--c2); fill: none; }
.legend { margin: 0; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--faint); }
)";

std::string table_of(const std::vector<ReportRow>& rows) {
    std::string html =
        "<table><thead><tr><th>nodes</th><th>cold start, ms</th><th>link event, ms</th>"
        "<th>idle, bytes/s</th><th>the busiest</th><th>barrier p99, ms</th>"
        "<th>latency p50, ms</th><th>p99, ms</th><th>delivered, %</th><th>oracles</th></tr>"
        "</thead><tbody>\n";
    for (const ReportRow& row : rows) {
        html += fmt::format(
            "<tr><td>{}</td><td>{:.0f}</td><td>{:.1f}</td><td>{:.0f}</td>"
            "<td>{:.0f}</td><td>{:.1f}</td><td>{:.1f}</td><td>{:.1f}</td>"
            "<td>{:.2f}</td><td>{}</td></tr>\n",
            row.node_count, row.cold_start_ms, row.link_event_ms, row.idle_bytes_per_s_mean,
            row.idle_bytes_per_s_max, row.barrier_p99_ms, row.latency_p50_ms, row.latency_p99_ms,
            row.delivered_percent, row.is_clean ? "hold" : "broken");
    }
    return html + "</tbody></table>\n";
}

}  // namespace

ReportRow measure_row(RunOptions options, std::uint64_t seed, std::uint32_t node_count) {
    options.seed = seed;
    options.topology.node_count = node_count;
    options.faults.clear();
    const RunOutcome outcome = run_seed(options);
    ReportRow row{.node_count = node_count,
                  .cold_start_ms = outcome.cold_start_ms,
                  .idle_bytes_per_s_mean = outcome.idle_bytes_per_s_mean,
                  .idle_bytes_per_s_max = outcome.idle_bytes_per_s,
                  .barrier_p99_ms = outcome.barrier_p99_ms,
                  .latency_p50_ms = outcome.latency_p50_ms,
                  .latency_p99_ms = outcome.latency_p99_ms,
                  .delivered_percent = 100,
                  .is_clean = outcome.verdicts.is_clean()};
    // What went to several subscriptions of one node arrived there once.
    if (outcome.claimed > 0 && outcome.verdicts.count(Oracle::NoLoss) > 0) {
        const auto lost = static_cast<double>(outcome.verdicts.count(Oracle::NoLoss));
        row.delivered_percent = 100.0 * (1.0 - lost / static_cast<double>(outcome.claimed));
    }
    const std::vector<Figure> figures = scenario_named("link-event")
                                            ->play({.first_seed = seed,
                                                    .repetitions = 3,
                                                    .node_count = node_count,
                                                    .timing = options.timing,
                                                    .tell = {}});
    for (const Figure& figure : figures) {
        row.link_event_ms = figure.unit == "ms" ? figure.value : row.link_event_ms;
    }
    return row;
}

std::string report_page(const std::vector<ReportRow>& rows, std::uint64_t seed) {
    const std::array plots{
        Plot{"Until all agree",
             "ms",
             {{"cold start: each has a route to all", &ReportRow::cold_start_ms},
              {"a link went: the last routes", &ReportRow::link_event_ms}}},
        Plot{"An idle link, one direction",
             "bytes/s",
             {{"mean", &ReportRow::idle_bytes_per_s_mean},
              {"the busiest", &ReportRow::idle_bytes_per_s_max}}},
        Plot{"Messages and subscribe barriers",
             "ms",
             {{"barrier, 99 of 100", &ReportRow::barrier_p99_ms},
              {"latency, half of them", &ReportRow::latency_p50_ms},
              {"latency, 99 of 100", &ReportRow::latency_p99_ms}}},
        Plot{
            "Delivered", "% of what was promised", {{"QoS 0 to 2", &ReportRow::delivered_percent}}},
    };
    std::string html = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>The mesh, by number of "
        "nodes</title><style>{}</style></head><body>\n<h1>The mesh, by number of nodes</h1>\n"
        "<p>Simulated with <code>kith sim --report</code>, seed {}: random meshes, no faults. "
        "All times are simulated.</p>\n",
        kStyle, seed);
    for (const Plot& plot : plots) {
        html += draw(plot, rows);
    }
    return html + table_of(rows) + "</body></html>\n";
}

}  // namespace kith::sim
