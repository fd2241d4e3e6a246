// The host over simulated streams: who links with whom, and what becomes of a link.

#include "mesh/live/mesh_host.h"

#include <gtest/gtest.h>

#include "mesh/live/limits.h"
#include "mesh/live/testing/live_mesh.h"
#include "runtime/testing/peer.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

using testing::LiveMesh;
using testing::TestMember;

std::size_t open_links(LiveMesh& mesh, std::size_t i) {
    return mesh.host(i).links().size();
}

class LiveMeshOver : public ::testing::TestWithParam<LiveMesh::Links> {};
INSTANTIATE_TEST_SUITE_P(MeshHost, LiveMeshOver,
                         ::testing::Values(LiveMesh::Links::Plain, LiveMesh::Links::UnderTls),
                         [](const auto& links) {
                             return links.param == LiveMesh::Links::Plain ? "Plain" : "UnderTls";
                         });

TEST_P(LiveMeshOver, ThreeInALineFindTheWayToOneAnother) {
    LiveMesh mesh(3, GetParam());
    mesh.start(1, {});
    mesh.start(2, {1});
    mesh.start(3, {2});
    EXPECT_TRUE(
        mesh.world.run_until([&] { return mesh.reachable(1) == 2 && mesh.reachable(3) == 2; }, 3s));
    EXPECT_EQ(mesh.neighbors(2), 2U);
    EXPECT_EQ(mesh.neighbors(1), 1U);
    const std::vector<LiveLinkView> links = mesh.host(3).links();
    ASSERT_EQ(links.size(), 1U);
    EXPECT_EQ(links[0].node, mesh.id(2));
    EXPECT_EQ(links[0].remote, mesh.machine(2).address(LiveMesh::kPort));
    EXPECT_TRUE(links[0].is_dialled);
    EXPECT_GT(links[0].received_bytes, 0U);
}

TEST_P(LiveMeshOver, TwoThatDialOneAnotherKeepOneLinkAndNeverPart) {
    LiveMesh mesh(2, GetParam());
    mesh.start(1, {2});
    mesh.start(2, {1});
    ASSERT_TRUE(
        mesh.world.run_until([&] { return mesh.neighbors(1) == 1 && mesh.neighbors(2) == 1; }, 3s));
    mesh.world.run_for(20s);
    ASSERT_EQ(open_links(mesh, 1), 1U);
    ASSERT_EQ(open_links(mesh, 2), 1U);
    EXPECT_EQ(mesh.host(1).links()[0].is_dialled, mesh.id(1) > mesh.id(2))
        << "the one that the larger id has dialled";
    EXPECT_EQ(mesh.downs(1) + mesh.downs(2), 0);
    EXPECT_LE(mesh.host(1).counters().dials + mesh.host(2).counters().dials, 4U);
}

TEST_P(LiveMeshOver, APeerThatComesBackIsLinkedAgain) {
    LiveMesh mesh(2, GetParam());
    mesh.start(1, {});
    mesh.start(2, {1});
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 1; }, 3s));
    mesh.world.run_for(30s);
    mesh.stop(1);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 0; }, 100ms))
        << "a good-bye needs no timeout";
    mesh.world.run_for(30s);
    EXPECT_EQ(mesh.host(2).peers()[0].state, "waiting");
    mesh.start(1, {});
    EXPECT_TRUE(
        mesh.world.run_until([&] { return mesh.neighbors(2) == 1; }, kDialBackoffMax * 5 / 4 + 1s));
}

TEST(MeshHost, ACutCableIsNoticedAndMended) {
    LiveMesh mesh(2);
    mesh.start(1, {});
    mesh.start(2, {1});
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 1; }, 3s));
    mesh.world.run_for(10s);
    mesh.machine(1).cut();
    EXPECT_TRUE(mesh.world.run_until(
        [&] { return mesh.neighbors(2) == 0 && mesh.neighbors(1) == 0; }, 1800ms));
    mesh.world.run_for(60s);
    mesh.machine(1).mend();
    EXPECT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 1; }, 20s));
    mesh.world.run_for(30s);
    EXPECT_EQ(open_links(mesh, 1), 1U);
    EXPECT_EQ(open_links(mesh, 2), 1U);
}

TEST(MeshHost, ACrashIsAResetAndARestartALinkOfItsOwn) {
    LiveMesh mesh(2);
    mesh.start(1, {2});
    mesh.start(2, {1});
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 1; }, 3s));
    mesh.world.run_for(20s);
    mesh.machine(1).reset_streams();
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(2) == 0; }, 100ms));
    EXPECT_TRUE(
        mesh.world.run_until([&] { return mesh.neighbors(2) == 1 && mesh.neighbors(1) == 1; }, 1s));
    mesh.world.run_for(20s);
    EXPECT_EQ(open_links(mesh, 1), 1U);
}

TEST(MeshHost, ItsOwnAddressIsNoticedAndDropped) {
    LiveMesh mesh(2);
    mesh.start(1, {1, 2});
    mesh.start(2, {});
    mesh.world.run_for(60s);
    const MeshHost& host = mesh.host(1);
    EXPECT_EQ(host.peers()[0].state, "own_address");
    EXPECT_EQ(host.peers()[1].state, "linked");
    EXPECT_EQ(host.counters().own_addresses, 2U) << "of both ends, once";
    EXPECT_EQ(host.counters().dials, 2U);
    EXPECT_EQ(mesh.neighbors(1), 1U);
}

TEST(MeshHost, APeerThatIsNamedTwiceIsLinkedOnceAndFollowedWhenItGoes) {
    LiveMesh mesh(2);
    mesh.start(1, {});
    mesh.start(2, {1, 1});
    mesh.world.run_for(20s);
    EXPECT_EQ(open_links(mesh, 2), 1U);
    EXPECT_EQ(mesh.host(2).counters().duplicates, 1U);
    EXPECT_EQ(mesh.host(2).peers()[1].state, "elsewhere");
    EXPECT_EQ(mesh.downs(1), 0);
    mesh.machine(1).reset_streams();
    mesh.world.run_for(20s);
    EXPECT_EQ(open_links(mesh, 2), 1U);
    EXPECT_EQ(mesh.neighbors(2), 1U);
}

TEST(MeshHost, ALinkThatNobodyHasConfiguredIsMadeOnceAndGivenUp) {
    LiveMesh mesh(3);
    mesh.start(1, {});
    mesh.start(2, {});
    mesh.start(3, {1});
    mesh.run_on(2, [&](runtime::Shard&) {
        mesh.host(2).link_to(mesh.machine(1).address(LiveMesh::kPort));
        mesh.host(2).link_to(mesh.machine(1).address(1));  // nobody is there
    });
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(1) == 2; }, 3s));
    mesh.world.run_for(20s);
    EXPECT_EQ(mesh.host(2).counters().dials, 2U) << "each once";
    ASSERT_EQ(open_links(mesh, 2), 1U);
    EXPECT_EQ(mesh.host(2).links()[0].origin, LinkOrigin::Discovered);
    EXPECT_EQ(mesh.host(3).links()[0].origin, LinkOrigin::Static);
    EXPECT_EQ(mesh.host(1).links()[0].origin, LinkOrigin::Accepted);
    mesh.run_on(3, [&](runtime::Shard&) { mesh.host(3).unlink(mesh.id(1)); });
    mesh.run_on(2, [&](runtime::Shard&) { mesh.host(2).unlink(mesh.id(1)); });
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(1) == 1; }, 100ms));
    mesh.world.run_for(20s);
    EXPECT_EQ(open_links(mesh, 2), 0U);
    EXPECT_EQ(open_links(mesh, 3), 1U) << "a link of the configuration is not unlinked";
}

TEST(MeshHost, WhomItDoesNotKnowGetsNoLink) {
    LiveMesh mesh(1);
    Log log;
    runtime::sim::Host& stranger = mesh.world.add_host("stranger", 1, log);
    mesh.start(1, {});
    runtime::Peer peer;
    peer.connect(stranger.shard(ShardId(0)), mesh.machine(1).address(LiveMesh::kPort));
    EXPECT_TRUE(mesh.world.run_until([&] { return peer.closed.is_set(); }, 1s));
    EXPECT_EQ(mesh.host(1).counters().not_members, 1U);
    EXPECT_EQ(open_links(mesh, 1), 0U);
}

TEST(MeshHost, WhoNeverEndsTheHandshakeIsCutOff) {
    LiveMesh mesh(1, LiveMesh::Links::UnderTls);
    Log log;
    runtime::sim::Host& stranger = mesh.world.add_host("stranger", 1, log);
    mesh.start(1, {});
    std::vector<std::unique_ptr<runtime::Peer>> peers;
    for (std::size_t i = 0; i < kLinkHandshakesAcceptedMax + 1; ++i) {
        peers.push_back(std::make_unique<runtime::Peer>());
        peers.back()->connect(stranger.shard(ShardId(0)), mesh.machine(1).address(LiveMesh::kPort));
    }
    mesh.world.run_for(1s);
    EXPECT_EQ(mesh.host(1).counters().accepts_refused, 1U);
    EXPECT_EQ(mesh.host(1).counters().handshakes_timed_out, 0U);
    mesh.world.run_for(kLinkHandshakeMax);
    EXPECT_EQ(mesh.host(1).counters().handshakes_timed_out, kLinkHandshakesAcceptedMax);
    for (const auto& peer : peers) {
        EXPECT_TRUE(peer->closed.is_set());
    }
}

TEST(MeshHost, NonsenseEndsTheLinkWithAReason) {
    LiveMesh mesh(2);
    mesh.start(1, {});
    runtime::Peer peer;  // on the machine of a node that is known
    peer.connect(mesh.machine(2).shard(ShardId(0)), mesh.machine(1).address(LiveMesh::kPort));
    ASSERT_TRUE(mesh.world.run_until([&] { return peer.connected.is_set(); }, 1s));
    const std::array<std::uint8_t, 10> endless{0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                               0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    peer.stream->send(endless);
    ASSERT_TRUE(mesh.world.run_until([&] { return peer.closed.is_set(); }, 1s));
    EXPECT_EQ(mesh.host(1).counters().malformed, 1U);
    Bytes received = as_bytes(peer.received);
    std::optional<GoodbyeReason> reason;
    while (const auto slice = next_frame(received).value()) {
        if (const Frame frame = decode(*slice).value(); std::holds_alternative<Goodbye>(frame)) {
            reason = std::get<Goodbye>(frame).reason;
        }
        received = received.subspan(slice->frame_bytes);
    }
    EXPECT_EQ(reason, GoodbyeReason::Misbehaving);
}

TEST(MeshHost, FramesMayComeInPiecesOfAnySize) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(seed);
        LiveMesh mesh(3, LiveMesh::Links::Plain, {.seed = seed, .piece_bytes_max = 7});
        mesh.start(1, {2, 3});
        mesh.start(2, {3});
        mesh.start(3, {1});
        EXPECT_TRUE(mesh.world.run_until(
            [&] { return mesh.reachable(1) == 2 && mesh.reachable(2) == 2; }, 5s));
        EXPECT_EQ(mesh.host(1).counters().malformed, 0U);
    }
}

TEST(MeshHost, ARevokedNodeIsSentAwayAndDoesNotComeBack) {
    LiveMesh mesh(2, LiveMesh::Links::UnderTls);
    mesh.start(1, {});
    mesh.start(2, {1});
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.neighbors(1) == 1; }, 3s));
    mesh.run_on(1, [&](runtime::Shard&) {
        ASSERT_TRUE(mesh.trust(1).revoke(mesh.id(2)).has_value());
        mesh.host(1).expel(mesh.id(2));
    });
    mesh.world.run_for(20s);
    EXPECT_EQ(mesh.neighbors(1), 0U);
    EXPECT_EQ(open_links(mesh, 1), 0U);
    EXPECT_GE(mesh.host(1).counters().not_members, 3U);
}

TEST(MeshHost, TheSameSeedIsTheSameRun) {
    const auto run = [] {
        LiveMesh mesh(3);
        mesh.start(1, {2, 3});
        mesh.start(2, {1, 3});
        mesh.start(3, {1, 2});
        mesh.world.run_for(30s);
        return mesh.world.trace_hash();
    };
    EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace kith::mesh
