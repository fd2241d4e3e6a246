#include "bench/idle.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Idle, ConnectionsAreMadeHeldAndClosed) {
    ScenarioRig rig;
    rig.options.scenario = "idle";
    rig.options.connections = 300;
    rig.options.connects_under_way = 10;
    rig.broker_probe.use.rss_bytes = 10'000;
    rig.broker_probe.cpu_each_read = 30ms;
    rig.broker_probe.rss_bytes_each_read = 3'000;
    runtime::CallbackTimer look(
        [&](Instant) { EXPECT_EQ(rig.broker.counters().connections, 300U); });
    rig.broker.clients().shard(ShardId(0)).arm_after(look, 500ms);
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_FALSE(outcome->rate_per_s);
    EXPECT_FALSE(outcome->undelivered) << "nothing was sent";
    EXPECT_EQ(more(*outcome, "connections"), 300);
    // Ten at a time, each a few ways of up to 500 us.
    EXPECT_GT(more(*outcome, "connects_per_s"), 1'000);
    EXPECT_LT(more(*outcome, "connects_per_s"), 100'000);
    EXPECT_NEAR(more(*outcome, "cpu_us_per_connect"), 100, 1e-6);
    EXPECT_GE(more(*outcome, "rss_bytes_per_connection"), 10);
    EXPECT_GT(more(*outcome, "idle_cpu_share"), 0);
    rig.broker.settle();
    EXPECT_EQ(rig.broker.counters().connections, 0U);
    EXPECT_EQ(rig.broker.counters().connects_accepted, 300U);
}

TEST(Idle, ABrokerThatTakesFewerIsAnErrorThatSaysHowMany) {
    broker::BrokerOptions limited = broker::testing::quiet();
    limited.connections_max = 50;
    ScenarioRig rig({.broker = limited});
    rig.options.scenario = "idle";
    rig.options.connections = 60;
    const Outcome outcome = rig.run();
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find(" of 60 connections were made, then: "), std::string::npos)
        << outcome.error();
}

}  // namespace
}  // namespace kith::bench
