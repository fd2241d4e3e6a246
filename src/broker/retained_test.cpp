// Retained messages: kept, sent to new subscriptions, cleared, limited, and in order.
#include <gtest/gtest.h>

#include <set>

#include "broker/limits.h"
#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::RetainHandling;
using testing::BrokerRig;
using testing::TestClient;

class RetainedTest : public testing::ShardsTest {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    /// What a new subscriber to `filter` gets.
    std::vector<std::string> retained(std::string_view filter) {
        TestClient& client = connected("reader-" + std::to_string(++readers_));
        client.subscribe(filter);
        rig.settle();
        std::vector<std::string> payloads = client.payloads();
        std::ranges::sort(payloads);
        client.disconnect();
        return payloads;
    }
    void publish(TestClient& client, std::string_view topic, std::string_view payload,
                 std::uint32_t expiry_s = 0) {
        mqtt::Publish packet{.qos = Qos::AtLeastOnce,
                             .retain = true,
                             .topic = topic,
                             .packet_id = PacketId(1),
                             .payload = as_bytes(payload)};
        if (expiry_s != 0) {
            packet.message_expiry_interval = expiry_s;
        }
        EXPECT_EQ(client.ask(packet, PacketType::Puback).type, PacketType::Puback);
    }
    std::size_t stored_count() {
        class Rows final : public storage::RecoveryVisitor {
          public:
            void on_session(const storage::SessionRecord&) override {}
            void on_subscription(const storage::SubscriptionRecord&) override {}
            void on_queue(const storage::QueueRecord&) override {}
            void on_delivery(const storage::DeliveryRecord&) override {}
            void on_inbound(SessionId, PacketId) override {}
            void on_retained(const storage::RetainedRecord&) override { ++count; }
            void on_mark(const storage::MarkRecord&) override {}
            std::size_t count = 0;
        } rows;
        EXPECT_TRUE(rig.store().recover(rows));
        return rows.count;
    }

  private:
    int readers_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Shards, RetainedTest, testing::kShardCounts);

TEST_P(RetainedTest, AreSentToNewSubscriptions) {
    TestClient& publisher = connected("publisher");
    for (const char* topic : {"a", "a/b", "a/c", "b"}) {
        publisher.publish(topic, topic, Qos::AtLeastOnce, true);  // [MQTT-3.3.1-5]
    }
    publisher.publish("a/b", "not kept", Qos::AtLeastOnce, false);  // [MQTT-3.3.1-8]
    rig.settle();
    EXPECT_EQ(retained("a"), std::vector<std::string>{"a"});
    EXPECT_EQ(retained("a/#"), (std::vector<std::string>{"a", "a/b", "a/c"}));
    EXPECT_EQ(retained("+/b"), std::vector<std::string>{"a/b"});
    EXPECT_EQ(retained("#"), (std::vector<std::string>{"a", "a/b", "a/c", "b"}));
    EXPECT_EQ(retained("c"), std::vector<std::string>{});
    EXPECT_EQ(rig.counters().retained, 4U);

    TestClient& client = connected("client");
    client.subscribe("a", Qos::ExactlyOnce, {}, 9);
    rig.settle();
    ASSERT_EQ(client.received.size(), 1U);
    EXPECT_TRUE(client.received[0].retain);
    EXPECT_EQ(client.received[0].qos, Qos::AtLeastOnce);
    EXPECT_EQ(client.received[0].identifiers, std::vector<std::uint32_t>{9});
}

TEST_P(RetainedTest, AreReplacedAndCleared) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "1");
    publish(publisher, "a", "2");
    EXPECT_EQ(retained("a"), std::vector<std::string>{"2"});
    TestClient& live = connected("live");
    live.subscribe("a");
    rig.settle();
    publish(publisher, "a", "");  // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
    rig.settle();
    EXPECT_EQ(live.payloads(), (std::vector<std::string>{"2", ""}));
    EXPECT_EQ(retained("a"), std::vector<std::string>{});
    EXPECT_EQ(rig.counters().retained, 0U);
    EXPECT_EQ(rig.counters().retained_bytes, 0U);
    EXPECT_EQ(stored_count(), 0U);
}

TEST_P(RetainedTest, AreSentAsRetainHandlingSays) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "x");
    TestClient& client = connected("client");
    const auto subscribe = [&](RetainHandling handling) {
        client.received.clear();
        client.subscribe("a", Qos::AtMostOnce, {.retain_handling = handling});
        rig.settle();
        return client.received.size();
    };
    EXPECT_EQ(subscribe(RetainHandling::DoNotSend), 0U);        // [MQTT-3.3.1-11]
    EXPECT_EQ(subscribe(RetainHandling::SendIfNew), 0U);        // [MQTT-3.3.1-10]
    EXPECT_EQ(subscribe(RetainHandling::SendOnSubscribe), 1U);  // [MQTT-3.3.1-9]
    EXPECT_EQ(subscribe(RetainHandling::SendOnSubscribe), 1U);  // [MQTT-3.8.4-4]
    client.unsubscribe("a");
    EXPECT_EQ(subscribe(RetainHandling::SendIfNew), 1U);
}

TEST_P(RetainedTest, AreNotSentToSharedSubscriptions) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "x");
    EXPECT_EQ(retained("$share/g/a"), std::vector<std::string>{});
}

TEST_P(RetainedTest, AreNotSentToWhoPublishedThemAndWantsNoLocal) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "x");
    publisher.subscribe("a", Qos::AtMostOnce, {.no_local = true});
    rig.settle();
    EXPECT_TRUE(publisher.received.empty());
}

TEST_P(RetainedTest, ComeBackAfterARestart) {
    TestClient& publisher = connected("publisher");
    const std::vector<std::uint8_t> properties = mqtt::encode_message_properties(
        {.content_type = "text/plain"}, std::vector<mqtt::UserProperty>{{"k", "v"}});
    publisher.ask(mqtt::Publish{.qos = Qos::ExactlyOnce,
                                .retain = true,
                                .topic = "a",
                                .packet_id = PacketId(3),
                                .payload = as_bytes("x"),
                                .message_expiry_interval = 1000,
                                .properties = {properties}},
                  PacketType::Pubcomp);
    for (int i = 0; i < 50; ++i) {
        publish(publisher, "many/" + std::to_string(i), "v");
    }
    rig.run_for(100s);
    for (const std::uint16_t shard_count : std::initializer_list<std::uint16_t>{3, 1, 4}) {
        rig.restart(shard_count);
        EXPECT_EQ(rig.counters().retained, 51U);
        EXPECT_EQ(retained("many/+").size(), 50U);
    }
    TestClient& client = connected("client");
    client.subscribe("a", Qos::ExactlyOnce);
    rig.settle();
    ASSERT_EQ(client.payloads(), std::vector<std::string>{"x"});
    EXPECT_EQ(client.received[0].qos, Qos::ExactlyOnce);
    EXPECT_EQ(client.received[0].content_type, "text/plain");
    EXPECT_LE(client.received[0].expiry_s, 900U);
    EXPECT_GE(client.received[0].expiry_s, 800U);
}

TEST_P(RetainedTest, ExpireInMemoryAndOnDisk) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "x", 10);
    publish(publisher, "b", "y");
    rig.run_for(11s);
    EXPECT_EQ(stored_count(), 2U);  // nobody has asked
    EXPECT_EQ(retained("#"), std::vector<std::string>{"y"});
    rig.settle();
    EXPECT_EQ(rig.counters().retained, 1U);
    EXPECT_EQ(stored_count(), 1U);
    publish(publisher, "a", "x", 10);
    rig.run_for(11s);
    rig.restart(GetParam());
    EXPECT_EQ(retained("#"), std::vector<std::string>{"y"});
    rig.settle();
    EXPECT_EQ(stored_count(), 1U);
}

/// Whoever looks at all retained messages finds those that have expired; the disk hears of it later
/// and must not forget what was published meanwhile.
TEST_P(RetainedTest, AnExpiredOneDoesNotTakeItsSuccessorFromTheDisk) {
    const auto look = [this] {
        for (std::uint16_t i = 0; i < GetParam(); ++i) {
            rig.shard(i).for_each_retained([](const RetainedView&) {});
        }
        rig.settle();
    };
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "old", 10);
    rig.run_for(11s);
    look();
    EXPECT_EQ(stored_count(), 0U);
    publish(publisher, "a", "older", 10);
    rig.run_for(11s);
    publish(publisher, "a", "new");
    look();
    EXPECT_EQ(retained("b"), std::vector<std::string>{});
    rig.settle();
    rig.restart(GetParam());
    EXPECT_EQ(retained("a"), std::vector<std::string>{"new"});
}

TEST_P(RetainedTest, AreRefusedAtTheLimitUnlessOthersHaveExpired) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.retained_messages_max = 4})});
    TestClient& publisher = small.client("publisher");
    TestClient& subscriber = small.client("subscriber");
    subscriber.connect();
    publisher.connect();
    subscriber.subscribe("#");
    std::size_t refused = 0;
    for (int i = 0; i < 40; ++i) {
        publisher.publish("t/" + std::to_string(i), "x", Qos::AtLeastOnce, true);
        small.settle();
        const ReasonCode reason = publisher.last(PacketType::Puback).reason;
        refused += reason == ReasonCode::QuotaExceeded ? 1U : 0U;
        EXPECT_TRUE(reason == ReasonCode::QuotaExceeded || reason == ReasonCode::Success);
    }
    EXPECT_EQ(small.counters().refused_retained_full, refused);
    EXPECT_EQ(small.counters().retained, 40 - refused);
    EXPECT_LE(small.counters().retained, 4U + 2 * GetParam());
    EXPECT_EQ(subscriber.received.size(), 40 - refused);  // a refused one reaches nobody
    EXPECT_TRUE(publisher.is_open());
    // One that is there may change; QoS 2 is refused with its PUBREC.
    const std::string topic = subscriber.received[0].topic;
    publisher.publish(topic, "y", Qos::ExactlyOnce, true);
    small.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubrec).reason, ReasonCode::Success);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);
    for (int i = 100; i < 120; ++i) {
        publisher.publish("t/" + std::to_string(i), "x", Qos::ExactlyOnce, true);
    }
    small.settle();
    EXPECT_EQ(publisher.last(PacketType::Pubrec).reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(publisher.count(PacketType::Pubcomp), 1U);  // [MQTT-4.3.3-9]
    EXPECT_TRUE(publisher.is_open());
}

TEST_P(RetainedTest, AreRefusedWhenTheirBytesAreTooMany) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.retained_bytes_max = 100'000})});
    TestClient& publisher = small.client("publisher");
    publisher.connect();
    const std::string large(5'000, 'x');
    for (int i = 0; i < 100; ++i) {
        publisher.publish("t/" + std::to_string(i), large, Qos::AtLeastOnce, true);
        small.settle();
    }
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::QuotaExceeded);
    const Counters full = small.counters();
    EXPECT_GT(full.retained, 10U);
    EXPECT_LE(full.retained_bytes, 100'000U);
    EXPECT_EQ(full.refused_retained_full, 100 - full.retained);
    // One that is there may change if it does not grow, or go.
    TestClient& reader = small.client("reader");
    reader.connect();
    reader.subscribe("t/#");
    small.settle();
    const std::string topic = reader.received.at(0).topic;
    publisher.publish(topic, large, Qos::AtLeastOnce, true);
    small.settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::Success);
    publisher.publish(topic, std::string(100'000, 'x'), Qos::AtLeastOnce, true);
    small.settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::QuotaExceeded);
    publisher.publish(topic, "", Qos::AtLeastOnce, true);
    small.settle();
    EXPECT_EQ(small.counters().retained, full.retained - 1);
    publisher.publish(topic, "small", Qos::AtLeastOnce, true);
    small.settle();
    EXPECT_EQ(small.counters().retained, full.retained);
}

TEST_P(RetainedTest, MakeRoomWhenFullAndExpired) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.retained_messages_max = 4})});
    TestClient& publisher = small.client("publisher");
    publisher.connect();
    for (int i = 0; i < 40; ++i) {
        publisher.send(mqtt::Publish{.retain = true,
                                     .topic = "short/" + std::to_string(i),
                                     .payload = as_bytes("x"),
                                     .message_expiry_interval = 5});
    }
    small.run_for(20s);
    const std::uint64_t before = small.counters().refused_retained_full;
    for (int i = 0; i < 4; ++i) {
        publisher.publish("long/" + std::to_string(i), "x", Qos::AtLeastOnce, true);
        small.settle();
    }
    // The first one may find the room with another shard, which then looks.
    EXPECT_LE(small.counters().refused_retained_full - before, 1U);
    TestClient& reader = small.client("reader");
    reader.connect();
    reader.subscribe("short/#");
    small.settle();
    EXPECT_TRUE(reader.received.empty());
}

/// What fills the socket of a client that does not read many times over.
class RetainedFloodTest : public RetainedTest {
  protected:
    static constexpr std::size_t kCount = 5 * kSnapshotChunkMessages;
    void publish_many() {
        TestClient& publisher = connected("publisher");
        for (std::size_t i = 0; i < kCount; ++i) {
            publisher.publish("t/" + std::to_string(i), std::string(2000, 'x'), Qos::AtMostOnce,
                              true);
        }
        rig.run_for(2s);
    }
    static void send_subscribe(TestClient& client, std::uint16_t packet_id) {
        const mqtt::Subscription wanted{.filter = "#"};
        mqtt::Subscribe subscribe{.packet_id = PacketId(packet_id)};
        subscribe.subscriptions = std::span(&wanted, 1);
        client.send(subscribe);
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, RetainedFloodTest, testing::kShardCounts);

TEST_P(RetainedFloodTest, StopsWhenTheSubscriptionEnds) {  // [MQTT-3.10.4-2]
    publish_many();
    TestClient& client = connected("client");
    client.subscribe("#");
    client.pause_reading();
    rig.run_for(10s);
    const std::string_view filter = "#";
    mqtt::Unsubscribe unsubscribe{.packet_id = PacketId(9)};
    unsubscribe.filters = std::span(&filter, 1);
    client.send(unsubscribe);
    rig.run_for(1s);
    client.resume_reading();
    rig.run_for(10s);
    EXPECT_EQ(client.count(PacketType::Unsuback), 1U);
    EXPECT_LT(client.received.size(), kCount - kSnapshotChunkMessages);
    client.received.clear();
    client.subscribe("#");
    rig.run_for(10s);
    EXPECT_EQ(client.received.size(), kCount);
}

/// Each SUBSCRIBE asks for all of them [MQTT-3.8.4-4]; but not for a list of all of them each.
TEST_P(RetainedFloodTest, IsSentOnceForManySubscribesThatWait) {
    publish_many();
    TestClient& client = connected("client");
    client.subscribe("#");
    client.pause_reading();
    rig.run_for(1s);
    for (std::uint16_t i = 100; i < 200; ++i) {
        send_subscribe(client, i);
    }
    rig.run_for(10s);
    client.resume_reading();
    rig.run_for(30s);
    EXPECT_EQ(client.count(PacketType::Suback), 101U);
    EXPECT_EQ(client.received.size(), 2 * kCount);
    EXPECT_TRUE(client.is_open());
}

TEST_P(RetainedFloodTest, EndsWithTheConnection) {
    publish_many();
    TestClient& client = rig.client("client");
    client.connect_durable();
    client.subscribe("#");
    client.pause_reading();
    send_subscribe(client, 100);
    rig.run_for(10s);
    client.drop();
    EXPECT_TRUE(client.connect_durable().session_present);
    client.received.clear();
    rig.run_for(10s);
    EXPECT_EQ(client.received.size(), 0U);
    client.subscribe("#");
    rig.run_for(10s);
    EXPECT_EQ(client.received.size(), kCount);
}

TEST_P(RetainedTest, ComeInChunksAsFastAsTheClientReads) {
    TestClient& publisher = connected("publisher");
    constexpr std::size_t kCount = 5 * kSnapshotChunkMessages;
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("t/" + std::to_string(i), std::string(2000, 'x'), Qos::AtMostOnce, true);
    }
    rig.run_for(2s);
    TestClient& client = connected("client");
    client.subscribe("#");
    client.pause_reading();
    rig.run_for(10s);
    EXPECT_LT(client.received.size(), kCount);
    EXPECT_EQ(rig.counters().dropped_slow, 0U);
    client.resume_reading();
    rig.run_for(10s);
    EXPECT_EQ(client.received.size(), kCount);
    std::set<std::string> topics;
    for (const testing::Received& message : client.received) {
        EXPECT_TRUE(message.retain);
        topics.insert(message.topic);
    }
    EXPECT_EQ(topics.size(), kCount);
}

TEST_P(RetainedTest, StopWhenTheirClientGoes) {
    TestClient& publisher = connected("publisher");
    for (std::size_t i = 0; i < 5 * kSnapshotChunkMessages; ++i) {
        publisher.publish("t/" + std::to_string(i), std::string(5000, 'x'), Qos::AtMostOnce, true);
    }
    rig.run_for(2s);
    for (int i = 0; i < 3; ++i) {
        TestClient& client = rig.client("client");
        i == 2 ? client.connect_durable() : client.connect();
        client.subscribe("#", Qos::AtLeastOnce);
        client.pause_reading();
        rig.run_for(50ms);
        client.drop();
        rig.run_for(1s);
    }
    TestClient& other = connected("other");
    other.subscribe("t/1");
    rig.settle();
    EXPECT_EQ(other.received.size(), 1U);
}

/// While a large snapshot is on its way, newer values go live: no older one comes after them.
TEST_P(RetainedTest, NeverComeAfterANewerValue) {
    TestClient& publisher = connected("publisher");
    constexpr int kCount = 800;
    for (int i = 0; i < kCount; ++i) {
        publisher.publish("t/" + std::to_string(i), "old", Qos::AtMostOnce, true);
    }
    rig.run_for(1s);
    TestClient& client = connected("client");
    client.subscribe("#", Qos::AtMostOnce, {.retain_as_published = true});
    for (int i = 0; i < kCount; ++i) {
        publisher.publish("t/" + std::to_string(i), "new", Qos::AtMostOnce, true);
        if (i % 20 == 0) {
            rig.run_for(100us);
        }
    }
    rig.run_for(2s);
    std::set<std::string> renewed;
    for (const testing::Received& message : client.received) {
        if (message.payload == "new") {
            renewed.insert(message.topic);
        } else {
            EXPECT_FALSE(renewed.contains(message.topic)) << message.topic;
        }
    }
    EXPECT_EQ(renewed.size(), static_cast<std::size_t>(kCount));
}

TEST_P(RetainedTest, AreShownToTheNode) {
    TestClient& publisher = connected("publisher");
    publish(publisher, "a", "x");
    publish(publisher, "$to/somebody/x", "y");
    std::vector<std::string> topics;
    for (std::uint16_t i = 0; i < GetParam(); ++i) {
        rig.shard(i).for_each_retained([&](const RetainedView& view) {
            topics.emplace_back(view.topic);
            EXPECT_EQ(view.qos, Qos::AtLeastOnce);
        });
    }
    std::ranges::sort(topics);
    EXPECT_EQ(topics, (std::vector<std::string>{"$to/somebody/x", "a"}));
}

}  // namespace
}  // namespace kith::broker
