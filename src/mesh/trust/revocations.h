// Nodes that do not belong to the mesh any more. A revocation is for ever: a key that was lost does
// not come back, and its owner joins with a new one.
//
//     kith-mesh revoked 1
//     node ID AT_MS
//
// Threads: values. Limits: kRevocationsMax; docs/formats/mesh-membership.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

inline constexpr std::size_t kRevocationsMax = kNodesMax;

class RevocationList {
  public:
    /// Errors: Malformed, Limit, Unsupported.
    [[nodiscard]] static Result<RevocationList> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    /// The time of the first stays. Errors: Limit.
    [[nodiscard]] Status add(NodeId node, WallTime at);
    [[nodiscard]] bool has(NodeId node) const { return nodes_.contains(node); }
    [[nodiscard]] const std::map<NodeId, WallTime>& nodes() const { return nodes_; }

  private:
    std::map<NodeId, WallTime> nodes_;
};

}  // namespace kith::mesh
