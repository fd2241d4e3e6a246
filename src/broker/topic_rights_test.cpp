// Topic roles at work: what a client whose roles allow only some topics can and cannot do, and what
// happens to it when the roles change.
#include <gtest/gtest.h>

#include "broker/detail/client_rights.h"
#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::Answered;
using testing::BrokerRig;
using testing::FakeAuthorizer;
using testing::TestClient;

const FakeAuthorizer::Rules kPressRules{
    .publish = {"plant/press/#"}, .subscribe = {"plant/press/#", "alarms/+", "$to/${client}/#"}};

class TopicRightsTest : public testing::ShardsTest {
  protected:
    TopicRightsTest() { rig.set_rules("press", kPressRules); }

    TestClient& press(const std::string& id) {
        TestClient& client = rig.client(id);
        client.settings.user_name = "press";
        return client;
    }
    /// Somebody who may see everything.
    TestClient& listener() {
        TestClient& client = rig.client("listener");
        client.connect();
        client.subscribe("#", Qos::ExactlyOnce);
        return client;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, TopicRightsTest, testing::kShardCounts);

TEST_P(TopicRightsTest, PublishesOnlyWhatIsAllowed) {
    TestClient& all = listener();
    TestClient& client = press("press-07");
    client.connect();
    client.publish("plant/press/temp", "1");
    client.publish("plant/oven/temp", "2");
    client.publish("plant/oven/temp", "3", Qos::AtLeastOnce);
    EXPECT_EQ(client.wait_for(PacketType::Puback).reason, ReasonCode::NotAuthorized);
    client.publish("plant/oven/temp", "4", Qos::ExactlyOnce);
    EXPECT_EQ(client.wait_for(PacketType::Pubrec).reason, ReasonCode::NotAuthorized);
    client.publish("plant/press/temp", "5", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(all.payloads(), (std::vector<std::string>{"1", "5"}));
    EXPECT_EQ(rig.counters().denied_publishes, 3U);
    EXPECT_EQ(rig.counters().refused_not_authorized, 3U);
}

TEST_P(TopicRightsTest, AcknowledgesToMqtt3WhatItDoesNotPassOn) {
    TestClient& all = listener();
    TestClient& client = press("press-07");
    client.settings.version = Version::V311;
    client.connect();
    client.publish("plant/oven/temp", "1", Qos::AtLeastOnce);
    client.wait_for(PacketType::Puback);
    client.publish("plant/oven/temp", "2", Qos::ExactlyOnce);
    client.wait_for(PacketType::Pubcomp);
    client.publish("plant/press/temp", "3", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(all.payloads(), std::vector<std::string>{"3"});
    EXPECT_TRUE(client.is_open());
}

TEST_P(TopicRightsTest, JudgesATopicAliasByItsTopicEachTime) {
    TestClient& all = listener();
    TestClient& client = press("press-07");
    client.connect();
    // An alias may be set by a message that is refused; what it stands for stays refused.
    client.send(mqtt::Publish{
        .topic = "plant/oven/temp", .payload = as_bytes("1"), .topic_alias = std::uint16_t{1}});
    client.send(
        mqtt::Publish{.topic = "", .payload = as_bytes("2"), .topic_alias = std::uint16_t{1}});
    client.send(mqtt::Publish{
        .topic = "plant/press/temp", .payload = as_bytes("3"), .topic_alias = std::uint16_t{1}});
    client.send(
        mqtt::Publish{.topic = "", .payload = as_bytes("4"), .topic_alias = std::uint16_t{1}});
    rig.settle();
    EXPECT_EQ(all.payloads(), (std::vector<std::string>{"3", "4"}));
    rig.set_rules("press", {.publish = {"other/#"}, .subscribe = {}});
    client.send(
        mqtt::Publish{.topic = "", .payload = as_bytes("5"), .topic_alias = std::uint16_t{1}});
    rig.settle();
    EXPECT_EQ(all.payloads().size(), 2U);
    EXPECT_EQ(rig.counters().denied_publishes, 3U);
}

TEST_P(TopicRightsTest, CannotClearARetainedMessageThatItMayNotPublish) {
    TestClient& other = rig.client("other");
    other.connect();
    other.publish("plant/oven/state", "on", Qos::AtLeastOnce, true);
    rig.settle();
    TestClient& client = press("press-07");
    client.connect();
    client.publish("plant/oven/state", "", Qos::AtLeastOnce, true);
    EXPECT_EQ(client.wait_for(PacketType::Puback).reason, ReasonCode::NotAuthorized);
    rig.settle();
    EXPECT_EQ(rig.counters().retained, 1U);
}

TEST_P(TopicRightsTest, SubscribesOnlyToWhatIsAllowedAsAWhole) {
    TestClient& client = press("press-07");
    client.connect();
    const auto answer = [&client](std::string_view filter) {
        return client.subscribe(filter, Qos::AtLeastOnce).reasons.at(0);
    };
    EXPECT_EQ(answer("plant/press/temp"), ReasonCode::GrantedQos1);
    EXPECT_EQ(answer("alarms/+"), ReasonCode::GrantedQos1);
    EXPECT_EQ(answer("$share/group/alarms/+"), ReasonCode::GrantedQos1);
    for (const char* filter :
         {"#", "plant/#", "plant/+/temp", "$share/group/plant/#", "$share/group/#", "$SYS/#"}) {
        EXPECT_EQ(answer(filter), ReasonCode::NotAuthorized) << filter;
    }
    EXPECT_EQ(rig.counters().denied_subscribes, 6U);
    EXPECT_EQ(rig.counters().subscriptions, 3U);
}

TEST_P(TopicRightsTest, KeepsInboxesFromSharedGroupsToo) {
    TestClient& client = rig.client("press-07");
    client.connect();
    for (const char* filter : {"$share/g/$to/oven/#", "$to/oven/x", "$share/g/$to/#", "$to/+/x"}) {
        EXPECT_EQ(client.subscribe(filter).reasons.at(0), ReasonCode::NotAuthorized) << filter;
    }
    EXPECT_EQ(client.subscribe("$share/g/$to/press-07/#").reasons.at(0), ReasonCode::Success);
}

TEST_P(TopicRightsTest, LetsNobodyHaveTheClientIdOfAnotherPrincipalsSession) {
    TestClient& client = press("press-07");
    client.connect();
    EXPECT_EQ(client.subscribe("$to/press-07/#").reasons.at(0), ReasonCode::Success);
    TestClient& thief = rig.client("press-07");
    thief.settings.user_name = "thief";
    EXPECT_EQ(thief.connect().reason, ReasonCode::NotAuthorized);
    EXPECT_TRUE(client.is_open());
    TestClient& nobody = rig.client("press-07");
    EXPECT_EQ(nobody.connect().reason, ReasonCode::NotAuthorized);
}

TEST_P(TopicRightsTest, RefusesAWillThatIsNotAllowed) {
    TestClient& client = press("press-07");
    client.settings.will = mqtt::Will{.topic = "plant/oven/gone", .payload = as_bytes("x")};
    EXPECT_EQ(client.connect().reason, ReasonCode::NotAuthorized);
    client.settings.will = mqtt::Will{.topic = "plant/press/gone", .payload = as_bytes("x")};
    EXPECT_EQ(client.connect().reason, ReasonCode::Success);
}

TEST_P(TopicRightsTest, JudgesAWillAgainWhenItFires) {
    TestClient& all = listener();
    TestClient& client = press("press-07");
    client.settings.will = mqtt::Will{.topic = "plant/press/gone", .payload = as_bytes("x")};
    client.connect();
    rig.set_rules("press", {.publish = {"other/#"}, .subscribe = {}});
    client.drop();
    rig.settle();
    EXPECT_TRUE(all.received.empty());
    EXPECT_EQ(rig.counters().wills_published, 0U);
    EXPECT_EQ(rig.counters().denied_publishes, 1U);
}

TEST_P(TopicRightsTest, JudgesAWillThatWasOnDiskWhenItFires) {
    TestClient& client = press("press-07");
    client.settings.will = mqtt::Will{
        .topic = "plant/press/gone", .payload = as_bytes("x"), .will_delay_interval = 30};
    client.connect_durable();
    TestClient& oven = rig.client("oven");
    oven.settings.user_name = "oven";
    oven.settings.will =
        mqtt::Will{.topic = "oven/gone", .payload = as_bytes("y"), .will_delay_interval = 30};
    oven.connect_durable();
    rig.settle();
    rig.restart(GetParam());
    rig.set_rules("press", {.publish = {"other/#"}, .subscribe = {}});
    TestClient& all = listener();
    rig.run_for(1min);
    EXPECT_EQ(all.payloads(), std::vector<std::string>{"y"});
    EXPECT_EQ(rig.counters().denied_publishes, 1U);
}

TEST_P(TopicRightsTest, EndsASessionWhoseWillIsNotAllowedAnyMore) {
    TestClient& client = press("press-07");
    client.settings.will = mqtt::Will{
        .topic = "plant/press/gone", .payload = as_bytes("x"), .will_delay_interval = 30};
    client.settings.session_expiry_interval = 10;
    client.connect();
    rig.set_rules("press", {.publish = {}, .subscribe = {}});
    client.drop();
    rig.run_for(20s);
    EXPECT_EQ(rig.counters().sessions, 0U);
    EXPECT_EQ(rig.counters().wills_published, 0U);
}

TEST_P(TopicRightsTest, TakesEffectOnLiveClients) {
    TestClient& all = listener();
    TestClient& client = press("press-07");
    client.connect();
    client.publish("plant/press/temp", "1", Qos::AtLeastOnce);
    client.wait_for(PacketType::Puback);
    rig.set_rules("press", {.publish = {"plant/oven/#"}, .subscribe = {}});
    client.publish("plant/press/temp", "2", Qos::AtLeastOnce);
    EXPECT_EQ(client.wait_for(PacketType::Puback).reason, ReasonCode::NotAuthorized);
    client.publish("plant/oven/temp", "3", Qos::AtLeastOnce);
    EXPECT_EQ(client.wait_for(PacketType::Puback).reason, ReasonCode::Success);
    rig.settle();
    EXPECT_EQ(all.payloads(), (std::vector<std::string>{"1", "3"}));
    EXPECT_TRUE(client.is_open()) << "it holds no subscription";
}

TEST_P(TopicRightsTest, DisconnectsAClientWhoseSubscriptionIsNotAllowedAnyMore) {
    TestClient& client = press("press-07");
    client.connect_durable();
    client.subscribe("plant/press/#", Qos::AtLeastOnce);
    client.subscribe("alarms/+", Qos::AtLeastOnce);
    rig.set_rules("press", {.publish = {}, .subscribe = {"alarms/+"}});
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::AdministrativeAction);
    EXPECT_EQ(rig.counters().subscriptions_revoked, 1U);
    const Answered connack = client.connect_durable();
    EXPECT_TRUE(connack.session_present);
    TestClient& other = rig.client("other");
    other.connect();
    other.publish("plant/press/temp", "secret", Qos::AtLeastOnce);
    other.publish("alarms/fire", "help", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"help"});
    EXPECT_EQ(client.subscribe("plant/press/#").reasons.at(0), ReasonCode::NotAuthorized);
}

TEST_P(TopicRightsTest, GivesAGroupBackWhatAMemberMayNotHaveAnyMore) {
    TestClient& client = press("press-07");
    client.acknowledges = false;
    client.settings.receive_maximum = 1;
    client.connect_durable();
    client.subscribe("$share/g/plant/press/#", Qos::AtLeastOnce);
    TestClient& other = rig.client("other");
    other.connect();
    for (const char* payload : {"1", "2", "3"}) {
        other.publish("plant/press/temp", payload, Qos::AtLeastOnce);
    }
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"1"});
    other.subscribe("$share/g/plant/press/#", Qos::AtLeastOnce);
    rig.set_rules("press", {.publish = {}, .subscribe = {}});
    EXPECT_TRUE(client.wait_closed());
    rig.settle();
    EXPECT_EQ(other.payloads(), (std::vector<std::string>{"2", "3"}));
    EXPECT_EQ(rig.counters().subscriptions, 1U);
}

TEST_P(TopicRightsTest, LeavesClientsAloneWhoseSubscriptionsAreStillAllowed) {
    TestClient& client = press("press-07");
    client.connect();
    client.subscribe("alarms/+");
    TestClient& other = rig.client("other");
    other.connect();
    other.subscribe("#");
    rig.set_rules("press", {.publish = {}, .subscribe = {"alarms/+"}});
    EXPECT_TRUE(client.is_open());
    EXPECT_TRUE(other.is_open());
    EXPECT_EQ(rig.counters().subscriptions_revoked, 0U);
}

TEST_P(TopicRightsTest, EndsSubscriptionsOfASessionThatSleepsAndForgetsWhatWaited) {
    TestClient& client = press("press-07");
    client.connect_durable();
    client.subscribe("plant/press/#", Qos::AtLeastOnce);
    client.subscribe("alarms/+", Qos::AtLeastOnce);
    client.disconnect();
    TestClient& other = rig.client("other");
    other.connect();
    other.publish("plant/press/temp", "secret", Qos::AtLeastOnce);
    other.publish("alarms/fire", "help", Qos::AtLeastOnce);
    rig.settle();
    rig.set_rules("press", {.publish = {}, .subscribe = {"alarms/+"}});
    other.publish("plant/press/temp", "secret again", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_TRUE(client.connect_durable().session_present);
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"help"});
}

TEST_P(TopicRightsTest, JudgesASessionFromDiskWhenItsClientComes) {
    TestClient& client = press("press-07");
    client.connect_durable();
    client.subscribe("plant/press/#", Qos::AtLeastOnce);
    client.subscribe("alarms/+", Qos::AtLeastOnce);
    client.disconnect();
    TestClient& other = rig.client("other");
    other.connect();
    other.publish("plant/press/temp", "secret", Qos::AtLeastOnce);
    rig.settle();
    rig.restart(GetParam());
    rig.set_rules("press", {.publish = {}, .subscribe = {"alarms/+"}});
    EXPECT_TRUE(client.connect_durable().session_present);
    rig.settle();
    EXPECT_TRUE(client.received.empty());
    EXPECT_EQ(rig.counters().subscriptions, 1U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(TopicRightsTest, TellsOfARefusalOnceAMinuteForAClientAndTopicPrefix) {
    TestClient& client = press("press-07");
    client.connect();
    client.publish("plant/oven/temp", "1");
    client.publish("plant/oven/noise", "1");
    rig.settle();
    EXPECT_EQ(rig.events().count(EventKind::AclDenied), 1U);
    EXPECT_EQ(rig.events().last(EventKind::AclDenied).client_id, "press-07");
    EXPECT_EQ(rig.events().last(EventKind::AclDenied).reason, "publish plant/oven/temp");
    client.publish("office/lamp", "1");
    rig.settle();
    EXPECT_EQ(rig.events().count(EventKind::AclDenied), 2U);
    rig.run_for(1min);
    client.publish("plant/oven/temp", "1");
    rig.settle();
    EXPECT_EQ(rig.events().count(EventKind::AclDenied), 3U);
    EXPECT_EQ(rig.counters().denied_publishes, 4U);
}

TEST(TopicRights, CanEndTheConnectionOfWhoeverPublishesWhatItMayNot) {
    testing::RigOptions options;
    options.broker.denied_publish = DeniedPublish::Disconnect;
    BrokerRig rig(options);
    rig.set_rules("press", kPressRules);
    TestClient& client = rig.client("press-07");
    client.settings.user_name = "press";
    client.connect();
    client.publish("plant/oven/temp", "1");
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::NotAuthorized);
}

TEST(TopicRights, RemembersOnlyTheLastTopicsOfOneGeneration) {
    AllowedTopics allowed;
    EXPECT_FALSE(allowed.has("a", 1));
    allowed.note("a", 1);
    EXPECT_TRUE(allowed.has("a", 1));
    EXPECT_FALSE(allowed.has("a", 2));
    for (const char* topic : {"b", "c", "d", "e"}) {
        allowed.note(topic, 1);
    }
    EXPECT_FALSE(allowed.has("a", 1)) << "four are remembered";
    EXPECT_TRUE(allowed.has("e", 1));
    allowed.note("f", 2);
    EXPECT_FALSE(allowed.has("e", 2));
    EXPECT_FALSE(allowed.has("e", 1));
}

}  // namespace
}  // namespace kith::broker
