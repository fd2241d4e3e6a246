// Sessions: how long they last, what they keep, and what a restart leaves of them.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::Answered;
using testing::BrokerRig;
using testing::TestClient;

class SessionTest : public testing::ShardsTest {};
INSTANTIATE_TEST_SUITE_P(Shards, SessionTest, testing::kShardCounts);

TEST_P(SessionTest, EndsWithTheConnectionWhenItsExpiryIsZero) {
    TestClient& client = rig.client("press-07");
    client.settings.clean_start = false;
    EXPECT_FALSE(client.connect().session_present);  // [MQTT-3.1.2-6]
    client.subscribe("a");
    client.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().sessions, 0U);  // [MQTT-4.1.0-2]
    EXPECT_EQ(rig.counters().subscriptions, 0U);
    EXPECT_FALSE(client.connect().session_present);
}

TEST_P(SessionTest, OutlivesItsConnectionAsLongAsItsExpirySays) {
    TestClient& client = rig.client("press-07");
    client.settings.clean_start = false;
    client.settings.session_expiry_interval = 100;
    client.connect();
    client.drop();
    rig.run_for(99s);
    EXPECT_TRUE(client.connect().session_present);  // [MQTT-3.1.2-23], [MQTT-3.1.2-5]
    rig.run_for(1000s);  // the interval runs from the end of the connection
    client.drop();
    rig.run_for(99s);
    EXPECT_EQ(rig.counters().sessions, 1U);
    rig.run_for(2s);
    EXPECT_EQ(rig.counters().sessions, 0U);
    EXPECT_EQ(rig.events().last(EventKind::SessionEnded).reason, "session expired");
    EXPECT_FALSE(client.connect().session_present);
}

TEST_P(SessionTest, NeverExpiresWhenToldSo) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.drop();
    rig.run_for(50 * 24h);  // more than 2^32 ms
    EXPECT_TRUE(client.connect_durable().session_present);
}

TEST_P(SessionTest, LastsInMqtt3UntilItIsCleaned) {
    TestClient& client = rig.client("press-07");
    client.settings.version = Version::V311;
    client.settings.clean_start = false;
    client.connect();
    client.drop();
    rig.run_for(1000h);
    EXPECT_TRUE(client.connect().session_present);
    client.settings.clean_start = true;
    EXPECT_FALSE(client.connect().session_present);
    client.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(SessionTest, IsCappedByTheNode) {
    BrokerRig capped({.shard_count = GetParam(),
                      .broker = testing::quiet({.session_expiry_interval_max_s = 50})});
    TestClient& client = capped.client("press-07");
    EXPECT_EQ(client.connect_durable().session_expiry_s, 50U);
    client.send(mqtt::Disconnect{.session_expiry_interval = 1000});
    EXPECT_TRUE(client.wait_closed());
    capped.run_for(49s);
    EXPECT_EQ(capped.counters().sessions, 1U);
    capped.run_for(2s);
    EXPECT_EQ(capped.counters().sessions, 0U);
}

TEST_P(SessionTest, TakesANewExpiryWithDisconnect) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.send(mqtt::Disconnect{.session_expiry_interval = 10});
    EXPECT_TRUE(client.wait_closed());
    rig.run_for(9s);
    EXPECT_EQ(rig.counters().sessions, 1U);
    rig.run_for(2s);
    EXPECT_EQ(rig.counters().sessions, 0U);

    client.connect_durable();
    client.send(mqtt::Disconnect{.session_expiry_interval = 0});
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(SessionTest, CannotStartToExpireAtDisconnect) {
    TestClient& client = rig.client("press-07");
    client.connect();
    client.send(mqtt::Disconnect{.session_expiry_interval = 10});
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(SessionTest, StartsAnewWhenAskedTo) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.subscribe("a", Qos::AtLeastOnce);
    client.drop();
    TestClient& publisher = rig.client("publisher");
    publisher.connect();
    publisher.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(rig.counters().queued_messages, 1U);
    client.settings.clean_start = true;
    EXPECT_FALSE(client.connect().session_present);  // [MQTT-3.1.2-4]
    rig.settle();
    EXPECT_TRUE(client.received.empty());
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    EXPECT_EQ(rig.counters().queued_bytes, 0U);
    EXPECT_EQ(rig.counters().subscriptions, 0U);
}

TEST_P(SessionTest, AnswersACleanStartWhenTheDiskHasForgottenTheOldSession) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.subscribe("a", Qos::AtLeastOnce);
    client.drop();
    rig.settle();
    rig.journal().stall();
    client.settings.clean_start = true;
    client.settings.session_expiry_interval = 0;
    client.settings.client_id = client.client_id;
    client.open_stream();
    client.send(client.settings);
    rig.run_for(2s);
    EXPECT_EQ(client.count(PacketType::Connack), 1U);  // the first one's
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(client.count(PacketType::Connack), 2U);
    EXPECT_FALSE(client.last(PacketType::Connack).session_present);
    rig.restart(GetParam());
    client.settings.clean_start = false;
    EXPECT_FALSE(client.connect_durable().session_present);
}

TEST_P(SessionTest, GivesUpACleanStartThatTheDiskHoldsUpTooLong) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.drop();
    rig.settle();
    rig.journal().stall();
    client.settings.clean_start = true;
    EXPECT_EQ(client.connect().reason, ReasonCode::ServerUnavailable);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(client.connect().reason, ReasonCode::Success);
}

TEST_P(SessionTest, StopsToBeDurableWhenResumedSo) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.subscribe("a", Qos::AtLeastOnce);
    client.drop();
    client.settings.session_expiry_interval = 0;
    EXPECT_TRUE(client.connect().session_present);
    client.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"x"});
    client.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().sessions, 0U);
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(SessionTest, ComesBackAfterARestartWithWhateverNumberOfShards) {
    for (int i = 0; i < 20; ++i) {
        TestClient& client = rig.client("press-" + std::to_string(i));
        client.connect_durable();
        client.subscribe("a/" + std::to_string(i), Qos::AtLeastOnce,
                         {.no_local = i % 2 == 0, .retain_as_published = i % 3 == 0},
                         static_cast<std::uint32_t>(i));
        client.subscribe("b/#", Qos::ExactlyOnce);
        client.unsubscribe("b/#");
    }
    rig.client("transient").connect();
    for (const std::uint16_t shard_count : std::initializer_list<std::uint16_t>{4, 1, 3}) {
        rig.restart(shard_count);
        EXPECT_EQ(rig.counters().sessions, 20U);
        EXPECT_EQ(rig.counters().subscriptions, 20U);
        const std::optional<ClientDetail> detail =
            rig.shard(rig.shard(0).home_of("press-3").value()).client("press-3");
        ASSERT_TRUE(detail);
        EXPECT_EQ(detail->client.disconnect_reason, "node restarted");
        ASSERT_EQ(detail->subscriptions.size(), 1U);
        EXPECT_EQ(detail->subscriptions[0].filter, "a/3");
        EXPECT_EQ(detail->subscriptions[0].maximum_qos, Qos::AtLeastOnce);
        EXPECT_FALSE(detail->subscriptions[0].no_local);
        EXPECT_TRUE(detail->subscriptions[0].retain_as_published);
        EXPECT_EQ(detail->subscriptions[0].identifier, 3U);
    }
    TestClient& client = rig.client("press-3");
    EXPECT_TRUE(client.connect_durable().session_present);
    TestClient& publisher = rig.client("publisher");
    publisher.connect();
    publisher.publish("a/3", "x");
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"x"});
}

TEST_P(SessionTest, ExpiresAfterARestartAsItWouldHaveWithout) {
    TestClient& client = rig.client("press-07");
    client.settings.session_expiry_interval = 100;
    client.connect();
    client.drop();
    TestClient& connected = rig.client("press-08");
    connected.settings.session_expiry_interval = 100;
    connected.connect();
    rig.run_for(60s);
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().sessions, 2U);
    rig.run_for(41s);
    EXPECT_EQ(rig.counters().sessions, 1U);  // the other was connected until the restart
    rig.run_for(60s);
    EXPECT_EQ(rig.counters().sessions, 0U);
    rig.settle();
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(SessionTest, KeepsItsPrincipalThroughARestart) {
    TestClient& anna = rig.client("press-07");
    anna.settings.user_name = "anna";
    anna.connect_durable();
    anna.subscribe("a");
    rig.restart(GetParam());
    TestClient& bert = rig.client("press-07");
    bert.settings.user_name = "bert";
    EXPECT_EQ(bert.connect().reason, ReasonCode::NotAuthorized);
    EXPECT_TRUE(anna.connect_durable().session_present);
}

}  // namespace
}  // namespace kith::broker
