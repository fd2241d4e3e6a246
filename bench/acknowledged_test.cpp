#include "bench/acknowledged.h"

#include <gtest/gtest.h>

#include "bench/relay.h"
#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Acknowledged, EveryMessageOfEveryQosArrives) {
    for (const char* scenario : {"qos1", "qos1-pairs", "qos2"}) {
        for (const mqtt::Version version : {mqtt::Version::V311, mqtt::Version::V5}) {
            ScenarioRig rig;
            rig.options.scenario = scenario;
            rig.options.connections = 3;
            rig.options.version = version;
            rig.options.measured = 100ms;
            const Outcome outcome = rig.run();
            ASSERT_TRUE(outcome) << outcome.error();
            EXPECT_GT(outcome->messages, 500U) << scenario;
            EXPECT_EQ(outcome->undelivered, 0) << scenario;
            const broker::Counters counters = rig.broker.counters();
            EXPECT_EQ(counters.messages_out, counters.messages_in);
            EXPECT_EQ(more(*outcome, "window"), 20);
            EXPECT_EQ(more(*outcome, "durable"), 0);
            EXPECT_EQ(rig.broker.journal().counters().commits, 0U) << "nothing durable wanted it";
        }
    }
}

TEST(Acknowledged, AWindowOfOneIsARoundTripAMessage) {
    ScenarioRig rig;
    rig.options.scenario = "qos1";
    rig.options.window = 1;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->undelivered, 0);
    // Two ways of 50 to 500 us each.
    EXPECT_LT(*outcome->rate_per_s, 1e6 / (2 * 50));
    EXPECT_GT(*outcome->rate_per_s, 1e6 / (2 * 600) / 2);
}

TEST(Acknowledged, DurableSubscribersMakeTheBrokerCommitAndLeaveNoSession) {
    for (const char* scenario : {"qos1", "qos1-pairs", "qos2"}) {
        ScenarioRig rig;
        rig.options.scenario = scenario;
        rig.options.connections = 3;
        rig.options.durable = true;
        rig.options.measured = 200ms;
        const Outcome outcome = rig.run();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_GT(outcome->messages, 200U);
        EXPECT_EQ(outcome->undelivered, 0);
        EXPECT_EQ(more(*outcome, "durable"), 1);
        EXPECT_GT(rig.broker.journal().counters().commits, 20U);
        rig.broker.settle();
        EXPECT_EQ(rig.broker.counters().sessions, 0U);
    }
}

TEST(Acknowledged, ABrokerThatDoesNotAnswerIsGivenUpInTheEnd) {
    // The relay takes subscriptions and publishes, but acknowledges nothing.
    ScenarioRig rig;
    runtime::Shard& shard = rig.broker.clients().shard(ShardId(0));
    auto relay = Relay::open(shard, {.address = rig.broker.clients().address(1884)});
    ASSERT_TRUE(relay);
    rig.options.scenario = "qos1";
    rig.options.target = rig.broker.clients().address(1884);
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->messages, 0U);
}

}  // namespace
}  // namespace kith::bench
