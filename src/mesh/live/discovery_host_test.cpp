// Discovery over simulated networks: the real hosts, links under TLS, beacons and mDNS.

#include "mesh/live/discovery_host.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "mesh/live/mdns_host.h"
#include "mesh/live/testing/live_mesh.h"

namespace kith::mesh {
namespace {

using testing::LiveMesh;
using testing::TestMember;

constexpr std::uint64_t kMesh = 0xff;

/// LiveMesh whose nodes discover.
class DiscoveringMesh {
  public:
    explicit DiscoveringMesh(std::size_t count,
                             const runtime::sim::WorldOptions& options = {.seed = 11})
        : mesh(count, LiveMesh::Links::UnderTls, options), discoveries(count + 1), mdns(count + 1) {
        for (std::size_t i = 0; i <= count; ++i) {
            keys.push_back(TestMember::make(i).key);
        }
    }
    ~DiscoveringMesh() {
        mdns.clear();
        discoveries.clear();
    }

    void start(std::size_t i, const std::vector<std::size_t>& peers = {},
               std::uint64_t mesh_id = kMesh) {
        mesh.start(i, peers);
        mesh.run_on(i, [&](runtime::Shard& shard) {
            discoveries[i] = std::make_unique<DiscoveryHost>(
                shard, keys[i], &mesh.host(i),
                DiscoveryHost::Options{
                    .mesh = mesh_id, .epoch = 1, .members = &mesh.trust(i).members()});
            discoveries[i]->start();
        });
    }
    void start_mdns(std::size_t i) {
        mesh.run_on(i, [&](runtime::Shard& shard) {
            const std::string name = node_name_of(mesh.id(i));
            MdnsOptions options{.self = mesh.id(i),
                                .instance = "node " + std::to_string(i),
                                .host = "kith-" + name,
                                .mesh = "00000000000000ff",
                                .services = {}};
            options.services = {{.type = "_kith._tcp",
                                 .subtypes = {"_00000000000000ff"},
                                 .port = LiveMesh::kPort,
                                 .texts = {"v=1", "id=" + name, "mesh=00000000000000ff"}}};
            mdns[i] = std::make_unique<MdnsHost>(
                shard, options, std::vector{mesh.machine(i).address(LiveMesh::kPort)},
                *discoveries[i]);
            mdns[i]->start();
        });
    }
    DiscoveryView view(std::size_t i) {
        DiscoveryView seen;
        mesh.run_on(i, [&](runtime::Shard&) { seen = discoveries[i]->view(); });
        return seen;
    }
    std::uint64_t beacons(std::size_t i, BeaconVerdict verdict) {
        return view(i).counters.beacons[static_cast<std::size_t>(verdict)];
    }

    LiveMesh mesh;
    std::vector<NodeKey> keys;
    std::vector<std::unique_ptr<DiscoveryHost>> discoveries;
    std::vector<std::unique_ptr<MdnsHost>> mdns;
};

TEST(DiscoveryHost, FiveFindOneAnotherAndNobodyNamesThem) {
    DiscoveringMesh lan(5);
    for (std::size_t i = 1; i <= 5; ++i) {
        lan.start(i);
    }
    const auto all_know_all = [&] {
        for (std::size_t i = 1; i <= 5; ++i) {
            if (lan.mesh.reachable(i) != 4) {
                return false;
            }
        }
        return true;
    };
    EXPECT_TRUE(lan.mesh.world.run_until(all_know_all, 5s));
    lan.mesh.world.run_for(1min);
    for (std::size_t i = 1; i <= 5; ++i) {
        EXPECT_EQ(lan.mesh.neighbors(i), 4U) << "fewer than are wanted: each is linked to all";
        EXPECT_EQ(lan.mesh.host(i).links().size(), 4U);
        EXPECT_TRUE(lan.view(i).is_on);
        EXPECT_EQ(lan.view(i).beacons_unsent, 0U);
    }
    const std::vector<NodeView> nodes = lan.mesh.host(1).node().nodes();
    for (const NodeView& told : nodes) {
        EXPECT_EQ(told.locators.size(), 1U) << "each tells where it is";
    }
}

TEST(DiscoveryHost, APartThatIsCutOffComesBack) {
    DiscoveringMesh lan(3);
    for (std::size_t i = 1; i <= 3; ++i) {
        lan.start(i);
    }
    ASSERT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.reachable(1) == 2; }, 5s));
    lan.mesh.machine(3).cut();
    ASSERT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.neighbors(1) == 1; }, 30s));
    lan.mesh.world.run_for(1min);
    lan.mesh.machine(3).mend();
    EXPECT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.reachable(1) == 2; }, 2min));
}

TEST(DiscoveryHost, AnotherMeshOnTheSameNetworkIsHeardAndLeftAlone) {
    DiscoveringMesh lan(3);
    lan.start(1);
    lan.start(2);
    lan.start(3, {}, kMesh + 1);
    lan.mesh.world.run_for(1min);
    EXPECT_EQ(lan.mesh.neighbors(1), 1U);
    EXPECT_EQ(lan.mesh.neighbors(3), 0U);
    EXPECT_GT(lan.beacons(1, BeaconVerdict::Elsewhere), 0U);
    EXPECT_EQ(lan.mesh.host(3).counters().dials + lan.mesh.host(3).counters().accepted, 0U);
}

TEST(DiscoveryHost, WhoSaysThatHeBelongsAndHasNoCertificateGetsNoLink) {
    DiscoveringMesh lan(3);
    lan.start(1);
    lan.start(2);
    ASSERT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.neighbors(1) == 1; }, 5s));
    // A key that nobody has certified, and a place where nobody is; then a place where it listens.
    crypto::FakeSecrets secrets(66);
    const NodeId impostor = NodeKey::generate(secrets).id();
    lan.mesh.run_on(1, [&](runtime::Shard&) {
        for (const std::uint16_t port : {std::uint16_t{9}, std::uint16_t{10}}) {
            lan.discoveries[1]->on_named(impostor, lan.mesh.machine(3).address(port),
                                         CandidateSource::Mdns);
        }
    });
    lan.mesh.world.run_for(1min);
    EXPECT_EQ(lan.mesh.neighbors(1), 1U);
    EXPECT_GT(lan.view(1).counters.dials_failed, 0U);
}

TEST(DiscoveryHost, PlacesThatNodesTellLeadToThoseWhoAreNotHeard) {
    // No beacon arrives: 1 and 3 know of one another by what 2 hands on.
    DiscoveringMesh lan(3, {.seed = 5, .datagram_loss = 1});
    lan.start(1);
    lan.start(2, {1});
    lan.start(3, {2});
    EXPECT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.neighbors(1) == 2; }, 20s));
    EXPECT_EQ(lan.view(1).heard, 0U);
}

TEST(DiscoveryHost, MulticastDnsLeadsToNodesToo) {
    // Beacons are of other meshes for one another, so that they lead nowhere.
    DiscoveringMesh lan(2);
    lan.start(1, {}, kMesh + 1);
    lan.start(2, {}, kMesh + 2);
    lan.start_mdns(1);
    lan.start_mdns(2);
    EXPECT_TRUE(lan.mesh.world.run_until([&] { return lan.mesh.neighbors(1) == 1; }, 10s));
    lan.mesh.world.run_for(1min);
    EXPECT_EQ(lan.mesh.neighbors(2), 1U);
    EXPECT_TRUE(lan.mdns[1]->is_on());
    EXPECT_GT(lan.mdns[1]->counters().found, 0U);
    EXPECT_EQ(lan.mdns[1]->counters().conflicts, 0U);
    lan.mesh.run_on(1, [&](runtime::Shard&) { lan.mdns[1]->stop(); });
    EXPECT_FALSE(lan.mdns[1]->is_on());
}

TEST(DiscoveryHost, AnUnpairedNodeSaysSoAndIsLeftAlone) {
    DiscoveringMesh lan(2);
    lan.start(1);
    lan.mesh.run_on(2, [&](runtime::Shard& shard) {
        lan.discoveries[2] =
            std::make_unique<DiscoveryHost>(shard, lan.keys[2], nullptr, DiscoveryHost::Options{});
        lan.discoveries[2]->start();
    });
    lan.mesh.world.run_for(1min);
    EXPECT_GT(lan.beacons(1, BeaconVerdict::Unpaired), 0U);
    EXPECT_EQ(lan.view(1).candidates, 0U);
    EXPECT_EQ(lan.mesh.host(1).counters().dials, 0U);
    EXPECT_EQ(lan.view(2).candidates, 0U);
    EXPECT_EQ(lan.view(2).heard, 0U);
}

TEST(DiscoveryHost, AfterItsStopNothingIsSaid) {
    DiscoveringMesh lan(2);
    lan.start(1);
    lan.start(2);
    lan.mesh.run_on(1, [&](runtime::Shard&) { lan.discoveries[1]->stop(); });
    const std::uint64_t before = lan.view(1).counters.beacons_sent;
    lan.mesh.world.run_for(1min);
    EXPECT_EQ(lan.view(1).counters.beacons_sent, before);
    EXPECT_FALSE(lan.view(1).is_on);
}

}  // namespace
}  // namespace kith::mesh
