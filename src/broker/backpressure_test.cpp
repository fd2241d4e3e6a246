// Slow readers and fast writers: what waits, for how long, what is dropped, and who must not
// notice.
#include <gtest/gtest.h>

#include "broker/limits.h"
#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::BrokerRig;
using testing::TestClient;

class BackpressureTest : public testing::ShardsTest {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    /// What was written for this client.
    std::size_t bytes_to(const TestClient& client) {
        const std::optional<ClientDetail> detail =
            rig.shard(rig.shard(0).home_of(client.client_id).value()).client(client.client_id);
        return detail ? detail->client.bytes_out : 0;
    }
    static std::vector<std::uint8_t> pings(std::size_t count) {
        std::vector<std::uint8_t> bytes(count * 2);
        for (std::size_t i = 0; i < bytes.size(); i += 2) {
            bytes[i] = 0xC0;
        }
        return bytes;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, BackpressureTest, testing::kShardCounts);

/// More than sockets and buffers hold, to a reader that is slower than the writer, but not by more
/// than the hold: all arrives.
TEST_P(BackpressureTest, LosesNothingOfQos0ToAReaderThatKeepsUpWithTheHold) {
    TestClient& reader = connected(rig.id_on(GetParam() - 1, "reader"));
    reader.subscribe("a");
    TestClient& writer = connected(rig.id_on(0, "writer"));
    const std::string payload(10'000, 'x');
    constexpr std::size_t kCount = 2'000;
    for (std::size_t i = 0; i < kCount; ++i) {
        writer.publish("a", payload);
    }
    for (int i = 0; i < 400; ++i) {  // reads half of the time
        i % 2 == 0 ? reader.pause_reading() : reader.resume_reading();
        rig.run_for(10ms);
    }
    EXPECT_EQ(reader.received.size(), kCount);
    EXPECT_EQ(rig.counters().dropped_slow, 0U);
    EXPECT_GT(rig.counters().publishers_held, 0U);
}

TEST_P(BackpressureTest, DropsQos0ToAReaderThatHasStopped) {
    TestClient& stopped = connected(rig.id_on(GetParam() - 1, "stopped"));
    TestClient& healthy = connected(rig.id_on(0, "healthy"));
    stopped.subscribe("#");
    healthy.subscribe("#");
    stopped.pause_reading();
    TestClient& writer = connected(rig.id_on(0, "writer"));
    const std::string payload(10'000, 'x');
    constexpr std::size_t kCount = 3'000;
    for (std::size_t i = 0; i < kCount; ++i) {
        writer.publish("a", payload);
    }
    rig.run_for(10s);
    EXPECT_EQ(healthy.received.size(), kCount);
    EXPECT_GT(rig.counters().dropped_slow, 0U);
    EXPECT_LT(bytes_to(stopped), kUnsentBytesMax + 1024 * 1024);
    // Nobody waits for it any more.
    const std::uint64_t held_before = rig.counters().publishers_held;
    for (std::size_t i = 0; i < 100; ++i) {
        writer.publish("a", payload);
    }
    rig.run_for(1s);
    EXPECT_EQ(healthy.received.size(), kCount + 100);
    EXPECT_EQ(rig.counters().publishers_held, held_before);
    // It comes back and gets what is new.
    stopped.resume_reading();
    rig.run_for(2s);
    const std::size_t before = stopped.received.size();
    writer.publish("a", "again");
    rig.settle();
    EXPECT_EQ(stopped.received.size(), before + 1);
}

TEST_P(BackpressureTest, BlocksOthersForTheHoldAtMost) {
    TestClient& stopped = connected(rig.id_on(GetParam() - 1, "stopped"));
    TestClient& healthy = connected(rig.id_on(0, "healthy"));
    stopped.subscribe("a");
    healthy.subscribe("b");
    stopped.pause_reading();
    TestClient& writer = connected(rig.id_on(0, "writer"));
    const std::string payload(100'000, 'x');
    for (int i = 0; i < 200; ++i) {
        writer.publish("a", payload);
    }
    writer.publish("b", "x");
    // Sockets take a while for 20 MB; the hold comes once on each shard on the way.
    rig.run_for(500ms);
    EXPECT_EQ(healthy.received.size(), 1U);
}

TEST_P(BackpressureTest, HoldsAndThenDropsForAFullQueue) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.session_queue_messages_max = 100})});
    TestClient& stuck = small.client(small.id_on(0, "stuck"));
    stuck.acknowledges = false;
    stuck.settings.receive_maximum = 5;
    stuck.connect();
    stuck.subscribe("a", Qos::AtLeastOnce);
    TestClient& healthy = small.client("healthy");
    healthy.connect();
    healthy.subscribe("a", Qos::AtLeastOnce);
    TestClient& writer = small.client(small.id_on(0, "writer"));
    writer.connect();
    for (int i = 0; i < 1000; ++i) {
        writer.publish("a", "x", Qos::AtLeastOnce);
        if (i % 100 == 0) {
            small.run_for(100ms);
        }
    }
    small.run_for(10s);
    EXPECT_EQ(healthy.received.size(), 1000U);
    EXPECT_EQ(small.counters().dropped_queue_full, 900U);
    // Publishers of the same shard have waited a while for it.
    EXPECT_GT(small.counters().publishers_held, 0U);
    EXPECT_EQ(small.counters().queued_messages, 100U);
    // An acknowledgement makes room for as many more.
    stuck.acknowledges = true;
    for (std::size_t i = 0; i < 5; ++i) {
        stuck.acknowledge(PacketType::Puback, stuck.received[i].packet_id);
    }
    small.run_for(2s);
    EXPECT_EQ(stuck.received.size(), 100U);
    EXPECT_EQ(small.counters().queued_messages, 0U);
    // And publishers are held for it again, as for anybody.
    stuck.acknowledges = false;
    const std::uint64_t held_before = small.counters().publishers_held;
    for (int i = 0; i < 90; ++i) {
        writer.publish("a", "x", Qos::AtLeastOnce);
    }
    small.run_for(1s);
    EXPECT_GT(small.counters().publishers_held, held_before);
}

/// However many publishers there are and wherever: nothing acknowledged is lost for a client that
/// acknowledges slowly, but steadily.
TEST_P(BackpressureTest, LosesNothingOfQos1ToAReaderThatGoesOn) {
    TestClient& reader = rig.client(rig.id_on(GetParam() - 1, "reader"));
    reader.acknowledges = false;
    reader.connect();
    reader.subscribe("a", Qos::AtLeastOnce);
    constexpr std::size_t kWriters = 20;
    constexpr std::size_t kEach = 2000;
    std::vector<TestClient*> writers;
    for (std::size_t i = 0; i < kWriters; ++i) {
        writers.push_back(&connected("writer-" + std::to_string(i)));
    }
    std::size_t acknowledged = 0;
    for (std::size_t i = 0; i < kEach; ++i) {
        for (TestClient* writer : writers) {
            writer->publish("a", "x", Qos::AtLeastOnce);
        }
        if (i % 100 == 0) {
            rig.run_for(1ms);
        }
    }
    while (acknowledged < kWriters * kEach) {  // 10,000 a second
        rig.run_for(10ms);
        const std::size_t end = std::min(reader.received.size(), acknowledged + 100);
        ASSERT_TRUE(end > acknowledged || rig.counters().queued_messages > 0);
        for (; acknowledged < end; ++acknowledged) {
            reader.acknowledge(PacketType::Puback, reader.received[acknowledged].packet_id);
        }
    }
    EXPECT_EQ(rig.counters().dropped_queue_full, 0U);
    EXPECT_GT(rig.counters().publishers_held, 0U);
}

/// Who waits for acknowledgements must not keep them unread: two clients that flood each other, and
/// one that floods itself.
TEST_P(BackpressureTest, HoldsNobodyInACircle) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.session_queue_messages_max = 100})});
    TestClient& one = small.client(small.id_on(0, "one"));
    TestClient& other = small.client(small.id_on(GetParam() - 1, "other"));
    for (TestClient* client : {&one, &other}) {
        client->settings.receive_maximum = 10;
        client->connect();
    }
    one.subscribe("to/one", Qos::AtLeastOnce);
    one.subscribe("to/itself", Qos::AtLeastOnce);
    other.subscribe("to/other", Qos::AtLeastOnce);
    for (int i = 0; i < 2000; ++i) {
        one.publish("to/other", "x", Qos::AtLeastOnce);
        one.publish("to/itself", "x", Qos::AtLeastOnce);
        other.publish("to/one", "x", Qos::AtLeastOnce);
    }
    small.run_for(2s);  // less than full_queue_hold
    EXPECT_EQ(one.count(PacketType::Puback), 4000U);
    EXPECT_EQ(other.count(PacketType::Puback), 2000U);
    EXPECT_EQ(small.counters().queued_messages, 0U);
}

TEST_P(BackpressureTest, BoundsAQueueInBytesToo) {
    BrokerRig small({.shard_count = GetParam(),
                     .broker = testing::quiet({.session_queue_bytes_max = 100'000})});
    TestClient& sleeper = small.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("a", Qos::AtLeastOnce);
    sleeper.drop();
    TestClient& writer = small.client("writer");
    writer.connect();
    for (int i = 0; i < 50; ++i) {
        writer.publish("a", std::string(10'000, 'x'), Qos::AtLeastOnce);
    }
    small.settle();
    EXPECT_EQ(writer.count(PacketType::Puback), 50U);
    EXPECT_EQ(small.counters().queued_messages, 9U);
    EXPECT_LE(small.counters().queued_bytes, 100'000U);
    EXPECT_EQ(small.counters().dropped_queue_full, 41U);
    const auto detail = small.shard(small.shard(0).home_of("sleeper").value()).client("sleeper");
    EXPECT_EQ(detail->client.dropped, 41U);
    EXPECT_EQ(detail->client.queued_messages, 9U);
}

TEST_P(BackpressureTest, MakesRoomInAFullQueueByWhatHasExpired) {
    BrokerRig small(
        {.shard_count = GetParam(), .broker = testing::quiet({.session_queue_messages_max = 10})});
    TestClient& sleeper = small.client("sleeper");
    sleeper.connect_durable();
    sleeper.subscribe("a", Qos::AtLeastOnce);
    sleeper.drop();
    TestClient& writer = small.client("writer");
    writer.connect();
    for (std::uint16_t i = 1; i <= 10; ++i) {
        writer.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                                  .topic = "a",
                                  .packet_id = PacketId(i),
                                  .payload = as_bytes(i % 2 == 0 ? "long" : "short"),
                                  .message_expiry_interval = i % 2 == 0 ? 1000 : 5});
    }
    small.run_for(10s);
    for (std::uint16_t i = 0; i < 7; ++i) {
        writer.publish("a", "new", Qos::AtLeastOnce);
    }
    small.settle();
    EXPECT_EQ(small.counters().dropped_expired, 5U);
    EXPECT_EQ(small.counters().dropped_queue_full, 2U);
    sleeper.connect_durable();
    small.settle();
    EXPECT_EQ(sleeper.payloads(), (std::vector<std::string>{"long", "long", "long", "long", "long",
                                                            "new", "new", "new", "new", "new"}));
}

TEST_P(BackpressureTest, StopsReadingAClientThatReadsNoAnswers) {
    TestClient& asker = connected("asker");
    TestClient& other = connected("other");
    other.subscribe("a");
    asker.keeps_answers = false;
    asker.pause_reading();
    constexpr std::size_t kPings = 6'000'000;
    asker.send_raw(pings(kPings));
    rig.run_for(10s);
    EXPECT_LT(rig.counters().bytes_in, kPings * 2);
    EXPECT_LT(rig.counters().bytes_out, kUnansweredBytesMax + 1024 * 1024);
    EXPECT_TRUE(asker.is_open());
    other.publish("a", "x");
    rig.settle();
    EXPECT_EQ(other.received.size(), 1U);
    asker.resume_reading();
    rig.run_for(60s);
    EXPECT_EQ(asker.count(PacketType::Pingresp), kPings);
}

TEST_P(BackpressureTest, EndsAClientThatNeitherReadsNorIsHeard) {
    TestClient& asker = rig.client("asker");
    asker.settings.keep_alive = 10;
    asker.connect();
    asker.pause_reading();
    asker.send_raw(pings(6'000'000));
    rig.run_for(60s);
    EXPECT_EQ(rig.counters().keep_alive_timeouts, 1U);
    EXPECT_EQ(rig.counters().connections, 0U);
}

/// Back-pressure reaches across shards and lets go again.
TEST_P(BackpressureTest, HoldsPublishersUntilTheReaderGoesOn) {
    BrokerRig patient(
        {.shard_count = GetParam(), .broker = testing::quiet({.slow_consumer_hold = 5s})});
    TestClient& reader = patient.client(patient.id_on(GetParam() - 1, "reader"));
    reader.connect();
    reader.subscribe("a");
    reader.pause_reading();
    TestClient& writer = patient.client(patient.id_on(0, "writer"));
    writer.connect();
    const std::string payload(50'000, 'x');
    for (int i = 0; i < 400; ++i) {
        writer.publish("a", payload);
    }
    patient.run_for(2s);
    EXPECT_GT(patient.shard(0).counters().publishers_held, 0U);
    EXPECT_LT(patient.counters().messages_in, 400U);
    reader.resume_reading();
    patient.run_for(20s);
    EXPECT_EQ(reader.received.size(), 400U);
    EXPECT_EQ(patient.counters().dropped_slow, 0U);
}

}  // namespace
}  // namespace kith::broker
