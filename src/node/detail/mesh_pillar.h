// The mesh: this node's links to others, once it is a member.
//
// A node that is none, or whose membership cannot be used, runs without: is_on() is false and
// off_reason() says why. Trouble with the mesh never keeps a node from serving its own clients;
// only a port that is taken does, as it does for every listener. Clients are not bridged yet: what
// they publish stays on this node.
// Threads: those of pillar.h; host() and trust() belong to the first shard.
#pragma once

#include "mesh/live/mesh_host.h"
#include "mesh/live/tls_link_security.h"
#include "mesh/live/unbridged.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/mesh_trust.h"
#include "node/detail/ground.h"
#include "node/detail/pillar.h"
#include "runtime/blocking_pool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace kith::node {

class MeshPillar final : public Pillar, private mesh::MeshEvents {
  public:
    explicit MeshPillar(Ground& ground) : ground_(ground) {}

    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    /// Reads again who was revoked.
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;
    void drain() override;
    void finish() override;

    /// There after start(); nothing if the mesh is off.
    [[nodiscard]] const std::optional<runtime::SocketAddress>& address() const { return address_; }
    [[nodiscard]] bool is_on() const { return host_ != nullptr; }
    /// "this node belongs to no mesh"; empty while it is on.
    [[nodiscard]] const std::string& off_reason() const { return off_reason_; }
    [[nodiscard]] const std::string& member_name() const { return membership_.name; }
    /// Requires: is_on().
    [[nodiscard]] const mesh::MeshHost& host() const { return *host_; }
    [[nodiscard]] const mesh::MeshTrust& trust() const { return *trust_; }
    [[nodiscard]] Instant now() const { return ground_.shards->shard(ShardId(0)).now(); }

  private:
    /// What keeps the mesh off; empty if nothing does.
    [[nodiscard]] std::string take_membership();
    [[nodiscard]] std::string revoke_the_revoked();
    [[nodiscard]] mesh::OrFileProblem<std::uint32_t> next_epoch();
    void stay_off(std::string reason);
    [[nodiscard]] mesh::MeshHostOptions options() const;

    void on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) override;
    void on_drop(mesh::DropReason, const mesh::Data*) override {}  // the core counts them
    void on_routes(std::size_t) override {}

    Ground& ground_;
    std::string off_reason_ = "not started";
    mesh::Membership membership_;
    std::uint32_t epoch_ = 0;
    std::optional<mesh::MeshTrust> trust_;
    std::unique_ptr<mesh::TlsLinkSecurity> security_;
    std::unique_ptr<runtime::BlockingPool> names_;
    std::unique_ptr<mesh::Unbridged> unbridged_;
    std::unique_ptr<mesh::MeshHost> host_;
    std::optional<runtime::SocketAddress> address_;
};

}  // namespace kith::node
