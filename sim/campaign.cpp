#include "sim/campaign.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

namespace kith::sim {
namespace {

/// Runs of a minimisation: each drops one piece of the faults that are left.
constexpr std::size_t kMinimizeRunsMax = 400;

std::string text_of(const Verdicts::Finding& finding) {
    return fmt::format("{} at {:.3f} s: {}", to_string(finding.oracle),
                       static_cast<double>(finding.at.ns()) / 1e9, finding.text);
}

/// The run with these of its faults only.
RunOutcome run_with(RunOptions options, const std::vector<std::size_t>& faults) {
    options.only_faults = faults;
    options.omits_all_faults = faults.empty();
    return run_seed(options);
}

class Campaign {
  public:
    explicit Campaign(const CampaignOptions& options) : options_(options) {}

    CampaignOutcome go() {
        for (std::uint64_t seed = options_.first_seed; seed <= options_.last_seed; ++seed) {
            RunOptions run = options_.run;
            run.seed = seed;
            options_.on_seed(line_of(seed));
            RunOutcome outcome = run_seed(run);
            const bool is_first_of_many = seed == options_.first_seed && seed != options_.last_seed;
            if (is_first_of_many && outcome.verdicts.is_clean()) {
                judge_determinism(run, outcome);
            }
            take(run, std::move(outcome));
        }
        return std::move(result_);
    }

  private:
    [[nodiscard]] std::string line_of(std::uint64_t seed) const {
        return fmt::format("kith sim --seeds {}{}", seed, options_.reproduction);
    }

    static void judge_determinism(const RunOptions& run, RunOutcome& outcome) {
        const RunOutcome again = run_seed(run);
        if (again.trace_hash != outcome.trace_hash || again.event_count != outcome.event_count) {
            outcome.verdicts.broken(Oracle::Determinism, Instant(),
                                    "the same seed took another course");
        }
    }

    void take(const RunOptions& run, RunOutcome outcome) {
        ++result_.seed_count;
        result_.event_count += outcome.event_count;
        result_.trace_hash = (result_.trace_hash ^ outcome.trace_hash) * 0x9E3779B97F4A7C15U;
        if (outcome.verdicts.is_clean()) {
            ++result_.passed;
        } else {
            note_failure(run, outcome);
        }
        if (result_.runs.size() < kRunsMax) {
            result_.runs.push_back(std::move(outcome));
        }
        options_.tell(fmt::format("{} of {} seeds, {} failed", result_.seed_count,
                                  options_.last_seed - options_.first_seed + 1,
                                  result_.failures.size()));
    }

    void note_failure(const RunOptions& run, const RunOutcome& outcome) {
        const std::vector<Verdicts::Finding>& findings = outcome.verdicts.findings();
        std::string line = line_of(run.seed);
        for (const Verdicts::Finding& finding : findings) {
            options_.tell(fmt::format("seed {}: {}", run.seed, text_of(finding)));
        }
        if (options_.minimizes && !outcome.faults.empty() && run.only_faults.empty()) {
            const std::vector<std::size_t> left = minimal_faults(run, outcome);
            line += left.empty() ? " --only-faults none"
                                 : fmt::format(" --only-faults {}", fmt::join(left, ","));
            for (const std::size_t index : left) {
                options_.tell(fmt::format("seed {}: needs fault {}: {}", run.seed, index,
                                          to_string(outcome.faults[index])));
            }
        }
        options_.tell(fmt::format("seed {}: {} findings; repeat it with: {}", run.seed,
                                  outcome.verdicts.count(), line));
        result_.failures.push_back({.seed = run.seed,
                                    .finding = text_of(findings.front()),
                                    .reproduction = std::move(line)});
    }

    const CampaignOptions& options_;
    CampaignOutcome result_;
};

}  // namespace

CampaignOutcome run_campaign(const CampaignOptions& options) {
    return Campaign(options).go();
}

/// Drops halves, then quarters, and so on down to single faults, as long as the same oracle breaks.
std::vector<std::size_t> minimal_faults(const RunOptions& options, const RunOutcome& failed) {
    const Oracle oracle = failed.verdicts.findings().front().oracle;
    std::vector<std::size_t> left(failed.faults.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    std::size_t runs = 0;
    for (std::size_t piece = (left.size() + 1) / 2; piece > 0 && runs < kMinimizeRunsMax;
         piece = piece == 1 ? 0 : (piece + 1) / 2) {
        for (std::size_t at = 0; at < left.size() && runs < kMinimizeRunsMax; ++runs) {
            std::vector<std::size_t> fewer = left;
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t count = std::min(piece, left.size() - at);
            fewer.erase(first, first + static_cast<std::ptrdiff_t>(count));
            if (run_with(options, fewer).verdicts.count(oracle) > 0) {
                left = std::move(fewer);
            } else {
                at += piece;
            }
        }
    }
    return left;
}

}  // namespace kith::sim
