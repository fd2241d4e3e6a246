// What discovery asks of the world, and what it wants done there.
//
// The answers are those of this moment. Calls come from inside of a call of Discovery: an
// implementation begins, and never calls back from them. Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "runtime/address.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// Of Ed25519.
using PublicKey = std::array<std::uint8_t, 32>;

/// Why there is a link to a neighbour.
enum class LinkOrigin : std::uint8_t {
    Static,      // the configuration names it: outside of every bound
    Discovered,  // discovery has dialled it
    Accepted,    // the other side has dialled
};

struct ActiveNeighbor {
    NodeId node;
    LinkOrigin origin = LinkOrigin::Accepted;
    std::uint32_t cost = 0;
    Instant since;
    bool is_leaf = false;
};

class DiscoveryPort {
  public:
    /// 64 bytes of Ed25519.
    virtual void sign(Bytes message, MutableBytes signature) = 0;
    [[nodiscard]] virtual bool verify(const PublicKey& key, Bytes message,
                                      Bytes signature) const = 0;
    /// Its certificate was taken.
    [[nodiscard]] virtual bool is_member(NodeId node) const = 0;
    [[nodiscard]] virtual bool is_revoked(NodeId node) const = 0;
    /// There is a way to it.
    [[nodiscard]] virtual bool is_reachable(NodeId node) const = 0;
    [[nodiscard]] virtual std::size_t reachable_count() const = 0;
    /// It is known to forward nothing.
    [[nodiscard]] virtual bool is_leaf(NodeId) const { return false; }
    /// Neighbours that it tells; 0 if it is not known.
    [[nodiscard]] virtual std::size_t neighbor_count(NodeId node) const = 0;
    [[nodiscard]] virtual std::uint64_t link_state_digest() const = 0;
    /// One of each node, in order of id.
    [[nodiscard]] virtual std::vector<ActiveNeighbor> neighbors() const = 0;

    virtual void send_beacon(Bytes datagram) = 0;
    /// Whether it becomes a neighbour shows in neighbors().
    virtual void dial(NodeId node, const runtime::SocketAddress& address) = 0;
    /// Ends the link to a neighbour that discovery has dialled.
    virtual void give_up(NodeId node) = 0;

  protected:
    ~DiscoveryPort() = default;
};

}  // namespace kith::mesh
