// A page of plots that says how the mesh behaves as it grows: how long it takes to agree, what an
// idle link costs, and how messages arrive, by number of nodes.
//
// The page needs nothing but itself: styles and drawings are in it, for light and dark. Threads:
// one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/run.h"

namespace kith::sim {

struct ReportRow {
    std::uint32_t node_count = 0;
    double cold_start_ms = 0;
    double link_event_ms = 0;  // until the last routes after a link went
    double idle_bytes_per_s_mean = 0;
    double idle_bytes_per_s_max = 0;
    double barrier_p99_ms = 0;
    double latency_p50_ms = 0;
    double latency_p99_ms = 0;
    double delivered_percent = 0;  // of what was claimed
    bool is_clean = false;         // no oracle found anything
};

/// A mesh of so many nodes: started, used a little for the options' duration, idle; then one of
/// which a link goes.
[[nodiscard]] ReportRow measure_row(RunOptions options, std::uint64_t seed,
                                    std::uint32_t node_count);

/// HTML. Requires: a row at least.
[[nodiscard]] std::string report_page(const std::vector<ReportRow>& rows, std::uint64_t seed);

}  // namespace kith::sim
