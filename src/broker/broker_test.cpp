// The broker as its clients see it, over the simulated network, with one shard and with several.
#include "broker/broker.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "broker/testing/broker_rig.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::BrokerRig;
using testing::RigOptions;
using testing::TestClient;

class BrokerTest : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    BrokerTest() : rig(RigOptions{.seed = 1, .shard_count = GetParam()}) {}
    BrokerRig rig;
};

INSTANTIATE_TEST_SUITE_P(Shards, BrokerTest, ::testing::Values(1, 2, 4));

TEST_P(BrokerTest, CarriesAMessageFromPublisherToSubscriber) {
    TestClient& subscriber = rig.client("subscriber");
    TestClient& publisher = rig.client("publisher");
    EXPECT_EQ(subscriber.connect().reason, ReasonCode::Success);
    EXPECT_EQ(publisher.connect().reason, ReasonCode::Success);
    const auto suback = subscriber.subscribe("plant/+/temp");
    EXPECT_EQ(suback.reasons, std::vector{ReasonCode::Success});
    publisher.publish("plant/h2/temp", "21.5");
    publisher.publish("plant/h2/flow", "3");
    rig.settle();
    ASSERT_EQ(subscriber.payloads(), std::vector<std::string>{"21.5"});
    EXPECT_EQ(subscriber.received[0].topic, "plant/h2/temp");
}

/// They are topics like others; but an idle node has received and dropped nothing.
TEST_P(BrokerTest, CountsItsStatisticsAsTopicsNotAsTraffic) {
    BrokerRig node({.shard_count = GetParam(), .broker = {.sys_interval = 1s}});
    node.run_for(10s);
    const Counters idle = node.counters();
    EXPECT_GT(idle.retained, 10U);
    EXPECT_GE(idle.topics, idle.retained);  // each shard remembers those that it routes
    EXPECT_EQ(idle.messages_in, 0U);
    EXPECT_EQ(idle.messages_out, 0U);
    EXPECT_EQ(idle.dropped_no_receiver, 0U);
    TestClient& client = node.client("client");
    client.connect();
    client.publish("nobody/listens", "x");
    client.subscribe("$SYS/#");
    node.run_for(10s);
    EXPECT_GT(client.received.size(), 10U);
    EXPECT_EQ(node.counters().messages_in, 1U);
    EXPECT_EQ(node.counters().messages_out, client.received.size());
    EXPECT_EQ(node.counters().dropped_no_receiver, 1U);
}

/// The names of mosquitto 2.0, which dashboards and exporters read; its heap is the node's to know.
TEST_P(BrokerTest, PublishesTheStatisticsThatDashboardsKnow) {
    static constexpr const char* kNames[] = {"version",
                                             "uptime",
                                             "clients/connected",
                                             "clients/active",
                                             "clients/disconnected",
                                             "clients/inactive",
                                             "clients/total",
                                             "clients/maximum",
                                             "clients/expired",
                                             "messages/received",
                                             "messages/sent",
                                             "messages/stored",
                                             "publish/messages/received",
                                             "publish/messages/sent",
                                             "publish/messages/dropped",
                                             "publish/bytes/received",
                                             "publish/bytes/sent",
                                             "bytes/received",
                                             "bytes/sent",
                                             "subscriptions/count",
                                             "shared_subscriptions/count",
                                             "retained messages/count",
                                             "store/messages/count",
                                             "store/messages/bytes"};
    static constexpr const char* kLoads[] = {
        "connections",      "sockets",           "bytes/received",
        "bytes/sent",       "messages/received", "messages/sent",
        "publish/received", "publish/sent",      "publish/dropped"};
    BrokerRig node({.shard_count = GetParam(), .broker = {.sys_interval = 1s}});
    TestClient& reader = node.client("reader");
    TestClient& worker = node.client("worker");
    reader.connect();
    worker.connect();
    worker.subscribe("$share/group/a/b");
    worker.subscribe("a/b");
    worker.publish("a/b", "four");
    node.run_for(2s);
    reader.subscribe("$SYS/#");
    node.run_for(500ms);
    std::map<std::string, std::string> values;
    for (const testing::Received& message : reader.received) {
        values[message.topic.substr(std::string_view("$SYS/broker/").size())] = message.payload;
    }
    std::set<std::string> missing;
    for (const char* name : kNames) {
        if (!values.contains(name)) {
            missing.insert(name);
        }
    }
    for (const char* load : kLoads) {
        for (const char* minutes : {"1min", "5min", "15min"}) {
            const std::string name = std::string("load/") + load + "/" + minutes;
            if (!values.contains(name) || values[name].find('.') == std::string::npos) {
                missing.insert(name);
            }
        }
    }
    EXPECT_EQ(missing, std::set<std::string>{});
    EXPECT_EQ(values["clients/connected"], "2");
    EXPECT_EQ(values["clients/maximum"], "2");
    EXPECT_EQ(values["subscriptions/count"], "2");
    EXPECT_EQ(values["shared_subscriptions/count"], "1");
    EXPECT_EQ(values["publish/messages/received"], "1");
    EXPECT_EQ(values["publish/bytes/received"], "4");
    EXPECT_EQ(values["publish/bytes/sent"], "8");
    EXPECT_EQ(values["messages/received"], "5");  // two CONNECT, two SUBSCRIBE, one PUBLISH
    EXPECT_EQ(values["messages/sent"], "6");      // two CONNACK, two SUBACK, two PUBLISH
    EXPECT_NE(values["load/publish/received/1min"], "0.00");
}

/// An event has a topic for each client, which would soon be most of what is remembered.
TEST_P(BrokerTest, PassesTheNodesEventsOnWithoutRememberingTheirTopics) {
    TestClient& listener = rig.client("listener");
    listener.connect();
    listener.subscribe("$events/#");
    const auto publish = [&](std::string_view topic) {
        rig.shard(0).publish({.topic = bus::TopicName::trusted(topic),
                              .payload = as_bytes("{}"),
                              .properties = {},
                              .publisher = {},
                              .published_at = {},
                              .expires_at = {}},
                             nullptr);
    };
    publish("$events/client_connected/a");
    publish("$events/client_connected/b");
    publish("$mesh/nodes/a");
    rig.settle();
    ASSERT_EQ(listener.received.size(), 2U);
    EXPECT_EQ(listener.received[1].topic, "$events/client_connected/b");
    std::vector<std::string> remembered;
    rig.shard(0).for_each_topic(
        [&](const TopicView& view) { remembered.emplace_back(view.topic); });
    EXPECT_EQ(remembered, std::vector<std::string>{"$mesh/nodes/a"});
}

TEST_P(BrokerTest, AcknowledgesEveryQos) {
    TestClient& subscriber = rig.client("subscriber");
    TestClient& publisher = rig.client("publisher");
    subscriber.connect();
    publisher.connect();
    subscriber.subscribe("a", Qos::ExactlyOnce);
    publisher.publish("a", "0", Qos::AtMostOnce);
    publisher.publish("a", "1", Qos::AtLeastOnce);
    publisher.publish("a", "2", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(publisher.count(PacketType::Puback), 1U);
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 1U);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    EXPECT_EQ(rig.counters().queued_bytes, 0U);
}

TEST_P(BrokerTest, KeepsMessagesForADurableSessionThroughARestart) {
    TestClient& subscriber = rig.client("subscriber");
    TestClient& publisher = rig.client("publisher");
    subscriber.connect_durable();
    subscriber.subscribe("a/#", Qos::ExactlyOnce);
    subscriber.drop();
    publisher.connect();
    for (int i = 0; i < 20; ++i) {
        publisher.publish("a/b", std::to_string(i),
                          i % 2 == 0 ? Qos::AtLeastOnce : Qos::ExactlyOnce);
    }
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 10U);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 10U);
    for (const int shard_count : {1, 2, 4, 1}) {
        rig.restart(static_cast<std::uint16_t>(shard_count));
    }
    EXPECT_TRUE(subscriber.connect_durable().session_present);
    rig.settle();
    ASSERT_EQ(subscriber.received.size(), 20U);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(subscriber.received[static_cast<std::size_t>(i)].payload, std::to_string(i));
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

}  // namespace
}  // namespace kith::broker
