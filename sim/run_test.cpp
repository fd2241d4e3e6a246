#include "sim/run.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

std::string findings(const RunOutcome& outcome) {
    std::string text;
    for (const Verdicts::Finding& finding : outcome.verdicts.findings()) {
        text += std::string(to_string(finding.oracle)) + ": " + finding.text + "\n";
    }
    return text;
}

TEST(Run, KeepsEveryPromiseWhenNothingGoesWrong) {
    const RunOutcome outcome =
        run_seed({.seed = 1, .topology = {.node_count = 8}, .duration = 30s});
    EXPECT_TRUE(outcome.verdicts.is_clean()) << findings(outcome);
    EXPECT_GT(outcome.published, 100);
    EXPECT_GT(outcome.claimed, 50);
    EXPECT_EQ(outcome.false_downs, 0);
}

// Who comes new may meet the twin of a node before the node.
TEST(Run, WhoIsMetFirstDoesNotDecideWhoHasAnId) {
    for (const std::uint64_t seed : {6U, 47U, 53U, 60U}) {
        const RunOutcome outcome = run_seed({.seed = seed,
                                             .topology = {.node_count = 8},
                                             .duration = 60s,
                                             .faults = {FaultKind::Wipe, FaultKind::Twin},
                                             .workload = WorkloadOptions::usual(8)});
        EXPECT_TRUE(outcome.verdicts.is_clean()) << findings(outcome);
    }
}

}  // namespace
}  // namespace kith::sim
