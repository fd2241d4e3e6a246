// Clients of different nodes while the power of the nodes fails now and then.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "node/testing/bridged_mesh.h"

namespace kith::node {
namespace {

using broker::testing::TestClient;
using mqtt::PacketType;
using testing::BridgedMesh;

/// Publishers at both ends, durable subscribers at both, and the power of all three nodes fails now
/// and then. What was acknowledged arrives, QoS 2 once, and each publisher's in order.
class MeshBridgeUnderPowerCuts : public ::testing::TestWithParam<std::uint64_t> {
  protected:
    struct Side {
        std::size_t node = 0;
        std::string topic;
        std::size_t sent = 0;
        std::set<std::string> acknowledged;
        TestClient* publisher = nullptr;
        TestClient* subscriber = nullptr;
        std::vector<std::string> got;  // of all lives
    };

    void connect(Side& side) {
        side.publisher = &mesh.client(side.node, "publisher-" + side.topic);
        side.publisher->connect_durable();
        side.subscriber = &mesh.client(side.node, "subscriber-" + side.topic);
        side.subscriber->connect_durable();
        side.subscriber->subscribe("+", Qos::ExactlyOnce);
    }
    /// What clients remember is theirs: a power cut takes nothing of it. A packet that is sent
    /// again with its id is no second message.
    static void collect(Side& side) {
        for (const broker::testing::Received& each : side.subscriber->received) {
            const std::string name = each.topic + "/" + each.payload;
            const bool is_repeated =
                each.dup && std::ranges::find(side.got, name) != side.got.end();
            if (!is_repeated && !each.retain) {  // nor is what a new subscription finds
                side.got.push_back(name);
            }
        }
        side.subscriber->received.clear();
    }
    void cut_power(Side& side) {
        collect(side);
        mesh.restart(side.node);
        connect(side);
    }
    void publish(Side& side, Random& random) {
        const std::string payload = std::to_string(++side.sent);
        const bool is_retained = random.chance(0.2);
        side.publisher->publish(side.topic, payload, Qos::ExactlyOnce, is_retained);
        if (side.publisher->wait_for(PacketType::Pubcomp).type == PacketType::Pubcomp) {
            side.acknowledged.insert(side.topic + "/" + payload);
        }
    }
    /// Nothing is under way any more.
    [[nodiscard]] bool is_quiet() { return mesh.held(0) + mesh.held(2) == 0; }

    BridgedMesh mesh{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, MeshBridgeUnderPowerCuts, ::testing::Range<std::uint64_t>(1, 25));

TEST_P(MeshBridgeUnderPowerCuts, WhatWasAcknowledgedArrivesOnceAndInOrder) {
    Random random(GetParam());
    const auto shard_count = static_cast<std::uint16_t>(1 + random.below(3));
    mesh.add(shard_count, {});
    mesh.add(1, {0});
    mesh.add(shard_count, {1, 0});
    ASSERT_TRUE(mesh.wait_whole());
    std::array<Side, 2> sides{Side{.node = 0, .topic = "a"}, Side{.node = 2, .topic = "b"}};
    for (Side& side : sides) {
        connect(side);
    }
    mesh.world.run_for(1s);
    for (int step = 0; step < 60; ++step) {
        publish(sides[random.below(2)], random);
        if (random.chance(0.05)) {
            cut_power(sides[random.below(2)]);
        } else if (random.chance(0.03)) {
            mesh.restart(1);
        }
    }
    ASSERT_TRUE(mesh.wait_whole());
    EXPECT_TRUE(mesh.world.run_until([this] { return is_quiet(); }, 60s));
    mesh.world.run_for(2s);
    for (Side& side : sides) {
        collect(side);
    }
    for (const Side& side : sides) {
        const std::set<std::string> once(side.got.begin(), side.got.end());
        EXPECT_EQ(once.size(), side.got.size()) << "twice on node " << side.node;
        for (const Side& from : sides) {
            for (const std::string& each : from.acknowledged) {
                EXPECT_TRUE(once.contains(each)) << each << " on node " << side.node;
            }
        }
    }
}

/// One topic a side, so that what was acknowledged last is what all have to end with.
TEST_P(MeshBridgeUnderPowerCuts, RetainedMessagesEndTheSameOnAllNodes) {
    Random random(GetParam());
    const auto shard_count = static_cast<std::uint16_t>(1 + random.below(3));
    mesh.add(shard_count, {});
    mesh.add(1, {0});
    mesh.add(shard_count, {1, 0});
    ASSERT_TRUE(mesh.wait_whole());
    const std::array<std::size_t, 2> nodes{0, 2};
    std::array<TestClient*, 2> publishers{};
    std::array<std::string, 2> last;
    const auto connect = [&](std::size_t side) {
        publishers[side] = &mesh.client(nodes[side], "publisher-" + std::to_string(side));
        publishers[side]->connect();
    };
    connect(0);
    connect(1);
    for (int step = 0; step < 60; ++step) {
        const std::size_t side = random.below(2);
        const std::string payload = random.chance(0.2) ? "" : std::to_string(step);
        publishers[side]->publish("t" + std::to_string(side), payload, Qos::AtLeastOnce, true);
        ASSERT_EQ(publishers[side]->wait_for(PacketType::Puback).type, PacketType::Puback);
        last[side] = payload;
        if (random.chance(0.1)) {
            const std::size_t cut = random.below(2);
            mesh.restart(nodes[cut]);
            connect(cut);
        } else if (random.chance(0.05)) {
            mesh.restart(1);
        }
    }
    ASSERT_TRUE(mesh.wait_whole());
    mesh.world.run_for(10s);
    std::set<std::string> expected;
    for (std::size_t side = 0; side < 2; ++side) {
        if (!last[side].empty()) {
            expected.insert("t" + std::to_string(side) + "=" + last[side]);
        }
    }
    for (std::size_t node = 0; node < 3; ++node) {
        TestClient& late = mesh.client(node, "late-" + std::to_string(node));
        late.connect();
        late.subscribe("#", Qos::AtLeastOnce);
        mesh.world.run_for(1s);
        std::set<std::string> found;
        for (const broker::testing::Received& each : late.received) {
            found.insert(each.topic + "=" + each.payload);
        }
        EXPECT_EQ(found, expected) << "on node " << node;
        EXPECT_EQ(mesh.host(node).node().digests(), mesh.host(0).node().digests());
    }
}

}  // namespace
}  // namespace kith::node
