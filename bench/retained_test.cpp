#include "bench/retained.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Retained, AllAreStoredDeliveredAndCleared) {
    for (const mqtt::Version version : {mqtt::Version::V311, mqtt::Version::V5}) {
        ScenarioRig rig;
        rig.options.scenario = "retained";
        rig.options.count = 2'500;
        rig.options.version = version;
        rig.broker_probe.use.rss_bytes = 10'000;
        rig.broker_probe.rss_bytes_each_read = 25'000;
        rig.broker_probe.cpu_each_read = 25ms;
        const Outcome outcome = rig.run();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(outcome->messages, 2'500U);
        EXPECT_EQ(outcome->undelivered, 0);
        EXPECT_GT(outcome->seconds, 0);
        EXPECT_GT(*outcome->rate_per_s, 10'000);
        EXPECT_EQ(*outcome->cpu_us_per_message, 10);
        EXPECT_EQ(more(*outcome, "retained"), 2'500);
        EXPECT_EQ(more(*outcome, "rss_bytes_per_retained"), 10);
        EXPECT_EQ(more(*outcome, "cpu_us_per_stored"), 10);
        EXPECT_GT(more(*outcome, "stored_per_s"), 10'000);
        EXPECT_GT(more(*outcome, "cleared_per_s"), 10'000);
        const broker::Counters counters = rig.broker.counters();
        EXPECT_EQ(counters.messages_in, 5'000U);
        EXPECT_EQ(counters.messages_out, 2'500U) << "the subscriber saw the clearing";
        EXPECT_EQ(counters.retained, 0U);
    }
}

TEST(Retained, WhatABrokerDoesNotKeepIsUndelivered) {
    broker::BrokerOptions limited = broker::testing::quiet();
    limited.retained_messages_max = 60;
    ScenarioRig rig({.broker = limited});
    rig.options.scenario = "retained";
    rig.options.count = 100;
    rig.options.payload_bytes = 0;  // which would clear
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NEAR(*outcome->undelivered, 0.4, 0.05);
    EXPECT_LT(outcome->seconds, 1) << "the wait for what did not come is not part of it";
    EXPECT_EQ(more(*outcome, "payload_bytes"), 1);
}

}  // namespace
}  // namespace kith::bench
