#include "bench/throughput.h"

#include <gtest/gtest.h>

#include "bench/relay.h"
#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Throughput, AWindowedPairDeliversEverything) {
    for (const mqtt::Version version : {mqtt::Version::V311, mqtt::Version::V5}) {
        ScenarioRig rig;
        rig.options.scenario = "one-to-one";
        rig.options.window = 20;
        rig.options.version = version;
        rig.broker_probe.cpu_each_read = 50ms;
        rig.broker_probe.use.rss_bytes = 12'345;
        const Outcome outcome = rig.run();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_GT(outcome->messages, 1000U);
        EXPECT_NEAR(outcome->seconds, 1, 0.01);
        EXPECT_NEAR(*outcome->rate_per_s, static_cast<double>(outcome->messages), 100);
        EXPECT_EQ(outcome->undelivered, 0);
        EXPECT_EQ(outcome->rss_bytes, 12'345U);
        EXPECT_NEAR(*outcome->cpu_us_per_message, 50'000 / static_cast<double>(outcome->messages),
                    1e-6);
        EXPECT_EQ(outcome->scenario, "one-to-one");
        EXPECT_EQ(more(*outcome, "window"), 20);
        EXPECT_FALSE(rig.told.empty());
    }
}

TEST(Throughput, OpenLoopIsHeldBackByTheBrokerAndLosesNothing) {
    ScenarioRig rig;
    rig.options.scenario = "one-to-one";
    rig.options.measured = 20ms;
    rig.options.warm_up = 5ms;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_GT(outcome->messages, 1000U);
    EXPECT_EQ(outcome->undelivered, 0);
}

TEST(Throughput, EverySubscriberOfAFanOutCounts) {
    ScenarioRig rig;
    rig.options.scenario = "one-to-many";
    rig.options.connections = 7;
    rig.options.window = 4;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_GT(outcome->messages, 1000U);
    EXPECT_EQ(outcome->undelivered, 0);
    EXPECT_EQ(more(*outcome, "subscribers"), 7);
    EXPECT_EQ(more(*outcome, "publishers"), 1);
    // 7 deliveries for each publish; messages_in counts what the generator sent.
    const broker::Counters counters = rig.broker.counters();
    EXPECT_EQ(counters.messages_out, 7 * counters.messages_in);
}

TEST(Throughput, EveryPublisherOfAFanInSends) {
    ScenarioRig rig;
    rig.options.scenario = "many-to-one";
    rig.options.connections = 5;
    rig.options.window = 10;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_GT(outcome->messages, 1000U);
    EXPECT_EQ(outcome->undelivered, 0);
    EXPECT_EQ(more(*outcome, "publishers"), 5);
}

TEST(Throughput, PairsDoNotHearOneAnother) {
    ScenarioRig rig;
    rig.options.scenario = "pairs";
    rig.options.connections = 4;
    rig.options.window = 3;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->undelivered, 0);
    const broker::Counters counters = rig.broker.counters();
    EXPECT_EQ(counters.messages_out, counters.messages_in);
}

TEST(Throughput, LostMessagesAreCountedAndAWindowGoesOn) {
    ScenarioRig rig;
    runtime::Shard& shard = rig.broker.clients().shard(ShardId(0));
    auto relay =
        Relay::open(shard, {.address = rig.broker.clients().address(1884), .drop_every = 10});
    ASSERT_TRUE(relay);
    rig.options.scenario = "one-to-one";
    rig.options.target = rig.broker.clients().address(1884);
    rig.options.window = 5;
    rig.options.measured = 10s;
    const Outcome outcome = rig.run();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NEAR(*outcome->undelivered, 0.1, 0.01);
    // A window of 5 is lost after 50 messages; each then waits for the patience of half a second.
    EXPECT_GT(outcome->messages, 500U);
}

TEST(Throughput, ABrokerThatRefusesIsAnErrorWithItsReason) {
    ScenarioRig rig;
    rig.options.scenario = "one-to-one";
    rig.options.token = "wrong";
    const Outcome outcome = rig.run();
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find("bad user name or password"), std::string::npos)
        << outcome.error();
}

TEST(Throughput, ABrokerThatIsNotThereIsAnError) {
    ScenarioRig rig;
    rig.options.scenario = "one-to-one";
    rig.options.target = rig.broker.node().address(9);
    const Outcome outcome = rig.run();
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find("0 of 2 connections"), std::string::npos) << outcome.error();
}

TEST(Throughput, ABrokerThatGoesMidwayIsAnError) {
    ScenarioRig rig;
    rig.options.scenario = "one-to-one";
    rig.options.window = 5;
    runtime::CallbackTimer reset([&](Instant) { rig.broker.node().reset_streams(); });
    rig.broker.clients().shard(ShardId(0)).arm_after(reset, 500ms);
    EXPECT_FALSE(rig.run());
}

}  // namespace
}  // namespace kith::bench
