// Traces and logs of packets, brought home from the shards of a broker.
#include "node/observatory.h"

#include <gtest/gtest.h>

#include "broker/limits.h"
#include "broker/testing/broker_rig.h"

namespace kith::node {
namespace {

using broker::testing::BrokerRig;
using broker::testing::TestClient;

class ObservatoryTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::size_t event_count(const std::string& id) const {
        const auto page = observatory_.trace(id, 0, 1000);
        return page ? page->events.size() : 0;
    }

    BrokerRig rig_{{.shard_count = 2}};
    Observatory observatory_{rig_.node().shard(ShardId(0)), rig_.broker()};
    TestClient& near_ = rig_.client(rig_.id_on(0, "near"));
    TestClient& far_ = rig_.client(rig_.id_on(1, "far"));
};

TEST_F(ObservatoryTest, MergesWhatAllShardsNote) {
    far_.connect();
    far_.subscribe("a/b");
    near_.connect();
    const auto trace = observatory_.start_trace({.topic = "a/b", .client = {}, .started_by = {}});
    ASSERT_TRUE(trace);
    rig_.settle();
    near_.publish("a/b", "1");
    rig_.settle();
    const auto page = observatory_.trace(trace->id, 0, 100);
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->facts.is_running);
    ASSERT_EQ(page->events.size(), 5U);
    EXPECT_EQ(page->events.front().stage, broker::TraceStage::Publish);
    EXPECT_EQ(page->events.back().stage, broker::TraceStage::Deliver);
    EXPECT_EQ(page->events.back().shard, ShardId(1));
    EXPECT_EQ(page->next, 5U);
    EXPECT_TRUE(observatory_.trace(trace->id, 5, 100)->events.empty());
}

TEST_F(ObservatoryTest, ATraceEndsAfterItsTimeAndIsKept) {
    near_.connect();
    const auto trace = observatory_.start_trace(
        {.topic = {}, .client = near_.client_id, .seconds = 5, .started_by = {}});
    ASSERT_TRUE(trace);
    rig_.run_for(6s);
    near_.publish("a/b", "1");
    rig_.settle();
    const auto page = observatory_.trace(trace->id, 0, 100);
    ASSERT_TRUE(page);
    EXPECT_FALSE(page->facts.is_running);
    EXPECT_EQ(page->facts.end_reason, "its time is over");
    EXPECT_TRUE(page->events.empty());
}

TEST_F(ObservatoryTest, ATraceEndsWithItsLastEvent) {
    near_.connect();
    const auto trace =
        observatory_.start_trace({.topic = "#", .client = {}, .events_max = 4, .started_by = {}});
    ASSERT_TRUE(trace);
    rig_.settle();
    for (int i = 0; i < 10; ++i) {
        near_.publish("a/b", "1");
    }
    rig_.settle();
    EXPECT_EQ(event_count(trace->id), 4U);
    EXPECT_FALSE(observatory_.traces()[0].is_running);
}

TEST_F(ObservatoryTest, AsManyTracesRunAsCanAndTheOldestEndedAreForgotten) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < broker::kTracesMax; ++i) {
        const auto trace = observatory_.start_trace({.topic = "#", .client = {}, .started_by = {}});
        ASSERT_TRUE(trace);
        ids.push_back(trace->id);
    }
    const auto refused = observatory_.start_trace({.topic = "#", .client = {}, .started_by = {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Limit);
    EXPECT_TRUE(observatory_.remove_trace(ids[1]));
    EXPECT_FALSE(observatory_.remove_trace(ids[1]));
    for (std::size_t i = 0; i < api::kTracesKeptMax + 3; ++i) {
        const auto trace =
            observatory_.start_trace({.topic = "#", .client = {}, .seconds = 1, .started_by = {}});
        ASSERT_TRUE(trace);
        rig_.run_for(2s);
    }
    EXPECT_EQ(observatory_.traces().size(), api::kTracesKeptMax);
    EXPECT_TRUE(observatory_.trace(ids[0], 0, 1)) << "it still runs";
    EXPECT_FALSE(observatory_.start_trace({.topic = "a/#/b", .client = {}, .started_by = {}}));
}

TEST_F(ObservatoryTest, LogsPacketsUntilItsTimeIsOver) {
    ASSERT_TRUE(observatory_.log_client({.client = far_.client_id, .seconds = 60}));
    rig_.settle();
    far_.connect();
    rig_.settle();
    const api::LoggedClient* logged = observatory_.logged_client(far_.client_id);
    ASSERT_NE(logged, nullptr);
    ASSERT_EQ(logged->packets.size(), 2U);
    EXPECT_EQ(logged->packets[0].type, "CONNECT");
    EXPECT_EQ(logged->packets[1].type, "CONNACK");
    for (std::size_t i = 0; i < api::kLoggedPacketsMax + 10; ++i) {
        far_.publish("a/b", "1");
        rig_.run_for(1ms);
    }
    rig_.settle();
    EXPECT_EQ(logged->packets.size(), api::kLoggedPacketsMax);
    EXPECT_EQ(logged->packet_count, api::kLoggedPacketsMax + 12);
    rig_.run_for(60s);
    EXPECT_EQ(observatory_.logged_client(far_.client_id), nullptr);
    EXPECT_FALSE(observatory_.end_log(far_.client_id));
}

TEST_F(ObservatoryTest, LogsAsManyClientsAsItMay) {
    for (std::size_t i = 0; i < api::kLoggedClientsMax; ++i) {
        ASSERT_TRUE(observatory_.log_client({.client = "c" + std::to_string(i)}));
    }
    EXPECT_TRUE(observatory_.log_client({.client = "c0"})) << "goes on";
    EXPECT_EQ(observatory_.log_client({.client = "one more"}).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(observatory_.end_log("c0"));
    EXPECT_TRUE(observatory_.log_client({.client = "one more"}));
    EXPECT_EQ(observatory_.logged_clients().size(), api::kLoggedClientsMax);
    rig_.settle();
}

TEST_F(ObservatoryTest, AsksAllShardsForSlowClients) {
    std::optional<std::vector<broker::SlowClientView>> answer;
    observatory_.slow_clients([&](const auto& views) { answer = views; });
    rig_.settle();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->empty());
}

}  // namespace
}  // namespace kith::node
