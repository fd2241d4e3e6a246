#include "bench/subscriptions.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Subscriptions, AllAreGrantedAndEachMessageMatchesOne) {
    ScenarioRig rig;
    rig.options.scenario = "subscriptions";
    rig.options.connections = 7;
    rig.options.count = 3'001;
    rig.options.window = 50;
    rig.options.measured = 200ms;
    rig.broker_probe.use.rss_bytes = 10'000;
    rig.broker_probe.rss_bytes_each_read = 30'000;
    rig.broker_probe.cpu_each_read = 15ms;
    runtime::CallbackTimer look([&](Instant) {
        EXPECT_EQ(rig.broker.counters().subscriptions, 3'001U);
        EXPECT_EQ(rig.broker.counters().connections, 8U);
    });
    rig.broker.clients().shard(ShardId(0)).arm_after(look, 200ms);
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_FALSE(look.is_armed());
    EXPECT_EQ(outcome->undelivered, 0);
    EXPECT_GT(outcome->messages, 3'001U);
    const broker::Counters counters = rig.broker.counters();
    EXPECT_EQ(counters.messages_out, counters.messages_in);
    EXPECT_EQ(counters.dropped_no_receiver, 0U);
    EXPECT_EQ(more(*outcome, "subscriptions"), 3'001);
    EXPECT_EQ(more(*outcome, "topics"), 3'001);
    EXPECT_EQ(more(*outcome, "rss_bytes_per_exact_subscription"), 20);
    EXPECT_NEAR(more(*outcome, "rss_bytes_per_wildcard_subscription"), 30'000.0 / 1'501, 1e-6);
    EXPECT_EQ(more(*outcome, "cpu_us_per_exact_subscription"), 10);
    EXPECT_GT(more(*outcome, "exact_subscriptions_per_s"), 10'000);
    EXPECT_GT(more(*outcome, "wildcard_subscriptions_per_s"), 10'000);
    rig.broker.settle();
    EXPECT_EQ(rig.broker.counters().subscriptions, 0U);
}

TEST(Subscriptions, ABrokerThatRefusesOneIsAnError) {
    broker::BrokerOptions limited = broker::testing::quiet();
    limited.subscriptions_per_session_max = 100;
    ScenarioRig rig({.broker = limited});
    rig.options.scenario = "subscriptions";
    rig.options.connections = 7;
    rig.options.count = 1'000;
    const Outcome outcome = rig.run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), "the broker refused a subscription");
}

}  // namespace
}  // namespace kith::bench
