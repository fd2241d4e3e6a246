// What is acknowledged is on disk; what is on disk comes back; and each step waits for the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/narrow.h"
#include "broker/limits.h"
#include "broker/testing/shards_test.h"
#include "storage/limits.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::BrokerRig;
using testing::TestClient;

constexpr std::uint32_t kForever = 0xFFFF'FFFF;

class DurabilityTest : public testing::ShardsTest {
  protected:
    /// A durable subscriber to "a" with this QoS, connected.
    TestClient& durable_subscriber(Qos qos) {
        TestClient& client = rig.client("subscriber");
        client.connect_durable();
        client.subscribe("a", qos);
        return client;
    }
    TestClient& durable_publisher() {
        TestClient& client = rig.client("publisher");
        client.connect_durable();
        return client;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, DurabilityTest, testing::kShardCounts);

TEST_P(DurabilityTest, AcknowledgesASubscriptionWhenItIsOnDisk) {
    TestClient& client = rig.client("subscriber");
    client.connect_durable();
    rig.settle();
    rig.journal().stall();
    const mqtt::Subscription wanted{.filter = "a", .maximum_qos = Qos::AtLeastOnce};
    mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
    subscribe.subscriptions = std::span(&wanted, 1);
    client.send(subscribe);
    rig.run_for(2s);
    EXPECT_EQ(client.count(PacketType::Suback), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(client.count(PacketType::Suback), 1U);

    rig.journal().stall();
    const std::string_view filter = "a";
    mqtt::Unsubscribe unsubscribe{.packet_id = PacketId(2)};
    unsubscribe.filters = std::span(&filter, 1);
    client.send(unsubscribe);
    rig.run_for(2s);
    EXPECT_EQ(client.count(PacketType::Unsuback), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(client.count(PacketType::Unsuback), 1U);
}

TEST_P(DurabilityTest, SaysThatTheDiskHangsAndThatItAnswersAgain) {
    TestClient& client = rig.client("client");
    client.connect_durable();
    rig.settle();
    rig.journal().stall();
    const mqtt::Subscription wanted{.filter = "a", .maximum_qos = Qos::AtLeastOnce};
    mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
    subscribe.subscriptions = std::span(&wanted, 1);
    client.send(subscribe);
    rig.run_for(storage::kSlowCommit + 3 * storage::kCommitLookInterval);
    EXPECT_EQ(rig.events().count(EventKind::StoreDegraded), 1U);
    EXPECT_EQ(rig.events().count(EventKind::StoreHealthy), 0U);
    rig.journal().resume();
    rig.run_for(2 * storage::kCommitLookInterval);
    EXPECT_EQ(rig.events().count(EventKind::StoreDegraded), 1U);
    EXPECT_EQ(rig.events().count(EventKind::StoreHealthy), 1U);
}

/// A disk that hangs must not let a client that asks and asks fill the memory.
TEST_P(DurabilityTest, HoldsBackWhoeverAsksForMoreThanTheDiskTakes) {
    TestClient& client = rig.client("client");
    client.connect_durable();
    client.keeps_answers = false;
    rig.settle();
    rig.journal().stall();
    const std::string_view filter = "none";
    mqtt::Unsubscribe unsubscribe{.packet_id = PacketId(2)};
    unsubscribe.filters = std::span(&filter, 1);
    const mqtt::Subscription wanted{.filter = "a"};
    mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
    subscribe.subscriptions = std::span(&wanted, 1);
    client.send(subscribe);  // which waits, and all behind it
    std::vector<std::uint8_t> one(mqtt::encoded_bytes(unsubscribe, Version::V5));
    ByteWriter writer(one);
    mqtt::encode(unsubscribe, Version::V5, writer);
    constexpr std::size_t kCount = kUncommittedActionsMax + 40'000;
    std::vector<std::uint8_t> all;
    for (std::size_t i = 0; i < kCount; ++i) {
        all.insert(all.end(), one.begin(), one.end());
    }
    client.send_raw(all);
    rig.run_for(5s);
    const auto detail = rig.shard(rig.shard(0).home_of("client").value()).client("client");
    ASSERT_TRUE(detail.has_value());
    EXPECT_LT(detail->client.bytes_in, (kUncommittedActionsMax / GetParam() + 1000) * one.size());
    EXPECT_GT(rig.counters().publishers_held, 0U);
    TestClient& late = rig.client(rig.id_on(rig.shard(0).home_of("client").value(), "late"));
    EXPECT_EQ(late.connect_durable().reason, ReasonCode::ServerBusy);
    TestClient& transient =
        rig.client(rig.id_on(rig.shard(0).home_of("client").value(), "transient"));
    EXPECT_EQ(transient.connect().reason, ReasonCode::Success);
    rig.journal().resume();
    rig.run_for(20s);
    EXPECT_EQ(client.count(PacketType::Unsuback), kCount);
    EXPECT_EQ(late.connect_durable().reason, ReasonCode::Success);
}

TEST_P(DurabilityTest, AcknowledgesAndShowsAMessageWhenItIsOnDisk) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& transient = rig.client("transient");
    transient.connect();
    transient.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    rig.settle();
    rig.journal().stall();
    publisher.publish("a", "1", Qos::AtLeastOnce);
    publisher.publish("a", "2", Qos::ExactlyOnce);
    publisher.publish("a", "0", Qos::AtMostOnce);
    rig.run_for(2s);
    EXPECT_EQ(publisher.count(PacketType::Puback), 0U);  // [MQTT-4.3.2-4]
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 0U);  // [MQTT-4.3.3-8]
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"0"});
    EXPECT_EQ(transient.payloads(), (std::vector<std::string>{"1", "2", "0"}));
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 1U);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    EXPECT_EQ(subscriber.payloads(), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_P(DurabilityTest, DoesNotWaitForTheDiskWhenNothingDurableWantsAMessage) {
    TestClient& transient = rig.client("transient");
    transient.connect();
    transient.subscribe("a", Qos::ExactlyOnce);
    TestClient& other = durable_subscriber(Qos::AtMostOnce);
    TestClient& publisher = durable_publisher();
    rig.settle();
    rig.journal().stall();
    publisher.publish("a", "1", Qos::AtLeastOnce);
    publisher.publish("a", "2", Qos::ExactlyOnce);
    rig.run_for(2s);
    EXPECT_EQ(publisher.count(PacketType::Puback), 1U);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    EXPECT_EQ(transient.payloads(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(other.payloads(), (std::vector<std::string>{"1", "2"}));
}

TEST_P(DurabilityTest, ReleasesAQos2MessageWhenTheDiskKnows) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    subscriber.acknowledges = false;
    publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    ASSERT_EQ(subscriber.received.size(), 1U);
    const PacketId packet_id = subscriber.received[0].packet_id;
    rig.journal().stall();
    subscriber.acknowledge(PacketType::Pubrec, packet_id);
    subscriber.acknowledge(PacketType::Pubrec, packet_id);  // a duplicate changes nothing
    rig.run_for(2s);
    EXPECT_EQ(subscriber.count(PacketType::Pubrel), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(subscriber.count(PacketType::Pubrel), 1U);
    EXPECT_EQ(subscriber.last(PacketType::Pubrel).packet_id, packet_id);  // [MQTT-4.3.3-4]
    subscriber.acknowledge(PacketType::Pubcomp, packet_id);
    rig.settle();
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(DurabilityTest, CompletesAQos2PublishWhenTheDiskHasForgottenItsId) {
    durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    publisher.acknowledges = false;
    const PacketId packet_id = publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 1U);
    rig.journal().stall();
    publisher.acknowledge(PacketType::Pubrel, packet_id);
    publisher.acknowledge(PacketType::Pubrel, packet_id);
    rig.run_for(2s);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 0U);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    publisher.acknowledge(PacketType::Pubrel, packet_id);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).reason, ReasonCode::PacketIdentifierNotFound);
}

TEST_P(DurabilityTest, KeepsNothingOfWhatWasNotAcknowledged) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    rig.settle();
    rig.journal().stall();
    publisher.publish("a", "lost", Qos::ExactlyOnce);
    rig.run_for(100ms);
    rig.restart(GetParam());
    subscriber.connect_durable();
    EXPECT_TRUE(publisher.connect_durable().session_present);
    rig.settle();
    EXPECT_TRUE(subscriber.received.empty());
    publisher.publish("a", "again", Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"again"});
}

TEST_P(DurabilityTest, TakesAQos2MessageOnceAlthoughItIsSentAgainAfterARestart) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    publisher.acknowledges = false;
    const PacketId packet_id = publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    rig.restart(GetParam());
    publisher.connect_durable();
    const mqtt::Publish again{.dup = true,
                              .qos = Qos::ExactlyOnce,
                              .topic = "a",
                              .packet_id = packet_id,
                              .payload = as_bytes("x")};
    publisher.send(again);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Pubrec), 2U);  // [MQTT-4.3.3-10]
    publisher.acknowledge(PacketType::Pubrel, packet_id);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubcomp).reason, ReasonCode::Success);
    subscriber.connect_durable();
    rig.settle();
    // Once from before the restart, when its acknowledgement was on its way: same message.
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"x"});
    publisher.send(again);  // [MQTT-4.3.3-12]: a new message now
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), (std::vector<std::string>{"x", "x"}));
}

TEST_P(DurabilityTest, ResumesAQos2DeliveryWhereItStood) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    subscriber.acknowledges = false;
    publisher.publish("a", "x", Qos::ExactlyOnce);
    publisher.publish("a", "y", Qos::ExactlyOnce);
    rig.settle();
    const PacketId x = subscriber.received[0].packet_id;
    const PacketId y = subscriber.received[1].packet_id;
    subscriber.acknowledge(PacketType::Pubrec, x);
    rig.settle();
    rig.restart(GetParam());
    subscriber.received.clear();
    const std::size_t pubrels = subscriber.count(PacketType::Pubrel);
    subscriber.connect_durable();
    rig.settle();
    // [MQTT-4.4.0-1]: PUBREL for the one that is received, PUBLISH for the other, under their ids.
    EXPECT_EQ(subscriber.count(PacketType::Pubrel), pubrels + 1);
    EXPECT_EQ(subscriber.last(PacketType::Pubrel).packet_id, x);
    ASSERT_EQ(subscriber.payloads(), std::vector<std::string>{"y"});  // [MQTT-4.3.3-6]
    EXPECT_EQ(subscriber.received[0].packet_id, y);
    EXPECT_TRUE(subscriber.received[0].dup);  // [MQTT-3.3.1-1]
    subscriber.acknowledge(PacketType::Pubcomp, x);
    subscriber.acknowledge(PacketType::Pubrec, y);
    rig.settle();
    subscriber.acknowledge(PacketType::Pubcomp, y);
    rig.settle();
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

/// [MQTT-3.3.4-10]: a full window delays PUBLISH, and nothing else.
TEST_P(DurabilityTest, ResendsEveryPubrelWhateverTheWindow) {
    TestClient& subscriber = durable_subscriber(Qos::ExactlyOnce);
    TestClient& publisher = durable_publisher();
    subscriber.acknowledges = false;
    for (const char* payload : {"1", "2", "3", "4"}) {
        publisher.publish("a", payload, Qos::ExactlyOnce);
    }
    rig.settle();
    const PacketId third = subscriber.received[2].packet_id;
    const PacketId fourth = subscriber.received[3].packet_id;
    subscriber.acknowledge(PacketType::Pubrec, third);
    subscriber.acknowledge(PacketType::Pubrec, fourth);
    rig.settle();
    subscriber.drop();
    rig.settle();
    subscriber.received.clear();
    subscriber.settings.receive_maximum = 1;
    const std::size_t pubrels = subscriber.count(PacketType::Pubrel);
    subscriber.connect_durable();
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"1"});
    EXPECT_EQ(subscriber.count(PacketType::Pubrel), pubrels + 2);
    subscriber.acknowledge(PacketType::Pubcomp, fourth);
    subscriber.acknowledge(PacketType::Pubcomp, third);
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"1"});  // [MQTT-4.9.0-2]
    EXPECT_EQ(rig.counters().queued_messages, 2U);
    subscriber.acknowledge(PacketType::Pubrec, subscriber.received[0].packet_id);
    rig.settle();
    subscriber.acknowledge(PacketType::Pubcomp, subscriber.received[0].packet_id);
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), (std::vector<std::string>{"1", "2"}));
}

TEST_P(DurabilityTest, MarksAsDuplicatesOnlyWhatMayHaveBeenSentBeforeARestart) {
    TestClient& subscriber = durable_subscriber(Qos::AtLeastOnce);
    TestClient& publisher = durable_publisher();
    subscriber.acknowledges = false;
    publisher.publish("a", "sent", Qos::AtLeastOnce);
    rig.settle();
    subscriber.drop();
    rig.settle();
    publisher.publish("a", "unsent", Qos::AtLeastOnce);
    rig.settle();
    rig.restart(GetParam());
    subscriber.received.clear();
    subscriber.connect_durable();
    rig.settle();
    ASSERT_EQ(subscriber.payloads(), (std::vector<std::string>{"sent", "unsent"}));
    EXPECT_TRUE(subscriber.received[0].dup);
    EXPECT_FALSE(subscriber.received[1].dup);  // [MQTT-4.3.2-2]
}

TEST_P(DurabilityTest, KeepsTheOrderOfAQueueThatSeveralPublishersFilled) {
    TestClient& subscriber = durable_subscriber(Qos::AtLeastOnce);
    subscriber.drop();
    std::vector<TestClient*> publishers;
    for (int i = 0; i < 4; ++i) {
        publishers.push_back(&rig.client("publisher-" + std::to_string(i)));
        publishers.back()->connect();
    }
    for (int round = 0; round < 50; ++round) {
        for (TestClient* publisher : publishers) {
            publisher->publish("a", publisher->client_id + " " + std::to_string(round),
                               Qos::AtLeastOnce);
        }
        rig.run_for(100us);
    }
    rig.settle();
    for (const std::uint16_t shard_count : std::initializer_list<std::uint16_t>{3, 2, 1}) {
        rig.restart(shard_count);
    }
    EXPECT_EQ(rig.counters().queued_messages, 200U);
    subscriber.connect_durable();
    rig.run_for(5s);
    ASSERT_EQ(subscriber.received.size(), 200U);
    std::map<std::string, int> rounds;
    for (const std::string& payload : subscriber.payloads()) {
        const std::size_t space = payload.find(' ');
        EXPECT_EQ(std::stoi(payload.substr(space)), rounds[payload.substr(0, space)]++);
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(DurabilityTest, RecoversSubscriptionIdentifiersPropertiesAndExpiry) {
    TestClient& subscriber = rig.client("subscriber");
    subscriber.connect_durable();
    subscriber.subscribe("a", Qos::AtLeastOnce, {}, 300);
    subscriber.subscribe("+", Qos::AtLeastOnce, {}, 70'000);
    subscriber.drop();
    TestClient& publisher = durable_publisher();
    const std::vector<std::uint8_t> properties =
        mqtt::encode_message_properties({.payload_format_indicator = 1,
                                         .content_type = "text/plain",
                                         .response_topic = "reply",
                                         .correlation_data = as_bytes("\x01\x02")},
                                        std::vector<mqtt::UserProperty>{{"k", "1"}, {"k", "2"}});
    publisher.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                                 .topic = "a",
                                 .packet_id = PacketId(9),
                                 .payload = as_bytes("x"),
                                 .message_expiry_interval = 100,
                                 .properties = {properties}});
    publisher.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                                 .topic = "a",
                                 .packet_id = PacketId(10),
                                 .payload = as_bytes("short"),
                                 .message_expiry_interval = 5});
    rig.run_for(10s);
    rig.restart(GetParam());
    subscriber.connect_durable();
    rig.settle();
    ASSERT_EQ(subscriber.payloads(), std::vector<std::string>{"x"});  // [MQTT-3.3.2-5]
    const testing::Received& message = subscriber.received[0];
    EXPECT_THAT(message.identifiers, ::testing::UnorderedElementsAre(300U, 70'000U));
    EXPECT_EQ(message.expiry_s, 90U);  // [MQTT-3.3.2-6]
    EXPECT_EQ(message.content_type, "text/plain");
    EXPECT_EQ(message.response_topic, "reply");
    EXPECT_EQ(message.correlation, "\x01\x02");
    EXPECT_EQ(message.payload_format, 1);
    EXPECT_EQ(message.user_properties,
              (std::vector<std::pair<std::string, std::string>>{{"k", "1"}, {"k", "2"}}));
    EXPECT_EQ(rig.counters().dropped_expired, 1U);
}

/// A disk may err: what it gives back wrong is left out, the rest is used.
TEST_P(DurabilityTest, LeavesOutRecordsThatCannotBeUsed) {
    TestClient& subscriber = durable_subscriber(Qos::AtLeastOnce);
    subscriber.drop();
    TestClient& publisher = durable_publisher();
    publisher.publish("a", "good", Qos::AtLeastOnce, true);
    rig.settle();
    const std::uint8_t no_properties[] = {0x01, 0x07, 0xFF};
    const auto session = SessionId(rig.store().last_session_id().value() + 1);
    const auto message = MessageId(rig.store().last_message_id().value() + 1);
    storage::WriteBatch wrong;
    wrong.put_session({.id = session,
                       .client_id = "\xC0\x80",
                       .principal = "anonymous",
                       .session_expiry_interval_s = kForever,
                       .protocol_version = 5});
    wrong.put_subscription({.session = SessionId(1), .filter = "a/#/b", .options = 1});
    wrong.put_subscription({.session = SessionId(1), .filter = "c", .options = 3});
    for (std::uint64_t i = 0; i < 2; ++i) {
        const MessageId id(message.value() + i);
        wrong.put_message({.id = id,
                           .topic = i == 0 ? "a" : "a/+",
                           .payload = as_bytes("wrong"),
                           .properties = i == 0 ? Bytes(no_properties) : Bytes(),
                           .qos = Qos::AtLeastOnce});
        wrong.put_delivery({.session = SessionId(1),
                            .sequence = 100 + i,
                            .message = id,
                            .qos = Qos::AtLeastOnce,
                            .size_bytes = 50});
    }
    wrong.put_retained({.topic = "b", .payload = as_bytes("wrong"), .properties = no_properties});
    const storage::WriteBatch* const batches[] = {&wrong};
    ASSERT_TRUE(rig.store().commit(batches));
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().sessions, 2U);
    EXPECT_EQ(rig.counters().subscriptions, 1U);
    EXPECT_EQ(rig.counters().retained, 1U);
    EXPECT_TRUE(subscriber.connect_durable().session_present);
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"good"});
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    EXPECT_EQ(rig.counters().queued_bytes, 0U);
}

TEST_P(DurabilityTest, HoldsPublishersBackWhileTheDiskHangs) {
    TestClient& publisher = rig.client("publisher");
    publisher.connect();
    rig.journal().stall();
    // Retained with QoS 0: nothing is acknowledged, so nothing else holds it back.
    const std::string large(500'000, 'x');
    for (int i = 0; i < 300; ++i) {
        publisher.publish("a/" + std::to_string(i), large, Qos::AtMostOnce, true);
    }
    rig.run_for(60s);
    const Counters stalled = rig.counters();
    EXPECT_GT(stalled.publishers_held, 0U);
    EXPECT_LT(stalled.messages_in, 200U);
    TestClient& other = rig.client("other");
    other.connect();
    other.subscribe("b");
    other.publish("b", "x");  // needs no disk
    rig.settle();
    EXPECT_EQ(other.payloads(), std::vector<std::string>{"x"});
    rig.journal().resume();
    rig.run_for(60s);
    EXPECT_EQ(rig.counters().messages_in, 301U);
    EXPECT_EQ(rig.counters().retained, 300U);
}

/// The publisher's shard sends the message for the sake of others, as one that no disk wants.
TEST_P(DurabilityTest, KeepsWhatANewSubscriptionGetsFromAShardThatHasNotHeardOfIt) {
    for (int instant_us = 0; instant_us < 300; instant_us += 10) {
        BrokerRig node(with_shards({.seed = static_cast<std::uint64_t>(instant_us) + 1}));
        const auto home = narrow<std::uint16_t>(GetParam() - 1);
        TestClient& transient = node.client(node.id_on(home, "transient"));
        transient.connect();
        transient.subscribe("a", Qos::AtLeastOnce);
        TestClient& publisher = node.client(node.id_on(0, "publisher"));
        publisher.connect();
        TestClient& durable = node.client(node.id_on(home, "durable"));
        durable.acknowledges = false;
        durable.connect_durable();
        const mqtt::Subscription wanted{.filter = "a", .maximum_qos = Qos::AtLeastOnce};
        mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
        subscribe.subscriptions = std::span(&wanted, 1);
        durable.send(subscribe);
        for (int i = 0; i < 20; ++i) {
            node.run_for(std::chrono::microseconds(instant_us));
            publisher.publish("a", "once", Qos::AtLeastOnce);
        }
        node.settle();
        durable.drop();
        node.settle();
        const std::uint64_t queued = node.counters().queued_messages;
        EXPECT_EQ(queued, durable.received.size());
        node.restart(GetParam());
        EXPECT_EQ(node.counters().queued_messages, queued) << instant_us;
    }
}

TEST_P(DurabilityTest, LeavesNoRowOfASessionThatEndedMeanwhile) {
    TestClient& subscriber = durable_subscriber(Qos::AtLeastOnce);
    TestClient& publisher = durable_publisher();
    rig.settle();
    rig.journal().stall();
    publisher.publish("a", "x", Qos::AtLeastOnce);
    rig.run_for(100ms);
    subscriber.send(mqtt::Disconnect{.session_expiry_interval = 0});
    rig.run_for(100ms);
    rig.journal().resume();
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 1U);

    class Rows final : public storage::RecoveryVisitor {
      public:
        void on_session(const storage::SessionRecord&) override {}
        void on_subscription(const storage::SubscriptionRecord&) override {}
        void on_queue(const storage::QueueRecord&) override { ++count; }
        void on_delivery(const storage::DeliveryRecord&) override { ++count; }
        void on_inbound(SessionId, PacketId) override {}
        void on_retained(const storage::RetainedRecord&) override {}
        void on_mark(const storage::MarkRecord&) override {}
        std::size_t count = 0;
    } rows;
    ASSERT_TRUE(rig.store().recover(rows));
    EXPECT_EQ(rows.count, 0U);
    EXPECT_EQ(rig.store().message_count(), 0U);
}

}  // namespace
}  // namespace kith::broker
