// PUBLISH in and out: every QoS, properties, aliases, expiry, refusals.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::Received;
using testing::TestClient;

class PublishTest : public testing::ShardsTest {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    TestClient& subscriber(std::string_view filter, Qos qos) {
        TestClient& client = connected("subscriber");
        client.subscribe(filter, qos);
        return client;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, PublishTest, testing::kShardCounts);

TEST_P(PublishTest, DeliversWithTheLowerOfBothQos) {
    for (const Qos granted : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        TestClient& receiver = connected("receiver-" + std::to_string(static_cast<int>(granted)));
        receiver.subscribe("a", granted);
    }
    TestClient& publisher = connected("publisher");
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        TestClient& receiver = connected("late");
        receiver.subscribe("a", qos);
        for (const Qos published : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
            publisher.publish("a", "x", published);
            rig.settle();
            ASSERT_EQ(receiver.received.size(), 1U);
            EXPECT_EQ(receiver.received[0].qos, std::min(qos, published));  // [MQTT-3.8.4-8]
            EXPECT_FALSE(receiver.received[0].dup);                         // [MQTT-3.3.1-2]
            EXPECT_FALSE(receiver.received[0].retain);
            receiver.received.clear();
        }
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(PublishTest, ForwardsPropertiesUnaltered) {
    TestClient& receiver = subscriber("a", Qos::AtLeastOnce);
    TestClient& plain = connected("plain");
    plain.subscribe("a");
    TestClient& old = rig.client("old");
    old.settings.version = Version::V311;
    old.connect();
    old.subscribe("a");
    TestClient& publisher = connected("publisher");
    const std::vector<std::uint8_t> properties = mqtt::encode_message_properties(
        {.payload_format_indicator = 1,
         .content_type = "application/json",
         .response_topic = "reply/to/me",
         .correlation_data = as_bytes(std::string_view("\x00\x01\xFF", 3))},
        std::vector<mqtt::UserProperty>{{"b", "1"}, {"a", "2"}, {"b", "3"}});
    publisher.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                                 .topic = "a",
                                 .packet_id = PacketId(1),
                                 .payload = as_bytes("{}"),
                                 .properties = {properties}});
    rig.settle();
    for (const TestClient* client : {&receiver, &plain}) {
        ASSERT_EQ(client->received.size(), 1U);
        const Received& message = client->received[0];
        EXPECT_EQ(message.payload_format, 1);                            // [MQTT-3.3.2-4]
        EXPECT_EQ(message.content_type, "application/json");             // [MQTT-3.3.2-20]
        EXPECT_EQ(message.response_topic, "reply/to/me");                // [MQTT-3.3.2-15]
        EXPECT_EQ(message.correlation, std::string("\x00\x01\xFF", 3));  // [MQTT-3.3.2-16]
        EXPECT_EQ(
            message.user_properties,  // [MQTT-3.3.2-17], [MQTT-3.3.2-18]
            (std::vector<std::pair<std::string, std::string>>{{"b", "1"}, {"a", "2"}, {"b", "3"}}));
    }
    EXPECT_EQ(old.payloads(), std::vector<std::string>{"{}"});
}

TEST_P(PublishTest, CarriesPayloadsOfEverySize) {
    TestClient& receiver = subscriber("a/#", Qos::ExactlyOnce);
    TestClient& qos0 = connected("qos0");
    qos0.subscribe("a/#");
    TestClient& publisher = connected("publisher");
    std::vector<std::string> sent;
    for (const std::size_t size :
         {0U, 1U, 127U, 128U, 2047U, 2048U, 16'383U, 16'384U, 100'000U, 1'048'000U}) {
        sent.push_back(std::string(size, static_cast<char>('a' + size % 26)));
        publisher.publish("a/b", sent.back(), Qos::ExactlyOnce);
        publisher.publish("a/b", sent.back(), Qos::AtMostOnce);
        rig.run_for(1s);
    }
    ASSERT_EQ(receiver.received.size(), sent.size() * 2);
    ASSERT_EQ(qos0.received.size(), sent.size() * 2);
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_TRUE(receiver.received[2 * i].payload == sent[i]);
        EXPECT_TRUE(qos0.received[2 * i].payload == sent[i]);
        EXPECT_TRUE(qos0.received[2 * i + 1].payload == sent[i]);
    }
}

TEST_P(PublishTest, SaysThatNobodyHasSubscribed) {
    TestClient& publisher = connected("publisher");
    publisher.publish("a", "x", Qos::AtLeastOnce);
    publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::NoMatchingSubscribers);
    EXPECT_EQ(publisher.last(PacketType::Pubrec).reason, ReasonCode::NoMatchingSubscribers);
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).reason, ReasonCode::Success);
    EXPECT_EQ(rig.counters().dropped_no_receiver, 2U);
    subscriber("a", Qos::AtMostOnce);
    publisher.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::Success);
}

TEST_P(PublishTest, RefusesTopicsThatAreNotTheClients) {
    TestClient& receiver = subscriber("$m/+/twin/reported", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    TestClient& old = rig.client("old");
    old.settings.version = Version::V311;
    old.connect();
    for (const char* topic : {"$SYS/broker/uptime", "$m/press-07/twin/reported", "$events/x"}) {
        publisher.publish(topic, "x", Qos::AtMostOnce);
        publisher.publish(topic, "x", Qos::AtLeastOnce);
        rig.settle();
        EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::NotAuthorized);
        publisher.publish(topic, "x", Qos::ExactlyOnce);
        rig.settle();
        EXPECT_EQ(publisher.last(PacketType::Pubrec).reason, ReasonCode::NotAuthorized);
        old.publish(topic, "x", Qos::AtLeastOnce);
        old.publish(topic, "x", Qos::ExactlyOnce);
        rig.settle();
    }
    // MQTT 3 cannot say no: acknowledged, and not passed on.
    EXPECT_EQ(old.count(PacketType::Puback), 3U);
    EXPECT_EQ(old.count(PacketType::Pubcomp), 3U);
    EXPECT_TRUE(publisher.is_open());
    EXPECT_TRUE(receiver.received.empty());
    EXPECT_EQ(rig.counters().refused_not_authorized, 15U);
    publisher.publish("$m/publisher/twin/reported", "mine", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(receiver.payloads(), std::vector<std::string>{"mine"});
}

TEST_P(PublishTest, RefusesAllThatAViewerPublishes) {
    TestClient& viewer = rig.client("viewer-1");
    viewer.settings.user_name = "viewer";
    viewer.connect();
    viewer.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(viewer.last(PacketType::Puback).reason, ReasonCode::NotAuthorized);
}

TEST_P(PublishTest, TakesTopicAliases) {
    TestClient& receiver = subscriber("#", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    const auto send = [&](std::string_view topic, std::uint16_t alias, std::string_view payload) {
        publisher.send(
            mqtt::Publish{.topic = topic, .payload = as_bytes(payload), .topic_alias = alias});
    };
    send("a", 1, "1");
    send("b", 64, "2");  // [MQTT-3.3.2-12]
    send("", 1, "3");
    send("", 64, "4");
    send("c", 1, "5");  // an alias may be set anew
    send("", 1, "6");
    rig.settle();
    ASSERT_EQ(receiver.payloads(), (std::vector<std::string>{"1", "2", "3", "4", "5", "6"}));
    std::vector<std::string> topics;
    for (const Received& message : receiver.received) {
        topics.push_back(message.topic);
    }
    EXPECT_EQ(topics, (std::vector<std::string>{"a", "b", "a", "b", "c", "c"}));
}

TEST_P(PublishTest, RefusesTopicAliasesThatMeanNothing) {
    const auto end_of = [&](std::string_view topic, std::uint16_t alias) {
        TestClient& publisher = connected("publisher");
        publisher.send(mqtt::Publish{.topic = topic, .topic_alias = alias});
        EXPECT_TRUE(publisher.wait_closed());
        return publisher.last(PacketType::Disconnect).reason;
    };
    EXPECT_EQ(end_of("a", 65), ReasonCode::TopicAliasInvalid);  // [MQTT-3.3.2-9]
    EXPECT_EQ(end_of("", 1), ReasonCode::ProtocolError);        // never set
    // [MQTT-3.3.2-7]: aliases end with the connection.
    TestClient& publisher = rig.client("publisher");
    publisher.connect_durable();
    publisher.send(mqtt::Publish{.topic = "a", .topic_alias = 1});
    rig.settle();
    publisher.connect_durable();
    publisher.send(mqtt::Publish{.topic = "", .topic_alias = 1});
    EXPECT_TRUE(publisher.wait_closed());
}

TEST_P(PublishTest, SetsTopicAliasesForAClientThatTakesThem) {
    TestClient& receiver = rig.client("receiver");
    receiver.settings.topic_alias_maximum = 2;
    receiver.connect();
    receiver.subscribe("#", Qos::AtLeastOnce);
    TestClient& other = subscriber("#", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    for (const char* topic : {"a", "b", "c", "a", "b", "c"}) {
        publisher.publish(topic, topic, Qos::AtLeastOnce);
    }
    publisher.publish("a", "qos0");
    rig.settle();
    ASSERT_EQ(receiver.received.size(), 7U);
    const auto alias_of = [&](std::size_t i) { return receiver.received[i].topic_alias; };
    EXPECT_EQ(alias_of(0), 1);
    EXPECT_EQ(alias_of(1), 2);
    EXPECT_EQ(alias_of(2), std::nullopt);  // [MQTT-3.1.2-26], [MQTT-3.3.2-11]
    EXPECT_EQ(receiver.received[2].topic, "c");
    EXPECT_EQ(alias_of(3), 1);
    EXPECT_EQ(receiver.received[3].topic, "");
    EXPECT_EQ(alias_of(6), 1);
    for (const Received& message : other.received) {
        EXPECT_EQ(message.topic_alias, std::nullopt);  // [MQTT-3.1.2-27]
    }
}

TEST_P(PublishTest, TeachesNoAliasWithAPacketThatIsTooLarge) {
    TestClient& receiver = rig.client("receiver");
    receiver.settings.topic_alias_maximum = 2;
    receiver.settings.maximum_packet_size = 100;
    receiver.connect();
    receiver.subscribe("#");
    TestClient& publisher = connected("publisher");
    publisher.publish("a", std::string(200, 'x'));
    publisher.publish("a", "small");
    rig.settle();
    ASSERT_EQ(receiver.payloads(), std::vector<std::string>{"small"});
    EXPECT_EQ(receiver.received[0].topic, "a");
}

TEST_P(PublishTest, LeavesOutWhatIsLargerThanTheClientTakes) {
    TestClient& receiver = rig.client("receiver");
    receiver.settings.maximum_packet_size = 100;
    receiver.settings.session_expiry_interval = 1000;
    receiver.connect();
    receiver.subscribe("#", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        publisher.publish("a", std::string(200, 'x'), qos);  // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
        publisher.publish("a", "small", qos);
    }
    rig.settle();
    EXPECT_EQ(receiver.payloads(), (std::vector<std::string>{"small", "small", "small"}));
    EXPECT_EQ(rig.counters().dropped_too_large, 3U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(PublishTest, LetsMessagesExpire) {
    TestClient& receiver = rig.client("receiver");
    receiver.settings.session_expiry_interval = 1000;
    receiver.connect();
    receiver.settings.clean_start = false;
    receiver.subscribe("a", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    const auto publish = [&](std::string_view payload, std::uint32_t expiry_s, Qos qos) {
        publisher.send(mqtt::Publish{.qos = qos,
                                     .topic = "a",
                                     .packet_id = PacketId(qos == Qos::AtMostOnce ? 0 : 1),
                                     .payload = as_bytes(payload),
                                     .message_expiry_interval = expiry_s});
        rig.settle();
    };
    publish("now", 10, Qos::AtMostOnce);
    ASSERT_EQ(receiver.received.size(), 1U);
    EXPECT_EQ(receiver.received[0].expiry_s, 10U);
    receiver.drop();
    publish("short", 10, Qos::AtLeastOnce);
    publish("long", 100, Qos::AtLeastOnce);
    rig.run_for(20s);
    receiver.connect();
    rig.settle();
    ASSERT_EQ(receiver.payloads(), (std::vector<std::string>{"now", "long"}));  // [MQTT-3.3.2-5]
    EXPECT_EQ(receiver.received[1].expiry_s, 80U);                              // [MQTT-3.3.2-6]
    EXPECT_EQ(rig.counters().dropped_expired, 1U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(PublishTest, FinishesAQos2ExchangeWhoseMessageHasExpired) {
    TestClient& receiver = subscriber("a", Qos::ExactlyOnce);
    receiver.acknowledges = false;
    TestClient& publisher = connected("publisher");
    publisher.send(mqtt::Publish{.qos = Qos::ExactlyOnce,
                                 .topic = "a",
                                 .packet_id = PacketId(1),
                                 .payload = as_bytes("x"),
                                 .message_expiry_interval = 1});
    rig.run_for(5s);
    receiver.acknowledge(PacketType::Pubrec, receiver.received[0].packet_id);
    rig.settle();
    EXPECT_EQ(receiver.count(PacketType::Pubrel), 1U);  // [MQTT-4.3.3-7], [MQTT-4.3.3-13]
}

TEST_P(PublishTest, AnswersARequestOverTheResponseTopic) {
    TestClient& server = connected("oven-1");
    server.subscribe("$to/oven-1/#");
    TestClient& client = rig.client("panel");
    client.settings.request_response_information = true;
    const std::string inbox = client.connect().response_information + "1";
    client.subscribe(inbox);
    const std::vector<std::uint8_t> properties = mqtt::encode_message_properties(
        {.response_topic = inbox, .correlation_data = as_bytes("17")}, {});
    client.send(mqtt::Publish{.topic = "$to/oven-1/temperature", .properties = {properties}});
    rig.settle();
    ASSERT_EQ(server.received.size(), 1U);
    const Received request = server.received[0];
    const std::vector<std::uint8_t> answer =
        mqtt::encode_message_properties({.correlation_data = as_bytes(request.correlation)}, {});
    server.send(mqtt::Publish{
        .topic = request.response_topic, .payload = as_bytes("180"), .properties = {answer}});
    rig.settle();
    ASSERT_EQ(client.payloads(), std::vector<std::string>{"180"});
    EXPECT_EQ(client.received[0].correlation, "17");
}

/// [MQTT-3.3.2-5], [MQTT-3.3.2-6]: the interval runs from the arrival, whatever a wall clock says.
TEST_P(PublishTest, ExpiresByTimeAndNotByTheWallClock) {
    TestClient& sleeper = rig.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("a", Qos::AtLeastOnce);
    sleeper.disconnect();
    TestClient& writer = rig.client("writer");
    writer.connect();
    mqtt::Publish publish{.qos = Qos::AtLeastOnce,
                          .topic = "a",
                          .packet_id = PacketId(1),
                          .payload = as_bytes(std::string_view("x")),
                          .message_expiry_interval = 100};
    writer.ask(publish, PacketType::Puback);
    rig.world().set_wall_clock_ahead(std::chrono::hours(24 * 365));
    rig.run_for(40s);
    sleeper.connect_durable();
    rig.settle();
    ASSERT_EQ(sleeper.received.size(), 1U);
    EXPECT_NEAR(static_cast<double>(sleeper.received[0].expiry_s.value()), 60, 2);
    sleeper.disconnect();
    rig.settle();
    // What comes after the jump outlives a restart by what is left of it.
    publish.packet_id = PacketId(2);
    writer.ask(publish, PacketType::Puback);
    rig.run_for(30s);
    rig.restart(GetParam());
    TestClient& again = rig.client("sleeper");
    again.connect_durable();
    rig.settle();
    ASSERT_EQ(again.received.size(), 1U);
    EXPECT_NEAR(static_cast<double>(again.received[0].expiry_s.value()), 70, 3);
}

}  // namespace
}  // namespace kith::broker
