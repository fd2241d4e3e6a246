// Discovery in the world: beacons over multicast, and what they lead to as links of a MeshHost.
//
// Beacons leave on all interfaces in the families in which this node is linked to, and its
// addresses go into its link state, where nodes that are further away find them. Interfaces that
// come and go are noticed within kInterfacesInterval. A node that listens on loopback alone says
// nothing, since nobody could come. Without a MeshHost, this node belongs to no mesh: it says so,
// and hears nobody. Threads: shard-local. Limits: mesh/discovery/limits.h.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "mesh/discovery/discovery.h"
#include "mesh/live/group_port.h"
#include "mesh/live/mesh_host.h"
#include "mesh/trust/member_table.h"
#include "mesh/trust/node_key.h"
#include "runtime/datagram.h"
#include "runtime/network.h"
#include "runtime/shard.h"

namespace kith::mesh {

struct DiscoveryView {
    bool is_on = false;  // beacons leave
    std::size_t heard = 0;
    std::size_t candidates = 0;
    std::uint64_t beacons_unsent = 0;  // no interface took them
    DiscoveryCounters counters;
};

class DiscoveryHost final : DiscoveryPort, runtime::DatagramHandler, runtime::Timer {
  public:
    struct Options {
        std::uint64_t mesh = 0;
        std::uint32_t epoch = 1;
        const MemberTable* members = nullptr;  // of `host`; outlives this
        bool is_leaf = false;
    };

    /// `key` and `host`, if there is one, outlive this.
    DiscoveryHost(runtime::Shard& shard, const NodeKey& key, MeshHost* host,
                  const Options& options);

    /// Requires: the host has been started.
    void start();
    void stop();

    /// Somebody else has named a node of this mesh.
    void on_named(NodeId who, const runtime::SocketAddress& address, CandidateSource source);

    [[nodiscard]] DiscoveryView view() const;

  private:
    // DiscoveryPort
    void sign(Bytes message, MutableBytes signature) override;
    [[nodiscard]] bool verify(const PublicKey& key, Bytes message, Bytes signature) const override;
    [[nodiscard]] bool is_member(NodeId who) const override;
    [[nodiscard]] bool is_revoked(NodeId who) const override;
    [[nodiscard]] bool is_reachable(NodeId who) const override;
    [[nodiscard]] std::size_t reachable_count() const override {
        return picture().reachable.size();
    }
    [[nodiscard]] bool is_leaf(NodeId who) const override;
    [[nodiscard]] std::size_t neighbor_count(NodeId who) const override;
    [[nodiscard]] std::uint64_t link_state_digest() const override;
    [[nodiscard]] std::vector<ActiveNeighbor> neighbors() const override;
    void send_beacon(Bytes datagram) override;
    void dial(NodeId who, const runtime::SocketAddress& address) override;
    void give_up(NodeId who) override;

    void on_datagram(const runtime::SocketAddress& from, Bytes bytes) override;
    void on_timer(Instant now) override;

    /// What the mesh looked like at `at`, since asking it costs more than an answer is worth.
    struct Picture {
        Instant at;
        std::vector<NodeId> reachable;                                // in order
        std::vector<std::pair<NodeId, std::size_t>> neighbor_counts;  // in order
        std::vector<NodeId> leaves;                                   // in order
    };
    [[nodiscard]] const Picture& picture() const;
    void arm();
    void look_at_interfaces();
    void tell_locators();
    void learn_locators();

    runtime::Shard& shard_;
    const NodeKey& key_;
    MeshHost* host_;
    const MemberTable* members_;
    bool says_v4_ = false;
    bool says_v6_ = false;
    Discovery discovery_;
    GroupPort v4_;
    GroupPort v6_;
    Instant interfaces_at_ = Instant::never();
    Instant locators_at_ = Instant::never();
    std::uint64_t beacons_unsent_ = 0;
    mutable std::optional<Picture> picture_;
};

}  // namespace kith::mesh
