// One seed from beginning to end: a mesh starts, is used, suffers, is mended, and is judged.
//
//     0 s             all nodes start within half a second
//     3 s             subscribers subscribe
//     8 s             the mesh must have converged; publishers and faults begin
//     8 s + minutes   both end, everything is mended
//     then            until everything has arrived and all have converged again, kDrainMax at most
//     then            until nobody tells of a cost that changed, then kIdle in which idle links are
//                     measured
//
// Requires of the options: node_count of at least 1. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/topology.h"
#include "sim/verdicts.h"
#include "sim/workload.h"

namespace kith::sim {

/// How long a mesh may take to be whole again after the last fault.
inline constexpr Duration kDrainMax = 180s;
inline constexpr Duration kIdle = 20s;

struct RunOptions {
    std::uint64_t seed = 1;
    TopologyOptions topology;
    Duration duration = 10min;
    std::vector<FaultKind> faults;
    Duration fault_interval = 10s;
    /// Only these of the planned faults, by their place in the plan; all if there are none.
    std::vector<std::size_t> only_faults;
    bool omits_all_faults =
        false;  // plans them, so that nothing else changes, and carries out none
    WireOptions wire;
    WorkloadOptions workload;
    mesh::MeshOptions::Mutants mutants;
    mesh::Timing timing;
    ParticipantFactory factory;  // MeshNode, if there is none
    /// Each simulated second, with the time that has passed.
    std::function<void(Duration)> on_progress;
};

struct RunOutcome {
    Verdicts verdicts;
    std::uint64_t trace_hash = 0;
    std::uint64_t event_count = 0;
    std::vector<Fault> faults;  // as planned
    Duration simulated{};

    std::uint64_t published = 0;
    std::uint64_t claimed = 0;
    std::uint64_t delivered = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t barriers_complete = 0;
    std::uint64_t barriers_partial = 0;
    double barrier_p99_ms = 0;
    double latency_p50_ms = 0;
    double latency_p99_ms = 0;
    /// From the first start until each node had a route to all others.
    double cold_start_ms = 0;
    /// From the end of the last fault until everything was as it should be.
    double recovery_s = 0;
    double idle_bytes_per_s = 0;  // of the busiest direction of a link
    double idle_bytes_per_s_mean = 0;
    std::uint64_t false_downs = 0;  // of neighbours in a run without faults
};

[[nodiscard]] RunOutcome run_seed(const RunOptions& options);

}  // namespace kith::sim
