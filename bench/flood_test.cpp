#include "bench/flood.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Flood, MeasuresAPairBesideIt) {
    ScenarioRig rig;
    rig.options.scenario = "flood";
    rig.options.version = mqtt::Version::V5;
    rig.options.connections = 9;
    rig.options.measured = 500ms;
    rig.options.warm_up = 100ms;
    rig.options.payload_bytes = 10'000;
    rig.options.rate_per_s = 200;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(more(*outcome, "publishers"), 9);
    EXPECT_NEAR(more(*outcome, "latencies"), 100, 10);
    EXPECT_GT(more(*outcome, "flood_qos0"), 100);
    EXPECT_GT(more(*outcome, "flood_qos1"), 100);
    EXPECT_GT(more(*outcome, "flood_qos2"), 100);
}

}  // namespace
}  // namespace kith::bench
