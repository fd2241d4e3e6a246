// Too much of everything: clients that are too fast, connect too often, or take nothing; and that
// those who keep up do not notice.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::BrokerRig;
using testing::TestClient;

class OverloadTest : public testing::ShardsTest {
  protected:
    static testing::RigOptions node_with(const BrokerOptions& options) {
        return with_shards({.broker = testing::quiet(options)});
    }
    static std::uint64_t reached(BrokerRig& rig, Limit limit) {
        return rig.counters().limits[static_cast<std::size_t>(limit)].reached_count;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, OverloadTest, testing::kShardCounts);

TEST_P(OverloadTest, ReadsAClientMoreSlowlyThatPublishesTooFast) {
    BrokerRig node(node_with({.client_messages_per_s_max = 100}));
    TestClient& subscriber = node.client(node.id_on(GetParam() - 1, "subscriber"));
    subscriber.connect();
    subscriber.subscribe("#");
    TestClient& fast = node.client(node.id_on(0, "fast"));
    fast.connect();
    for (int i = 0; i < 1000; ++i) {
        fast.publish("fast", "x");
    }
    TestClient& tame = node.client(node.id_on(0, "tame"));
    tame.connect();
    tame.publish("tame", "x");
    node.run_for(1s);
    EXPECT_NEAR(static_cast<double>(subscriber.received.size()), 200, 15);
    EXPECT_NEAR(static_cast<double>(reached(node, Limit::ClientMessages)), 100, 15);
    node.run_for(9s);
    EXPECT_EQ(subscriber.received.size(), 1001U);  // slower, but all
    EXPECT_TRUE(fast.is_open());
}

TEST_P(OverloadTest, DisconnectsAClientThatPublishesTooFastIfTold) {
    BrokerRig node(node_with({.client_messages_per_s_max = 10, .over_rate = OverRate::Disconnect}));
    TestClient& fast = node.client("fast");
    fast.connect();
    for (int i = 0; i < 20; ++i) {
        fast.publish("fast", "x");
    }
    EXPECT_TRUE(fast.wait_closed());
    EXPECT_EQ(fast.last(PacketType::Disconnect).reason, ReasonCode::MessageRateTooHigh);
    EXPECT_EQ(fast.connect().reason, ReasonCode::Success);  // it may come back
}

TEST_P(OverloadTest, CountsBytesOfWhateverAClientSends) {
    BrokerRig node(node_with({.client_bytes_per_s_max = 10'000}));
    TestClient& subscriber = node.client("subscriber");
    subscriber.connect();
    subscriber.subscribe("#");
    TestClient& wide = node.client(node.id_on(0, "wide"));
    wide.connect();
    const std::string payload(5'000, 'x');
    for (int i = 0; i < 10; ++i) {
        wide.publish("wide", payload);
    }
    node.run_for(1s);
    EXPECT_LE(subscriber.received.size(), 5U);
    EXPECT_GT(reached(node, Limit::ClientBytes), 0U);
    node.run_for(5s);
    EXPECT_EQ(subscriber.received.size(), 10U);
}

TEST_P(OverloadTest, SharesTheRateOfAListenerAmongItsClients) {
    BrokerRig node(node_with({.listener_messages_per_s_max = 200}));
    TestClient& subscriber = node.client("subscriber");
    subscriber.connect();
    subscriber.subscribe("#");
    for (int i = 0; i < 4; ++i) {
        TestClient& writer = node.client("writer-" + std::to_string(i));
        writer.connect();
        for (int message = 0; message < 300; ++message) {
            writer.publish("topic", "x");
        }
    }
    node.run_for(2s);
    EXPECT_NEAR(static_cast<double>(subscriber.received.size()), 600, 60);
    EXPECT_GT(reached(node, Limit::ListenerMessages), 0U);
    node.run_for(10s);
    EXPECT_EQ(subscriber.received.size(), 1200U);
}

TEST_P(OverloadTest, RefusesRetainedMessagesThatComeTooFast) {
    BrokerRig node(node_with({.client_retained_per_s_max = 2}));
    TestClient& client = node.client("client");
    client.connect();
    for (int i = 0; i < 3; ++i) {
        client.publish("state/" + std::to_string(i), "x", Qos::AtLeastOnce, true);
    }
    node.settle();
    EXPECT_EQ(node.counters().retained, 2U);
    EXPECT_EQ(client.last(PacketType::Puback).reason, ReasonCode::QuotaExceeded);
    EXPECT_EQ(reached(node, Limit::ClientRetained), 1U);
    node.run_for(1s);
    client.publish("state/3", "x", Qos::AtLeastOnce, true);
    node.settle();
    EXPECT_EQ(node.counters().retained, 3U);
}

TEST_P(OverloadTest, RefusesConnectsThatComeTooFast) {
    BrokerRig node(node_with({.connects_per_s_max = 3}));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(node.client("client-" + std::to_string(i)).connect().reason, ReasonCode::Success);
    }
    TestClient& late = node.client("late");
    EXPECT_EQ(late.connect().reason, ReasonCode::ConnectionRateExceeded);
    EXPECT_EQ(reached(node, Limit::Connects), 1U);
    node.run_for(1s);
    EXPECT_EQ(late.connect().reason, ReasonCode::Success);
}

TEST_P(OverloadTest, ClosesAnAddressThatConnectsTooOften) {
    BrokerRig node(node_with({.address_connects_per_s_max = 3}));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(node.client("client-" + std::to_string(i)).connect().reason, ReasonCode::Success);
    }
    TestClient& late = node.client("late");
    EXPECT_NE(late.connect().type, PacketType::Connack);  // before a handshake would cost anything
    EXPECT_EQ(reached(node, Limit::AddressConnects), 1U);
    node.run_for(1s);
    EXPECT_EQ(late.connect().reason, ReasonCode::Success);
}

TEST_P(OverloadTest, ClosesAnAddressThatFailsTooOften) {
    BrokerRig node(node_with({.address_failed_connects_per_min_max = 5}));
    TestClient& guessing = node.client("guessing");
    guessing.settings.user_name = "user";
    guessing.settings.password = as_bytes(std::string_view("wrong"));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(guessing.connect().reason, ReasonCode::BadUserNameOrPassword);
        node.settle();
    }
    EXPECT_NE(guessing.connect().type, PacketType::Connack);
    EXPECT_GT(reached(node, Limit::FailedConnects), 0U);
    node.run_for(15s);
    EXPECT_EQ(guessing.connect().reason, ReasonCode::BadUserNameOrPassword);
}

TEST_P(OverloadTest, TakesNewLimitsWhileItRuns) {
    BrokerOptions options = testing::quiet({.subscriptions_per_session_max = 1});
    BrokerRig node(node_with(options));
    TestClient& client = node.client("client");
    client.connect();
    client.subscribe("a");
    EXPECT_EQ(client.subscribe("b").reasons.front(), ReasonCode::QuotaExceeded);
    BrokerOptions wanted = options;
    wanted.subscriptions_per_session_max = 2;
    wanted.subscriptions_max = 2;
    wanted.receive_maximum = 1;  // clients have been told another
    const BrokerOptions applied = reloaded(options, wanted);
    EXPECT_EQ(applied.receive_maximum, options.receive_maximum);
    node.set_options(applied);
    EXPECT_EQ(client.subscribe("b").reasons.front(), ReasonCode::Success);
    TestClient& other = node.client("other");
    other.connect();
    EXPECT_EQ(other.subscribe("c").reasons.front(), ReasonCode::QuotaExceeded);
}

/// A flood to clients that take nothing, in a node with 4 MiB for all that waits.
class MemoryTest : public OverloadTest {
  protected:
    static constexpr std::size_t kBytesMax = 4 * 1024 * 1024;
    static testing::RigOptions tight() {
        return node_with({.queued_bytes_max = kBytesMax, .full_queue_hold = 500ms});
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, MemoryTest, testing::kShardCounts);

TEST_P(MemoryTest, BoundsWhatWaitsForClientsThatTakeNothing) {
    BrokerRig node(tight());
    for (int i = 0; i < 10; ++i) {
        TestClient& stopped = node.client("stopped-" + std::to_string(i));
        stopped.connect();
        stopped.subscribe("flood/" + std::to_string(i));
        stopped.pause_reading();
    }
    TestClient& reader = node.client("reader");
    reader.connect();
    reader.subscribe("quiet");
    TestClient& writer = node.client("writer");
    writer.connect();
    TestClient& other = node.client("other");
    other.connect();
    const std::string payload(1'000, 'x');
    std::uint64_t most = 0;
    for (int round = 0; round < 100; ++round) {
        for (int i = 0; i < 10; ++i) {
            for (int message = 0; message < 20; ++message) {
                writer.publish("flood/" + std::to_string(i), payload);
            }
        }
        other.publish("quiet", "x");
        node.run_for(20ms);
        most = std::max(most, node.counters().held_bytes);
    }
    node.run_for(5s);
    EXPECT_LT(most, kBytesMax + kBytesMax / 4);
    EXPECT_EQ(reader.received.size(), 100U);
    EXPECT_GT(node.counters().dropped_memory, 0U);
    EXPECT_GT(reached(node, Limit::QueuedBytes), 0U);
}

TEST_P(MemoryTest, TakesFromWhoeverHoldsMost) {
    BrokerRig node(tight());
    TestClient& stuck = node.client(node.id_on(0, "stuck"));
    stuck.acknowledges = false;
    stuck.connect();
    stuck.subscribe("#", Qos::AtLeastOnce);
    TestClient& sleeper = node.client(node.id_on(0, "sleeper"));
    sleeper.connect_durable();
    sleeper.subscribe("rare", Qos::AtLeastOnce);
    sleeper.disconnect();
    TestClient& writer = node.client("writer");
    writer.connect();
    const std::string payload(10'000, 'x');
    for (int i = 0; i < 1000; ++i) {
        writer.publish("often", payload, Qos::AtLeastOnce);
        if (i % 100 == 0) {
            writer.publish("rare", "x", Qos::AtLeastOnce);
        }
        if (i % 20 == 0) {
            node.run_for(50ms);
        }
    }
    node.run_for(30s);
    EXPECT_GT(node.counters().dropped_memory, 0U);
    EXPECT_LT(node.counters().held_bytes, kBytesMax);
    // The one who holds little loses nothing.
    sleeper.connect_durable();
    node.settle();
    EXPECT_EQ(sleeper.received.size(), 10U);
    // And all is given back.
    stuck.drop();
    sleeper.disconnect();
    writer.disconnect();
    node.run_for(5s);
    EXPECT_EQ(node.counters().queued_messages, 0U);
    EXPECT_EQ(node.counters().held_bytes, 0U);
}

TEST_P(MemoryTest, CountsPacketsThatHaveComeInPart) {
    BrokerRig node(tight());
    TestClient& slow = node.client("slow");
    slow.connect();
    // The start of a PUBLISH of 200,000 bytes.
    std::vector<std::uint8_t> part(50'000, 'x');
    part[0] = 0x30;
    part[1] = 0xC0;
    part[2] = 0x9A;
    part[3] = 0x0C;
    slow.send_raw(part);
    node.settle();
    EXPECT_GE(node.counters().held_bytes, part.size());
    slow.drop();
    node.settle();
    EXPECT_EQ(node.counters().held_bytes, 0U);
}

}  // namespace
}  // namespace kith::broker
