// What is refused when a limit of the node or of a client is reached: with which reason, counted
// where, and that nobody else notices.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::BrokerRig;
using testing::TestClient;

class LimitsTest : public testing::ShardsTest {
  protected:
    /// A node with these options, and as many shards as the test has.
    static testing::RigOptions node_with(const BrokerOptions& options) {
        return with_shards({.broker = testing::quiet(options)});
    }

    static std::uint64_t reached(BrokerRig& rig, Limit limit) {
        return rig.counters().limits[static_cast<std::size_t>(limit)].reached_count;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, LimitsTest, testing::kShardCounts);

TEST_P(LimitsTest, LetsInAsManySessionsAsTheNodeMayHaveWhereverTheyLive) {
    BrokerRig small(node_with({.sessions_max = 3}));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(small.client(small.id_on(0, "one-" + std::to_string(i))).connect_durable().reason,
                  ReasonCode::Success);
    }
    TestClient& late = small.client("late");
    EXPECT_EQ(late.connect().reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(reached(small, Limit::Sessions), 1U);
    EXPECT_EQ(small.events().last(EventKind::LimitReached).client_id, "late");
}

TEST_P(LimitsTest, CountsASessionOnceHoweverOftenItComesBack) {
    BrokerRig small(node_with({.sessions_max = 1}));
    TestClient& only = small.client("only");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(only.connect().reason, ReasonCode::Success);
        only.disconnect();
        small.settle();
    }
    EXPECT_EQ(only.connect_durable().reason, ReasonCode::Success);
    small.settle();
    small.restart(GetParam());
    EXPECT_EQ(small.client("other").connect().reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(small.client("only").connect().reason, ReasonCode::Success);
}

TEST_P(LimitsTest, RefusesSubscriptionsBeyondThoseOfTheNode) {
    BrokerRig small(node_with({.subscriptions_max = 2}));
    TestClient& first = small.client(small.id_on(0, "first"));
    TestClient& second = small.client(small.id_on(GetParam() - 1, "second"));
    first.connect();
    second.connect();
    EXPECT_EQ(first.subscribe("a").reasons.front(), ReasonCode::Success);
    EXPECT_EQ(second.subscribe("a").reasons.front(), ReasonCode::Success);
    EXPECT_EQ(second.subscribe("a").reasons.front(), ReasonCode::Success);  // the same again
    EXPECT_EQ(second.subscribe("b").reasons.front(), ReasonCode::QuotaExceeded);
    EXPECT_EQ(reached(small, Limit::Subscriptions), 1U);
    first.unsubscribe("a");
    EXPECT_EQ(second.subscribe("b").reasons.front(), ReasonCode::Success);
    second.disconnect();
    small.settle();
    EXPECT_EQ(first.subscribe("c").reasons.front(), ReasonCode::Success);
}

TEST_P(LimitsTest, AnswersTheFiltersOfALongSubscribeThatAreTooMany) {
    BrokerRig small(node_with({.subscribe_filters_max = 2}));
    TestClient& client = small.client("client");
    client.connect();
    const mqtt::Subscription wanted[] = {{.filter = "a"}, {.filter = "b"}, {.filter = "c"}};
    mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
    subscribe.subscriptions = {wanted, wanted + 3};
    const std::vector<ReasonCode> expected{ReasonCode::Success, ReasonCode::Success,
                                           ReasonCode::QuotaExceeded};
    EXPECT_EQ(client.ask(subscribe, PacketType::Suback).reasons, expected);
    EXPECT_EQ(reached(small, Limit::SubscribeFilters), 1U);
}

TEST_P(LimitsTest, RefusesTopicsWithMoreLevelsThanAllowed) {
    BrokerRig small(node_with({.topic_levels_max = 2}));
    TestClient& client = small.client("client");
    client.connect();
    EXPECT_EQ(client.subscribe("a/b").reasons.front(), ReasonCode::Success);
    EXPECT_EQ(client.subscribe("a/b/#").reasons.front(), ReasonCode::TopicFilterInvalid);
    client.publish("a/b/c", "x", Qos::AtLeastOnce);
    EXPECT_EQ(client.wait_for(PacketType::Puback).reason, ReasonCode::TopicNameInvalid);
    client.publish("a/b", "x", Qos::AtLeastOnce);
    small.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"x"});
    EXPECT_EQ(reached(small, Limit::TopicLevels), 2U);
}

TEST_P(LimitsTest, RefusesWillsThatAreTooLargeOrTooMany) {
    BrokerRig small(node_with({.will_bytes_max = 100, .wills_bytes_max = 300}));
    const std::string large(100, 'x');
    TestClient& greedy = small.client("greedy");
    greedy.settings.will = mqtt::Will{.topic = "w", .payload = as_bytes(large)};
    EXPECT_EQ(greedy.connect().reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(reached(small, Limit::WillBytes), 1U);
    const std::string fits(90, 'x');
    std::vector<TestClient*> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(&small.client("client-" + std::to_string(i)));
        clients.back()->settings.will = mqtt::Will{.topic = "w", .payload = as_bytes(fits)};
        EXPECT_EQ(clients.back()->connect().reason, ReasonCode::Success);
    }
    greedy.settings.will = mqtt::Will{.topic = "w", .payload = as_bytes(fits)};
    EXPECT_EQ(greedy.connect().reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(reached(small, Limit::WillsBytes), 1U);
    clients[0]->disconnect();
    small.settle();
    EXPECT_EQ(greedy.connect().reason, ReasonCode::Success);
}

TEST_P(LimitsTest, TurnsAwayWhoComesWhileTooManyHaveNotSaidConnect) {
    BrokerRig small(node_with({.pending_connections_max = 2}));
    TestClient& known = small.client("known");
    EXPECT_EQ(known.connect().reason, ReasonCode::Success);  // it does not count any more
    TestClient& first = small.client("first");
    TestClient& second = small.client("second");
    first.open_stream();
    second.open_stream();
    small.settle();
    TestClient& late = small.client("late");
    EXPECT_NE(late.connect().type, PacketType::Connack);
    EXPECT_EQ(reached(small, Limit::PendingConnections), 1U);
    small.run_for(11s);  // they are closed for saying nothing
    EXPECT_EQ(late.connect().reason, ReasonCode::Success);
    EXPECT_TRUE(known.is_open());
}

TEST_P(LimitsTest, ClosesWhoFillsTheMemoryOfThoseWithoutConnect) {
    BrokerRig small(node_with({.pending_bytes_max = 100'000}));
    // The start of a CONNECT of 200,000 bytes.
    std::vector<std::uint8_t> part(60'000, 0);
    part[0] = 0x10;
    part[1] = 0xC0;
    part[2] = 0x9A;
    part[3] = 0x0C;
    TestClient& first = small.client("first");
    TestClient& second = small.client("second");
    first.open_stream();
    first.send_raw(part);
    small.settle();
    second.open_stream();
    second.send_raw(part);
    EXPECT_TRUE(second.wait_closed());
    EXPECT_GE(reached(small, Limit::PendingBytes), 1U);
    EXPECT_TRUE(first.is_open());
    EXPECT_EQ(small.client("third").connect().reason, ReasonCode::Success);
    first.drop();
    small.settle();
    second.open_stream();
    second.send_raw(part);
    small.settle();
    EXPECT_TRUE(second.is_open());
}

TEST_P(LimitsTest, StoresAsManyRetainedMessagesAsTheNodeMayHaveWhoeverOwnsThem) {
    BrokerRig small(node_with({.retained_messages_max = 4}));
    TestClient& publisher = small.client("publisher");
    publisher.connect();
    for (int i = 0; i < 5; ++i) {
        const std::string topic = small.topic_on(0, "one-" + std::to_string(i));
        publisher.publish(topic, "x", Qos::AtLeastOnce, true);
        EXPECT_EQ(publisher.wait_for(PacketType::Puback).reason,
                  i < 4 ? ReasonCode::NoMatchingSubscribers : ReasonCode::QuotaExceeded);
        small.settle();
        publisher.answers.clear();
    }
    EXPECT_EQ(small.counters().retained, 4U);
    EXPECT_EQ(reached(small, Limit::RetainedMessages), 1U);
}

TEST_P(LimitsTest, KeepsTheTopicsOfOthersFromAClientThatPublishesToEverNewOnes) {
    BrokerRig small(node_with({.topics_max = 100, .client_topics_max = 20}));
    TestClient& subscriber = small.client(small.id_on(GetParam() - 1, "subscriber"));
    subscriber.connect();
    subscriber.subscribe("#");
    TestClient& steady = small.client(small.id_on(0, "steady"));
    steady.connect();
    for (int i = 0; i < 5; ++i) {
        steady.publish("steady/" + std::to_string(i), "x");
    }
    small.settle();
    TestClient& wild = small.client(small.id_on(0, "wild"));
    wild.connect();
    for (int i = 0; i < 500; ++i) {
        wild.publish("wild/" + std::to_string(i), "x");
    }
    small.settle();
    EXPECT_EQ(subscriber.received.size(), 505U);
    EXPECT_EQ(small.counters().topics_evicted, 0U);
    EXPECT_GT(reached(small, Limit::ClientTopics), 400U);
    bool is_known = false;
    small.shard(0).for_each_topic(
        [&](const TopicView& view) { is_known |= view.topic == "steady/0"; });
    EXPECT_TRUE(is_known);
}

TEST_P(LimitsTest, KeepsOrderOnTopicsThatAreNotRemembered) {
    BrokerRig small(node_with({.topics_max = 100, .client_topics_max = 1}));
    TestClient& subscriber = small.client(small.id_on(GetParam() - 1, "subscriber"));
    subscriber.connect();
    subscriber.subscribe("#");
    TestClient& writer = small.client(small.id_on(0, "writer"));
    writer.connect();
    writer.publish("first", "x");
    const std::string topic = small.topic_on(GetParam() / 2, "topic");
    for (int i = 0; i < 20; ++i) {
        writer.publish(topic, std::to_string(i), Qos::AtMostOnce, i % 3 == 1);
    }
    small.settle();
    ASSERT_EQ(subscriber.received.size(), 21U);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(subscriber.received[static_cast<std::size_t>(i) + 1].payload, std::to_string(i));
    }
}

TEST_P(LimitsTest, TellsOfARefusalOnceAMinuteForEachClient) {
    BrokerRig small(node_with({.subscriptions_per_session_max = 1}));
    TestClient& client = small.client("client");
    client.connect();
    client.subscribe("a");
    for (int i = 0; i < 5; ++i) {
        client.subscribe("b");
    }
    EXPECT_EQ(reached(small, Limit::SessionSubscriptions), 5U);
    EXPECT_EQ(small.events().count(EventKind::LimitReached), 1U);
    small.run_for(61s);
    client.subscribe("b");
    EXPECT_EQ(small.events().count(EventKind::LimitReached), 2U);
}

}  // namespace
}  // namespace kith::broker
