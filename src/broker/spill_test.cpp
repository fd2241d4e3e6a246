// What a durable session has on disk only: when it goes there, how it comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using testing::BrokerRig;
using testing::kShardCounts;
using testing::RigOptions;
using testing::TestClient;

constexpr std::size_t kWindow = 10;

class SpillTest : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    static RigOptions options(std::uint16_t shard_count) {
        RigOptions options{.shard_count = shard_count};
        options.broker.session_window_messages_max = kWindow;
        options.broker.session_queue_messages_max = 1000;
        return options;
    }
    TestClient& subscriber(Qos qos = Qos::AtLeastOnce) {
        TestClient& client = rig.client("subscriber");
        client.connect_durable();
        client.subscribe("a", qos);
        return client;
    }
    TestClient& publisher() {
        TestClient& client = rig.client("publisher");
        client.connect();
        return client;
    }
    /// Publishes "FIRST" to "LAST", each acknowledged.
    void publish(TestClient& client, int first, int last, Qos qos = Qos::AtLeastOnce) {
        const PacketType answer =
            qos == Qos::AtLeastOnce ? PacketType::Puback : PacketType::Pubcomp;
        for (int i = first; i <= last; ++i) {
            const std::size_t before = client.count(answer);
            client.publish("a", std::to_string(i), qos);
            ASSERT_TRUE(rig.world().run_until([&] { return client.count(answer) > before; }, 1s))
                << i;
        }
    }
    void publish_expiring(TestClient& client, int first, int last, std::uint32_t after_s) {
        for (int i = first; i <= last; ++i) {
            client.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                                      .topic = "a",
                                      .packet_id = PacketId(static_cast<std::uint16_t>(1000 + i)),
                                      .payload = as_bytes("old"),
                                      .message_expiry_interval = after_s});
        }
        rig.settle();
    }
    static std::vector<std::string> numbers(int first, int last) {
        std::vector<std::string> all;
        for (int i = first; i <= last; ++i) {
            all.push_back(std::to_string(i));
        }
        return all;
    }
    void expect_nothing_left() {
        rig.settle();
        const Counters counters = rig.counters();
        EXPECT_EQ(counters.queued_messages, 0U);
        EXPECT_EQ(counters.queued_bytes, 0U);
        EXPECT_EQ(counters.spilled_messages, 0U);
        EXPECT_EQ(counters.spilled_bytes, 0U);
        EXPECT_EQ(rig.store().message_count(), 0U);
    }

    BrokerRig rig{options(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Shards, SpillTest, kShardCounts);

TEST_P(SpillTest, KeepsAWindowInMemoryAndTheRestOnDisk) {
    TestClient& reader = subscriber();
    reader.drop();
    TestClient& writer = publisher();
    publish(writer, 1, 100);
    EXPECT_EQ(rig.counters().queued_messages, 100U);
    EXPECT_EQ(rig.counters().spilled_messages, 100U - kWindow);
    EXPECT_GT(rig.counters().spilled_bytes, 0U);
    reader.connect_durable();
    rig.run_for(1s);
    EXPECT_EQ(reader.payloads(), numbers(1, 100));
    EXPECT_EQ(rig.counters().spill_loaded, 100U - kWindow);
    expect_nothing_left();
    // In memory again.
    publish(writer, 101, 101);
    EXPECT_EQ(rig.counters().spilled, 100U - kWindow);
}

/// Its publishers are not held: what it cannot take is on disk.
TEST_P(SpillTest, ASlowSubscriberHoldsNobody) {
    TestClient& reader = subscriber();
    reader.acknowledges = false;
    TestClient& writer = publisher();
    publish(writer, 1, 200);
    EXPECT_EQ(rig.counters().publishers_held, 0U);
    EXPECT_EQ(reader.payloads(), numbers(1, kWindow));
    for (std::size_t i = 0; i < 200; ++i) {
        ASSERT_TRUE(rig.world().run_until([&] { return reader.received.size() > i; }, 1s)) << i;
        reader.acknowledge(PacketType::Puback, reader.received[i].packet_id);
    }
    EXPECT_EQ(reader.payloads(), numbers(1, 200));
    EXPECT_EQ(rig.counters().dropped_queue_full, 0U);
    expect_nothing_left();
}

TEST_P(SpillTest, KeepsTheOrderWhileItDrainsAndFillsAtOnce) {
    TestClient& reader = subscriber(Qos::ExactlyOnce);
    reader.drop();
    TestClient& writer = publisher();
    publish(writer, 1, 60, Qos::ExactlyOnce);
    reader.open_stream();
    reader.settings.client_id = reader.client_id;
    reader.send(reader.settings);
    for (int i = 61; i <= 160; ++i) {
        writer.publish("a", std::to_string(i), Qos::ExactlyOnce);
        rig.run_for(300us);
    }
    rig.run_for(2s);
    EXPECT_EQ(reader.payloads(), numbers(1, 160));
    expect_nothing_left();
}

TEST_P(SpillTest, ComesBackAfterALossOfPowerExactlyOnce) {
    TestClient& reader = subscriber(Qos::ExactlyOnce);
    reader.acknowledges = false;
    TestClient& writer = publisher();
    publish(writer, 1, 50, Qos::ExactlyOnce);
    ASSERT_EQ(reader.payloads(), numbers(1, kWindow));
    // The first and the third are received; the third only is complete.
    reader.acknowledge(PacketType::Pubrec, reader.received[0].packet_id);
    reader.acknowledge(PacketType::Pubrec, reader.received[2].packet_id);
    rig.settle();
    reader.acknowledge(PacketType::Pubcomp, reader.received[2].packet_id);
    rig.settle();
    const PacketId second = reader.received[1].packet_id;
    for (const std::uint16_t shard_count : std::initializer_list<std::uint16_t>{3, 1}) {
        rig.restart(shard_count);
        EXPECT_EQ(rig.counters().queued_messages, 49U);
        EXPECT_EQ(rig.counters().spilled_messages, 48U);  // all but the one that was released
    }
    reader.received.clear();
    reader.acknowledges = true;
    reader.connect_durable();
    rig.run_for(1s);
    std::vector<std::string> rest = numbers(4, 50);
    rest.insert(rest.begin(), "2");
    EXPECT_EQ(reader.payloads(), rest);
    EXPECT_EQ(reader.received[0].packet_id, second);  // [MQTT-4.4.0-1]
    EXPECT_TRUE(reader.received[0].dup);
    expect_nothing_left();
}

TEST_P(SpillTest, GivesNewMessagesPlacesBehindThoseOfAnEarlierRun) {
    TestClient& reader = subscriber();
    reader.drop();
    publish(publisher(), 1, 30);
    rig.restart(GetParam());
    publish(publisher(), 31, 60);
    rig.restart(GetParam());
    reader.connect_durable();
    rig.run_for(1s);
    EXPECT_EQ(reader.payloads(), numbers(1, 60));
    expect_nothing_left();
}

TEST_P(SpillTest, AQueueOnDiskIsLimitedToo) {
    TestClient& reader = subscriber();
    reader.drop();
    publish(publisher(), 1, 1010);
    EXPECT_EQ(rig.counters().queued_messages, 1000U);
    EXPECT_EQ(rig.counters().dropped_queue_full, 10U);
    reader.connect_durable();
    rig.run_for(3s);
    EXPECT_EQ(reader.payloads(), numbers(1, 1000));
    expect_nothing_left();
}

TEST_P(SpillTest, WhatExpiresOnDiskIsDroppedWithoutBeingLoaded) {
    TestClient& reader = subscriber();
    reader.drop();
    TestClient& writer = publisher();
    publish(writer, 1, 20);
    publish_expiring(writer, 1, 30, 5);
    publish(writer, 21, 30);
    EXPECT_EQ(rig.counters().queued_messages, 60U);
    rig.run_for(60s);  // nobody asks: the search does
    EXPECT_EQ(rig.counters().queued_messages, 30U);
    EXPECT_EQ(rig.counters().dropped_expired, 30U);
    EXPECT_EQ(rig.store().message_count(), 30U);
    EXPECT_EQ(rig.counters().spill_loaded, 0U);
    reader.connect_durable();
    rig.run_for(1s);
    EXPECT_EQ(reader.payloads(), numbers(1, 30));
    expect_nothing_left();
}

TEST_P(SpillTest, WhatHasExpiredIsPassedOverWhenItIsItsTurn) {
    TestClient& reader = subscriber();
    reader.drop();
    TestClient& writer = publisher();
    publish(writer, 1, 20);
    publish_expiring(writer, 1, 30, 5);
    publish(writer, 21, 30);
    rig.run_for(8s);
    reader.connect_durable();
    rig.run_for(1s);
    EXPECT_EQ(reader.payloads(), numbers(1, 30));
    EXPECT_EQ(rig.counters().dropped_expired, 30U);
    expect_nothing_left();
}

TEST_P(SpillTest, ASessionThatEndsTakesItsPartOnDiskAlong) {
    TestClient& reader = subscriber();
    reader.drop();
    publish(publisher(), 1, 50);
    reader.settings.clean_start = true;
    reader.connect();
    EXPECT_TRUE(reader.received.empty());
    expect_nothing_left();
}

/// A session that will not outlive its connection keeps the order of what it had before.
TEST_P(SpillTest, ASessionThatStaysNoLongerGetsItsPartOnDiskFirst) {
    TestClient& reader = subscriber();
    reader.drop();
    TestClient& writer = publisher();
    publish(writer, 1, 50);
    reader.settings.session_expiry_interval = 0;
    reader.settings.receive_maximum = 3;
    reader.acknowledges = false;
    reader.connect();
    publish(writer, 51, 60);
    std::size_t done = 0;
    while (rig.world().run_until([&] { return reader.received.size() > done; }, 1s)) {
        reader.acknowledge(PacketType::Puback, reader.received[done++].packet_id);
    }
    EXPECT_EQ(reader.payloads(), numbers(1, 60));
    reader.disconnect();
    expect_nothing_left();
}

/// The memory of all queues is bounded, however many sessions there are.
TEST(SpillMemory, IsBoundedForTheNode) {
    RigOptions options{.shard_count = 2};
    options.broker.queue_memory_bytes_max = 100'000;
    BrokerRig rig(options);
    std::vector<TestClient*> readers;
    for (int i = 0; i < 30; ++i) {
        TestClient& reader = rig.client("reader-" + std::to_string(i));
        reader.connect_durable();
        reader.subscribe("a", Qos::AtLeastOnce);
        reader.drop();
        readers.push_back(&reader);
    }
    TestClient& writer = rig.client("writer");
    writer.connect();
    const std::string payload(1000, 'x');
    for (int i = 0; i < 100; ++i) {
        writer.publish("a", payload, Qos::AtLeastOnce);
        rig.run_for(2ms);
    }
    rig.settle();
    const Counters counters = rig.counters();
    EXPECT_EQ(counters.queued_messages, 3000U);
    EXPECT_LT(counters.queued_bytes - counters.spilled_bytes, 110'000U);
    for (TestClient* reader : readers) {
        reader->connect_durable();
    }
    rig.run_for(5s);
    for (const TestClient* reader : readers) {
        EXPECT_EQ(reader->received.size(), 100U);
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

/// A queue on disk may have more messages than there are packet ids.
TEST(SpillMemory, AQueueMayBeLongerThanPacketIdsGo) {
    constexpr int kCount = 70'000;
    RigOptions options{};
    options.broker.session_queue_messages_max = 100'000;
    BrokerRig rig(options);
    TestClient& reader = rig.client("reader");
    reader.connect_durable();
    reader.subscribe("a", Qos::AtLeastOnce);
    reader.drop();
    TestClient* writer = nullptr;
    for (int i = 1; i <= kCount; ++i) {
        if (i % 50'000 == 1) {
            writer = &rig.client("writer-" + std::to_string(i));
            writer->connect();
            writer->keeps_answers = false;
        }
        writer->publish("a", std::to_string(i), Qos::AtLeastOnce);
        if (i % 500 == 0) {
            rig.run_for(3ms);
        }
    }
    rig.settle();
    ASSERT_EQ(rig.counters().queued_messages, static_cast<std::uint64_t>(kCount));
    rig.restart(1);
    reader.connect_durable();
    rig.run_for(5s);
    ASSERT_EQ(reader.received.size(), static_cast<std::size_t>(kCount));
    for (int i = 1; i <= kCount; ++i) {
        ASSERT_EQ(reader.received[static_cast<std::size_t>(i) - 1].payload, std::to_string(i));
    }
    EXPECT_EQ(rig.counters().queued_messages, 0U);
}

/// What a group gave to a member that has gone is offered to others, from disk too.
TEST(SpillGroups, OtherMembersGetWhatIsOnDisk) {
    RigOptions options{.shard_count = 2};
    options.broker.session_window_messages_max = 5;
    BrokerRig rig(options);
    TestClient& first = rig.client("first");
    first.connect_durable();
    first.subscribe("$share/g/a", Qos::AtLeastOnce);
    first.drop();
    TestClient& writer = rig.client("writer");
    writer.connect();
    for (int i = 0; i < 40; ++i) {
        writer.publish("a", std::to_string(i), Qos::AtLeastOnce);
        rig.run_for(3ms);
    }
    EXPECT_GT(rig.counters().spilled_messages, 30U);
    TestClient& second = rig.client("second");
    second.connect_durable();
    second.subscribe("$share/g/a", Qos::AtLeastOnce);
    rig.run_for(5s);
    EXPECT_EQ(second.received.size(), 40U);
    EXPECT_EQ(rig.counters().queued_messages, 0U);
    EXPECT_EQ(rig.store().message_count(), 0U);
}

}  // namespace
}  // namespace kith::broker
