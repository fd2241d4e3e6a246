#include "bench/latency.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

ScenarioRig& prepared(ScenarioRig& rig) {
    rig.options.scenario = "latency";
    rig.options.measured = 200ms;
    rig.options.warm_up = 20ms;
    return rig;
}

TEST(Latency, IsTheWayThroughTheBrokerAtEveryQos) {
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        ScenarioRig rig;
        prepared(rig).options.qos = qos;
        const Outcome outcome = rig.run();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(outcome->undelivered, 0);
        EXPECT_NEAR(more(*outcome, "latencies"), 400, 5);
        EXPECT_NEAR(*outcome->rate_per_s, 2000, 50);
        // Two ways of 50 to 500 us each, and turns of up to 20 us.
        EXPECT_GT(*outcome->p50_us, 100);
        EXPECT_LT(*outcome->p50_us, *outcome->p99_us);
        EXPECT_LE(*outcome->p99_us, *outcome->p999_us);
        EXPECT_LE(*outcome->p999_us, *outcome->max_us);
        EXPECT_LT(*outcome->max_us, 2'000);
        EXPECT_LT(more(*outcome, "send_lag_p99_us"), 30);
        EXPECT_EQ(more(*outcome, "qos"), static_cast<double>(qos));
    }
}

TEST(Latency, AStallIsChargedToEveryMessageThatItDelayed) {
    // Without coordinated omission: 50 of 200 ms are lost, so that a quarter of all messages wait.
    ScenarioRig rig;
    prepared(rig);
    runtime::Shard& shard = rig.broker.clients().shard(ShardId(0));
    runtime::CallbackTimer stall([&](Instant) { rig.broker.node().freeze(); });
    runtime::CallbackTimer end([&](Instant) { rig.broker.node().thaw(); });
    shard.arm_after(stall, 100ms);
    shard.arm_after(end, 150ms);
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->undelivered, 0);
    EXPECT_LT(*outcome->p50_us, 2'000);
    EXPECT_GT(*outcome->p99_us, 40'000);
    EXPECT_NEAR(*outcome->max_us, 50'000, 3'000);
}

TEST(Latency, ABackgroundLoadCountsAsMessagesButNotAsLatencies) {
    ScenarioRig rig;
    prepared(rig).options.background_rate_per_s = 10'000;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NEAR(*outcome->rate_per_s, 12'000, 200);
    EXPECT_NEAR(more(*outcome, "latencies"), 400, 5);
    EXPECT_EQ(outcome->undelivered, 0);
}

TEST(Latency, ASlowRateIsKeptByATimer) {
    ScenarioRig rig;
    prepared(rig).options.rate_per_s = 20;
    rig.options.measured = 10s;
    rig.options.payload_bytes = 1;  // less than a stamp
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NEAR(more(*outcome, "latencies"), 200, 1);
    EXPECT_LT(more(*outcome, "send_lag_p99_us"), 30);
    EXPECT_EQ(more(*outcome, "payload_bytes"), 8);
}

TEST(Latency, WhatTheBrokerDoesNotTakeInTimeIsUndelivered) {
    // The node stops for good: nothing more is acknowledged, and what was due goes on counting.
    ScenarioRig rig;
    prepared(rig).options.qos = Qos::AtLeastOnce;
    runtime::CallbackTimer stop([&](Instant) { rig.broker.node().freeze(); });
    rig.broker.clients().shard(ShardId(0)).arm_after(stop, 120ms);
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NEAR(*outcome->undelivered, 100.0 / 220, 0.05);
}

}  // namespace
}  // namespace kith::bench
