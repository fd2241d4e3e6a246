// Shared subscriptions: one member of a group gets each message, and another when that one goes.
#include <gtest/gtest.h>

#include <set>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::BrokerRig;
using testing::TestClient;

class SharedTest : public testing::ShardsTest {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    TestClient& member(const std::string& id, Qos qos, std::string_view filter = "$share/g/a") {
        TestClient& client = connected(id);
        client.subscribe(filter, qos);
        return client;
    }
    TestClient& durable_member(const std::string& id, Qos qos) {
        TestClient& client = rig.client(id);
        client.connect_durable();
        client.subscribe("$share/g/a", qos);
        return client;
    }
    void publish(TestClient& publisher, int first, int last, Qos qos) {
        for (int i = first; i <= last; ++i) {
            publisher.publish("a", std::to_string(i), qos);
        }
    }
    /// All that these clients have got, sorted, as numbers.
    static std::vector<int> numbers(std::initializer_list<const TestClient*> clients) {
        std::vector<int> all;
        for (const TestClient* client : clients) {
            for (const std::string& payload : client->payloads()) {
                all.push_back(std::stoi(payload));
            }
        }
        std::ranges::sort(all);
        return all;
    }
    static std::vector<int> range(int first, int last) {
        std::vector<int> all;
        for (int i = first; i <= last; ++i) {
            all.push_back(i);
        }
        return all;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, SharedTest, testing::kShardCounts);

/// A client that has a subscription of its own beside the group's, or is in two groups, gets a
/// message once for each; and each is on disk until it is acknowledged.
TEST_P(SharedTest, KeepEachCopyOfASessionThatGetsSeveral) {
    TestClient& client = rig.client("client");
    client.connect_durable();
    for (const char* filter : {"a", "$share/g/a", "$share/h/a", "$share/i/a"}) {
        client.subscribe(filter, Qos::AtLeastOnce);
    }
    client.acknowledges = false;
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 3, Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 3U);
    ASSERT_EQ(client.received.size(), 12U);
    std::set<PacketId> unacknowledged;
    for (std::size_t i = 0; i < client.received.size(); ++i) {
        if (i % 2 == 0) {
            client.acknowledge(PacketType::Puback, client.received[i].packet_id);
        } else {
            unacknowledged.insert(client.received[i].packet_id);
        }
    }
    rig.settle();
    rig.restart(GetParam());
    client.received.clear();
    client.connect_durable();
    rig.settle();
    std::set<PacketId> resent;
    for (const testing::Received& message : client.received) {
        resent.insert(message.packet_id);
        client.acknowledge(PacketType::Puback, message.packet_id);
    }
    EXPECT_EQ(resent, unacknowledged);
    rig.settle();
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, GiveEachMessageToOneMemberInTurn) {
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        TestClient& a = member("member-a", qos);
        TestClient& b = member("member-b", qos);
        TestClient& c = member("member-c", qos);
        TestClient& publisher = connected("publisher");
        publish(publisher, 1, 30, qos);
        rig.settle();
        EXPECT_EQ(numbers({&a, &b, &c}), range(1, 30));
        for (const TestClient* client : {&a, &b, &c}) {
            EXPECT_EQ(client->received.size(), 10U);
            EXPECT_EQ(client->received[0].qos, qos);  // [MQTT-4.8.2-3]
        }
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, AreSeparateForGroupsFiltersAndOrdinarySubscriptions) {
    TestClient& a = member("member-a", Qos::AtLeastOnce, "$share/g/a");
    TestClient& b = member("member-b", Qos::AtLeastOnce, "$share/g/+");
    TestClient& c = member("member-c", Qos::AtLeastOnce, "$share/h/a");
    TestClient& plain = member("plain", Qos::AtLeastOnce, "a");
    // One client may be in several groups, and subscribe itself: each gives it a copy.
    TestClient& both = member("both", Qos::AtLeastOnce, "$share/i/a");
    both.subscribe("a", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 3, Qos::AtLeastOnce);
    rig.settle();
    for (const TestClient* client : {&a, &b, &c, &plain}) {
        EXPECT_EQ(numbers({client}), range(1, 3));
    }
    EXPECT_EQ(both.received.size(), 6U);
}

TEST_P(SharedTest, CarryTheMembersOwnOptions) {
    TestClient& a = connected("member-a");
    a.subscribe("$share/g/a", Qos::AtLeastOnce, {.retain_as_published = true}, 11);
    TestClient& publisher = connected("publisher");
    publisher.publish("a", "1", Qos::ExactlyOnce, true);
    rig.settle();
    ASSERT_EQ(a.received.size(), 1U);
    EXPECT_EQ(a.received[0].qos, Qos::AtLeastOnce);
    EXPECT_TRUE(a.received[0].retain);
    EXPECT_EQ(a.received[0].identifiers, std::vector<std::uint32_t>{11});
    a.subscribe("$share/g/a", Qos::AtMostOnce, {}, 12);  // replaces
    publisher.publish("a", "2", Qos::ExactlyOnce, true);
    rig.settle();
    ASSERT_EQ(a.received.size(), 2U);
    EXPECT_EQ(a.received[1].qos, Qos::AtMostOnce);
    EXPECT_FALSE(a.received[1].retain);
    EXPECT_EQ(a.received[1].identifiers, std::vector<std::uint32_t>{12});
}

TEST_P(SharedTest, EndWithTheirLastMember) {
    TestClient& a = member("member-a", Qos::AtLeastOnce);
    TestClient& b = member("member-b", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    a.unsubscribe("$share/g/a");
    publish(publisher, 1, 4, Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(numbers({&b}), range(1, 4));
    b.drop();
    rig.settle();
    publisher.publish("a", "5", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, ReasonCode::NoMatchingSubscribers);
    EXPECT_EQ(rig.counters().subscriptions, 0U);
}

TEST_P(SharedTest, PreferMembersWithAnOpenWindow) {
    TestClient& busy = rig.client("busy");
    busy.settings.receive_maximum = 2;
    busy.acknowledges = false;
    busy.connect();
    busy.subscribe("$share/g/a", Qos::AtLeastOnce);
    TestClient& idle = member("idle", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    for (int i = 1; i <= 20; ++i) {
        publish(publisher, i, i, Qos::AtLeastOnce);
        rig.run_for(10ms);
    }
    EXPECT_EQ(busy.received.size(), 2U);
    EXPECT_EQ(idle.received.size(), 18U);
    busy.acknowledge(PacketType::Puback, busy.received[0].packet_id);
    busy.acknowledge(PacketType::Puback, busy.received[1].packet_id);
    rig.settle();
    publish(publisher, 21, 22, Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(busy.received.size(), 3U);
}

TEST_P(SharedTest, GiveWhatAMemberWasNotSentToAnother) {
    TestClient& slow = rig.client("slow");
    slow.settings.receive_maximum = 1;
    slow.acknowledges = false;
    slow.connect_durable();
    slow.subscribe("$share/g/a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 20, Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(numbers({&slow}), range(1, 1));
    TestClient& other = member("other", Qos::ExactlyOnce);
    slow.drop();
    rig.settle();
    EXPECT_EQ(numbers({&other}), range(2, 20));  // the first one was sent: it stays
    EXPECT_EQ(rig.counters().shared_returned, 19U);
    slow.acknowledges = true;
    slow.received.clear();
    slow.connect_durable();
    rig.settle();
    EXPECT_EQ(numbers({&slow}), range(1, 1));  // [MQTT-4.8.2-4]
    EXPECT_EQ(other.received.size(), 19U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, GiveUnacknowledgedQos1OfAnEndedSessionToAnother) {
    for (const bool is_durable : {false, true}) {
        TestClient& dying = rig.client("dying");
        dying.settings.receive_maximum = 4;
        dying.acknowledges = false;
        is_durable ? dying.connect_durable() : dying.connect();
        dying.subscribe("$share/g/a", Qos::ExactlyOnce);
        TestClient& publisher = connected("publisher");
        publish(publisher, 1, 10, Qos::AtLeastOnce);
        publish(publisher, 11, 14, Qos::ExactlyOnce);
        rig.settle();
        EXPECT_EQ(numbers({&dying}), range(1, 4));
        TestClient& other = member("other", Qos::ExactlyOnce);
        if (is_durable) {
            dying.send(mqtt::Disconnect{.session_expiry_interval = 0});
            EXPECT_TRUE(dying.wait_closed());
        } else {
            dying.drop();
        }
        rig.settle();
        EXPECT_EQ(numbers({&other}), range(1, 14));
        other.drop();
        rig.settle();
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, GiveQos2InFlightOfAnEndedSessionToNobody) {
    TestClient& dying = rig.client("dying");
    dying.settings.receive_maximum = 3;
    dying.acknowledges = false;
    dying.connect();
    dying.subscribe("$share/g/a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 6, Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(dying.received.size(), 3U);
    TestClient& other = member("other", Qos::ExactlyOnce);
    dying.drop();
    rig.settle();
    EXPECT_EQ(numbers({&other}), range(4, 6));  // [MQTT-4.8.2-5]
}

TEST_P(SharedTest, GiveWhatAMemberRefusesToNobody) {
    TestClient& picky = member("picky", Qos::ExactlyOnce);
    picky.acknowledges = false;
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 1, Qos::AtLeastOnce);
    publish(publisher, 2, 2, Qos::ExactlyOnce);
    rig.settle();
    TestClient& other = member("other", Qos::ExactlyOnce);
    picky.acknowledge(PacketType::Puback, picky.received[0].packet_id,
                      ReasonCode::UnspecifiedError);
    picky.acknowledge(PacketType::Pubrec, picky.received[1].packet_id,
                      ReasonCode::UnspecifiedError);
    rig.settle();
    picky.drop();
    rig.settle();
    EXPECT_TRUE(other.received.empty());  // [MQTT-4.8.2-6]
}

TEST_P(SharedTest, WaitWithADurableMemberUntilAnyMemberComes) {
    durable_member("sleeper-a", Qos::AtLeastOnce).drop();
    durable_member("sleeper-b", Qos::AtLeastOnce).drop();
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 10, Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 10U);
    EXPECT_EQ(rig.counters().queued_messages, 10U);
    TestClient& fresh = member("fresh", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(numbers({&fresh}), range(1, 10));
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, ComeBackAfterARestartWithTheirMessages) {
    durable_member("sleeper-a", Qos::AtLeastOnce).drop();
    durable_member("sleeper-b", Qos::ExactlyOnce).drop();
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 10, Qos::ExactlyOnce);
    rig.settle();
    for (const std::uint16_t shard_count : std::initializer_list<std::uint16_t>{2, 3, 1}) {
        rig.restart(shard_count);
    }
    EXPECT_EQ(rig.counters().queued_messages, 10U);
    TestClient& a = rig.client("sleeper-a");
    a.connect_durable();
    rig.settle();
    EXPECT_EQ(numbers({&a}), range(1, 10));
    TestClient& again = connected("publisher");
    publish(again, 11, 14, Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(numbers({&a}), range(1, 14));
    TestClient& b = rig.client("sleeper-b");
    b.connect_durable();
    rig.settle();
    EXPECT_TRUE(b.received.empty());
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

TEST_P(SharedTest, ReachADurableMemberThatJoinsATransientOne) {
    TestClient& transient = member("transient", Qos::AtLeastOnce);
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 1, Qos::AtLeastOnce);
    rig.settle();
    durable_member("durable", Qos::AtLeastOnce).drop();
    transient.drop();
    rig.settle();
    publish(publisher, 2, 6, Qos::AtLeastOnce);
    rig.settle();
    rig.restart(GetParam());
    TestClient& durable = rig.client("durable");
    durable.connect_durable();
    rig.settle();
    EXPECT_EQ(numbers({&durable}), range(2, 6));
}

/// They were acknowledged to the publisher, and now a durable session wants them.
TEST_P(SharedTest, KeepOnDiskWhatADurableMemberGetsFromAnEndedTransientOne) {
    TestClient& transient = rig.client("transient");
    transient.settings.receive_maximum = 3;
    transient.acknowledges = false;
    transient.connect();
    transient.subscribe("$share/g/a", Qos::ExactlyOnce);
    TestClient& publisher = connected("publisher");
    publish(publisher, 1, 6, Qos::AtLeastOnce);
    publish(publisher, 7, 9, Qos::ExactlyOnce);
    rig.settle();
    EXPECT_EQ(publisher.count(PacketType::Puback), 6U);
    durable_member("durable", Qos::ExactlyOnce).drop();
    transient.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().queued_messages, 9U);
    EXPECT_EQ(rig.store().message_count(), 9U);
    const std::uint64_t queued_bytes = rig.counters().queued_bytes;
    rig.restart(GetParam());
    EXPECT_EQ(rig.counters().queued_messages, 9U);
    EXPECT_EQ(rig.counters().queued_bytes, queued_bytes);
    TestClient& durable = rig.client("durable");
    durable.connect_durable();
    rig.settle();
    EXPECT_EQ(numbers({&durable}), range(1, 9));
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    EXPECT_EQ(rig.store().message_count(), 0U);
}

/// A member's queue is full: the next one is asked, and when all are, the message is dropped.
TEST_P(SharedTest, PassOnWhatAFullMemberCannotTake) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.session_queue_messages_max = 5})});
    std::vector<TestClient*> members;
    for (int i = 0; i < 3; ++i) {
        TestClient& client = small.client("member-" + std::to_string(i));
        client.acknowledges = false;
        client.connect();
        client.subscribe("$share/g/a", Qos::AtLeastOnce);
        members.push_back(&client);
    }
    TestClient& publisher = small.client("publisher");
    publisher.connect();
    for (int i = 1; i <= 20; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
    }
    small.run_for(5s);
    EXPECT_EQ(publisher.count(PacketType::Puback), 20U);
    EXPECT_EQ(numbers({members[0], members[1], members[2]}), range(1, 15));
}

/// Members here and elsewhere, so that rows come to the coordinator in another order.
TEST_P(SharedTest, LetNoCrashKeepALaterMessageWithoutAnEarlierOne) {
    for (int instant_us = 0; instant_us < 2000; instant_us += 20) {
        BrokerRig node({.seed = static_cast<std::uint64_t>(instant_us) + 1,
                        .shard_count = GetParam(),
                        .commit_delay = 1us});
        const auto durable = [&](std::uint16_t shard, const std::string& name) -> TestClient& {
            TestClient& client = node.client(node.id_on(shard, name));
            client.connect_durable();
            return client;
        };
        TestClient& subscriber = durable(0, "subscriber");
        subscriber.subscribe("a", Qos::AtLeastOnce);
        // Any shard may own the group; of eight, one does that has the publisher.
        const std::string filter = "$share/g" + std::to_string(instant_us / 20 % 8) + "/a";
        for (std::uint16_t i = 0; i < 2 * GetParam(); ++i) {
            durable(i % GetParam(), "member-" + std::to_string(i))
                .subscribe(filter, Qos::AtLeastOnce);
        }
        TestClient& publisher = durable(0, "publisher");
        subscriber.drop();
        node.settle();
        for (int i = 1; i <= 40; ++i) {
            publish(publisher, i, i, Qos::AtLeastOnce);
            node.run_for(3us);
        }
        node.run_for(std::chrono::microseconds(instant_us));
        node.restart(GetParam());
        subscriber.connect_durable();
        node.settle();
        const int kept = static_cast<int>(subscriber.received.size());
        EXPECT_EQ(numbers({&subscriber}), range(1, kept)) << instant_us << " us";
    }
}

TEST_P(SharedTest, LoseNothingWhenMembersComeAndGo) {
    TestClient& publisher = rig.client("publisher");
    publisher.connect_durable();
    std::vector<TestClient*> members;
    for (int i = 0; i < 4; ++i) {
        TestClient& client = rig.client("member-" + std::to_string(i));
        client.settings.receive_maximum = 2;
        client.connect_durable();
        client.subscribe("$share/g/a", Qos::AtLeastOnce);
        members.push_back(&client);
    }
    int sent = 0;
    for (int round = 0; round < 60; ++round) {
        publish(publisher, sent + 1, sent + 5, Qos::AtLeastOnce);
        sent += 5;
        rig.run_for(rig.world().random().between(0ms, 3ms));
        TestClient& client = *members[rig.world().random().below(4)];
        client.is_open() ? client.drop() : static_cast<void>(client.connect_durable());
    }
    for (TestClient* client : members) {
        if (!client->is_open()) {
            client->connect_durable();
        }
    }
    rig.run_for(5s);
    EXPECT_EQ(publisher.count(PacketType::Puback), static_cast<std::size_t>(sent));
    std::set<int> unique;
    for (const int number : numbers({members[0], members[1], members[2], members[3]})) {
        unique.insert(number);
    }
    EXPECT_EQ(unique.size(), static_cast<std::size_t>(sent));
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

}  // namespace
}  // namespace kith::broker
