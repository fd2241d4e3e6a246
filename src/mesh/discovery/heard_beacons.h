// What beacons came, and what each of them is worth.
//
// The key in a beacon verifies its signature and gives the node's id, so that nobody speaks for
// another; that somebody belongs to the mesh, no beacon can say. Beacons of other meshes and of
// unpaired nodes are counted and forgotten. Of the own mesh, the last one of each node is kept: one
// of an earlier start is ignored, and one that is the same as the last costs no verification.
// Threads: shard-local. Limits: kHeardNodesMax, kBeaconVerifiesBurst, kBeaconVerifiesPerSecond.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "mesh/discovery/discovery_port.h"
#include "mesh/discovery/limits.h"
#include "mesh/discovery/token_bucket.h"
#include "runtime/address.h"
#include "wire/mesh/beacon.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

enum class BeaconVerdict : std::uint8_t {
    Heard,      // of the own mesh, and well signed
    Own,        // came back
    Elsewhere,  // another mesh
    Unpaired,
    Malformed,
    Unsupported,  // another version
    Forged,       // the signature is wrong
    Stale,        // of an earlier start of its node: old, or sent again by somebody else
    Revoked,
    Limited,  // more than are verified
};
inline constexpr std::size_t kBeaconVerdictCount = 10;
[[nodiscard]] std::string_view to_string(BeaconVerdict verdict);

class HeardBeacons {
  public:
    struct Self {
        NodeId node;
        std::uint64_t mesh = 0;  // 0: unpaired, everybody is elsewhere
    };
    HeardBeacons(const Self& self, const DiscoveryPort& world) : self_(self), world_(world) {}

    struct Heard {
        BeaconVerdict verdict = BeaconVerdict::Malformed;
        // The rest if it is Heard or Revoked:
        NodeId node;
        runtime::SocketAddress address;  // where it says that it is linked to
        std::uint64_t link_state_digest = 0;
        bool is_new = false;  // this node, or this start of it, was not heard lately
    };
    [[nodiscard]] Heard on_datagram(const runtime::SocketAddress& from, Bytes datagram,
                                    Instant now);

    /// Nodes of the own mesh that were heard within kHeardFor.
    [[nodiscard]] std::size_t count(Instant now) const;
    [[nodiscard]] bool was_heard(NodeId node, Instant now) const;

  private:
    struct Entry {
        std::uint32_t epoch = 0;
        Instant last;
        std::array<std::uint8_t, kBeaconBytes> datagram{};
    };
    [[nodiscard]] BeaconVerdict judge(NodeId node, const Beacon& beacon, Bytes datagram,
                                      Instant now);
    void keep(NodeId node, const Beacon& beacon, Bytes datagram, Instant now);

    Self self_;
    const DiscoveryPort& world_;
    std::map<NodeId, Entry> heard_;
    TokenBucket verifies_{kBeaconVerifiesBurst, kBeaconVerifiesPerSecond};
};

}  // namespace kith::mesh
