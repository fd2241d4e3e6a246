// Whom a node could link to, and whom it does: HyParView (Leitao, Pereira, Rodrigues 2007) in
// small.
//
// Candidates are known by address and not linked to: the passive view. Neighbours are the active
// one. Hearing of somebody only makes a candidate. A look dials candidates while there are fewer
// neighbours than wanted, half of them near and half of them by rendezvous hash, which makes the
// whole a graph without clusters; gives links up while there are more than tolerated; and joins
// parts of the mesh that hear one another. Who dialled a link is who gives it up, so that a link
// that the configuration of the other side wants is never in question.
//
// Leaves forward nothing. So a leaf links to everybody whom it cannot reach otherwise, as soon as
// it may, and gives no link up; and to a router, leaves are beside the view: it neither looks for
// them nor leaves them. Threads: shard-local. Limits: limits.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "mesh/discovery/discovery_port.h"
#include "mesh/discovery/limits.h"
#include "mesh/discovery/token_bucket.h"
#include "runtime/address.h"

namespace kith::mesh {

/// How somebody was heard of; the first is the nearest.
enum class CandidateSource : std::uint8_t { Beacon, Mdns, Exchange };

/// Somebody was heard of. Says nothing about who it is.
struct Sighting {
    NodeId node;
    runtime::SocketAddress address;
    CandidateSource source = CandidateSource::Beacon;
};

class PeerViews {
  public:
    enum class Role : std::uint8_t { Router, Leaf };
    PeerViews(NodeId self, Role role, std::uint64_t seed)
        : self_(self), role_(role), random_(seed) {}

    /// False if there was no room.
    bool add(const Sighting& sighting, const DiscoveryPort& world, Instant now);
    void forget(NodeId node) { candidates_.erase(node); }

    /// Dials and gives up. Returns when the next look is due.
    Instant look(DiscoveryPort& world, Instant now);

    [[nodiscard]] std::size_t candidate_count() const { return candidates_.size(); }
    [[nodiscard]] std::uint64_t dials() const { return dials_; }
    [[nodiscard]] std::uint64_t dials_failed() const { return dials_failed_; }
    [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

  private:
    struct Candidate {
        std::vector<runtime::SocketAddress> addresses;  // the next to be tried first
        CandidateSource source = CandidateSource::Exchange;
        Instant seen;
        std::uint32_t cost = 0;  // of when it was a neighbour; 0: never
        unsigned failures = 0;
        Instant again_at;                   // not before
        std::optional<Instant> dialled_at;  // under way
        std::optional<Instant> bridge_at;   // it cannot be reached, and is to be then
    };
    using Candidates = std::map<NodeId, Candidate>;
    /// Of one look.
    struct Scene {
        DiscoveryPort& world;
        Instant now;
        std::vector<ActiveNeighbor> neighbors;
        std::size_t bounded = 0;  // neighbours that are not static; of a router: and no leaves
        std::size_t pending = 0;  // dials under way
    };

    void settle_dials(Scene& scene);
    void dial_missing(Scene& scene);
    void bridge(Scene& scene);
    void shed(Scene& scene);
    [[nodiscard]] bool is_counted(const ActiveNeighbor& neighbor) const;
    [[nodiscard]] bool is_cut_off(const Scene& scene, NodeId node,
                                  const Candidate& candidate) const;
    [[nodiscard]] bool may_dial(const Scene& scene, NodeId node, const Candidate& candidate) const;
    [[nodiscard]] std::optional<NodeId> choose(const Scene& scene, std::size_t place,
                                               std::size_t room_below);
    [[nodiscard]] Duration isolation_patience(const Scene& scene);
    void dial(Scene& scene, NodeId node, Candidate& candidate);
    [[nodiscard]] bool make_room(NodeId newcomer, const DiscoveryPort& world, Instant now);
    [[nodiscard]] std::uint64_t weight(NodeId node) const;
    [[nodiscard]] static const ActiveNeighbor* find(const Scene& scene, NodeId node);

    NodeId self_;
    Role role_;
    Random random_;
    Candidates candidates_;
    TokenBucket strangers_{kStrangerDialsBurst, kStrangerDialsPerSecond};
    Instant shed_at_;
    std::uint64_t dials_ = 0;
    std::uint64_t dials_failed_ = 0;
    std::uint64_t given_up_ = 0;
};

}  // namespace kith::mesh
