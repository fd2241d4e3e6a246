// How this node and others of its mesh find each other on the network: beacons, multicast DNS.
//
// Trouble with either never keeps a node from serving: there may be no network yet. A node that
// belongs to no mesh is silent, unless it is told to say that it is unpaired.
// Threads: those of pillar.h; view() belongs to the first shard.
#pragma once

#include "api/mesh_facts.h"
#include "mesh/live/discovery_host.h"
#include "mesh/live/mdns_host.h"
#include "mesh/trust/node_key.h"
#include "node/detail/ground.h"
#include "node/detail/mesh_pillar.h"
#include "node/detail/pillar.h"
#include "node/node.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace kith::node {

class DiscoveryPillar final : public Pillar {
  public:
    DiscoveryPillar(Ground& ground, MeshPillar& mesh) : ground_(ground), mesh_(mesh) {}

    /// Beacons; now, or once this node has become a member.
    [[nodiscard]] OrProblem<void> start() override;
    /// Multicast DNS, too: of the mesh's port, and of those for clients that others can reach. Once
    /// all are open.
    void announce(const Node::Addresses& addresses);
    void drain() override;
    void finish() override;

    [[nodiscard]] api::MeshDiscoveryFacts facts() const;

  private:
    [[nodiscard]] bool is_unpaired() const;
    void begin(runtime::Shard& here);
    void begin_mdns(runtime::Shard& here);
    void end();
    [[nodiscard]] std::optional<runtime::SocketAddress> mesh_address() const;
    [[nodiscard]] mesh::MdnsOptions mdns_options() const;

    Ground& ground_;
    MeshPillar& mesh_;
    std::optional<Node::Addresses> addresses_;  // once they are known
    std::optional<mesh::NodeKey> passing_key_;  // of a node without one, until it stops
    std::unique_ptr<mesh::DiscoveryHost> beacons_;
    std::unique_ptr<mesh::MdnsHost> mdns_;
};

}  // namespace kith::node
