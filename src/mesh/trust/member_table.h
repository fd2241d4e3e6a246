// The nodes of the mesh whose certificates were taken, and those of which none is.
//
// Two keys with the same id are a collision. Everywhere the one that was certified first counts,
// whichever was met first: a renewed certificate keeps that time. Threads: shard-local. Limits:
// kNodesMax of each.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/result.h"
#include "base/time.h"
#include "crypto/signature.h"
#include "crypto/signing_key.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// What the root of the mesh has said of a node.
struct Member {
    NodeId node;
    NodeRole role = NodeRole::Router;
    WallTime since;  // when its key was first certified
    WallTime not_after;
    crypto::Ed25519PublicKey public_key{};
    crypto::VerificationKey key;
};

class MemberTable {
  public:
    /// A later certificate for the same key replaces the one before, and another key with the same
    /// id one that was certified later. Errors: Denied for a revoked node; Conflict if another key
    /// with the same id was certified before; Limit.
    [[nodiscard]] Status admit(Member member);
    /// It is forgotten, and never admitted again. Errors: Limit.
    [[nodiscard]] Status revoke(NodeId node);
    void forget(NodeId node) { members_.erase(node); }

    /// Valid until the next change. Null for one that was not admitted.
    [[nodiscard]] const Member* find(NodeId node) const;
    [[nodiscard]] bool is_revoked(NodeId node) const { return revoked_.contains(node); }
    [[nodiscard]] std::size_t size() const { return members_.size(); }

  private:
    boost::unordered_flat_map<NodeId, Member> members_;
    boost::unordered_flat_set<NodeId> revoked_;
};

}  // namespace kith::mesh
