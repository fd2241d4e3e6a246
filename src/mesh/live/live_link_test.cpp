// What waits while a stream is congested, and in which order it leaves.

#include "mesh/live/live_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mesh/live/limits.h"
#include "mesh/live/testing/live_mesh.h"
#include "runtime/limits.h"
#include "runtime/testing/peer.h"

namespace kith::mesh {
namespace {

using testing::LiveMesh;

/// One link to a peer that reads everything, on two machines.
struct OneLink final : LinkOwner {
    OneLink() {
        known[server.address(0).ip()] = NodeId(1);
        acceptor.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            peer.take(std::move(stream));
        };
        acceptor.listen(server.shard(ShardId(0)), {.address = server.address(7883)});
        runtime::Shard& shard = client.shard(ShardId(0));
        auto stream = shard.network().connect(server.address(7883), link.handler());
        link.start(std::move(stream.value()), shard);
        EXPECT_TRUE(world.run_until([this] { return link.is_open(); }, 1s));
    }
    void on_link_ready(LiveLink&) override { ++ready_count; }
    void on_link_newcomer(LiveLink&, std::unique_ptr<runtime::Stream>) override {}
    Result<std::size_t> on_link_bytes(LiveLink&, Bytes bytes) override { return bytes.size(); }
    void on_link_close_due(LiveLink&) override { ++due_count; }
    void on_link_ended(LiveLink&, LinkEnd how) override { ended = how; }

    [[nodiscard]] bool send(Priority priority, std::string_view text) {
        return link.send(priority, as_bytes(text), {});
    }

    Log log;
    runtime::sim::World world{{.seed = 5}};
    runtime::sim::Host& server = world.add_host("server", 1, log);
    runtime::sim::Host& client = world.add_host("client", 1, log);
    testing::Addresses known;
    testing::KnownAddresses security{known};
    runtime::Acceptor acceptor;
    runtime::Peer peer;
    LiveLink link{LinkId(1), LiveLink::Direction::Dialled, *this, security};
    int ready_count = 0;
    int due_count = 0;
    std::optional<LinkEnd> ended;
};

TEST(LiveLink, LetsControlGoFirstOnceTheStreamIsCongested) {
    OneLink one;
    const std::string flood(runtime::kOutputHighBytes + 1, '.');
    EXPECT_TRUE(one.send(Priority::Bulk, flood));
    EXPECT_TRUE(one.send(Priority::Bulk, "bulk"));
    EXPECT_TRUE(one.send(Priority::Control, "control"));
    EXPECT_TRUE(one.send(Priority::Alarm, "alarm"));
    EXPECT_GT(one.link.waiting_bytes(), flood.size());
    one.world.run_for(10s);
    ASSERT_EQ(one.peer.received.size(), flood.size() + 16);
    EXPECT_EQ(one.peer.received.substr(flood.size()), "controlalarmbulk");
    EXPECT_EQ(one.link.waiting_bytes(), 0U);
    EXPECT_EQ(one.link.sent_bytes(), one.peer.received.size());
}

TEST(LiveLink, TakesNoMoreThanItsBoundForAStreamThatStands) {
    OneLink one;
    one.server.cut();
    const std::string large(1U << 20U, 'x');
    std::size_t taken = 0;
    while (taken < 100 && one.send(Priority::Default, large)) {
        ++taken;
    }
    EXPECT_GE(taken, kLinkQueueBytesEnd >> 20U);
    EXPECT_LE(taken, (kLinkQueueBytesEnd >> 20U) + 2);
    EXPECT_LE(one.link.waiting_bytes(), kLinkQueueBytesEnd + (3U << 20U));
}

TEST(LiveLink, SaysGoodByeAndForgetsWhatWaits) {
    OneLink one;
    EXPECT_TRUE(one.send(Priority::Default, "last words "));
    one.link.close(GoodbyeReason::Leaving);
    EXPECT_TRUE(one.send(Priority::Default, "too late")) << "taken and forgotten";
    one.world.run_for(1s);
    EXPECT_TRUE(one.peer.received.starts_with("last words "));
    EXPECT_EQ(one.peer.received.find("too late"), std::string::npos);
    EXPECT_TRUE(one.peer.closed.is_set());
    one.peer.stream.reset();
    one.world.run_for(10s);
    EXPECT_EQ(one.ended, LinkEnd::Closed);
}

TEST(LiveLink, AsksLaterWhetherItIsStillWanted) {
    OneLink one;
    one.link.close_later(1s);
    one.world.run_for(900ms);
    EXPECT_EQ(one.due_count, 0);
    one.world.run_for(200ms);
    EXPECT_EQ(one.due_count, 1);
    EXPECT_TRUE(one.link.is_open());
}

TEST(LiveLink, KnowsAConnectionThatBroke) {
    OneLink one;
    one.server.reset_streams();
    one.world.run_for(1s);
    EXPECT_EQ(one.ended, LinkEnd::Broken);
}

/// Two nodes; the second wants "a", and then its machine takes nothing any more.
struct CutOffReader : LiveMesh {
    CutOffReader() : LiveMesh(2) {
        start(1, {2});
        start(2, {});
        CHECK(world.run_until([&] { return reachable(1) == 1; }, 3s));
        run_on(2, [&](runtime::Shard&) {
            host(2).call([](MeshNode& node, Instant now) {
                node.subscribe({.share_group = {}, .filter = "a"}, now);
            });
        });
        world.run_for(1s);
        machine(2).cut();
    }

    void publish(std::uint64_t count, std::string_view payload, Qos qos) {
        run_on(1, [&](runtime::Shard&) {
            for (std::uint64_t i = 0; i < count; ++i) {
                host(1).call([&](MeshNode& node, Instant now) {
                    node.publish({.topic = "a",
                                  .properties = {},
                                  .payload = as_bytes(payload),
                                  .qos = qos,
                                  .published_at = {}},
                                 i, now);
                });
            }
        });
    }
};

TEST(MeshHost, DropsAndCountsQos0ForANeighbourThatDoesNotRead) {
    CutOffReader mesh;
    const std::string payload(50'000, 'x');
    mesh.publish(100, payload, Qos::AtMostOnce);
    const auto drops = mesh.host(1).node().counters().drops;
    EXPECT_GE(drops[static_cast<std::size_t>(DropReason::Congestion)], 70U);
    EXPECT_LE(mesh.host(1).links()[0].waiting_bytes, kLinkQueueBytesMax + 2 * payload.size());
}

TEST(MeshHost, HandsALinkNoMoreReliableMessagesThanItHasRoomFor) {
    CutOffReader mesh;
    const std::string payload(1'000'000, 'x');
    mesh.publish(20, payload, Qos::AtLeastOnce);
    mesh.world.run_for(100ms);
    EXPECT_EQ(mesh.host(1).counters().overflows, 0U);
    EXPECT_TRUE(mesh.host(1).node().is_congested(Priority::Default));
    ASSERT_EQ(mesh.host(1).links().size(), 1U);
    EXPECT_LE(mesh.host(1).links()[0].waiting_bytes, kLinkWindowBytes + 2 * payload.size());
    mesh.machine(2).mend();
    EXPECT_TRUE(mesh.world.run_until(
        [&] { return mesh.host(2).node().counters().data_delivered == 20; }, 2min))
        << "nothing of QoS 1 is lost by it";
}

}  // namespace
}  // namespace kith::mesh
