#include "bench/placement.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

TEST(Placement, TheBrokerServesAClientOnTheWorkerThatWasChosen) {
    constexpr std::uint16_t kWorkers = 3;
    broker::testing::BrokerRig rig({.shard_count = kWorkers});
    for (std::uint16_t worker = 0; worker < kWorkers; ++worker) {
        const std::string id = client_id_on(worker, kWorkers, "bench-1-pub-0");
        EXPECT_TRUE(id.starts_with("bench-1-pub-0-"));
        EXPECT_EQ(rig.shard(0).home_of(id), ShardId(worker));
    }
}

TEST(Placement, PairsMeetOnOneWorkerOrOnTwoAndTakeTurns) {
    for (std::size_t pair = 0; pair < 5; ++pair) {
        for (const auto placement : {Placement::SameShard, Placement::CrossShard}) {
            const auto publisher = worker_for(placement, Side::Publisher, pair, 3);
            const auto subscriber = worker_for(placement, Side::Subscriber, pair, 3);
            EXPECT_EQ(publisher, pair % 3);
            EXPECT_EQ(publisher == subscriber, placement == Placement::SameShard);
        }
        EXPECT_FALSE(worker_for(Placement::Mixed, Side::Publisher, pair, 3));
    }
}

/// What went from shard to shard tells where the clients were.
TEST(Placement, ScenariosPutTheirClientsWhereTheyWereAskedTo) {
    for (const char* scenario : {"one-to-one", "pairs", "qos1", "qos1-pairs", "qos2", "latency"}) {
        for (const auto placement : {Placement::SameShard, Placement::CrossShard}) {
            ScenarioRig rig;
            rig.options.scenario = scenario;
            rig.options.connections = 4;
            rig.options.window = 5;
            rig.options.measured = 50ms;
            rig.options.placement = placement;
            rig.options.workers = 2;
            std::vector<std::size_t> publishing(2);
            std::vector<std::size_t> receiving(2);
            const Outcome outcome = rig.run();
            ASSERT_TRUE(outcome) << outcome.error();
            EXPECT_EQ(outcome->undelivered, 0);
            for (std::uint16_t i = 0; i < 2; ++i) {
                const broker::Counters counters = rig.broker.shard(i).counters();
                publishing[i] = counters.messages_in;
                receiving[i] = counters.messages_out;
            }
            EXPECT_EQ(publishing[0], receiving[placement == Placement::SameShard ? 0 : 1]);
            EXPECT_EQ(publishing[1], receiving[placement == Placement::SameShard ? 1 : 0]);
            EXPECT_GT(publishing[0], 0U) << scenario;
        }
    }
}

}  // namespace
}  // namespace kith::bench
