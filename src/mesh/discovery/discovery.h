// Nodes of one mesh find each other on their network: beacons out, beacons in, links wanted.
//
//     trickle         when this node says that it is there         trickle.h
//     heard beacons   what others' beacons are worth               heard_beacons.h
//     peer views      whom to link to, and whom to leave           peer_views.h
//
// A beacon of the own mesh makes its sender a candidate; nothing of what is heard here lets anybody
// in: that does the link, where he shows his certificate. An unpaired node, which belongs to no
// mesh, says that it is there, hears nobody and links to nobody. Threads: shard-local. Determinism:
// as MeshNode. Limits: limits.h.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"
#include "mesh/discovery/discovery_port.h"
#include "mesh/discovery/heard_beacons.h"
#include "mesh/discovery/peer_views.h"
#include "mesh/discovery/trickle.h"
#include "runtime/address.h"
#include "wire/mesh/beacon.h"

namespace kith::mesh {

struct DiscoveryOptions {
    NodeId self;
    PublicKey public_key{};
    std::uint64_t mesh = 0;  // 0: unpaired
    std::uint32_t epoch = 1;
    std::uint16_t port = 0;  // where this node is linked to; 0: nowhere, so it says nothing
    bool is_leaf = false;    // it forwards nothing, and is reached by a link of its own alone
};

struct DiscoveryCounters {
    std::uint64_t beacons_sent = 0;
    std::uint64_t beacons_withheld = 0;                        // others have said the same
    std::array<std::uint64_t, kBeaconVerdictCount> beacons{};  // that came, by verdict
    std::uint64_t strangers = 0;  // of those heard, whose certificate was never seen
    std::uint64_t view_full = 0;  // of those heard or named, for whom there was no room
    std::uint64_t dials = 0;
    std::uint64_t dials_failed = 0;
    std::uint64_t given_up = 0;  // links that were too many
};

class Discovery {
  public:
    /// The port outlives this.
    Discovery(const DiscoveryOptions& options, DiscoveryPort& world, std::uint64_t seed);

    void start(Instant now);
    void on_datagram(const runtime::SocketAddress& from, Bytes datagram, Instant now);
    /// Somebody else has named a node of this mesh.
    void on_named(const Sighting& sighting, Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] DiscoveryCounters counters() const;
    /// Nodes of this mesh whose beacons were heard lately, and nodes that could be dialled.
    [[nodiscard]] std::size_t heard_count(Instant now) const { return heard_.count(now); }
    [[nodiscard]] std::size_t candidate_count() const { return views_.candidate_count(); }
    /// Nobody more is needed by the passive view.
    [[nodiscard]] bool has_enough() const { return views_.candidate_count() >= kPassiveViewMax; }

  private:
    void send_beacon();
    [[nodiscard]] bool is_unpaired() const { return options_.mesh == 0; }

    DiscoveryOptions options_;
    DiscoveryPort& world_;
    Trickle trickle_;
    HeardBeacons heard_;
    PeerViews views_;
    Instant look_at_ = Instant::never();
    DiscoveryCounters counters_;
};

}  // namespace kith::mesh
