// Where broker and mesh meet about sessions: which node has that of a client, and what nodes tell
// one another while one moves.
//
// The directory names one owner for each client id, with an epoch that grows with each owner: of
// two, the one with the lower epoch stops on sight. The mesh replicates it and carries messages;
// what they say is the broker's. Threads: both belong to the first shard.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace kith::bus {

/// A node of the mesh. 0: none.
using PeerId = StrongId<struct PeerIdTag, std::uint64_t>;

struct SessionOwner {
    PeerId node;
    std::uint64_t epoch = 0;

    friend auto operator<=>(const SessionOwner& left, const SessionOwner& right) {
        return left.epoch != right.epoch ? left.epoch <=> right.epoch : left.node <=> right.node;
    }
    friend bool operator==(const SessionOwner&, const SessionOwner&) = default;
};

/// What the broker asks of the mesh.
class SessionPort {
  public:
    [[nodiscard]] virtual PeerId self() const = 0;
    /// As far as this node knows.
    [[nodiscard]] virtual std::optional<SessionOwner> owner_of(TenantId tenant,
                                                               std::string_view client_id) = 0;
    /// This node has the session of this client. Nobody is told of one whose epoch is lower than
    /// what is known.
    virtual void put_owner(TenantId tenant, std::string_view client_id, std::uint64_t epoch) = 0;
    /// The session that this node had has ended.
    virtual void forget_owner(TenantId tenant, std::string_view client_id, std::uint64_t epoch) = 0;
    /// To one node, which may get it or not. False if it certainly does not.
    virtual bool tell(PeerId to, Bytes message) = 0;
    /// The same, and it comes, when it can, behind every QoS 1 and 2 message that this node has
    /// sent there before.
    virtual void tell_behind(PeerId to, Bytes message) = 0;
    /// All routers that are known but this one.
    struct Router {
        PeerId node;
        bool is_reachable = false;
    };
    [[nodiscard]] virtual std::vector<Router> routers() = 0;
    /// No other node can be reached.
    [[nodiscard]] virtual bool is_alone() = 0;

  protected:
    ~SessionPort() = default;
};

/// What the mesh tells the broker, in a step of its own.
class SessionListener {
  public:
    /// Another node has told this. It may err, or worse.
    virtual void on_told(PeerId from, Bytes message) = 0;
    /// The directory has a newer owner, which another node has told.
    virtual void on_owner(TenantId tenant, std::string_view client_id,
                          const SessionOwner& owner) = 0;

  protected:
    ~SessionListener() = default;
};

}  // namespace kith::bus
