// Test support: several nodes, each a broker with a mesh host, in one simulated world.
//
// Broker, mesh core, host and bridge are the real ones; sockets, clocks, keys and disks are
// simulated. A node that restarts lost what was not committed, as in a power cut. Not part of the
// module. Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/testing/broker_rig.h"
#include "mesh/live/bridge.h"
#include "mesh/live/mesh_host.h"
#include "mesh/live/session_directory.h"
#include "mesh/live/testing/live_mesh.h"
#include "mesh/testing/fake_trust.h"
#include "node/detail/publish_priority.h"
#include "runtime/sim/world.h"

namespace kith::node::testing {

class BridgedMesh {
  public:
    static constexpr std::uint16_t kMeshPort = 7883;

    explicit BridgedMesh(std::uint64_t seed = 1)
        : BridgedMesh(runtime::sim::WorldOptions{.seed = seed}) {}
    explicit BridgedMesh(const runtime::sim::WorldOptions& options) : world(options) {}
    ~BridgedMesh() {
        for (const auto& node : nodes_) {
            node->host.reset();
        }
    }

    runtime::sim::World world;
    /// Of nodes that start from now on.
    std::size_t spool_memory_bytes_max = mesh::MeshOptions{}.spool_memory_bytes_max;
    broker::BrokerOptions broker = broker::testing::quiet();

    /// A node that dials `peers`: numbers of nodes, from 0 in the order of add().
    void add(std::uint16_t shard_count, const std::vector<std::size_t>& peers) {
        const std::size_t number = nodes_.size();
        broker::testing::RigOptions options;
        options.shard_count = shard_count;
        options.world = &world;
        options.broker = broker;
        options.name = "node" + std::to_string(number);
        auto& node = *nodes_.emplace_back(std::make_unique<Node>(number, options));
        node.shard_count = shard_count;
        node.peers = peers;
        join(node);
    }
    /// Power off, power on, at another address: it dials all others then.
    void restart(std::size_t i) {
        Node& node = *nodes_[i];
        if (node.host != nullptr) {
            power_off(i);
        }
        node.rig.restart(node.shard_count);
        node.peers.clear();
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            if (other != i) {
                node.peers.push_back(other);
            }
        }
        join(node);
    }
    /// No other node lets it in, nor is let in; its clients are. Also across restarts.
    void part(std::size_t i) {
        parted_.insert(i);
        known_.erase(nodes_[i]->rig.node().address(0).ip());
        nodes_[i]->rig.node().reset_streams();
    }
    void end_parting(std::size_t i) {
        parted_.erase(i);
        known_[nodes_[i]->rig.node().address(0).ip()] = nodes_[i]->id;
    }
    void power_off(std::size_t i) {
        Node& node = *nodes_[i];
        node.rig.power_off();
        node.host.reset();
        node.sessions.reset();
        node.bridge.reset();
    }

    [[nodiscard]] broker::testing::BrokerRig& rig(std::size_t i) { return nodes_[i]->rig; }
    [[nodiscard]] broker::testing::TestClient& client(std::size_t i, const std::string& id) {
        return nodes_[i]->rig.client(id);
    }
    [[nodiscard]] mesh::MeshHost& host(std::size_t i) { return *nodes_[i]->host; }
    [[nodiscard]] mesh::Bridge& bridge(std::size_t i) { return *nodes_[i]->bridge; }
    [[nodiscard]] mesh::NodeId id(std::size_t i) const { return nodes_[i]->id; }
    [[nodiscard]] std::size_t reachable(std::size_t i) {
        std::size_t count = 0;
        for (const mesh::RouteView& route : host(i).node().routes()) {
            count += route.next_hop != mesh::NodeId() ? 1U : 0U;
        }
        return count;
    }
    /// Until every node has a way to all others.
    [[nodiscard]] bool wait_whole() {
        return world.run_until(
            [this] {
                for (std::size_t i = 0; i < nodes_.size(); ++i) {
                    if (reachable(i) + 1 != nodes_.size()) {
                        return false;
                    }
                }
                return true;
            },
            10s);
    }
    [[nodiscard]] std::size_t held(std::size_t i) { return host(i).node().counters().custody_held; }

  private:
    struct Node final : mesh::MeshEvents {
        Node(std::size_t number, const broker::testing::RigOptions& options)
            : id(number + 1), trust(id), rig(options) {}

        mesh::NodeId id;
        mesh::testing::FakeTrust trust;
        broker::testing::BrokerRig rig;
        std::uint16_t shard_count = 1;
        std::vector<std::size_t> peers;
        std::uint32_t epoch = 0;
        std::unique_ptr<mesh::testing::KnownAddresses> security;
        std::unique_ptr<mesh::Bridge> bridge;
        std::unique_ptr<mesh::SessionDirectory> sessions;
        std::unique_ptr<mesh::MeshHost> host;

        void on_neighbor(mesh::NodeId, mesh::NeighborChange) override {}
        void on_drop(mesh::DropReason, const mesh::Data*) override {}
        void on_routes(std::size_t) override {}
    };

    void join(Node& node) {
        if (!parted_.contains(node.id.value() - 1)) {
            known_[node.rig.node().address(0).ip()] = node.id;
        }
        run_on(node, ShardId(0), [this, &node](runtime::Shard& shard) { open(node, shard); });
        bool is_open = false;
        run_on(node, ShardId(0), [&](runtime::Shard&) {
            node.rig.shard(0).open_mesh(*node.bridge, [&is_open] { is_open = true; });
        });
        ASSERT_TRUE(world.run_until([&] { return is_open; }, 10s));
        for (std::uint16_t i = 0; i < node.shard_count; ++i) {
            run_on(node, ShardId(i),
                   [&node, i](runtime::Shard&) { node.rig.shard(i).tell_mesh(*node.bridge); });
            run_on(node, ShardId(i), [&node, i](runtime::Shard&) {
                node.rig.shard(i).share_sessions(*node.sessions, bus::PeerId(node.id.value()));
            });
        }
        world.run_for(10ms);
        run_on(node, ShardId(0), [&node](runtime::Shard&) { node.host->start(); });
    }
    void open(Node& node, runtime::Shard& shard) {
        mesh::MeshHostOptions options;
        options.mesh.self = node.id;
        options.mesh.name = node.rig.node().name();
        options.mesh.epoch = ++node.epoch;
        options.mesh.spool_memory_bytes_max = spool_memory_bytes_max;
        options.listen = node.rig.node().address(kMeshPort);
        for (const std::size_t peer : node.peers) {
            options.peers.push_back(nodes_[peer]->rig.node().address(kMeshPort).to_string());
        }
        node.security = std::make_unique<mesh::testing::KnownAddresses>(known_);
        node.bridge =
            std::make_unique<mesh::Bridge>(shard, node.rig.shard(0).far_side(), &publish_priority);
        node.sessions = std::make_unique<mesh::SessionDirectory>(
            shard, *node.bridge, node.rig.shard(0).sessions_listener());
        mesh::MeshEvents& events = node;
        node.host = mesh::MeshHost::open(shard, options,
                                         {.security = *node.security,
                                          .trust = node.trust,
                                          .custody = *node.bridge,
                                          .delivery = *node.bridge,
                                          .events = events,
                                          .names = node.rig.node().blocking_pool(),
                                          .state = node.bridge.get()})
                        .value();
        node.bridge->attach(*node.host);
        node.sessions->attach(*node.host);
    }
    void run_on(Node& node, ShardId id, const std::function<void(runtime::Shard&)>& action) {
        bool is_done = false;
        node.rig.node().shard(id).post_completion(runtime::make_mail([&](runtime::Shard& shard) {
            action(shard);
            is_done = true;
        }));
        ASSERT_TRUE(world.run_until([&] { return is_done; }, 1min));
    }

    mesh::testing::Addresses known_;
    std::set<std::size_t> parted_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace kith::node::testing
