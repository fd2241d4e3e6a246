// Clients that cannot take as much as comes from other nodes: their publishers wait, wherever they
// are, as they do at one node.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/limits.h"
#include "node/testing/bridged_mesh.h"

namespace kith::node {
namespace {

using broker::testing::TestClient;
using mqtt::PacketType;
using testing::BridgedMesh;

constexpr std::size_t kQueue = 100;

class MeshPressure : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    MeshPressure() {
        mesh.broker = broker::testing::quiet(
            {.session_queue_messages_max = kQueue, .receive_maximum = 65535});
        mesh.add(GetParam(), {});
        mesh.add(GetParam(), {0});
        mesh.add(GetParam(), {1});
        EXPECT_TRUE(mesh.wait_whole());
    }
    /// One that takes QoS 1 and acknowledges nothing by itself.
    TestClient& slow(std::size_t node, const std::string& filter) {
        TestClient& client = mesh.client(node, "slow");
        client.acknowledges = false;
        client.connect();
        client.subscribe(filter, Qos::AtLeastOnce);
        return client;
    }
    TestClient& connected(std::size_t node, const std::string& id) {
        TestClient& client = mesh.client(node, id);
        client.connect();
        return client;
    }
    /// It takes what it is sent, 100 times a second, until it has so many.
    [[nodiscard]] bool take(TestClient& client, std::size_t count) {
        for (int i = 0; i < 1000 && client.received.size() < count; ++i) {
            for (; acknowledged_ < client.received.size(); ++acknowledged_) {
                client.acknowledge(PacketType::Puback, client.received[acknowledged_].packet_id);
            }
            mesh.world.run_for(10ms);
        }
        return client.received.size() == count;
    }
    [[nodiscard]] std::uint64_t dropped(std::size_t node) {
        return mesh.rig(node).counters().dropped_queue_full;
    }

    BridgedMesh mesh;

  private:
    std::size_t acknowledged_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Shards, MeshPressure, ::testing::Values(1, 3));

TEST_P(MeshPressure, AClientThatIsSlowForAWhileLosesNothingOfOtherNodes) {
    constexpr std::size_t kCount = 20 * kQueue;
    TestClient& far = slow(2, "a");
    TestClient& publisher = connected(0, "publisher");
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
    }
    mesh.world.run_for(2s);  // less than full_queue_hold
    EXPECT_LT(far.received.size(), kCount);
    ASSERT_TRUE(take(far, kCount));
    const std::vector<std::string> payloads = far.payloads();
    for (std::size_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(payloads[i], std::to_string(i));
    }
    EXPECT_EQ(dropped(2), 0U);
    EXPECT_EQ(mesh.host(1).node().counters().data_forwarded, kCount) << "each once";
    mesh.world.run_for(1s);
    EXPECT_EQ(mesh.held(0), 0U);
}

TEST_P(MeshPressure, WhatOtherNodesSayToOthersDoesNotWait) {
    static_cast<void>(slow(2, "a"));
    TestClient& beside = connected(2, "beside");
    beside.subscribe("b", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    for (std::size_t i = 0; i < 5 * kQueue; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
    }
    mesh.world.run_for(1s);
    TestClient& other = connected(1, "other");
    other.publish("b", "now", Qos::AtLeastOnce);
    EXPECT_TRUE(mesh.world.run_until([&] { return !beside.received.empty(); }, 100ms));
}

TEST_P(MeshPressure, AClientThatHasStoppedHoldsOtherNodesForALimitedTime) {
    constexpr std::size_t kCount = 80 * kQueue;
    TestClient& far = slow(2, "#");
    TestClient& beside = connected(2, "beside");
    beside.subscribe("a", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
    }
    EXPECT_TRUE(mesh.world.run_until([&] { return beside.received.size() == kCount; }, 8s));
    EXPECT_LT(far.received.size(), kCount);
    EXPECT_GT(dropped(2), 0U) << "and counted";
    mesh.world.run_for(1s);
    EXPECT_EQ(mesh.held(0), 0U);
}

TEST_P(MeshPressure, PublishersWaitForAClientOfAnotherNode) {
    constexpr std::size_t kCount = 3 * mesh::kStreamInFlightMax;
    const std::string payload(1200, 'x');
    TestClient& far = slow(2, "a");
    TestClient& publisher = connected(0, "publisher");
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", payload, Qos::AtLeastOnce);
    }
    mesh.world.run_for(3s);
    EXPECT_LT(publisher.count(PacketType::Puback), kCount);
    EXPECT_TRUE(take(far, kCount));
    EXPECT_EQ(dropped(2), 0U);
}

/// Who waits for acknowledgements must not keep them unread, though other nodes are congested.
TEST_P(MeshPressure, ClientsOfTwoNodesThatFloodEachOtherDoNotWaitInACircle) {
    constexpr std::size_t kCount = 2 * mesh::kStreamInFlightMax;
    const std::string payload(1200, 'x');
    TestClient& one = connected(0, "one");
    TestClient& other = connected(2, "other");
    one.subscribe("to/one", Qos::AtLeastOnce);
    other.subscribe("to/other", Qos::AtLeastOnce);
    for (std::size_t i = 0; i < kCount; ++i) {
        one.publish("to/other", payload, Qos::AtLeastOnce);
        other.publish("to/one", payload, Qos::AtLeastOnce);
    }
    EXPECT_TRUE(mesh.world.run_until(
        [&] { return one.received.size() == kCount && other.received.size() == kCount; }, 60s));
    EXPECT_EQ(dropped(0) + dropped(2), 0U);
}

}  // namespace
}  // namespace kith::node
