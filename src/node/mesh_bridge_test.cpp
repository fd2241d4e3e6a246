// Clients of different nodes as of one broker: what one node proves, a mesh of them holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mesh/live/limits.h"
#include "node/testing/bridged_mesh.h"
#include "wire/mqtt/encoder.h"

namespace kith::node {
namespace {

using broker::testing::TestClient;
using mqtt::PacketType;
using testing::BridgedMesh;

class MeshBridge : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    /// Three in a line: messages between the ends pass the one between them.
    void line() {
        mesh.add(GetParam(), {});
        mesh.add(GetParam(), {0});
        mesh.add(GetParam(), {1});
        ASSERT_TRUE(mesh.wait_whole());
    }
    TestClient& connected(std::size_t node, const std::string& id) {
        TestClient& client = mesh.client(node, id);
        client.connect();
        return client;
    }
    TestClient& subscriber(std::size_t node, const std::string& filter, Qos qos) {
        TestClient& client = connected(node, "sub-" + std::to_string(++last_client_));
        client.subscribe(filter, qos);
        return client;
    }
    [[nodiscard]] bool wait_for(const TestClient& client, std::size_t count) {
        return mesh.world.run_until([&] { return client.received.size() >= count; }, 20s);
    }
    void settle() { mesh.world.run_for(500ms); }

    BridgedMesh mesh;

  private:
    int last_client_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Shards, MeshBridge, ::testing::Values(1, 3));

TEST_P(MeshBridge, AMessageReachesSubscribersOfOtherNodesWithItsQos) {
    line();
    TestClient& far = subscriber(2, "a/+", Qos::ExactlyOnce);
    TestClient& publisher = connected(0, "publisher");
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        publisher.publish("a/b", std::to_string(static_cast<int>(qos)), qos);
    }
    ASSERT_TRUE(wait_for(far, 3));
    settle();
    EXPECT_EQ(far.payloads(), (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(far.received[2].qos, Qos::ExactlyOnce);
    EXPECT_EQ(mesh.held(0) + mesh.held(1), 0U) << "what has arrived is not kept";
}

TEST_P(MeshBridge, EverySubscriberOfEveryNodeGetsAMessageOnce) {
    line();
    std::vector<TestClient*> all;
    for (std::size_t node = 0; node < 3; ++node) {
        all.push_back(&subscriber(node, "#", Qos::AtLeastOnce));
        all.push_back(&subscriber(node, "a", Qos::AtMostOnce));
    }
    TestClient& publisher = connected(1, "publisher");
    publisher.publish("a", "one", Qos::AtLeastOnce);
    publisher.publish("a", "two", Qos::AtMostOnce);
    for (TestClient* client : all) {
        EXPECT_TRUE(wait_for(*client, 2));
    }
    settle();
    for (TestClient* client : all) {
        EXPECT_EQ(client->payloads(), (std::vector<std::string>{"one", "two"}));
    }
}

TEST_P(MeshBridge, NothingPublishedAfterASubackIsMissed) {
    line();
    TestClient& publisher = connected(0, "publisher");
    for (int i = 0; i < 10; ++i) {
        const std::string topic = "t/" + std::to_string(i);
        TestClient& client = connected(2, "late-" + std::to_string(i));
        client.subscribe(topic);
        publisher.publish(topic, "first", Qos::AtMostOnce);
        EXPECT_TRUE(wait_for(client, 1)) << topic;
    }
    EXPECT_EQ(mesh.rig(2).counters().barriers_partial, 0U);
}

TEST_P(MeshBridge, WhatNobodyWantsAnyMoreStaysOnItsNode) {
    line();
    TestClient& far = subscriber(2, "a", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("a", "1", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(far, 1));
    far.unsubscribe("a");
    settle();
    const std::uint64_t before = mesh.host(1).node().counters().data_forwarded;
    publisher.publish("a", "2", Qos::AtLeastOnce);
    settle();
    EXPECT_EQ(mesh.host(1).node().counters().data_forwarded, before);
}

TEST_P(MeshBridge, WhatANodeSaysOfItselfIsNotSharedAndInboxesAre) {
    line();
    TestClient& curious = subscriber(2, "$SYS/#", Qos::AtMostOnce);
    TestClient& inbox = connected(2, "pump");
    inbox.subscribe("$to/pump/#", Qos::AtLeastOnce);
    settle();
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("$to/pump/start", "now", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(inbox, 1));
    EXPECT_EQ(inbox.received[0].topic, "$to/pump/start");
    EXPECT_TRUE(curious.received.empty());
}

TEST_P(MeshBridge, ARetainedMessageIsRetainedWhereItIsWanted) {
    line();
    TestClient& far = subscriber(2, "lamp", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("lamp", "on", Qos::AtLeastOnce, true);
    publisher.publish("lamp", "dimmed", Qos::AtLeastOnce);
    publisher.publish("lamp", "off", Qos::ExactlyOnce, true);
    ASSERT_TRUE(wait_for(far, 3));
    EXPECT_EQ(far.payloads(), (std::vector<std::string>{"on", "dimmed", "off"}));
    TestClient& late = subscriber(2, "lamp", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(late, 1));
    EXPECT_EQ(late.payloads(), std::vector<std::string>{"off"});
    EXPECT_TRUE(late.received[0].retain);
}

TEST_P(MeshBridge, ARetainedMessageIsFoundOnEveryNodeAndDeletedFromAny) {
    line();
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("lamp/1", "on", Qos::AtLeastOnce, true);
    publisher.publish("lamp/2", "off", Qos::AtMostOnce, true);
    for (std::size_t node = 0; node < 3; ++node) {
        TestClient& late = subscriber(node, "lamp/+", Qos::AtLeastOnce);
        ASSERT_TRUE(wait_for(late, 2)) << "on node " << node;
        EXPECT_TRUE(late.received[0].retain);
        EXPECT_TRUE(late.received[1].retain);
        late.drop();
    }
    TestClient& other = connected(2, "other");
    other.publish("lamp/1", "", Qos::AtLeastOnce, true);
    for (std::size_t node = 0; node < 3; ++node) {
        TestClient& late = subscriber(node, "lamp/+", Qos::AtLeastOnce);
        settle();
        EXPECT_EQ(late.payloads(), std::vector<std::string>{"off"}) << "on node " << node;
    }
}

TEST_P(MeshBridge, WhoWasAwayGetsWhatWasRetainedAndNothingThatWasDeleted) {
    line();
    TestClient& publisher = connected(0, "publisher");
    for (const char* topic : {"kept", "deleted", "changed"}) {
        publisher.publish(topic, "before", Qos::AtLeastOnce, true);
    }
    settle();
    mesh.power_off(2);
    publisher.publish("deleted", "", Qos::AtLeastOnce, true);
    publisher.publish("changed", "after", Qos::AtLeastOnce, true);
    publisher.publish("new", "after", Qos::AtMostOnce, true);
    settle();
    mesh.restart(2);
    ASSERT_TRUE(mesh.wait_whole());
    mesh.world.run_for(3s);
    for (std::size_t node = 0; node < 3; ++node) {
        TestClient& late = subscriber(node, "#", Qos::AtLeastOnce);
        settle();
        std::set<std::string> found;
        for (const broker::testing::Received& each : late.received) {
            found.insert(each.topic + "=" + each.payload);
        }
        EXPECT_EQ(found, (std::set<std::string>{"kept=before", "changed=after", "new=after"}))
            << "on node " << node;
    }
    EXPECT_EQ(mesh.host(2).node().digests(), mesh.host(0).node().digests());
    EXPECT_GT(mesh.host(2).node().counters().state.repaired, 0U);
}

TEST_P(MeshBridge, WhatWasRetainedBeforeThereWasAMeshIsSharedToo) {
    mesh.add(GetParam(), {});
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("old", "1", Qos::AtLeastOnce, true);
    ASSERT_EQ(publisher.wait_for(PacketType::Puback).type, PacketType::Puback);
    mesh.add(GetParam(), {0});
    ASSERT_TRUE(mesh.wait_whole());
    mesh.world.run_for(3s);
    TestClient& late = subscriber(1, "#", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(late, 1));
    EXPECT_EQ(late.payloads(), std::vector<std::string>{"1"});
}

TEST_P(MeshBridge, AShareGroupOfSeveralNodesGetsEachMessageOnce) {
    line();
    TestClient& one = subscriber(1, "$share/g/a", Qos::AtLeastOnce);
    TestClient& two = subscriber(2, "$share/g/a", Qos::AtLeastOnce);
    TestClient& plain = subscriber(2, "a", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    constexpr std::size_t kCount = 40;
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
    }
    EXPECT_TRUE(wait_for(plain, kCount));
    settle();
    EXPECT_EQ(one.received.size() + two.received.size(), kCount);
    EXPECT_EQ(plain.received.size(), kCount);
    TestClient& near = subscriber(0, "$share/g/a", Qos::AtLeastOnce);
    publisher.publish("a", "near", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(near, 1)) << "a member here is nearer than all others";
    settle();
    EXPECT_EQ(one.received.size() + two.received.size(), kCount);
}

TEST_P(MeshBridge, AWillReachesOtherNodes) {
    line();
    TestClient& far = subscriber(2, "gone", Qos::AtLeastOnce);
    TestClient& machine = mesh.client(0, "machine");
    machine.settings.will = mqtt::Will{};
    machine.settings.will->topic = "gone";
    machine.settings.will->payload = as_bytes("bye");
    machine.settings.will->qos = Qos::AtLeastOnce;
    machine.connect();
    machine.drop();
    ASSERT_TRUE(wait_for(far, 1));
    EXPECT_EQ(far.payloads(), std::vector<std::string>{"bye"});
}

TEST_P(MeshBridge, NoPacketIsTakenThatCouldNotReachOtherNodes) {
    mesh.broker = broker::testing::quiet({.packet_bytes_max = 4U << 20U});
    line();
    TestClient& far = subscriber(2, "big", Qos::AtLeastOnce);
    TestClient& publisher = mesh.client(0, "publisher");
    publisher.settings.version = mqtt::Version::V5;
    EXPECT_EQ(publisher.connect().maximum_packet_size, bus::kMeshMessageBytesMax);
    publisher.publish("big", std::string(bus::kMeshMessageBytesMax - 100, 'x'), Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(far, 1));
    publisher.publish("big", std::string(bus::kMeshMessageBytesMax, 'x'), Qos::AtLeastOnce);
    EXPECT_TRUE(publisher.wait_closed());
    EXPECT_EQ(publisher.last(PacketType::Disconnect).reason, mqtt::ReasonCode::PacketTooLarge);
}

TEST_P(MeshBridge, PublishersWaitForNodesThatAreSlowerThanThey) {
    line();
    TestClient& far = subscriber(2, "big", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    const std::string payload(400'000, 'x');
    constexpr std::size_t kCount = 100;
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("big", payload, Qos::AtLeastOnce);
    }
    std::uint64_t most_bytes = 0;
    EXPECT_TRUE(mesh.world.run_until(
        [&] {
            most_bytes = std::max(most_bytes, mesh.host(0).node().counters().custody_bytes);
            return far.received.size() == kCount;
        },
        60s));
    EXPECT_LE(most_bytes, mesh::kUnderWayBytesMax + (2U << 20U));
    EXPECT_GT(most_bytes, mesh::kUnderWayBytesMax / 2) << "there was something to wait for";
}

TEST_P(MeshBridge, WhatWasAcknowledgedSurvivesThePowerCutOfItsNode) {
    mesh.add(GetParam(), {});
    mesh.add(GetParam(), {0});
    ASSERT_TRUE(mesh.wait_whole());
    TestClient& far = mesh.client(1, "far");
    far.connect_durable();
    far.subscribe("a", Qos::ExactlyOnce);
    settle();
    mesh.power_off(1);  // nobody takes it now
    TestClient& publisher = connected(0, "publisher");
    for (int i = 0; i < 20; ++i) {
        publisher.publish("a", std::to_string(i), Qos::AtLeastOnce);
        ASSERT_EQ(publisher.wait_for(PacketType::Puback).reason, mqtt::ReasonCode::Success);
    }
    EXPECT_EQ(mesh.held(0), 20U);
    mesh.restart(0);
    EXPECT_EQ(mesh.held(0), 20U);
    mesh.restart(1);
    ASSERT_TRUE(mesh.wait_whole());
    TestClient& again = mesh.client(1, "far");
    again.connect_durable();
    ASSERT_TRUE(wait_for(again, 20));
    settle();
    EXPECT_EQ(again.received.size(), 20U);
    EXPECT_EQ(again.payloads().front(), "0");
    EXPECT_EQ(again.payloads().back(), "19");
    EXPECT_EQ(mesh.held(0), 0U);
    EXPECT_EQ(mesh.rig(0).store().message_count(), 0U) << "and it is gone from the disk";
}

TEST_P(MeshBridge, WhatWaitsBeyondItsMemoryIsReadFromTheDisk) {
    constexpr std::size_t kMemoryBytes = 20'000;
    constexpr std::size_t kCount = 300;
    mesh.spool_memory_bytes_max = kMemoryBytes;
    line();
    TestClient& far = mesh.client(2, "far");
    far.connect_durable();
    far.subscribe("a", Qos::ExactlyOnce);
    settle();
    mesh.power_off(2);
    TestClient& publisher = connected(0, "publisher");
    const std::string padding(1000, 'x');
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", std::to_string(i) + padding, Qos::AtLeastOnce);
        ASSERT_EQ(publisher.wait_for(PacketType::Puback).reason, mqtt::ReasonCode::Success);
    }
    settle();
    EXPECT_EQ(mesh.held(0), kCount);
    // What the relay got just before it lost its way comes back after a second.
    EXPECT_TRUE(mesh.world.run_until(
        [this] { return mesh.host(0).node().counters().custody_bytes <= kMemoryBytes; }, 2s));
    EXPECT_GT(mesh.host(0).node().counters().spool_count, kCount / 2);
    mesh.restart(0);
    EXPECT_EQ(mesh.held(0), kCount);
    EXPECT_LE(mesh.host(0).node().counters().custody_bytes, kMemoryBytes);
    mesh.restart(2);
    ASSERT_TRUE(mesh.wait_whole());
    TestClient& again = mesh.client(2, "far");
    again.connect_durable();
    ASSERT_TRUE(wait_for(again, kCount));
    settle();
    ASSERT_EQ(again.received.size(), kCount);
    for (std::size_t i = 0; i < kCount; ++i) {
        EXPECT_EQ(again.payloads()[i], std::to_string(i) + padding);
    }
    EXPECT_EQ(mesh.held(0), 0U);
    EXPECT_EQ(mesh.host(0).node().counters().spool_bytes, 0U);
    EXPECT_EQ(mesh.rig(0).store().message_count(), 0U);
}

TEST_P(MeshBridge, AClientOfANodeReadsItsInboxByIdAndByName) {
    line();
    TestClient& here = connected(2, "here");
    const std::string by_name = "$to/node/" + mesh.host(2).node().name();
    here.subscribe(by_name + "/#", Qos::AtLeastOnce);
    here.subscribe("$to/node/0000000000000003/#", Qos::AtLeastOnce);
    EXPECT_EQ(here.last(PacketType::Suback).reasons, std::vector{mqtt::ReasonCode::GrantedQos1});
    here.subscribe("$to/node/0000000000000002/#", Qos::AtLeastOnce);
    EXPECT_EQ(here.last(PacketType::Suback).reasons, std::vector{mqtt::ReasonCode::NotAuthorized});
    TestClient& publisher = connected(0, "publisher");
    publisher.publish(by_name + "/ping", "1", Qos::AtLeastOnce);
    publisher.publish("$to/node/0000000000000003/ping", "2", Qos::AtLeastOnce);
    publisher.publish("$to/node/0000000000000002/ping", "3", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(here, 2));
    settle();
    EXPECT_EQ(here.payloads(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, mqtt::ReasonCode::NoMatchingSubscribers);
}

TEST_P(MeshBridge, AServiceIsProvidedByTheNearestOne) {
    line();
    TestClient& near = subscriber(1, "$to/any/print/#", Qos::AtLeastOnce);
    TestClient& far = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    TestClient& farther = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    publisher.publish("$to/any/print", "1", Qos::AtLeastOnce);
    publisher.publish("$to/any/print/jobs/7", "2", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(near, 2));
    settle();
    EXPECT_EQ(near.payloads(), (std::vector<std::string>{"1", "2"}));
    near.disconnect();
    settle();
    publisher.publish("$to/any/print/jobs/8", "3", Qos::AtLeastOnce);
    settle();
    EXPECT_EQ(far.received.size() + farther.received.size(), 1U) << "one of the next node's two";
    TestClient& own = subscriber(0, "$to/any/print/#", Qos::AtLeastOnce);
    publisher.publish("$to/any/print/jobs/9", "4", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(own, 1));
    settle();
    EXPECT_EQ(far.received.size() + farther.received.size(), 1U);
    publisher.publish("$to/any/scan/jobs/1", "5", Qos::AtLeastOnce);
    settle();
    EXPECT_EQ(publisher.last(PacketType::Puback).reason, mqtt::ReasonCode::NoMatchingSubscribers);
}

TEST_P(MeshBridge, TheNextNearestProviderGetsWhatADeadOneDidNotTake) {
    line();
    subscriber(1, "$to/any/print/#", Qos::AtLeastOnce);
    TestClient& far = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    TestClient& publisher = connected(0, "publisher");
    mesh.restart(2);  // of its dialled peers, node 0 is one now
    ASSERT_TRUE(mesh.wait_whole());
    static_cast<void>(far);
    TestClient& again = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    mesh.power_off(1);
    publisher.publish("$to/any/print", "1", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(again, 1));
    settle();
    EXPECT_EQ(again.payloads(), std::vector<std::string>{"1"});
}

/// A request with Response Topic and Correlation Data.
void ask(TestClient& client, std::string_view topic, std::optional<std::uint32_t> expiry_s = {}) {
    const auto properties = mqtt::encode_message_properties(
        {.response_topic = "answers", .correlation_data = as_bytes("17")}, {});
    mqtt::Publish packet;
    packet.topic = topic;
    packet.payload = as_bytes("question");
    packet.qos = Qos::AtLeastOnce;
    packet.packet_id = PacketId(77);
    packet.message_expiry_interval = expiry_s;
    packet.properties = {properties};
    client.send(packet);
}

TEST_P(MeshBridge, ARequestReachesItsResponderAndTheAnswerComesBack) {
    line();
    TestClient& asker = connected(0, "asker");
    asker.subscribe("answers", Qos::AtLeastOnce);
    TestClient& responder = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    ask(asker, "$to/any/print/jobs");
    ASSERT_TRUE(wait_for(responder, 1));
    EXPECT_EQ(responder.received[0].response_topic, "answers");
    EXPECT_EQ(responder.received[0].correlation, "17");
    responder.publish(responder.received[0].response_topic, "done", Qos::AtLeastOnce);
    EXPECT_TRUE(wait_for(asker, 1));
    settle();
    EXPECT_EQ(asker.payloads(), std::vector<std::string>{"done"});
}

TEST_P(MeshBridge, WhoAsksWhereNobodyOfTheMeshListensIsToldAtOnce) {
    line();
    TestClient& asker = connected(0, "asker");
    asker.subscribe("answers", Qos::AtLeastOnce);
    TestClient& responder = subscriber(2, "$to/any/print/#", Qos::AtLeastOnce);
    responder.disconnect();
    settle();
    const Instant begin = mesh.world.now();
    ask(asker, "$to/any/print/jobs");
    ASSERT_TRUE(wait_for(asker, 1));
    EXPECT_LT(mesh.world.now() - begin, 5ms) << "a round trip to its own node";
    EXPECT_EQ(asker.received[0].correlation, "17");
    ASSERT_EQ(asker.received[0].user_properties.size(), 1U);
    EXPECT_EQ(asker.received[0].user_properties[0].second, "no-responder");
    EXPECT_EQ(asker.last(PacketType::Puback).reason, mqtt::ReasonCode::NoMatchingSubscribers);
}

TEST_P(MeshBridge, ARequestPastItsDeadlineIsCancelledOnItsWay) {
    line();
    TestClient& asker = connected(0, "asker");
    TestClient& responder = mesh.client(2, "responder");
    responder.connect_durable();
    responder.subscribe("$to/responder/#", Qos::AtLeastOnce);
    mesh.power_off(2);
    ASSERT_TRUE(mesh.world.run_until([this] { return mesh.reachable(0) == 1; }, 10s));
    ask(asker, "$to/responder/x", 1);
    asker.publish("$to/responder/x", "no deadline", Qos::AtLeastOnce);
    mesh.world.run_for(2s);
    mesh.restart(2);
    responder.connect_durable();
    ASSERT_TRUE(wait_for(responder, 1));
    settle();
    EXPECT_EQ(responder.payloads(), std::vector<std::string>{"no deadline"});
    EXPECT_EQ(mesh.held(0), 0U);
}

TEST_P(MeshBridge, MachinesOfAllNodesAreInOneDirectoryWhileTheyAreThere) {
    line();
    TestClient& looker = subscriber(0, "$mesh/dir/+", Qos::AtLeastOnce);
    TestClient& oven = connected(2, "oven-1");
    oven.publish("$mesh/dir/oven-1", R"({"type":"oven"})", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(looker, 1));
    EXPECT_NE(looker.received[0].payload.find(R"("node":"0000000000000003")"), std::string::npos);
    TestClient& late = subscriber(0, "$mesh/dir/+", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(late, 1));
    oven.drop();
    ASSERT_TRUE(wait_for(looker, 2));
    EXPECT_EQ(looker.received[1].topic, "$mesh/dir/oven-1");
    EXPECT_EQ(looker.received[1].payload, "");
}

TEST_P(MeshBridge, AMachineThatWentToAnotherNodeStaysInTheDirectory) {
    line();
    TestClient& looker = subscriber(1, "$mesh/dir/+", Qos::AtLeastOnce);
    subscriber(0, "$mesh/dir/+", Qos::AtLeastOnce);
    TestClient& before = connected(0, "oven-1");
    before.publish("$mesh/dir/oven-1", R"({"type":"oven"})", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(looker, 1));
    TestClient& after = connected(2, "oven-1");
    after.publish("$mesh/dir/oven-1", R"({"type":"oven"})", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(looker, 2));
    settle();
    before.drop();  // its node finds out late
    settle();
    EXPECT_NE(looker.received.back().payload, "");
}

}  // namespace
}  // namespace kith::node
