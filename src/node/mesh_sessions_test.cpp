// Clients that come to another node find their session there.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "node/testing/bridged_mesh.h"

namespace kith::node {
namespace {

using broker::testing::Answered;
using broker::testing::TestClient;
using mqtt::PacketType;
using testing::BridgedMesh;

class MeshSessions : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    void line() {
        mesh.add(GetParam(), {});
        mesh.add(GetParam(), {0});
        mesh.add(GetParam(), {1});
        ASSERT_TRUE(mesh.wait_whole());
    }
    void settle() { mesh.world.run_for(500ms); }
    [[nodiscard]] bool wait_for(const TestClient& client, std::size_t count) {
        return mesh.world.run_until([&] { return client.received.size() >= count; }, 20s);
    }

    /// A client with ten messages moves from node 0 to node 2, and a node loses its power
    /// meanwhile.
    void move_and_cut(BridgedMesh& nodes, std::size_t victim, Duration at);

    BridgedMesh mesh;
};

/// What a client that tells duplicates of QoS 2 by their flag has got of it, by content.
std::map<std::string, int> first_receipts(const std::vector<const TestClient*>& clients) {
    std::map<std::string, int> counts;
    for (const TestClient* client : clients) {
        for (const broker::testing::Received& each : client->received) {
            counts[each.payload] += each.dup ? 0 : 1;
        }
    }
    return counts;
}

void MeshSessions::move_and_cut(BridgedMesh& nodes, std::size_t victim, Duration at) {
    nodes.add(GetParam(), {});
    nodes.add(GetParam(), {0});
    nodes.add(GetParam(), {0, 1});
    ASSERT_TRUE(nodes.wait_whole());
    TestClient& here = nodes.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::ExactlyOnce);
    here.drop();
    nodes.world.run_for(300ms);
    TestClient& publisher = nodes.client(1, "publisher");
    publisher.connect();
    for (int i = 0; i < 10; ++i) {
        publisher.publish("a", std::to_string(i), Qos::ExactlyOnce);
    }
    nodes.world.run_for(300ms);

    TestClient& there = nodes.client(2, "roamer");
    there.settings.client_id = "roamer";
    there.settings.clean_start = false;
    there.settings.session_expiry_interval = 0xFFFF'FFFF;
    there.open_stream();
    there.begin();
    nodes.world.run_for(at);
    nodes.power_off(victim);
    nodes.world.run_for(3s);
    nodes.restart(victim);
    ASSERT_TRUE(nodes.wait_whole());
    nodes.world.run_for(5s);

    TestClient& last = nodes.client(2, "roamer");
    const bool is_present = last.connect_durable().session_present;
    last.subscribe("a", Qos::ExactlyOnce);
    publisher.publish("a", "after", Qos::ExactlyOnce);
    nodes.world.run_for(15s);
    const std::map<std::string, int> counts = first_receipts({&there, &last});
    EXPECT_EQ(counts.size(), 11U);
    EXPECT_TRUE(is_present);
    std::size_t sessions = 0;
    std::size_t fenced = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        sessions += nodes.rig(i).counters().sessions;
        fenced += nodes.rig(i).counters().sessions_fenced;
    }
    EXPECT_EQ(sessions, 2U) << "of the client and the publisher: "
                            << nodes.rig(0).counters().sessions << nodes.rig(1).counters().sessions
                            << nodes.rig(2).counters().sessions << " moved in "
                            << nodes.rig(2).counters().sessions_moved_in << " fenced "
                            << nodes.rig(0).counters().sessions_fenced << " out "
                            << nodes.rig(0).counters().sessions_moved_out << " timed out "
                            << nodes.rig(2).counters().session_moves_timed_out << " queued "
                            << nodes.rig(0).counters().queued_messages;
    for (const auto& [payload, count] : counts) {
        EXPECT_TRUE(count <= 1 || fenced > 0) << payload << " came " << count << " times";
    }
}
INSTANTIATE_TEST_SUITE_P(Shards, MeshSessions, ::testing::Values(1, 3));

TEST_P(MeshSessions, AClientFindsItsSubscriptionsAndMessagesOnAnotherNode) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    EXPECT_FALSE(here.connect_durable().session_present);
    here.subscribe("a/+", Qos::ExactlyOnce);
    here.drop();
    settle();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    publisher.publish("a/1", "one", Qos::AtLeastOnce);
    publisher.publish("a/2", "two", Qos::ExactlyOnce);
    settle();

    TestClient& there = mesh.client(2, "roamer");
    EXPECT_TRUE(there.connect_durable().session_present);
    ASSERT_TRUE(wait_for(there, 2));
    EXPECT_EQ(there.payloads(), (std::vector<std::string>{"one", "two"}));
    publisher.publish("a/3", "three", Qos::ExactlyOnce);
    ASSERT_TRUE(wait_for(there, 3));
    mesh.world.run_for(10s);
    EXPECT_EQ(there.received.size(), 3U);
    EXPECT_EQ(mesh.rig(0).counters().sessions, 0U);
    EXPECT_EQ(mesh.rig(0).counters().subscriptions, 0U);
    EXPECT_EQ(mesh.rig(2).counters().sessions_moved_in, 1U);
}

TEST_P(MeshSessions, AClientThatIsStillConnectedElsewhereIsCutOff) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    settle();
    TestClient& there = mesh.client(2, "roamer");
    EXPECT_TRUE(there.connect_durable().session_present);
    ASSERT_TRUE(here.wait_closed());
    EXPECT_EQ(here.last(PacketType::Disconnect).reason, mqtt::ReasonCode::SessionTakenOver);
    TestClient& publisher = mesh.client(0, "publisher");
    publisher.connect();
    publisher.publish("a", "one", Qos::AtLeastOnce);
    ASSERT_TRUE(wait_for(there, 1));
    EXPECT_EQ(mesh.rig(0).counters().sessions_moved_out, 1U);
}

TEST_P(MeshSessions, ACleanStartEndsTheSessionElsewhere) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    settle();
    TestClient& there = mesh.client(1, "roamer");
    there.settings.clean_start = true;
    EXPECT_FALSE(there.connect().session_present);
    ASSERT_TRUE(here.wait_closed());
    settle();
    EXPECT_EQ(mesh.rig(0).counters().sessions, 0U);
    TestClient& publisher = mesh.client(2, "publisher");
    publisher.connect();
    publisher.publish("a", "lost", Qos::AtLeastOnce);
    settle();
    EXPECT_TRUE(there.received.empty());
}

TEST_P(MeshSessions, AClientWithoutADurableSessionIsCutOffElsewhere) {
    line();
    TestClient& here = mesh.client(0, "guest");
    here.connect();
    settle();
    TestClient& there = mesh.client(2, "guest");
    there.settings.clean_start = false;
    EXPECT_FALSE(there.connect().session_present);
    ASSERT_TRUE(here.wait_closed());
    EXPECT_EQ(here.last(PacketType::Disconnect).reason, mqtt::ReasonCode::SessionTakenOver);
}

TEST_P(MeshSessions, QosTwoIsOnceWhereverItsHandshakeGoesOn) {
    line();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    TestClient& watcher = mesh.client(1, "watcher");
    watcher.connect();
    watcher.subscribe("from/roamer", Qos::ExactlyOnce);
    TestClient& here = mesh.client(0, "roamer");
    here.acknowledges = false;
    here.connect_durable();
    here.subscribe("a", Qos::ExactlyOnce);
    for (const char* text : {"one", "two", "three"}) {
        publisher.publish("a", text, Qos::ExactlyOnce);
    }
    ASSERT_TRUE(wait_for(here, 3));
    // The first one is acknowledged, of the second one PUBREC went out, the third is only sent.
    here.acknowledge(PacketType::Pubrec, here.received[0].packet_id);
    here.wait_for(PacketType::Pubrel);
    here.acknowledge(PacketType::Pubcomp, here.received[0].packet_id);
    here.acknowledge(PacketType::Pubrec, here.received[1].packet_id);
    here.wait_for(PacketType::Pubrel);
    const PacketId second = here.received[1].packet_id;
    const PacketId third = here.received[2].packet_id;
    const PacketId own = here.publish("from/roamer", "mine", Qos::ExactlyOnce);
    here.wait_for(PacketType::Pubrec);
    ASSERT_TRUE(wait_for(watcher, 1));
    here.drop();
    settle();

    TestClient& there = mesh.client(2, "roamer");
    there.acknowledges = false;
    ASSERT_TRUE(there.connect_durable().session_present);
    ASSERT_TRUE(wait_for(there, 1));
    EXPECT_EQ(there.received[0].payload, "three");
    EXPECT_EQ(there.received[0].packet_id, third);
    EXPECT_TRUE(there.received[0].dup);
    EXPECT_EQ(there.last(PacketType::Pubrel).packet_id, second);
    mqtt::Publish again;
    again.topic = "from/roamer";
    again.payload = as_bytes("mine");
    again.qos = Qos::ExactlyOnce;
    again.dup = true;
    again.packet_id = own;
    there.send(again);
    EXPECT_EQ(there.wait_for(PacketType::Pubrec).packet_id, own);
    there.acknowledge(PacketType::Pubrel, own);
    there.wait_for(PacketType::Pubcomp);
    settle();
    EXPECT_EQ(watcher.received.size(), 1U);
}

TEST_P(MeshSessions, AWillFiresOnceWhereItsClientWas) {
    line();
    TestClient& watcher = mesh.client(1, "watcher");
    watcher.connect();
    watcher.subscribe("will", Qos::AtLeastOnce);
    TestClient& here = mesh.client(0, "roamer");
    here.settings.will = mqtt::Will{.topic = "will", .payload = as_bytes("of 0")};
    here.connect_durable();
    settle();
    TestClient& there = mesh.client(2, "roamer");
    there.settings.will = mqtt::Will{.topic = "will", .payload = as_bytes("of 2")};
    there.connect_durable();
    settle();
    EXPECT_EQ(watcher.payloads(), (std::vector<std::string>{"of 0"}));  // [MQTT-3.1.4-3]
    there.drop();
    mesh.world.run_for(5s);
    EXPECT_EQ(watcher.payloads(), (std::vector<std::string>{"of 0", "of 2"}));
}

TEST_P(MeshSessions, ALongQueueMovesWhole) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    here.drop();
    settle();
    TestClient& publisher = mesh.client(0, "publisher");
    publisher.connect();
    constexpr std::size_t kCount = 3000;
    for (std::size_t i = 0; i < kCount; ++i) {
        publisher.publish("a", std::to_string(i) + std::string(200, 'x'), Qos::AtLeastOnce);
        if (i % 100 == 0) {
            mesh.world.run_for(20ms);
        }
    }
    mesh.world.run_for(2s);
    TestClient& there = mesh.client(2, "roamer");
    ASSERT_TRUE(there.connect_durable().session_present);
    ASSERT_TRUE(wait_for(there, kCount));
    for (std::size_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(there.received[i].payload, std::to_string(i) + std::string(200, 'x'));
        ASSERT_FALSE(there.received[i].dup);
    }
}

TEST_P(MeshSessions, NothingIsLostOrDoubledWhileAClientGoesRound) {
    line();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    mesh.client(0, "roamer").connect_durable();
    TestClient* client = &mesh.client(2, "roamer");
    client->connect_durable();
    client->subscribe("a", Qos::ExactlyOnce);
    std::vector<const TestClient*> clients{client};
    std::size_t sent = 0;
    for (std::size_t round = 0; round < 40; ++round) {
        for (int i = 0; i < 5; ++i) {
            publisher.publish("a", std::to_string(sent++), Qos::ExactlyOnce);
            mesh.world.run_for(3ms);
        }
        TestClient& next = mesh.client(round % 3, "roamer");
        next.settings.client_id = "roamer";
        next.settings.clean_start = false;
        next.settings.session_expiry_interval = 0xFFFF'FFFF;
        next.open_stream();
        next.begin();
        for (int i = 0; i < 20; ++i) {  // under way while it moves
            publisher.publish("a", std::to_string(sent++), Qos::ExactlyOnce);
            mesh.world.run_for(300us);
        }
        ASSERT_TRUE(mesh.world.run_until([&] { return next.count(PacketType::Connack) > 0; }, 5s));
        ASSERT_TRUE(next.last(PacketType::Connack).session_present) << round;
        mesh.world.run_for(20ms);
        clients.push_back(&next);
    }
    mesh.world.run_for(20s);
    const std::map<std::string, int> counts = first_receipts(clients);
    EXPECT_EQ(counts.size(), sent);
    for (const auto& [payload, count] : counts) {
        EXPECT_EQ(count, 1) << payload;
    }
    std::size_t sessions = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        sessions += mesh.rig(i).counters().sessions;
    }
    EXPECT_EQ(sessions, 2U) << "the roamer and the publisher";
}

/// A node that was away all the time has messages for where the session was before.
TEST_P(MeshSessions, WhatANodeThatWasAwaySendsToTheOldOwnerFollows) {
    mesh.add(GetParam(), {});
    mesh.add(GetParam(), {0});
    mesh.add(GetParam(), {0, 1});
    ASSERT_TRUE(mesh.wait_whole());
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::ExactlyOnce);
    here.drop();
    settle();
    mesh.part(1);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(0) == 1; }, 60s));
    TestClient& far = mesh.client(1, "publisher");
    far.connect();
    for (int i = 0; i < 20; ++i) {
        far.publish("a", "far " + std::to_string(i), Qos::ExactlyOnce);
    }
    TestClient& there = mesh.client(2, "roamer");
    ASSERT_TRUE(there.connect_durable().session_present);
    TestClient& near = mesh.client(0, "near");
    near.connect();
    mesh.world.run_for(20min);  // longer than anything is under way
    const std::uint64_t forwarded = mesh.rig(0).counters().session_messages_forwarded;
    near.publish("a", "near", Qos::ExactlyOnce);
    mesh.world.run_for(1s);
    EXPECT_EQ(there.payloads(), (std::vector<std::string>{"near"}));
    EXPECT_EQ(mesh.rig(0).counters().session_messages_forwarded, forwarded)
        << "who knows where it is sends there alone";

    mesh.end_parting(1);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(1) == 2; }, 60s));
    ASSERT_TRUE(wait_for(there, 21)) << "what waited follows";
    mesh.world.run_for(60s);
    EXPECT_EQ(mesh.rig(0).counters().subscriptions, 0U) << "nobody is waited for any more";
    const std::uint64_t twice = mesh.rig(2).counters().session_messages_twice;
    far.publish("a", "far again", Qos::ExactlyOnce);
    mesh.world.run_for(5s);
    EXPECT_EQ(there.received.size(), 22U);
    EXPECT_EQ(mesh.rig(2).counters().session_messages_twice, twice);
    for (const auto& [payload, count] : first_receipts({&there})) {
        EXPECT_EQ(count, 1) << payload;
    }
    mesh.world.run_for(5min);
    EXPECT_EQ(mesh.rig(2).counters().sessions_watched, 0U);
}

/// To another node while the first was dead, and back to it before it has met anybody.
TEST_P(MeshSessions, TheLaterVisitCountsWhereANodeIsMetBeforeTheMeshIsWhole) {
    line();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    TestClient& first = mesh.client(0, "roamer");
    first.connect_durable();
    first.subscribe("a", Qos::AtLeastOnce);
    first.drop();
    settle();
    publisher.publish("a", "of the first", Qos::AtLeastOnce);
    settle();
    mesh.power_off(0);
    TestClient& second = mesh.client(2, "roamer");
    EXPECT_FALSE(second.connect_durable().session_present);
    second.subscribe("a", Qos::AtLeastOnce);
    second.drop();
    settle();
    publisher.publish("a", "of the second", Qos::AtLeastOnce);
    settle();

    mesh.part(0);
    mesh.restart(0);
    TestClient& third = mesh.client(0, "roamer");
    EXPECT_TRUE(third.connect_durable().session_present);
    ASSERT_TRUE(wait_for(third, 1));
    mesh.end_parting(0);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(0) == 2; }, 60s));
    ASSERT_TRUE(wait_for(third, 2)) << "what waited elsewhere follows";
    mesh.world.run_for(10s);
    const std::map<std::string, int> counts = first_receipts({&third});
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at("of the first"), 1);
    EXPECT_LE(counts.at("of the second"), 2) << "both nodes had it: at least once";
    EXPECT_TRUE(third.is_open());
    EXPECT_EQ(mesh.rig(0).counters().sessions_fenced, 0U);
    EXPECT_EQ(mesh.rig(2).counters().sessions_fenced, 1U);
    EXPECT_EQ(mesh.rig(0).counters().sessions, 1U);
    EXPECT_EQ(mesh.rig(2).counters().sessions, 0U);
}

TEST_P(MeshSessions, ANodeThatStartsAgainGivesItsSessionsToWhoAsksAtOnce) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    here.drop();
    settle();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    publisher.publish("a", "kept", Qos::AtLeastOnce);
    settle();
    mesh.restart(0);
    TestClient& there = mesh.client(2, "roamer");
    EXPECT_TRUE(there.connect_durable().session_present);
    ASSERT_TRUE(wait_for(there, 1));
    EXPECT_EQ(there.received[0].payload, "kept");
}

/// It knows from its disk who has the session, and reaches nobody.
TEST_P(MeshSessions, ANodeThatIsMetAloneBeginsASessionAndTheOtherOneStops) {
    line();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    TestClient& here = mesh.client(2, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    here.drop();
    settle();
    publisher.publish("a", "kept", Qos::AtLeastOnce);
    settle();
    mesh.part(0);
    mesh.restart(0);
    TestClient& there = mesh.client(0, "roamer");
    EXPECT_FALSE(there.connect_durable().session_present);
    mesh.end_parting(0);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(0) == 2; }, 60s));
    ASSERT_TRUE(wait_for(there, 1)) << "what waited elsewhere follows";
    mesh.world.run_for(10s);
    EXPECT_EQ(there.payloads(), (std::vector<std::string>{"kept"}));
    EXPECT_EQ(mesh.rig(0).counters().sessions + mesh.rig(2).counters().sessions, 1U);
    EXPECT_EQ(mesh.rig(2).counters().sessions_fenced, 1U);
}

TEST_P(MeshSessions, AnOwnerOutOfReachIsFencedWhenItComesBack) {
    line();
    TestClient& publisher = mesh.client(0, "publisher");
    publisher.connect();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    here.drop();
    settle();
    publisher.publish("a", "kept", Qos::AtLeastOnce);
    settle();
    mesh.rig(0).node().cut();
    mesh.world.run_for(5s);
    TestClient& there = mesh.client(2, "roamer");
    EXPECT_FALSE(there.connect_durable().session_present);
    EXPECT_EQ(mesh.rig(2).counters().session_moves_timed_out, 1U);
    mesh.rig(0).node().mend();
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(2) == 2; }, 60s));
    ASSERT_TRUE(wait_for(there, 1)) << "what was queued follows";
    EXPECT_EQ(there.received[0].payload, "kept");
    mesh.world.run_for(10s);
    EXPECT_EQ(mesh.rig(0).counters().sessions_fenced, 1U);
    EXPECT_EQ(there.received.size(), 1U);
    EXPECT_TRUE(there.is_open());
    EXPECT_EQ(mesh.rig(0).counters().subscriptions, 0U);
}

TEST_P(MeshSessions, ANodeThatHasJustTakenASessionStillGivesUpOnOneOutOfReach) {
    line();
    mesh.client(0, "first").connect_durable();
    TestClient& second = mesh.client(0, "second");
    second.connect_durable();
    second.drop();
    settle();
    EXPECT_TRUE(mesh.client(2, "first").connect_durable().session_present);
    mesh.world.run_for(20s);  // nothing is left to do of that
    mesh.rig(0).node().cut();
    TestClient& there = mesh.client(2, "second");
    const Instant began = mesh.world.now();
    EXPECT_FALSE(there.connect_durable().session_present);
    EXPECT_TRUE(there.is_open());
    EXPECT_LT(mesh.world.now() - began, 3s);
    mesh.rig(0).node().mend();
    settle();
}

TEST_P(MeshSessions, WhoIsStillConnectedToAFencedOwnerIsCutOffWithoutAWill) {
    line();
    TestClient& watcher = mesh.client(1, "watcher");
    watcher.connect();
    watcher.subscribe("will", Qos::AtLeastOnce);
    TestClient& here = mesh.client(0, "roamer");
    here.settings.will = mqtt::Will{.topic = "will", .payload = as_bytes("of 0")};
    here.connect_durable();
    settle();
    mesh.rig(0).node().cut();
    mesh.world.run_for(5s);
    TestClient& there = mesh.client(2, "roamer");
    EXPECT_FALSE(there.connect_durable().session_present);
    mesh.rig(0).node().mend();
    ASSERT_TRUE(here.wait_closed());
    EXPECT_EQ(here.last(PacketType::Disconnect).reason, mqtt::ReasonCode::SessionTakenOver);
    mesh.world.run_for(5s);
    EXPECT_TRUE(watcher.received.empty());
    EXPECT_TRUE(there.is_open());
    EXPECT_EQ(mesh.rig(0).counters().sessions, 0U);
}

TEST_P(MeshSessions, AClientIdOfAnotherPrincipalIsNotTaken) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.settings.user_name = "alice";
    here.connect_durable();
    settle();
    TestClient& there = mesh.client(2, "roamer");
    there.settings.user_name = "mallory";
    EXPECT_EQ(there.connect_durable().reason, mqtt::ReasonCode::NotAuthorized);
    settle();
    EXPECT_TRUE(here.is_open());
    TestClient& boss = mesh.client(2, "roamer");
    boss.settings.user_name = "admin";
    EXPECT_TRUE(boss.connect_durable().session_present);
}

TEST_P(MeshSessions, ASessionThatEndsIsNotLookedForAnyMore) {
    line();
    TestClient& here = mesh.client(0, "guest");
    here.connect();
    settle();
    here.disconnect();
    settle();
    mesh.rig(0).node().cut();
    mesh.world.run_for(5s);
    TestClient& there = mesh.client(2, "guest");
    EXPECT_FALSE(there.connect_durable().session_present);
    EXPECT_EQ(mesh.rig(2).counters().session_moves_timed_out, 0U);
    mesh.rig(0).node().mend();
    settle();
}

TEST_P(MeshSessions, AStoppedMoveLeavesTheSessionWhereItWas) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::AtLeastOnce);
    here.drop();
    settle();
    TestClient& there = mesh.client(2, "roamer");
    there.settings.client_id = "roamer";
    there.settings.clean_start = false;
    there.settings.session_expiry_interval = 0xFFFF'FFFF;
    there.open_stream();
    mesh.rig(2).journal().stall();  // it never gets as far as its commit
    there.begin();
    mesh.world.run_for(1s);
    EXPECT_EQ(there.count(PacketType::Connack), 0U);
    mesh.power_off(2);
    mesh.world.run_for(5s);
    TestClient& back = mesh.client(0, "roamer");
    // Nobody can say whether it has gone: the client begins anew, and is not kept waiting.
    EXPECT_FALSE(back.connect_durable().session_present);
    mesh.restart(2);
    ASSERT_TRUE(mesh.wait_whole());
    mesh.world.run_for(5s);
    EXPECT_TRUE(back.is_open());
    EXPECT_EQ(mesh.rig(0).counters().sessions, 1U);
    EXPECT_EQ(mesh.rig(2).counters().sessions, 0U);
}

/// Wherever the power goes on either side, one node has the session in the end, and all of it.
TEST_P(MeshSessions, APowerCutOfTheOldOwnerAtAnyTimeLosesNothing) {
    for (int at = 0; at < 30; ++at) {
        SCOPED_TRACE(at);
        BridgedMesh cut(static_cast<std::uint64_t>(at) + 1);
        move_and_cut(cut, 0, Duration(at * 500us));
    }
}

/// What came directly, and was acknowledged, comes once more from the old owner, behind a power
/// cut.
TEST_P(MeshSessions, ANewOwnerThatLosesItsPowerKnowsWhatItHasHad) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::ExactlyOnce);
    here.drop();
    settle();
    TestClient& publisher = mesh.client(1, "publisher");
    publisher.connect();
    TestClient& there = mesh.client(2, "roamer");
    ASSERT_TRUE(there.connect_durable().session_present);
    mesh.rig(0).journal().stall();  // what it gets now it forwards when it is on disk
    for (int i = 0; i < 5; ++i) {
        publisher.publish("a", std::to_string(i), Qos::ExactlyOnce);
    }
    ASSERT_TRUE(wait_for(there, 5));
    mesh.world.run_for(100ms);  // its handshakes are over, their rows gone
    mesh.power_off(2);
    mesh.rig(0).journal().resume();
    mesh.world.run_for(1s);
    mesh.restart(2);
    ASSERT_TRUE(mesh.wait_whole());
    TestClient& back = mesh.client(2, "roamer");
    ASSERT_TRUE(back.connect_durable().session_present);
    publisher.publish("a", "last", Qos::ExactlyOnce);
    mesh.world.run_for(20s);
    EXPECT_EQ(back.payloads(), (std::vector<std::string>{"last"}));
    EXPECT_EQ(mesh.rig(2).counters().session_messages_twice, 6U);
    EXPECT_EQ(mesh.rig(0).counters().session_messages_forwarded, 6U);
}

TEST_P(MeshSessions, NamesAreForgottenOnceTheOldOwnerSaysThatNothingWillCome) {
    line();
    TestClient& here = mesh.client(0, "roamer");
    here.connect_durable();
    here.subscribe("a", Qos::ExactlyOnce);
    settle();
    ASSERT_TRUE(mesh.client(2, "roamer").connect_durable().session_present);
    mesh.power_off(0);
    mesh.world.run_for(5min);
    EXPECT_EQ(mesh.rig(2).counters().sessions_watched, 1U)
        << "who is not there may come back and send";
    mesh.restart(0);
    ASSERT_TRUE(mesh.wait_whole());
    mesh.world.run_for(3min);
    EXPECT_EQ(mesh.rig(2).counters().sessions_watched, 0U);
}

TEST_P(MeshSessions, APowerCutOfTheNewOwnerAtAnyTimeLosesNothing) {
    for (int at = 0; at < 30; ++at) {
        SCOPED_TRACE(at);
        BridgedMesh cut(static_cast<std::uint64_t>(at) + 1);
        move_and_cut(cut, 2, Duration(at * 500us));
    }
}

}  // namespace
}  // namespace kith::node
