// SUBSCRIBE and UNSUBSCRIBE: which messages come, how often, with which options.
#include <gmock/gmock.h>
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
using ::testing::UnorderedElementsAre;

class SubscribeTest : public testing::ShardsTest {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, SubscribeTest, testing::kShardCounts);

/// As many subscriptions as the configuration allows may match one topic, each with an identifier.
TEST(SubscriptionIdentifiers, ComeWithAMessageInAnyNumber) {
    BrokerRig node({.shard_count = 2,
                    .broker = testing::quiet({.subscriptions_per_session_max = 70'000,
                                              .subscribe_filters_max = 20'000})});
    TestClient& client = node.client(node.id_on(1, "client"));
    TestClient& publisher = node.client(node.id_on(0, "publisher"));
    client.connect_durable();
    publisher.connect();
    constexpr unsigned kLevels = 17;
    std::vector<std::string> filters;
    for (unsigned i = 0; i < 66'000; ++i) {
        std::string filter;
        for (unsigned level = 0; level < kLevels; ++level) {
            filter += (i >> level & 1U) != 0 ? "/+" : "/a";
        }
        filters.push_back(filter);
    }
    constexpr std::size_t kPerPacket = 16'500;
    for (std::size_t at = 0; at < filters.size(); at += kPerPacket) {
        std::vector<mqtt::Subscription> wanted;
        for (std::size_t i = at; i < std::min(at + kPerPacket, filters.size()); ++i) {
            wanted.push_back({.filter = filters[i], .maximum_qos = Qos::AtLeastOnce});
        }
        mqtt::Subscribe subscribe{.packet_id = PacketId(1), .subscription_identifier = 200'000'000};
        subscribe.subscriptions = wanted;
        client.ask(subscribe, PacketType::Suback);
    }
    std::string topic;
    for (unsigned level = 0; level < kLevels; ++level) {
        topic += "/a";
    }
    publisher.publish(topic, "x", Qos::AtLeastOnce);
    publisher.publish(topic, "y", Qos::AtMostOnce);
    node.settle();
    ASSERT_EQ(client.received.size(), 2U);
    EXPECT_EQ(client.received[0].identifiers.size(), filters.size());
    EXPECT_EQ(client.received[1].identifiers.size(), filters.size());
}

TEST_P(SubscribeTest, AnswersEachFilterInOrder) {
    TestClient& client = connected("client");
    const mqtt::Subscription wanted[] = {{.filter = "a", .maximum_qos = Qos::AtLeastOnce},
                                         {.filter = "a/#/b"},
                                         {.filter = "+/b", .maximum_qos = Qos::ExactlyOnce},
                                         {.filter = "$to/somebody/x"},
                                         {.filter = "$share//x"},
                                         {.filter = "#"}};
    mqtt::Subscribe packet{.packet_id = PacketId(17)};
    packet.subscriptions = wanted;
    const Answered suback = client.ask(packet, PacketType::Suback);
    EXPECT_EQ(suback.packet_id, PacketId(17));  // [MQTT-3.8.4-2]
    EXPECT_EQ(suback.reasons,                   // [MQTT-3.8.4-6], [MQTT-3.9.3-1]
              (std::vector{ReasonCode::GrantedQos1, ReasonCode::TopicFilterInvalid,
                           ReasonCode::GrantedQos2, ReasonCode::NotAuthorized,
                           ReasonCode::TopicFilterInvalid, ReasonCode::Success}));
    const std::string_view filters[] = {"a", "b", "a/#/b", "#"};
    mqtt::Unsubscribe unsubscribe{.packet_id = PacketId(18)};
    unsubscribe.filters = filters;
    const Answered unsuback = client.ask(unsubscribe, PacketType::Unsuback);
    EXPECT_EQ(unsuback.packet_id, PacketId(18));  // [MQTT-3.10.4-5]
    EXPECT_EQ(unsuback.reasons,                   // [MQTT-3.11.3-1]
              (std::vector{ReasonCode::Success, ReasonCode::NoSubscriptionExisted,
                           ReasonCode::TopicFilterInvalid, ReasonCode::Success}));
    EXPECT_EQ(rig.counters().subscriptions, 1U);
    EXPECT_EQ(rig.counters().refused_not_authorized, 1U);
}

TEST_P(SubscribeTest, AnswersMqtt3WithTheCodesItHas) {
    TestClient& client = rig.client("client");
    client.settings.version = Version::V311;
    client.connect();
    EXPECT_EQ(client.subscribe("a", Qos::ExactlyOnce).reasons,
              std::vector{ReasonCode::GrantedQos2});
    EXPECT_EQ(client.subscribe("$to/other/x").reasons, std::vector{ReasonCode::UnspecifiedError});
    EXPECT_EQ(client.unsubscribe("a").type, PacketType::Unsuback);
}

TEST_P(SubscribeTest, MatchesFiltersAsTheStandardSays) {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"#", {"a", "a/b", "a/b/c", "/a", "/"}},
        {"+", {"a"}},
        {"a/#", {"a", "a/b", "a/b/c"}},
        {"a/+", {"a/b"}},
        {"+/+", {"a/b", "/a", "/"}},
        {"/+", {"/a", "/"}},
        {"a/+/c", {"a/b/c"}},
        {"+/b/#", {"a/b", "a/b/c"}},
        {"$SYS/#", {}},
        {"A", {}}};  // [MQTT-4.7.3-4]
    TestClient& publisher = connected("publisher");
    for (const auto& [filter, topics] : cases) {
        TestClient& client = connected("client");
        client.subscribe(filter);
        for (const char* topic : {"a", "a/b", "a/b/c", "/a", "/", "$to/x/y"}) {
            publisher.publish(topic, topic);
        }
        rig.settle();
        EXPECT_EQ(client.payloads(), topics) << filter;  // [MQTT-4.7.2-1]
    }
}

TEST_P(SubscribeTest, DeliversOneCopyForOverlappingSubscriptions) {
    TestClient& client = connected("client");
    client.subscribe("a/#", Qos::AtMostOnce, {}, 1);
    client.subscribe("a/+", Qos::ExactlyOnce, {}, 2);
    client.subscribe("+/b", Qos::AtLeastOnce, {.retain_as_published = true}, 200'000'000);
    client.subscribe("a/b", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    publisher.publish("a/b", "x", Qos::ExactlyOnce);
    rig.settle();
    ASSERT_EQ(client.received.size(), 1U);
    EXPECT_EQ(client.received[0].qos, Qos::ExactlyOnce);  // [MQTT-3.3.4-2]
    EXPECT_THAT(client.received[0].identifiers,           // [MQTT-3.3.4-3], [MQTT-3.3.4-4]
                UnorderedElementsAre(1U, 2U, 200'000'000U));
    client.received.clear();
    client.unsubscribe("a/+");
    publisher.publish("a/b", "y", Qos::ExactlyOnce);
    rig.settle();
    ASSERT_EQ(client.received.size(), 1U);
    EXPECT_EQ(client.received[0].qos, Qos::AtLeastOnce);
    EXPECT_THAT(client.received[0].identifiers, UnorderedElementsAre(1U, 200'000'000U));
}

TEST_P(SubscribeTest, ReplacesASubscriptionAndLosesNothing) {
    TestClient& client = connected("client");
    client.subscribe("a", Qos::AtLeastOnce, {}, 1);
    TestClient& publisher = connected("publisher");
    int sent = 0;
    for (int i = 0; i < 30; ++i) {
        const mqtt::Subscription wanted{
            .filter = "a", .maximum_qos = i % 2 == 0 ? Qos::AtMostOnce : Qos::AtLeastOnce};
        mqtt::Subscribe packet{.packet_id = PacketId(static_cast<std::uint16_t>(1000 + i)),
                               .subscription_identifier = static_cast<std::uint32_t>(i + 1)};
        packet.subscriptions = std::span(&wanted, 1);
        client.send(packet);
        for (int j = 0; j < 5; ++j) {
            publisher.publish("a", std::to_string(sent++), Qos::AtLeastOnce);
            rig.run_for(70us);
        }
    }
    rig.settle();
    EXPECT_EQ(client.received.size(), static_cast<std::size_t>(sent));  // [MQTT-3.8.4-4]
    EXPECT_EQ(rig.counters().subscriptions, 1U);                        // [MQTT-3.8.4-3]
    EXPECT_EQ(client.received.back().identifiers, std::vector<std::uint32_t>{30});
    client.unsubscribe("a");
    publisher.publish("a", "x");
    rig.settle();
    EXPECT_EQ(client.received.size(), static_cast<std::size_t>(sent));  // [MQTT-3.10.4-2]
}

TEST_P(SubscribeTest, EchoesNothingWithNoLocal) {
    TestClient& client = connected("client");
    client.subscribe("a", Qos::AtLeastOnce, {.no_local = true}, 1);
    TestClient& other = connected("other");
    other.subscribe("a", Qos::AtLeastOnce, {.no_local = true});
    client.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_TRUE(client.received.empty());  // [MQTT-3.8.3-3]
    EXPECT_EQ(other.payloads(), std::vector<std::string>{"x"});
    // Another subscription without No Local gets it, alone.
    client.subscribe("#", Qos::AtMostOnce, {}, 2);
    client.publish("a", "y", Qos::AtLeastOnce);
    rig.settle();
    ASSERT_EQ(client.payloads(), std::vector<std::string>{"y"});
    EXPECT_EQ(client.received[0].qos, Qos::AtMostOnce);
    EXPECT_EQ(client.received[0].identifiers, std::vector<std::uint32_t>{2});
    other.publish("a", "z", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(client.received.back().qos, Qos::AtLeastOnce);
    EXPECT_THAT(client.received.back().identifiers, UnorderedElementsAre(1U, 2U));
}

TEST_P(SubscribeTest, EndsAClientThatWantsNoLocalOnASharedSubscription) {
    TestClient& client = connected("client");
    const mqtt::Subscription wanted[] = {{.filter = "a"},
                                         {.filter = "$share/g/a", .no_local = true}};
    mqtt::Subscribe packet{.packet_id = PacketId(1)};
    packet.subscriptions = wanted;
    client.send(packet);
    EXPECT_TRUE(client.wait_closed());  // [MQTT-3.8.3-4]
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
    EXPECT_EQ(client.count(PacketType::Suback), 0U);
}

TEST_P(SubscribeTest, KeepsTheRetainFlagOfThePublisherWhenAsked) {
    TestClient& plain = connected("plain");
    TestClient& kept = connected("kept");
    plain.subscribe("a");
    kept.subscribe("a", Qos::AtMostOnce, {.retain_as_published = true});
    TestClient& publisher = connected("publisher");
    publisher.publish("a", "x", Qos::AtMostOnce, true);
    publisher.publish("a", "y", Qos::AtMostOnce, false);
    rig.settle();
    ASSERT_EQ(plain.received.size(), 2U);
    ASSERT_EQ(kept.received.size(), 2U);
    EXPECT_FALSE(plain.received[0].retain);  // [MQTT-3.3.1-12]
    EXPECT_TRUE(kept.received[0].retain);    // [MQTT-3.3.1-13]
    EXPECT_FALSE(kept.received[1].retain);
}

TEST_P(SubscribeTest, LimitsSubscriptionsOfASession) {
    BrokerRig small({.shard_count = GetParam(),
                     .broker = testing::quiet({.subscriptions_per_session_max = 2})});
    TestClient& client = small.client("client");
    client.connect();
    EXPECT_EQ(client.subscribe("a").reasons, std::vector{ReasonCode::Success});
    EXPECT_EQ(client.subscribe("b").reasons, std::vector{ReasonCode::Success});
    EXPECT_EQ(client.subscribe("c").reasons, std::vector{ReasonCode::QuotaExceeded});
    EXPECT_EQ(client.subscribe("a", Qos::AtLeastOnce).reasons,
              std::vector{ReasonCode::GrantedQos1});  // not a new one
    client.unsubscribe("b");
    EXPECT_EQ(client.subscribe("c").reasons, std::vector{ReasonCode::Success});
}

/// Who has a SUBACK misses nothing that is published from then on, on whatever shard.
TEST_P(SubscribeTest, IsKnownEverywhereWhenItIsAnswered) {
    std::vector<TestClient*> publishers;
    for (std::uint16_t i = 0; i < GetParam(); ++i) {
        publishers.push_back(&connected(rig.id_on(i, "publisher")));
    }
    for (int round = 0; round < 20; ++round) {
        const std::string topic = "t/" + std::to_string(round);
        TestClient& client = rig.client("client-" + std::to_string(round));
        client.connect();
        client.subscribe(topic);
        for (TestClient* publisher : publishers) {
            publisher->publish(topic, "x");
        }
        rig.settle();
        EXPECT_EQ(client.received.size(), publishers.size());
    }
}

TEST_P(SubscribeTest, FinishesDeliveriesAfterUnsubscribe) {
    TestClient& client = connected("client");
    client.acknowledges = false;
    client.subscribe("a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publisher.publish("a", "x", Qos::ExactlyOnce);
    rig.settle();
    client.unsubscribe("a");
    client.acknowledge(PacketType::Pubrec, client.received[0].packet_id);
    rig.settle();
    EXPECT_EQ(client.count(PacketType::Pubrel), 1U);  // [MQTT-3.10.4-3]
}

TEST_P(SubscribeTest, ShowsWhoWouldGetATopic) {
    TestClient& client = connected(rig.id_on(0, "client"));
    client.subscribe("a/+");
    EXPECT_EQ(rig.shard(0).subscribers_of("a/b", 10), std::vector<std::string>{client.client_id});
    EXPECT_EQ(rig.shard(0).subscriber_count("a/b"), 1U);
    EXPECT_TRUE(rig.shard(0).subscribers_of("a/b", 0).empty());
    EXPECT_TRUE(rig.shard(0).subscribers_of("b", 10).empty());
}

}  // namespace
}  // namespace kith::broker
