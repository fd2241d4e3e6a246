#include "mesh/trust/member_table.h"

#include <tuple>
#include <utility>

namespace kith::mesh {

Status MemberTable::admit(Member member) {
    if (revoked_.contains(member.node)) {
        return fail(ErrorKind::Denied, "node is revoked");
    }
    const auto found = members_.find(member.node);
    if (found != members_.end()) {
        const Member& known = found->second;
        const bool is_rival = known.public_key != member.public_key;
        // Of two in the same second it is no matter which, only that all take the same.
        if (is_rival &&
            std::tie(known.since, known.public_key) < std::tie(member.since, member.public_key)) {
            return fail(ErrorKind::Conflict, "another key has the same id");
        }
        found->second = std::move(member);
        return {};
    }
    if (members_.size() == kNodesMax) {
        return fail(ErrorKind::Limit, "too many nodes in the mesh");
    }
    const NodeId node = member.node;
    members_.emplace(node, std::move(member));
    return {};
}

Status MemberTable::revoke(NodeId node) {
    if (!revoked_.contains(node) && revoked_.size() == kNodesMax) {
        return fail(ErrorKind::Limit, "too many nodes are revoked");
    }
    revoked_.insert(node);
    members_.erase(node);
    return {};
}

const Member* MemberTable::find(NodeId node) const {
    const auto found = members_.find(node);
    return found == members_.end() ? nullptr : &found->second;
}

}  // namespace kith::mesh
