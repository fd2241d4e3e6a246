// What holds whatever happens, on random runs. KITH_CHAOS_SEEDS=FIRST..LAST runs others than those
// of the suite.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "broker/testing/chaos.h"

namespace kith::broker {
namespace {

using testing::Chaos;
using testing::ChaosOptions;

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
};

Seeds seeds_or(Seeds usual) {
    const char* text = std::getenv("KITH_CHAOS_SEEDS");
    if (text == nullptr) {
        return usual;
    }
    const std::string range(text);
    const std::size_t dots = range.find("..");
    return {std::stoull(range),
            std::stoull(range.substr(dots == std::string::npos ? 0 : dots + 2))};
}

/// Runs `options` with each seed until one fails.
void run_all(Seeds seeds, ChaosOptions options) {
    std::size_t receipts = 0;
    std::size_t power_cuts = 0;
    for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        options.seed = seed;
        Chaos chaos(options);
        chaos.run();
        receipts += chaos.receipt_count();
        power_cuts += chaos.power_cut_count();
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
    ::testing::Test::RecordProperty("receipts", std::to_string(receipts));
    EXPECT_GT(receipts, 0U);
    EXPECT_TRUE(options.power_cut == 0 || seeds.last - seeds.first < 50 || power_cuts > 0);
}

TEST(BrokerProperties, HoldWhileConnectionsBreakDisksStallAndPowerGoes) {
    run_all(seeds_or({1, 100}), {});
}

TEST(BrokerProperties, HoldWithoutPowerCuts) {
    run_all(seeds_or({1001, 1050}), {.power_cut = 0});
}

/// Everything on few topics, retained or not, nothing breaks: what is left is the order.
TEST(BrokerProperties, KeepOrderAcrossShards) {
    run_all(seeds_or({2001, 2050}),
            {.power_cut = 0, .drop = 0, .stall = 0, .retain = 0.5, .topic_count = 2});
}

TEST(BrokerProperties, SameSeedSameRun) {
    const auto trace_of = [](std::uint64_t seed) {
        Chaos chaos({.seed = seed});
        chaos.run();
        return chaos.trace_hash();
    };
    EXPECT_EQ(trace_of(7), trace_of(7));
    EXPECT_EQ(trace_of(8), trace_of(8));
    EXPECT_NE(trace_of(7), trace_of(8));
}

}  // namespace
}  // namespace kith::broker
