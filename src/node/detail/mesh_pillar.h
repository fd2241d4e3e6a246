// The mesh: this node's links to others, once it is a member.
//
// A node that is none, or whose membership cannot be used, runs without: is_on() is false and
// off_reason() says why. It becomes one while it runs, by a token or because a mesh is founded
// here. Trouble with the mesh never keeps a node from serving its own clients; only a port that is
// taken at the start does, as it does for every listener.
// Threads: those of pillar.h; from start() to finish() all but address() belongs to the first
// shard.
#pragma once

#include "api/mesh_facts.h"
#include "mesh/live/bridge.h"
#include "mesh/live/mesh_gate.h"
#include "mesh/live/mesh_host.h"
#include "mesh/live/own_membership.h"
#include "mesh/live/session_directory.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/mesh_trust.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/drop_samples.h"
#include "node/detail/ground.h"
#include "node/detail/mesh_forwarding.h"
#include "node/detail/pillar.h"
#include "runtime/blocking_pool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kith::node {

class MeshPillar final : public Pillar, private mesh::MeshEvents {
  public:
    MeshPillar(Ground& ground, BrokerPillar& broker)
        : ground_(ground), broker_(broker), own_(ground.log) {}

    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    /// Reads again what this node is to a mesh, who was revoked, and who may forward where.
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;
    void drain() override;
    void finish() override;

    /// Where it listened after start(); nothing if the mesh was off.
    [[nodiscard]] const std::optional<runtime::SocketAddress>& address() const { return address_; }
    [[nodiscard]] bool is_on() const { return host_ != nullptr; }
    /// "this node belongs to no mesh"; empty while it is on.
    [[nodiscard]] std::string off_reason() const;
    [[nodiscard]] const mesh::Membership& membership() const { return own_.membership(); }
    /// Has `action` called once host() has started, if it has not yet.
    void when_on(std::function<void()> action) { when_on_ = std::move(action); }
    /// Requires: is_on().
    [[nodiscard]] const mesh::MeshHost& host() const { return *host_; }
    [[nodiscard]] mesh::MeshHost& host() { return *host_; }
    [[nodiscard]] const mesh::NodeKey& key() const { return *membership().key; }
    [[nodiscard]] mesh::MeshId mesh_id() const { return membership().mesh(); }
    [[nodiscard]] std::uint32_t epoch() const { return own_.epoch(); }
    [[nodiscard]] bool is_leaf() const { return membership().role == mesh::NodeRole::Leaf; }
    [[nodiscard]] const mesh::MeshTrust& trust() const { return own_.trust(); }
    [[nodiscard]] const mesh::JoinDesk& desk() const { return gate_->desk(); }
    /// HOST:PORT, for tokens.
    [[nodiscard]] std::vector<std::string> addresses_for_others() const;
    /// Somebody has changed the membership on disk: takes it up at once, not within a second.
    void look_at_files();
    [[nodiscard]] const mesh::RevocationList& revoked() const { return own_.revoked(); }
    /// Requires: is_on().
    [[nodiscard]] MeshForwarding& forwarding() { return *forwarding_; }
    [[nodiscard]] const MeshForwarding& forwarding() const { return *forwarding_; }
    [[nodiscard]] DropSamples& drop_samples() { return drop_samples_; }
    /// What whoever looks at the nodes from time to time has found.
    void set_health(const api::MeshHealth& health) { health_ = health; }
    [[nodiscard]] const api::MeshHealth& health() const { return health_; }
    [[nodiscard]] Instant now() const { return ground_.shards->shard(ShardId(0)).now(); }

  private:
    void stay_off(std::string reason);
    [[nodiscard]] mesh::MeshHostOptions options() const;
    [[nodiscard]] std::unique_ptr<mesh::MeshGate> make_gate(runtime::Shard& here);
    /// Opens the port and dials.
    [[nodiscard]] Status open(runtime::Shard& here);
    void meet_broker(runtime::Shard& here);
    void on_membership(mesh::OrFileProblem<mesh::MembershipFiles> files);
    void turn_on(mesh::MembershipFiles files);

    void on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) override;
    void on_drop(mesh::DropReason reason, const mesh::Data* data) override;
    void on_routes(std::size_t) override {}
    void on_put_out(mesh::NodeId node);

    Ground& ground_;
    BrokerPillar& broker_;
    std::string off_reason_ = "not started";
    std::string stamp_;  // of the files that prepare() has read
    mesh::OwnMembership own_;
    std::unique_ptr<runtime::BlockingPool> files_;
    std::unique_ptr<runtime::BlockingPool> names_;
    std::unique_ptr<runtime::BlockingPool> service_names_;  // of forwarded connections
    std::unique_ptr<mesh::MeshGate> gate_;
    std::unique_ptr<mesh::Bridge> bridge_;
    std::unique_ptr<mesh::SessionDirectory> sessions_;
    std::unique_ptr<MeshForwarding> forwarding_;
    std::unique_ptr<mesh::MeshHost> host_;
    std::function<void()> when_on_;
    DropSamples drop_samples_;
    api::MeshHealth health_;
    std::optional<runtime::SocketAddress> address_;
};

}  // namespace kith::node
