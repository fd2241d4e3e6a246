// Who wants what: this node's subscriptions as it tells them, and those of all others as one table.
//
// A node's filters are spread over parts by their hash (bodies.h), so that a change tells one part.
// The table answers for a topic which nodes want it, and for each share group which nodes have a
// member. A topic's answer is kept until an interest changes. False positives cost a hop, false
// negatives cannot be: what is told is a superset of what is wanted. Limits: limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mesh/node.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {

/// This node's own filters, counted, in the parts in which they are told.
class LocalInterest {
  public:
    LocalInterest();
    ~LocalInterest();

    /// True if it is the first of its kind: its part has to be told.
    bool add(const Interest& interest);
    /// True if it was the last.
    bool remove(const Interest& interest);
    /// Whether this node has a member of the group with this share_group_id().
    [[nodiscard]] bool has_group(std::uint64_t id) const;
    [[nodiscard]] std::uint16_t part_of(const Interest& interest) const;
    /// The body of a part as it is to be told; empty if it has no filters.
    [[nodiscard]] std::vector<std::uint8_t> body(std::uint16_t part) const;
    [[nodiscard]] std::size_t size() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The interest of all other nodes.
class InterestTable {
  public:
    InterestTable();
    ~InterestTable();

    /// Replaces one part of a node's interest; an empty body removes it. A body that is malformed
    /// changes nothing and returns the error.
    [[nodiscard]] Status set(NodeId node, std::uint16_t part, Bytes body);
    void remove(NodeId node);

    struct Match {
        /// Nodes that have an unshared subscription, in order of id, each once.
        std::vector<NodeId> nodes;
        /// For each group that has a member with a matching filter: its nodes, in order of id.
        struct Group {
            std::uint64_t id = 0;  // share_group_id()
            std::vector<NodeId> nodes;
        };
        std::vector<Group> groups;  // in order of id
    };
    /// Valid until the next call of any function.
    [[nodiscard]] const Match& match(std::uint32_t tenant, std::string_view topic);
    /// Whether a node's interest as told has this filter: the superset that oracles ask for.
    [[nodiscard]] bool has(NodeId node, const Interest& interest) const;
    [[nodiscard]] std::uint64_t generation() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh
