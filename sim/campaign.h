// Many seeds, one after another: what `kith sim` does.
//
// Of several, the first seed is run twice: the same seed must leave the same trace. A seed that
// fails is told with a line that repeats it; with `minimizes` it is run again and again with fewer
// faults while it still fails.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/run.h"

namespace kith::sim {

struct CampaignOptions {
    RunOptions run;  // its seed is replaced
    std::uint64_t first_seed = 1;
    std::uint64_t last_seed = 1;
    bool minimizes = false;
    /// What a line that repeats a seed says besides the seed and its faults.
    std::string reproduction;
    /// Before a seed, with the line that repeats it: for who must say it if the program ends there.
    std::function<void(const std::string&)> on_seed;
    /// A line for people, now and then.
    std::function<void(const std::string&)> tell;
};

struct CampaignOutcome {
    struct Failure {
        std::uint64_t seed = 0;
        std::string finding;       // the first one
        std::string reproduction;  // a command line
    };

    std::uint64_t seed_count = 0;
    std::uint64_t passed = 0;
    std::vector<Failure> failures;
    std::uint64_t trace_hash = 0;
    std::uint64_t event_count = 0;
    std::vector<RunOutcome> runs;  // without their findings; of the first kRunsMax seeds
};
inline constexpr std::size_t kRunsMax = 1000;

[[nodiscard]] CampaignOutcome run_campaign(const CampaignOptions& options);

/// "3,7": the faults, by place in the plan, without which the run does not fail. Requires: it
/// fails.
[[nodiscard]] std::vector<std::size_t> minimal_faults(const RunOptions& options,
                                                      const RunOutcome& failed);

}  // namespace kith::sim
