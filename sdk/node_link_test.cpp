#include "sdk/node_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/testing/broker_rig.h"
#include "runtime/network.h"

namespace kith::sdk {
namespace {

using broker::testing::BrokerRig;
using broker::testing::TestClient;

class RecordingLinkEvents final : public LinkEvents {
  public:
    void on_link_up(const mqtt::Connack& connack) override {
        ++up_count;
        session_present = connack.session_present;
    }
    void on_link_down(const Failure& reason) override { downs.push_back(reason); }
    void on_message(const mqtt::Publish& message) override {
        payloads.emplace_back(as_text(message.payload));
    }

    int up_count = 0;
    bool session_present = false;
    std::vector<Failure> downs;
    std::vector<std::string> payloads;
};

/// A link from the rig's clients to its node.
struct LinkRig {
    explicit LinkRig(ClientSettings client = {.client_id = "clock"},
                     const broker::testing::RigOptions& options = {})
        : broker(options) {
        settings.client = std::move(client);
        settings.node = broker.node().address(1883).to_string();
    }

    void start() {
        link = std::make_unique<NodeLink>(broker.clients().shard(ShardId(0)), settings, events);
        link->start();
    }
    [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration limit = 1min) {
        return broker.world().run_until(done, limit);
    }
    void connect() {
        start();
        ASSERT_TRUE(run_until([&] { return events.up_count == 1; }));
    }
    void publish(std::string payload, Qos qos) {
        const Done added = link->client().publish(
            {.topic = "a/b", .payload = std::move(payload), .qos = qos},
            [this](Done outcome) { outcomes.push_back(std::move(outcome)); });
        ASSERT_TRUE(added) << added.failure().text;
    }
    void subscribe(const std::string& filter, Qos qos) {
        std::optional<Done> answer;
        const Done added = link->client().subscribe(
            filter, {.maximum_qos = qos}, [&](Done outcome) { answer = std::move(outcome); });
        ASSERT_TRUE(added) << added.failure().text;
        ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
        ASSERT_TRUE(*answer) << answer->failure().text;
    }

    BrokerRig broker;
    LinkSettings settings;
    RecordingLinkEvents events;
    std::vector<Done> outcomes;
    std::unique_ptr<NodeLink> link;
};

TEST(NodeLink, ConnectsAndIsAccepted) {
    LinkRig rig;
    rig.connect();
    EXPECT_TRUE(rig.link->client().is_accepted());
    EXPECT_FALSE(rig.events.session_present);
    EXPECT_TRUE(rig.events.downs.empty());
}

TEST(NodeLink, EveryQosIsAcknowledgedAndReceived) {
    LinkRig rig;
    TestClient& reader = rig.broker.client("reader");
    reader.connect();
    reader.subscribe("a/b", Qos::ExactlyOnce);
    rig.connect();
    rig.publish("zero", Qos::AtMostOnce);
    rig.publish("one", Qos::AtLeastOnce);
    rig.publish("two", Qos::ExactlyOnce);
    ASSERT_TRUE(rig.run_until([&] { return rig.outcomes.size() == 3; }));
    rig.broker.settle();
    EXPECT_EQ(reader.payloads(), (std::vector<std::string>{"zero", "one", "two"}));
    for (const Done& outcome : rig.outcomes) {
        EXPECT_TRUE(outcome);
    }
    EXPECT_EQ(rig.link->client().pending_count(), 0U);
}

TEST(NodeLink, MessagesOfEveryQosArriveOnce) {
    LinkRig rig;
    rig.connect();
    rig.subscribe("x/#", Qos::ExactlyOnce);
    TestClient& writer = rig.broker.client("writer");
    writer.connect();
    writer.publish("x/0", "zero");
    writer.publish("x/1", "one", Qos::AtLeastOnce);
    writer.publish("x/2", "two", Qos::ExactlyOnce);
    rig.broker.settle();
    EXPECT_EQ(rig.events.payloads, (std::vector<std::string>{"zero", "one", "two"}));
}

TEST(NodeLink, WhatIsPublishedBeforeTheConnectionIsSentBehindIt) {
    LinkRig rig;
    TestClient& reader = rig.broker.client("reader");
    reader.connect();
    reader.subscribe("a/b");
    rig.start();
    rig.publish("early", Qos::AtMostOnce);
    ASSERT_TRUE(rig.run_until([&] { return rig.outcomes.size() == 1; }));
    rig.broker.settle();
    EXPECT_EQ(reader.payloads(), std::vector<std::string>{"early"});
}

TEST(NodeLink, ABrokenConnectionIsMadeAgainAndSubscriptionsHold) {
    LinkRig rig;
    rig.connect();
    rig.subscribe("x", Qos::AtLeastOnce);
    rig.broker.clients().reset_streams();
    ASSERT_TRUE(rig.run_until([&] { return rig.events.up_count == 2; }));
    ASSERT_EQ(rig.events.downs.size(), 1U);
    EXPECT_EQ(rig.events.downs[0].kind, FailureKind::Offline);
    EXPECT_FALSE(rig.events.session_present);  // it had expired with the connection
    rig.broker.settle();
    TestClient& writer = rig.broker.client("writer");
    writer.connect();
    writer.publish("x", "again");
    rig.broker.settle();
    EXPECT_EQ(rig.events.payloads, std::vector<std::string>{"again"});
}

TEST(NodeLink, ASessionThatTheNodeKeptBringsWhatCameMeanwhile) {
    LinkRig rig({.client_id = "clock", .session_expiry_interval = 3600});
    rig.connect();
    rig.subscribe("x", Qos::AtLeastOnce);
    TestClient& writer = rig.broker.client("writer");
    writer.connect();
    rig.broker.clients().reset_streams();
    ASSERT_TRUE(rig.run_until([&] { return !rig.events.downs.empty(); }));
    writer.connect();
    writer.publish("x", "meanwhile", Qos::AtLeastOnce);
    ASSERT_TRUE(rig.run_until([&] { return rig.events.up_count == 2; }));
    EXPECT_TRUE(rig.events.session_present);
    ASSERT_TRUE(rig.run_until([&] { return !rig.events.payloads.empty(); }));
    EXPECT_EQ(rig.events.payloads, std::vector<std::string>{"meanwhile"});
}

TEST(NodeLink, Qos2IsExactlyOnceOverConnectionsThatBreak) {
    constexpr std::size_t kMessages = 300;
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
        SCOPED_TRACE(seed);
        LinkRig rig({.client_id = "clock", .session_expiry_interval = 3600},
                    {.seed = seed, .shard_count = 2, .piece_bytes_max = 300});
        rig.settings.retry_min = 1ms;
        rig.settings.retry_max = 2ms;
        rig.connect();

        LinkSettings reader_settings = rig.settings;
        reader_settings.client.client_id = "reader";
        RecordingLinkEvents reader_events;
        NodeLink reader(rig.broker.clients().shard(ShardId(0)), reader_settings, reader_events);
        bool is_subscribed = false;
        ASSERT_TRUE(reader.client().subscribe("a/b", {.maximum_qos = Qos::ExactlyOnce},
                                              [&](const Done&) { is_subscribed = true; }));
        reader.start();
        ASSERT_TRUE(rig.run_until([&] { return is_subscribed; }));

        std::vector<std::string> expected;
        for (std::size_t i = 0; i < kMessages; ++i) {
            expected.push_back(std::to_string(i));
            rig.publish(expected.back(), Qos::ExactlyOnce);
        }
        for (int i = 0; i < 30; ++i) {
            rig.broker.run_for(rig.broker.world().random().between(500us, 6ms));
            rig.broker.node().reset_streams();
        }
        ASSERT_TRUE(rig.run_until([&] { return reader_events.payloads.size() >= kMessages; }));
        rig.broker.settle();
        EXPECT_EQ(reader_events.payloads, expected);
        EXPECT_EQ(rig.outcomes.size(), kMessages);
        EXPECT_GT(rig.events.up_count, 5);
    }
}

TEST(NodeLink, Qos1IsSentAgainUntilItIsAcknowledged) {
    LinkRig rig({.client_id = "clock", .session_expiry_interval = 3600});
    TestClient& reader = rig.broker.client("reader");
    reader.connect_durable();
    reader.subscribe("a/b", Qos::AtLeastOnce);
    rig.settings.retry_min = 1ms;
    rig.connect();
    rig.broker.journal().stall();  // no acknowledgement leaves the node
    rig.publish("once", Qos::AtLeastOnce);
    rig.broker.run_for(20ms);
    EXPECT_TRUE(rig.outcomes.empty());
    rig.broker.node().reset_streams();
    ASSERT_TRUE(rig.run_until([&] { return rig.events.up_count == 2; }));
    rig.broker.journal().resume();
    ASSERT_TRUE(rig.run_until([&] { return rig.outcomes.size() == 1; }));
    EXPECT_TRUE(rig.outcomes[0]);
    reader.connect_durable();
    rig.broker.settle();
    EXPECT_THAT(reader.payloads(), testing::Contains("once"));
}

TEST(NodeLink, ARefusedConnectionSaysWhyAndIsTriedAgain) {
    LinkRig rig({.client_id = "clock", .password = "wrong"});
    rig.start();
    ASSERT_TRUE(rig.run_until([&] { return rig.events.downs.size() == 3; }));
    EXPECT_EQ(rig.events.up_count, 0);
    EXPECT_EQ(rig.events.downs[0].kind, FailureKind::Refused);
    EXPECT_EQ(rig.events.downs[0].code,
              static_cast<std::uint8_t>(mqtt::ReasonCode::BadUserNameOrPassword));
}

TEST(NodeLink, PausesBetweenTriesDoubleUpToTheLimit) {
    LinkRig rig;
    rig.settings.node = rig.broker.node().address(9).to_string();  // nobody listens
    rig.settings.retry_min = 1s;
    rig.settings.retry_max = 10s;
    rig.start();
    std::vector<Duration> pauses;
    Instant last = rig.broker.world().now();
    for (std::size_t i = 1; i <= 8; ++i) {
        ASSERT_TRUE(rig.run_until([&] { return rig.events.downs.size() == i; }));
        pauses.push_back(rig.broker.world().now() - last);
        last = rig.broker.world().now();
    }
    EXPECT_EQ(rig.events.downs[0].kind, FailureKind::Offline);
    Duration whole = 1s;
    for (std::size_t i = 1; i < pauses.size(); ++i) {
        EXPECT_GE(pauses[i], whole / 2) << i;
        EXPECT_LE(pauses[i], whole + 10ms) << i;
        whole = std::min<Duration>(2 * whole, 10s);
    }
}

TEST(NodeLink, ASilentNodeIsGivenUpAndTriedAgain) {
    LinkRig rig({.client_id = "clock", .keep_alive = 30});
    rig.connect();
    rig.broker.node().cut();
    ASSERT_TRUE(rig.run_until([&] { return !rig.events.downs.empty(); }, 2min));
    EXPECT_EQ(rig.events.downs[0].kind, FailureKind::Offline);
    EXPECT_STREQ(rig.events.downs[0].text.c_str(), "the node is silent");
    rig.broker.node().mend();
    EXPECT_TRUE(rig.run_until([&] { return rig.events.up_count == 2; }, 2min));
}

TEST(NodeLink, AnIdleConnectionIsKeptAlive) {
    LinkRig rig({.client_id = "clock", .keep_alive = 10});
    rig.connect();
    rig.broker.run_for(10min);
    EXPECT_TRUE(rig.events.downs.empty());
    EXPECT_TRUE(rig.link->client().is_accepted());
}

TEST(NodeLink, ANodeThatNeverAnswersIsTimedOut) {
    LinkRig rig;
    rig.broker.node().freeze();
    rig.start();
    ASSERT_TRUE(rig.run_until([&] { return rig.events.downs.size() == 1; }));
    EXPECT_STREQ(rig.events.downs[0].text.c_str(), "the node does not answer in time");
    rig.broker.node().thaw();
    EXPECT_TRUE(rig.run_until([&] { return rig.events.up_count == 1; }));
}

TEST(NodeLink, AHostNameWithoutAResolverIsRefused) {
    LinkRig rig;
    rig.settings.node = "node.example:1883";
    rig.start();
    ASSERT_TRUE(rig.run_until([&] { return rig.events.downs.size() == 1; }));
    EXPECT_EQ(rig.events.downs[0].kind, FailureKind::Invalid);
}

TEST(NodeLink, TheQueueWithoutANodeIsBounded) {
    LinkRig rig({.client_id = "clock", .queue_messages_max = 2});
    rig.broker.node().cut();
    rig.start();
    rig.publish("1", Qos::AtMostOnce);
    rig.publish("2", Qos::AtLeastOnce);
    const Done third = rig.link->client().publish({.topic = "a", .payload = "3"}, nullptr);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.failure().kind, FailureKind::Limit);
}

TEST(NodeLink, FinishingWaitsForAcknowledgementsAndEndsTheSession) {
    LinkRig rig({.client_id = "clock", .session_expiry_interval = 3600});
    rig.connect();
    rig.publish("last words", Qos::AtLeastOnce);
    bool finished = false;
    rig.link->finish(5s, [&] { finished = true; });
    ASSERT_TRUE(rig.run_until([&] { return finished; }));
    ASSERT_EQ(rig.outcomes.size(), 1U);
    EXPECT_TRUE(rig.outcomes[0]);
    rig.broker.settle();
    EXPECT_EQ(rig.broker.counters().connections, 0);
    const Done refused = rig.link->client().publish({.topic = "a", .payload = "late"}, nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.failure().kind, FailureKind::Stopped);
}

TEST(NodeLink, FinishingWithoutANodeFailsWhatWaitsAfterTheGrace) {
    LinkRig rig;
    rig.broker.node().cut();
    rig.start();
    rig.publish("never", Qos::AtLeastOnce);
    bool finished = false;
    const Instant begin = rig.broker.world().now();
    rig.link->finish(3s, [&] { finished = true; });
    ASSERT_TRUE(rig.run_until([&] { return finished; }));
    EXPECT_GE(rig.broker.world().now() - begin, 3s);
    ASSERT_EQ(rig.outcomes.size(), 1U);
    EXPECT_EQ(rig.outcomes[0].failure().kind, FailureKind::Stopped);
}

}  // namespace
}  // namespace kith::sdk
