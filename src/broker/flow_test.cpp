// The exchanges of QoS 1 and 2: windows, duplicates, acknowledgements, what is sent again.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::BrokerRig;
using testing::Received;
using testing::TestClient;

class FlowTest : public testing::ShardsTest {
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
INSTANTIATE_TEST_SUITE_P(Shards, FlowTest, testing::kShardCounts);

TEST_P(FlowTest, KeepsToTheClientsReceiveMaximum) {
    TestClient& receiver = rig.client("receiver");
    receiver.settings.receive_maximum = 3;
    receiver.acknowledges = false;
    receiver.connect();
    receiver.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    for (int i = 0; i < 6; ++i) {
        publisher.publish("a", std::to_string(i), i % 2 == 0 ? Qos::AtLeastOnce : Qos::ExactlyOnce);
    }
    publisher.publish("a", "qos0");
    rig.settle();
    // [MQTT-3.3.4-9], [MQTT-3.3.4-10]
    EXPECT_EQ(receiver.payloads(), (std::vector<std::string>{"0", "1", "2", "qos0"}));
    receiver.acknowledge(PacketType::Pubrec, receiver.received[1].packet_id);
    rig.settle();
    EXPECT_EQ(receiver.count(PacketType::Pubrel), 1U);
    EXPECT_EQ(receiver.received.size(), 4U);  // PUBREC frees nothing yet [MQTT-4.9.0-2]
    receiver.acknowledge(PacketType::Pubcomp, receiver.received[1].packet_id);
    rig.settle();
    EXPECT_EQ(receiver.payloads().back(), "3");
    receiver.acknowledge(PacketType::Puback, receiver.received[0].packet_id);
    rig.settle();
    EXPECT_EQ(receiver.payloads().back(), "4");
    // PUBREC with a failure ends the message [MQTT-4.4.0-2].
    receiver.acknowledge(PacketType::Pubrec, receiver.received[4].packet_id,
                         ReasonCode::UnspecifiedError);
    rig.settle();
    EXPECT_EQ(receiver.payloads().back(), "5");
    EXPECT_EQ(receiver.count(PacketType::Pubrel), 1U);
}

TEST_P(FlowTest, EndsAClientThatOverrunsTheReceiveMaximum) {
    BrokerRig small({.shard_count = GetParam(), .broker = testing::quiet({.receive_maximum = 5})});
    TestClient& publisher = small.client("publisher");
    EXPECT_EQ(publisher.connect().receive_maximum, 5);
    publisher.acknowledges = false;
    for (int i = 0; i < 5; ++i) {
        publisher.publish("a", "x", Qos::ExactlyOnce);
    }
    small.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 5U);
    publisher.publish("a", "x", Qos::AtMostOnce);
    publisher.ask(mqtt::Pingreq{}, PacketType::Pingresp);  // [MQTT-4.9.0-3]
    publisher.acknowledge(PacketType::Pubrel, PacketId(1));
    small.settle();
    publisher.publish("a", "x", Qos::AtLeastOnce);  // one is free again
    small.settle();
    EXPECT_TRUE(publisher.is_open());
    publisher.publish("a", "x", Qos::ExactlyOnce);
    publisher.publish("a", "x", Qos::ExactlyOnce);
    EXPECT_TRUE(publisher.wait_closed());
    EXPECT_EQ(publisher.last(PacketType::Disconnect).reason, ReasonCode::ReceiveMaximumExceeded);
}

TEST_P(FlowTest, CountsTheReceiveMaximumAnewOnEveryConnection) {
    BrokerRig small({.shard_count = GetParam(), .broker = testing::quiet({.receive_maximum = 3})});
    TestClient& publisher = small.client("publisher");
    publisher.acknowledges = false;
    publisher.connect_durable();
    for (int i = 0; i < 3; ++i) {
        publisher.publish("a", "x", Qos::ExactlyOnce);
    }
    small.settle();
    publisher.connect_durable();
    for (int i = 0; i < 3; ++i) {  // [MQTT-4.9.0-1]
        publisher.publish("a", "x", Qos::ExactlyOnce);
    }
    small.settle();
    EXPECT_TRUE(publisher.is_open());
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 6U);
}

TEST_P(FlowTest, DoesNotReadAnMqtt3ClientThatHasTooManyUnderWay) {
    BrokerRig small({.shard_count = GetParam(), .broker = testing::quiet({.receive_maximum = 4})});
    TestClient& receiver = small.client("receiver");
    receiver.connect_durable();
    receiver.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = small.client("publisher");
    publisher.settings.version = Version::V311;
    publisher.settings.keep_alive = 5;
    publisher.connect();
    small.settle();
    small.journal().stall();
    for (int i = 0; i < 50; ++i) {
        publisher.publish("a", std::to_string(i), i % 2 == 0 ? Qos::AtLeastOnce : Qos::ExactlyOnce);
    }
    small.run_for(60s);
    EXPECT_TRUE(publisher.is_open());  // it is not silent, it is not heard
    EXPECT_LE(small.counters().messages_in, 5U);
    small.journal().resume();
    small.run_for(2s);
    EXPECT_EQ(receiver.received.size(), 50U);
    EXPECT_EQ(publisher.count(PacketType::Puback), 25U);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 25U);
}

TEST_P(FlowTest, AnswersDuplicatesOfQos2WithoutDeliveringThem) {
    TestClient& receiver = subscriber("a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publisher.acknowledges = false;
    const PacketId id = publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    const mqtt::Publish again{.dup = true,
                              .qos = Qos::ExactlyOnce,
                              .topic = "a",
                              .packet_id = id,
                              .payload = as_bytes("x")};
    publisher.send(again);
    publisher.send(again);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 3U);           // [MQTT-4.3.3-10]
    EXPECT_EQ(publisher.last(PacketType::Pubrec).packet_id, id);  // [MQTT-2.2.1-5]
    EXPECT_EQ(receiver.payloads(), std::vector<std::string>{"x"});
    publisher.acknowledge(PacketType::Pubrel, id);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).packet_id, id);  // [MQTT-4.3.3-11]
    publisher.send(again);
    rig.settle();
    EXPECT_EQ(receiver.payloads(), (std::vector<std::string>{"x", "x"}));  // [MQTT-4.3.3-12]
}

TEST_P(FlowTest, IgnoresTheDupFlagOfNewMessages) {
    TestClient& receiver = subscriber("a", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    for (int i = 0; i < 2; ++i) {
        publisher.send(mqtt::Publish{.dup = true,
                                     .qos = Qos::AtLeastOnce,
                                     .topic = "a",
                                     .packet_id = PacketId(1),
                                     .payload = as_bytes("x")});
        rig.settle();
    }
    ASSERT_EQ(receiver.received.size(), 2U);  // [MQTT-4.3.2-5]
    EXPECT_FALSE(receiver.received[0].dup);   // [MQTT-3.3.1-3]
    EXPECT_EQ(publisher.count(PacketType::Puback), 2U);
}

TEST_P(FlowTest, TakesAQos2MessageOnceAcrossConnections) {
    TestClient& receiver = rig.client("receiver");
    receiver.connect_durable();
    receiver.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = rig.client("publisher");
    publisher.acknowledges = false;
    publisher.connect_durable();
    rig.settle();
    rig.journal().stall();
    const PacketId id = publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.run_for(100ms);
    const mqtt::Publish again{.dup = true,
                              .qos = Qos::ExactlyOnce,
                              .topic = "a",
                              .packet_id = id,
                              .payload = as_bytes("x")};
    publisher.send(again);  // its PUBREC is due already
    rig.run_for(100ms);
    publisher.connect_durable();
    publisher.send(again);
    publisher.publish("a", "y", Qos::AtLeastOnce);
    rig.run_for(100ms);
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 1U);
    EXPECT_EQ(publisher.count(PacketType::Puback), 1U);
    EXPECT_EQ(receiver.payloads(), (std::vector<std::string>{"x", "y"}));

    // PUBREL on one connection, and again on the next before the disk has forgotten the id: each
    // connection is owed an answer for what it has asked itself.
    rig.journal().stall();
    publisher.acknowledge(PacketType::Pubrel, id);
    rig.run_for(100ms);
    publisher.connect_durable();
    publisher.acknowledge(PacketType::Pubrel, id);
    rig.run_for(100ms);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).reason, ReasonCode::Success);
}

TEST_P(FlowTest, OwesAPubackToTheConnectionThatPublished) {
    TestClient& receiver = rig.client("receiver");
    receiver.connect_durable();
    receiver.subscribe("a", Qos::AtLeastOnce);
    TestClient& publisher = rig.client("publisher");
    publisher.connect_durable();
    rig.settle();
    rig.journal().stall();
    publisher.publish("a", "x", Qos::AtLeastOnce);
    rig.run_for(100ms);
    publisher.connect_durable();
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 0U);
    EXPECT_EQ(receiver.payloads(), std::vector<std::string>{"x"});
}

TEST_P(FlowTest, EndsAClientThatReleasesWhatWasNotReceived) {
    TestClient& receiver = rig.client("receiver");
    receiver.connect_durable();
    receiver.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publisher.acknowledges = false;
    publisher.acknowledge(PacketType::Pubrel, PacketId(77));
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).reason, ReasonCode::PacketIdentifierNotFound);
    rig.journal().stall();
    const PacketId id = publisher.publish("a", "x", Qos::ExactlyOnce);
    publisher.acknowledge(PacketType::Pubrel, id);
    EXPECT_TRUE(publisher.wait_closed());
    EXPECT_EQ(publisher.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(receiver.payloads(), std::vector<std::string>{"x"});
}

TEST_P(FlowTest, AnswersUnknownAcknowledgementsOfAReceiver) {
    TestClient& receiver = subscriber("a", Qos::ExactlyOnce);
    receiver.acknowledge(PacketType::Puback, PacketId(9));
    receiver.acknowledge(PacketType::Pubcomp, PacketId(9));
    receiver.acknowledge(PacketType::Pubrec, PacketId(9));
    rig.settle();
    EXPECT_TRUE(receiver.is_open());
    EXPECT_EQ(receiver.last(PacketType::Pubrel).reason, ReasonCode::PacketIdentifierNotFound);
    receiver.acknowledge(PacketType::Pubrec, PacketId(8), ReasonCode::QuotaExceeded);
    rig.settle();
    EXPECT_EQ(receiver.count(PacketType::Pubrel), 1U);  // a refusal is the end of it
}

TEST_P(FlowTest, AcknowledgesInTheOrderOfThePublishes) {
    TestClient& receiver = rig.client("receiver");
    receiver.connect_durable();
    receiver.subscribe("durable", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    rig.settle();
    rig.journal().stall();
    publisher.publish("durable", "1", Qos::AtLeastOnce);
    publisher.publish("nobody", "2", Qos::AtLeastOnce);
    rig.run_for(1s);
    EXPECT_EQ(publisher.count(PacketType::Puback), 0U);
    rig.journal().resume();
    rig.settle();
    ASSERT_EQ(publisher.count(PacketType::Puback), 2U);
    EXPECT_EQ(publisher.last(PacketType::Puback).packet_id, PacketId(2));
}

TEST_P(FlowTest, ResendsWhatWasNotAcknowledgedInOrderOnTheNextConnection) {
    TestClient& receiver = rig.client("receiver");
    receiver.acknowledges = false;
    receiver.connect_durable();
    receiver.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    for (int i = 0; i < 4; ++i) {
        publisher.publish("a", std::to_string(i), i % 2 == 0 ? Qos::AtLeastOnce : Qos::ExactlyOnce);
    }
    rig.settle();
    const std::vector<Received> first = receiver.received;
    ASSERT_EQ(first.size(), 4U);
    receiver.acknowledge(PacketType::Puback, first[2].packet_id);
    rig.settle();
    receiver.received.clear();
    receiver.connect_durable();
    rig.settle();
    // [MQTT-4.4.0-1]
    ASSERT_EQ(receiver.payloads(), (std::vector<std::string>{"0", "1", "3"}));
    for (const Received& message : receiver.received) {
        EXPECT_TRUE(message.dup);
        EXPECT_EQ(message.packet_id,
                  first[static_cast<std::size_t>(std::stoi(message.payload))].packet_id);
    }
}

}  // namespace
}  // namespace kith::broker
