// Wills: when they are published, when not, and what a restart makes of them.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::BrokerRig;
using testing::TestClient;

class WillTest : public testing::ShardsTest {
  protected:
    WillTest() : watcher(rig.client("watcher")) {
        watcher.connect();
        watcher.subscribe("will/#", Qos::ExactlyOnce, {.retain_as_published = true});
    }

    TestClient& with_will(const mqtt::Will& will, std::uint32_t session_expiry_s = 0) {
        TestClient& client = rig.client("mortal");
        client.settings.will = will;
        client.settings.session_expiry_interval = session_expiry_s;
        client.settings.clean_start = false;
        client.settings.keep_alive = 20;
        return client;
    }
    static mqtt::Will will(std::string_view payload, std::uint32_t delay_s = 0) {
        return {.qos = Qos::AtLeastOnce,
                .topic = "will/mortal",
                .payload = as_bytes(payload),
                .will_delay_interval = delay_s};
    }
    std::vector<std::string> wills() {
        rig.settle();
        return watcher.payloads();
    }

    TestClient& watcher;
    const std::vector<std::string> none;
    const std::vector<std::string> one{"gone"};
};
INSTANTIATE_TEST_SUITE_P(Shards, WillTest, testing::kShardCounts);

TEST_P(WillTest, IsPublishedWhenTheConnectionBreaks) {
    TestClient& client = with_will(will("gone"));
    client.connect();
    client.drop();
    EXPECT_EQ(wills(), one);  // [MQTT-3.1.2-8]
    EXPECT_EQ(watcher.received[0].qos, Qos::AtLeastOnce);
    EXPECT_FALSE(watcher.received[0].retain);  // [MQTT-3.1.2-14]
    EXPECT_EQ(rig.counters().wills_published, 1U);
}

TEST_P(WillTest, IsPublishedWhenKeepAliveEnds) {
    TestClient& client = with_will(will("gone"));
    client.connect();
    rig.clients().cut();
    rig.run_for(31s);
    rig.clients().mend();
    rig.run_for(1s);
    EXPECT_EQ(rig.counters().wills_published, 1U);
}

TEST_P(WillTest, IsPublishedAfterAProtocolError) {
    TestClient& client = with_will(will("gone"));
    client.connect();
    client.send(client.settings);
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, IsDiscardedByAnOrderlyDisconnect) {
    TestClient& client = with_will(will("gone"), 100);
    client.connect();
    client.disconnect();
    rig.run_for(200s);
    EXPECT_EQ(wills(), none);  // [MQTT-3.14.4-3], [MQTT-3.1.2-10]
}

TEST_P(WillTest, IsPublishedByADisconnectThatAsksForIt) {
    TestClient& client = with_will(will("gone"));
    client.connect();
    client.disconnect(ReasonCode::DisconnectWithWillMessage);
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, IsPublishedByMqtt3Clients) {
    TestClient& client = with_will(will("gone"));
    client.settings.version = Version::V311;
    client.connect();
    client.drop();
    rig.settle();
    client.connect();
    client.disconnect();
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, IsRetainedWhenItSaysSo) {
    mqtt::Will last_word = will("gone");
    last_word.retain = true;
    const std::vector<std::uint8_t> properties = mqtt::encode_message_properties(
        {.content_type = "text/plain"}, std::vector<mqtt::UserProperty>{{"b", "1"}, {"a", "2"}});
    last_word.properties = {properties};
    last_word.message_expiry_interval = 50;
    TestClient& client = with_will(last_word);
    client.connect();
    client.drop();
    EXPECT_EQ(wills(), one);
    EXPECT_TRUE(watcher.received[0].retain);  // [MQTT-3.1.2-15]
    EXPECT_EQ(watcher.received[0].content_type, "text/plain");
    EXPECT_EQ(watcher.received[0].expiry_s, 50U);
    EXPECT_EQ(watcher.received[0].user_properties,  // [MQTT-3.1.3-10]
              (std::vector<std::pair<std::string, std::string>>{{"b", "1"}, {"a", "2"}}));
    EXPECT_EQ(rig.counters().retained, 1U);
}

TEST_P(WillTest, WaitsForItsDelay) {
    TestClient& client = with_will(will("gone", 30), 100);
    client.connect();
    client.drop();
    rig.run_for(29s);
    EXPECT_EQ(wills(), none);
    rig.run_for(2s);
    EXPECT_EQ(wills(), one);
    rig.run_for(200s);
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, DoesNotWaitLongerThanItsSession) {
    TestClient& client = with_will(will("gone", 30), 10);
    client.connect();
    client.drop();
    rig.run_for(9s);
    EXPECT_EQ(wills(), none);
    rig.run_for(2s);
    EXPECT_EQ(wills(), one);
    TestClient& brief = with_will(will("gone", 30), 0);
    brief.connect();
    brief.drop();
    EXPECT_EQ(wills(), (std::vector<std::string>{"gone", "gone"}));
}

TEST_P(WillTest, IsDroppedWhenTheClientComesBackInTime) {
    TestClient& client = with_will(will("gone", 30), 100);
    client.connect();
    client.drop();
    rig.run_for(20s);
    client.settings.will.reset();
    EXPECT_TRUE(client.connect().session_present);
    rig.run_for(100s);
    EXPECT_EQ(wills(), none);  // [MQTT-3.1.3-9]
}

TEST_P(WillTest, IsPublishedOnACleanStartThatEndsTheSession) {
    TestClient& client = with_will(will("gone", 30), 100);
    client.connect();
    client.drop();
    client.settings.will.reset();
    client.settings.clean_start = true;
    client.connect();
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, GoesWithATakeoverAsItsDelaySays) {
    TestClient& old = with_will(will("gone"), 100);
    old.connect();
    TestClient& later = with_will(will("later", 30), 100);
    later.connect();
    EXPECT_TRUE(old.wait_closed());
    EXPECT_EQ(wills(), one);  // no delay: at once
    TestClient& last = with_will(will("last"), 100);
    last.settings.keep_alive = 0;
    last.connect();  // one with a delay is dropped, the session goes on
    rig.run_for(60s);
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, IsRefusedOnATopicThatTheClientMayNotPublishTo) {
    const auto refusal_of = [&](std::string_view topic, const char* user) {
        TestClient& client = rig.client("mortal");
        client.settings.user_name = user;
        client.settings.will = mqtt::Will{.topic = topic, .payload = as_bytes("gone")};
        const ReasonCode reason = client.connect().reason;
        EXPECT_TRUE(reason == ReasonCode::Success || client.wait_closed());
        client.drop();
        rig.settle();
        return reason;
    };
    EXPECT_EQ(refusal_of("$SYS/broker/x", "anna"), ReasonCode::NotAuthorized);
    EXPECT_EQ(refusal_of("$m/other/presence", "anna"), ReasonCode::NotAuthorized);
    EXPECT_EQ(refusal_of("will/x", "viewer"), ReasonCode::NotAuthorized);
    EXPECT_EQ(refusal_of(std::string(1025, 'x'), "anna"), ReasonCode::TopicNameInvalid);
    EXPECT_EQ(
        refusal_of("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7", "anna"),
        ReasonCode::TopicNameInvalid);
    EXPECT_EQ(refusal_of("$m/mortal/presence", "anna"), ReasonCode::Success);
    EXPECT_EQ(rig.counters().wills_published, 1U);
    EXPECT_EQ(rig.counters().sessions, 1U);  // the watcher's
}

TEST_P(WillTest, ReachesADurableSessionThatSleeps) {
    TestClient& sleeper = rig.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("will/#", Qos::AtLeastOnce);
    sleeper.drop();
    TestClient& client = with_will(will("gone"));
    client.connect();
    client.drop();
    rig.settle();
    rig.restart(GetParam());
    sleeper.connect_durable();
    rig.settle();
    EXPECT_EQ(sleeper.payloads(), one);
}

TEST_P(WillTest, SurvivesARestartWithItsSession) {
    TestClient& sleeper = rig.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("will/#", Qos::AtLeastOnce);
    TestClient& client = with_will(will("gone", 30), 1000);
    client.connect();
    rig.settle();
    rig.restart(GetParam());
    sleeper.connect_durable();
    rig.run_for(25s);
    EXPECT_TRUE(sleeper.received.empty());  // its client has been gone since the restart
    rig.run_for(10s);
    EXPECT_EQ(sleeper.payloads(), one);
    rig.restart(GetParam());
    sleeper.connect_durable();
    rig.run_for(100s);
    EXPECT_EQ(sleeper.payloads(), one);  // once
}

/// Whatever of it is on disk when the power goes: the will itself, or the session that has it.
TEST_P(WillTest, IsNotLostWithThePowerAtAnyInstant) {
    for (Duration instant = 0us; instant < 6ms; instant += 100us) {
        BrokerRig node({.shard_count = GetParam()});
        TestClient& client = node.client(node.id_on(0, "mortal"));
        const std::string topic = node.topic_on(GetParam() - 1, "will");
        client.settings.will = mqtt::Will{
            .qos = Qos::AtLeastOnce, .retain = true, .topic = topic, .payload = as_bytes("gone")};
        client.settings.session_expiry_interval = 1000;
        client.connect();
        node.settle();
        client.drop();
        node.run_for(instant);
        node.restart(GetParam());
        node.settle();
        TestClient& reader = node.client("reader");
        reader.connect();
        reader.subscribe("#");
        node.settle();
        EXPECT_EQ(reader.payloads(), one) << to_ms(instant) << " ms";
    }
}

TEST_P(WillTest, IsOnDiskBeforeASessionThatEndsWithItLeaves) {
    TestClient& client = with_will(will("gone", 100), 10);
    client.settings.will->retain = true;
    client.connect();
    rig.settle();
    client.drop();
    rig.run_for(9s);
    rig.journal().stall();
    rig.run_for(5s);
    EXPECT_EQ(rig.counters().sessions, 2U);
    rig.restart(GetParam());
    rig.run_for(11s);
    TestClient& reader = rig.client("reader");
    reader.connect();
    reader.subscribe("will/#");
    rig.settle();
    EXPECT_EQ(reader.payloads(), one);
    EXPECT_EQ(rig.counters().sessions, 1U);
}

TEST_P(WillTest, LetsNobodyBackIntoASessionThatHasExpiredWhileItGoesToDisk) {
    TestClient& sleeper = rig.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("will/#", Qos::AtLeastOnce);
    sleeper.drop();
    TestClient& client = with_will(will("gone", 1000), 100);
    client.connect();
    client.drop();
    rig.settle();
    rig.journal().stall();
    rig.run_for(101s);
    client.settings.will.reset();
    client.settings.client_id = client.client_id;
    client.open_stream();
    client.send(client.settings);
    rig.run_for(100ms);
    rig.journal().resume();
    rig.settle();
    EXPECT_FALSE(client.last(PacketType::Connack).session_present);  // [MQTT-4.1.0-2]
    EXPECT_TRUE(client.is_open());
    EXPECT_EQ(wills(), one);
}

TEST_P(WillTest, GoesOutWhenTheNodeStops) {
    TestClient& sleeper = rig.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("will/#", Qos::AtLeastOnce);
    sleeper.drop();
    TestClient& client = with_will(will("gone"));
    client.connect();
    TestClient& patient = rig.client("patient");
    patient.settings.will = will("late", 60);
    patient.settings.session_expiry_interval = 1000;
    patient.connect();
    for (std::uint16_t i = 0; i < GetParam(); ++i) {
        rig.shard(i).disconnect_all();
    }
    rig.settle();
    rig.restart(GetParam());
    sleeper.connect_durable();
    rig.settle();
    EXPECT_EQ(sleeper.payloads(), one);
    rig.run_for(61s);
    EXPECT_EQ(sleeper.payloads(), (std::vector<std::string>{"gone", "late"}));
}

TEST_P(WillTest, IsShown) {
    mqtt::Will last_word = will("gone", 30);
    last_word.retain = true;
    with_will(last_word).connect();
    const std::optional<ClientDetail> detail =
        rig.shard(rig.shard(0).home_of("mortal").value()).client("mortal");
    ASSERT_TRUE(detail && detail->will);
    EXPECT_EQ(detail->will->topic, "will/mortal");
    EXPECT_EQ(detail->will->qos, Qos::AtLeastOnce);
    EXPECT_TRUE(detail->will->retain);
    EXPECT_EQ(detail->will->delay_s, 30U);
}

}  // namespace
}  // namespace kith::broker
