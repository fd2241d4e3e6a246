#include "mesh/node.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/testing/small_mesh.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

using testing::SmallMesh;

std::vector<std::string> numbered(int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) {
        texts.push_back("a/b " + std::to_string(i));
    }
    return texts;
}

std::size_t reachable(SmallMesh& mesh, std::uint64_t id) {
    std::size_t count = 0;
    for (const RouteView& route : mesh.node(id).routes()) {
        count += route.next_hop != NodeId() ? 1U : 0U;
    }
    return count;
}

/// 1 - 2 - 3, in a line.
struct Line : SmallMesh {
    Line() : SmallMesh(3) {
        link(1, 2);
        link(2, 3);
        time.run_for(3s);
    }
};

/// 1 to 4 over 2 or over 3.
struct Diamond : SmallMesh {
    Diamond() : SmallMesh(4) {
        link(1, 2);
        link(1, 3);
        link(2, 4);
        link(3, 4);
        time.run_for(3s);
    }
    [[nodiscard]] std::uint64_t relay() {
        for (const RouteView& route : node(1).routes()) {
            if (route.node == NodeId(4)) {
                return route.next_hop.value();
            }
        }
        return 0;
    }
};

std::vector<std::uint8_t> bytes_of(const Frame& frame) {
    std::vector<std::uint8_t> bytes(frame_bytes(frame));
    encode(frame, bytes);
    return bytes;
}

TEST(MeshNode, WhatCameBeforeNonsenseIsAnsweredAllTheSame) {
    Line mesh;
    Data data;
    data.id = {NodeId(1), 1, 77};
    data.hops_left = 1;
    data.qos = 1;
    data.topic = "a";
    data.destinations.push_back(
        {.node = NodeId(3), .stream_sequence = 1, .stream_first = 1, .groups = {}});
    std::vector<std::uint8_t> bytes = bytes_of(data);
    bytes.insert(bytes.end(), 10, 0xFF);
    const std::uint64_t frames_before = mesh.node(1).counters().frames_in;
    EXPECT_FALSE(mesh.node(2).on_bytes(LinkId(1), bytes, mesh.time.now()));
    mesh.time.run_for(1ms);
    EXPECT_EQ(mesh.node(1).counters().frames_in, frames_before + 1) << "it was returned";
}

TEST(MeshNode, NothingIsReadBehindAGoodbyeWhichTheHostIsTold) {
    Line mesh;
    std::vector<std::uint8_t> bytes = bytes_of(Goodbye{GoodbyeReason::NotAMember});
    bytes.insert(bytes.end(), 10, 0xFF);
    const Result<std::size_t> used = mesh.node(2).on_bytes(LinkId(1), bytes, mesh.time.now());
    ASSERT_TRUE(used);
    EXPECT_EQ(*used, bytes.size());
    EXPECT_EQ(mesh.goodbyes(2), std::vector{GoodbyeReason::NotAMember});
    EXPECT_EQ(mesh.node(2).neighbors().size(), 1U);
}

TEST(MeshNode, WhoIsCertifiedAsALeafForwardsNothingWhateverItTells) {
    SmallMesh mesh(3);
    mesh.trust(1).roles[NodeId(2)] = NodeRole::Leaf;
    mesh.trust(3).roles[NodeId(2)] = NodeRole::Router;
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    EXPECT_EQ(reachable(mesh, 1), 1U);
    EXPECT_EQ(reachable(mesh, 3), 2U);
}

TEST(MeshNode, FindsTheWayThroughOthers) {
    Line mesh;
    EXPECT_EQ(reachable(mesh, 1), 2U);
    EXPECT_EQ(reachable(mesh, 2), 2U);
    EXPECT_EQ(reachable(mesh, 3), 2U);
    EXPECT_EQ(mesh.node(1).digests(), mesh.node(3).digests());
    EXPECT_EQ(mesh.node(1).routes().back().next_hop, NodeId(2));
}

TEST(MeshNode, KnowsAllByNameThemselvesToo) {
    Line mesh;
    const std::vector<NodeView> nodes = mesh.node(1).nodes();
    ASSERT_EQ(nodes.size(), 3U);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        EXPECT_EQ(nodes[id - 1].node, NodeId(id));
        EXPECT_EQ(nodes[id - 1].name, "n" + std::to_string(id));
        EXPECT_EQ(nodes[id - 1].role, NodeRole::Router);
    }
}

TEST(MeshNode, KnowsWhoIsWhoseNeighborAndAtWhatCost) {
    Line mesh;
    const std::vector<NodeView> nodes = mesh.node(1).nodes();
    ASSERT_EQ(nodes.size(), 3U);
    ASSERT_EQ(nodes[1].neighbors.size(), 2U);
    EXPECT_EQ(nodes[1].neighbors[0].node, NodeId(1));
    EXPECT_EQ(nodes[1].neighbors[1].node, NodeId(3));
    EXPECT_GT(nodes[1].neighbors[1].cost, 0U);
    ASSERT_EQ(nodes[2].neighbors.size(), 1U);
    EXPECT_EQ(nodes[2].neighbors[0].node, NodeId(2));
    EXPECT_FALSE(nodes[2].is_leaving);
}

TEST(MeshNode, TellsAllWhereItIsLinkedTo) {
    Line mesh;
    std::vector<std::string> places{"10.0.0.3:7883", std::string(kLocatorBytesMax + 1, 'x')};
    mesh.node(3).set_locators(places, mesh.time.now());
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.node(1).nodes()[2].locators, std::vector<std::string>{"10.0.0.3:7883"});
    EXPECT_TRUE(mesh.node(1).nodes()[1].locators.empty());
    places.assign(kLocatorsMax + 1, "[fd00::3]:7883");
    mesh.node(3).set_locators(places, mesh.time.now());
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.node(1).nodes()[2].locators.size(), kLocatorsMax);
}

std::vector<std::uint8_t> body(std::string_view text) {
    return {text.begin(), text.end()};
}

TEST(MeshNode, TellsEverybodyWhoWasRevokedAndShowsItToTheTrust) {
    Line mesh;
    ASSERT_TRUE(mesh.node(1).tell_revocations({body("one"), body("two")}, mesh.time.now()));
    mesh.wake(1);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.trust(2).revocations, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(mesh.trust(3).revocations, (std::vector<std::string>{"one", "two"}));
    EXPECT_TRUE(mesh.trust(1).revocations.empty()) << "it said so itself";
    // Fewer parts: the others are withdrawn, which says nothing.
    ASSERT_TRUE(mesh.node(1).tell_revocations({body("forged")}, mesh.time.now()));
    mesh.wake(1);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.trust(3).revocations.size(), 2U);
    EXPECT_EQ(mesh.node(3).counters().drops[static_cast<std::size_t>(DropReason::Forged)], 1U);
    EXPECT_EQ(mesh.node(3).digests(), mesh.node(1).digests());
    const std::vector<std::vector<std::uint8_t>> too_many(kRecordPartsMax + 1, body("x"));
    EXPECT_FALSE(mesh.node(2).tell_revocations(too_many, mesh.time.now()));
}

TEST(MeshNode, ForgetsANodeThatDoesNotBelongAnyMore) {
    Line mesh;
    ASSERT_EQ(mesh.node(1).nodes().size(), 3U);
    mesh.kill(3);
    for (const std::uint64_t each : {1U, 2U}) {
        mesh.node(each).forget(NodeId(3), mesh.time.now());
        mesh.wake(each);
    }
    mesh.time.run_for(2s);
    EXPECT_EQ(mesh.node(1).nodes().size(), 2U);
    EXPECT_EQ(reachable(mesh, 1), 1U);
    EXPECT_EQ(mesh.node(1).digests(), mesh.node(2).digests());
}

TEST(MeshNode, SaysWhatItStillAnswersForPerNeighbor) {
    Line mesh;
    mesh.subscribe(3, "a/#");
    mesh.time.run_for(1s);
    mesh.cut(2, 3);
    mesh.publish(1, "a/b", "on", Qos::AtLeastOnce);
    mesh.time.run_for(5ms);
    ASSERT_EQ(mesh.node(1).neighbors().size(), 1U);
    EXPECT_EQ(mesh.node(1).neighbors()[0].custody_count, 1U);
}

TEST(MeshNode, CarriesMessagesOfEveryQosToWhoWantsThem) {
    Line mesh;
    mesh.subscribe(3, "a/#");
    mesh.time.run_for(1s);
    mesh.publish(1, "a/b", "zero", Qos::AtMostOnce);
    mesh.publish(1, "a/b", "one", Qos::AtLeastOnce);
    mesh.publish(1, "a/b", "two", Qos::ExactlyOnce);
    mesh.publish(1, "b", "nobody", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3), (std::vector<std::string>{"a/b zero", "a/b one", "a/b two"}));
    EXPECT_TRUE(mesh.delivered(2).empty());
    EXPECT_EQ(mesh.published(1).size(), 4U);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
    EXPECT_EQ(mesh.node(2).counters().custody_held, 0U);
}

TEST(MeshNode, MissesNothingThatIsPublishedAfterACompleteBarrier) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.barrier(3, 9);
    while (!mesh.barriers(3).contains(9)) {
        mesh.time.run_for(1ms);
    }
    EXPECT_TRUE(mesh.barriers(3).at(9));
    mesh.publish(1, "a/b", "first", Qos::AtMostOnce);
    mesh.time.run_for(100ms);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>{"a/b first"});
}

TEST(MeshNode, LosesAndRepeatsNothingWhenARelayDies) {
    Diamond mesh;
    mesh.subscribe(4, "a/b");
    mesh.time.run_for(1s);
    for (int i = 0; i < 100; ++i) {
        mesh.publish(1, "a/b", std::to_string(i), Qos::ExactlyOnce);
        mesh.time.run_for(1ms);
        if (i == 50) {
            mesh.kill(mesh.relay());
        }
    }
    mesh.time.run_for(5s);
    EXPECT_EQ(mesh.delivered(4), numbered(100));
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
}

TEST(MeshNode, GoesAroundASilentCutWithin250Ms) {
    Diamond mesh;
    mesh.subscribe(4, "a/b");
    mesh.time.run_for(1s);
    for (int i = 0; i < 40; ++i) {
        if (i == 20) {
            mesh.cut(1, mesh.relay());
        }
        mesh.publish(1, "a/b", std::to_string(i), Qos::AtLeastOnce);
        mesh.time.run_for(50ms);
        if (i == 25) {
            EXPECT_GE(mesh.delivered(4).size(), 21U);  // 300 ms after the cut
        }
    }
    mesh.time.run_for(5s);
    EXPECT_EQ(mesh.delivered(4), numbered(40));
}

TEST(MeshNode, KeepsWhatCannotBeSentUntilItCan) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(1s);
    mesh.kill(2);
    mesh.time.run_for(3s);
    for (int i = 0; i < 20; ++i) {
        mesh.publish(1, "a/b", std::to_string(i), Qos::AtLeastOnce);
    }
    mesh.time.run_for(60s);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 20U);
    mesh.restart(2);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(10s);
    EXPECT_EQ(mesh.delivered(3), numbered(20));
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
}

TEST(MeshNode, SendsAfterACrashWhatWasStoredBefore) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(1s);
    mesh.kill(2);
    mesh.time.run_for(3s);
    for (int i = 0; i < 10; ++i) {
        mesh.publish(1, "a/b", std::to_string(i), Qos::AtLeastOnce);
    }
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.published(1).size(), 10U);
    mesh.kill(1);
    mesh.restart(1);
    mesh.restart(2);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(10s);
    mesh.publish(1, "a/b", "10", Qos::AtLeastOnce);
    mesh.time.run_for(10s);
    EXPECT_EQ(mesh.delivered(3), numbered(11));
}

TEST(MeshNode, SendsOneCopyOverALinkHoweverManyAreBehindIt) {
    SmallMesh mesh(6);
    mesh.link(1, 2);
    for (std::uint64_t leaf = 3; leaf <= 6; ++leaf) {
        mesh.link(2, leaf);
    }
    mesh.time.run_for(3s);
    for (std::uint64_t leaf = 3; leaf <= 6; ++leaf) {
        mesh.subscribe(leaf, "a/b");
    }
    mesh.time.run_for(1s);
    const std::uint64_t before = mesh.node(2).counters().data_forwarded;
    mesh.publish(1, "a/b", "0", Qos::AtMostOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.node(2).counters().data_forwarded - before, 1U);
    for (std::uint64_t leaf = 3; leaf <= 6; ++leaf) {
        EXPECT_EQ(mesh.delivered(leaf), numbered(1));
    }
}

TEST(MeshNode, GivesAShareGroupsMessageToItsNearestMember) {
    Line mesh;
    for (const std::uint64_t member : {2U, 3U}) {
        mesh.node(member).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
        mesh.wake(member);
    }
    mesh.time.run_for(1s);
    mesh.publish(1, "a/b", "0", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(2), numbered(1));
    EXPECT_TRUE(mesh.delivered(3).empty());
}

TEST(MeshNode, AnotherMemberGetsWhatAMemberOfAShareGroupCannotBeGiven) {
    SmallMesh mesh(3);
    mesh.link(1, 2);
    mesh.link(1, 3);
    mesh.time.run_for(3s);
    for (const std::uint64_t member : {2U, 3U}) {
        mesh.node(member).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
        mesh.wake(member);
    }
    mesh.time.run_for(1s);
    mesh.cut(1, 2);
    mesh.publish(1, "a/b", "0", Qos::AtLeastOnce);
    mesh.time.run_for(2s);
    EXPECT_TRUE(mesh.delivered(3).empty()) << "the nearest, which may come back";
    mesh.time.run_for(15s);
    EXPECT_EQ(mesh.delivered(3), numbered(1));
    // Its place in the stream is filled with what is for nobody.
    mesh.link(1, 2);
    mesh.time.run_for(40s);
    EXPECT_TRUE(mesh.delivered(2).empty());
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
    mesh.subscribe(2, "a/b");
    mesh.time.run_for(1s);
    mesh.publish(1, "a/b", "1", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(2), std::vector<std::string>{"a/b 1"});
}

TEST(MeshNode, OneMemberOfAShareGroupGetsAQos2MessageThoughItsAcknowledgementIsLost) {
    SmallMesh mesh(3);
    mesh.link(1, 2);
    mesh.link(1, 3);
    mesh.time.run_for(3s);
    for (const std::uint64_t member : {2U, 3U}) {
        mesh.node(member).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
        mesh.wake(member);
    }
    mesh.time.run_for(1s);
    mesh.publish(1, "a/b", "0", Qos::ExactlyOnce);
    mesh.time.run_for(1500us);
    mesh.cut(1, 2);  // it is there, and nobody hears of it
    mesh.time.run_for(60s);
    EXPECT_EQ(mesh.delivered(2), numbered(1));
    EXPECT_TRUE(mesh.delivered(3).empty());
    mesh.link(1, 2);
    mesh.time.run_for(40s);
    EXPECT_EQ(mesh.delivered(2), numbered(1));
    EXPECT_TRUE(mesh.delivered(3).empty());
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
}

TEST(MeshNode, WhileAShareGroupHasNoOtherMemberItsMessageWaits) {
    SmallMesh mesh(3);
    mesh.link(1, 2);
    mesh.link(1, 3);
    mesh.time.run_for(3s);
    mesh.node(2).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
    mesh.wake(2);
    mesh.time.run_for(1s);
    mesh.cut(1, 2);
    mesh.publish(1, "a/b", "0", Qos::AtLeastOnce);
    mesh.time.run_for(20s);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 1U);
    mesh.node(3).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
    mesh.wake(3);
    mesh.time.run_for(40s);
    EXPECT_EQ(mesh.delivered(3), numbered(1));
}

TEST(MeshNode, DropsAndCountsQos0AloneWhenTheWayIsFull) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(1s);
    mesh.set_full(1, true);
    mesh.publish(1, "a/b", "lost", Qos::AtMostOnce);
    mesh.publish(1, "a/b", "kept", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>{"a/b kept"});
    EXPECT_EQ(mesh.node(1).counters().drops[static_cast<std::size_t>(DropReason::Congestion)], 1U);
    mesh.set_full(1, false);
    mesh.publish(1, "a/b", "after", Qos::AtMostOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3).back(), "a/b after");
}

TEST(MeshNode, NamesDestinationsInOrderHoweverTheyWereFound) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.node(2).subscribe({.share_group = "g", .filter = "a/b"}, mesh.time.now());
    mesh.wake(2);
    mesh.time.run_for(1s);
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce}) {
        mesh.publish(1, "a/b", "0", qos);
        mesh.time.run_for(1s);
    }
    EXPECT_EQ(mesh.delivered(2).size(), 2U);
    EXPECT_EQ(mesh.delivered(3).size(), 2U);
}

TEST(MeshNode, KeepsForItselfWhatIsTooLargeForAFrame) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(1s);
    const auto refused = static_cast<std::size_t>(DropReason::TooLarge);
    mesh.publish(1, "a/b", std::string(kMessageBytesMax - 3, 'x'), Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3).size(), 1U);
    EXPECT_EQ(mesh.node(1).counters().drops[refused], 0U);
    mesh.publish(1, "a/b", std::string(kMessageBytesMax - 2, 'x'), Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3).size(), 1U);
    EXPECT_EQ(mesh.node(1).counters().drops[refused], 1U);
    EXPECT_TRUE(mesh.published(1).contains(2)) << "it is nobody else's business";
}

TEST(MeshNode, AnswersForMoreMessagesInATurnThanOneFrameNames) {
    Line mesh;
    Data data;
    data.qos = 1;
    data.hops_left = 1;  // not to go on from here: given back at once
    data.topic = "a/b";
    data.destinations.push_back({.node = NodeId(3), .stream_sequence = 1, .groups = {}});
    std::vector<std::uint8_t> bytes;
    for (std::uint64_t i = 1; i <= kListEntriesMax + 1; ++i) {
        data.id = {NodeId(1), 1, i};
        const std::size_t begin = bytes.size();
        bytes.resize(begin + frame_bytes(data));
        encode(data, MutableBytes(bytes).subspan(begin));
    }
    const std::uint64_t before = mesh.node(1).counters().frames_in;
    EXPECT_EQ(mesh.node(2).on_bytes(LinkId(1), bytes, mesh.time.now()).value(), bytes.size());
    mesh.time.run_for(2ms);
    EXPECT_GE(mesh.node(1).counters().frames_in - before, 2U);
}

TEST(MeshNode, EndsALinkThatSpeaksNonsense) {
    Line mesh;
    const std::uint64_t before =
        mesh.node(2).counters().drops[static_cast<std::size_t>(DropReason::Malformed)];
    // A Record of one byte.
    const std::vector<std::uint8_t> nonsense{2, static_cast<std::uint8_t>(FrameType::Record) << 3U,
                                             0xFF};
    EXPECT_TRUE(mesh.node(2).on_bytes(LinkId(1), nonsense, mesh.time.now()).has_value());
    EXPECT_EQ(mesh.node(2).counters().drops[static_cast<std::size_t>(DropReason::Malformed)],
              before + 1);
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.node(2).neighbors().size(), 1U);
}

TEST(MeshNode, SendsToOneNodeWhateverItSubscribesTo) {
    Line mesh;
    mesh.subscribe(2, "service");
    mesh.time.run_for(1s);
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        EXPECT_EQ(mesh.send_to(1, 3, "hello", qos), SendOutcome::Sent);
    }
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>(3, "directed service hello"));
    EXPECT_TRUE(mesh.delivered(2).empty());
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
    EXPECT_EQ(mesh.published(1).size(), 3U);
}

TEST(MeshNode, DirectedMessagesKeepTheirPlaceAmongOthersOfTheirClass) {
    Line mesh;
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(1s);
    mesh.publish(1, "a/b", "1", Qos::AtLeastOnce);
    mesh.send_to(1, 3, "2", Qos::AtLeastOnce);
    mesh.publish(1, "a/b", "3", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3),
              (std::vector<std::string>{"a/b 1", "directed service 2", "a/b 3"}));
}

TEST(MeshNode, ANodeThatCannotBeReachedGetsWhatIsDirectedToItWhenItIsBack) {
    Line mesh;
    mesh.kill(3);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.send_to(1, 3, "lost", Qos::AtMostOnce), SendOutcome::Unreachable);
    EXPECT_EQ(mesh.send_to(1, 3, "kept", Qos::AtLeastOnce), SendOutcome::Unreachable);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 1U);
    mesh.restart(3);
    mesh.link(2, 3);
    mesh.time.run_for(10s);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>{"directed service kept"});
}

TEST(MeshNode, WhatIsDirectedSurvivesARestartOfItsOrigin) {
    Line mesh;
    mesh.kill(3);
    mesh.time.run_for(1s);
    mesh.send_to(1, 3, "kept", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    mesh.kill(1);
    mesh.restart(1);
    mesh.restart(3);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(10s);
    EXPECT_EQ(mesh.delivered(3), std::vector<std::string>{"directed service kept"});
}

TEST(MeshNode, AsksOnlyThoseThatCanBeReachedIfThatIsWanted) {
    SmallMesh mesh(3);
    mesh.link(1, 2);
    mesh.link(1, 3);
    mesh.subscribe(2, "a/b");
    mesh.subscribe(3, "a/b");
    mesh.time.run_for(3s);
    const auto ask = [&mesh] {
        const bool has_receivers = mesh.node(1).publish({.topic = "a/b",
                                                         .properties = {},
                                                         .payload = as_bytes("?"),
                                                         .qos = Qos::AtLeastOnce,
                                                         .published_at = {},
                                                         .reachable_only = true},
                                                        0, mesh.time.now());
        mesh.wake(1);
        mesh.time.run_for(1s);
        return has_receivers;
    };
    mesh.kill(2);
    EXPECT_TRUE(ask());
    EXPECT_EQ(mesh.delivered(3).size(), 1U);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U) << "nothing is kept for the dead";
    mesh.kill(3);
    EXPECT_FALSE(ask());
}

TEST(MeshNode, SaysWhenItCannotSendToANode) {
    Line mesh;
    EXPECT_EQ(mesh.send_to(1, 99, "x", Qos::AtLeastOnce), SendOutcome::Unknown);
    EXPECT_EQ(mesh.send_to(1, 1, "x", Qos::AtLeastOnce), SendOutcome::Here);
    const std::string large(kMessageBytesMax, 'x');
    EXPECT_EQ(mesh.send_to(1, 3, large, Qos::AtLeastOnce), SendOutcome::TooLarge);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.node(1).counters().custody_held, 0U);
    EXPECT_TRUE(mesh.published(1).empty());
}

TEST(MeshNode, AnInboxIsOfTheNodeThatItNamesByIdOrName) {
    Line mesh;
    for (const char* filter : {"$to/node/n3/#", "$to/node/0000000000000003/#"}) {
        mesh.subscribe(2, filter);  // not its own
        mesh.subscribe(3, filter);
    }
    mesh.time.run_for(1s);
    mesh.publish(1, "$to/node/n3/a", "1", Qos::AtLeastOnce);
    mesh.publish(1, "$to/node/0000000000000003/a", "2", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3),
              (std::vector<std::string>{"$to/node/n3/a 1", "$to/node/0000000000000003/a 2"}));
    EXPECT_TRUE(mesh.delivered(2).empty());
    const auto goes_out = [&mesh](std::uint64_t from, std::string_view topic) {
        return mesh.node(from).publish(
            {.topic = topic, .properties = {}, .payload = {}, .published_at = {}}, 0,
            mesh.time.now());
    };
    EXPECT_TRUE(goes_out(1, "$to/node/n3/a"));
    EXPECT_FALSE(goes_out(1, "$to/node/n2/a")) << "nobody reads it there";
    EXPECT_FALSE(goes_out(1, "$to/node/n9/a"));
    EXPECT_FALSE(goes_out(3, "$to/node/n3/a")) << "it is here";
}

}  // namespace
}  // namespace kith::mesh
