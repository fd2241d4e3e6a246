// Who wants what: this node's subscriptions as it tells them, and those of all others as one table.
//
// A filter goes into the first part that has room for it and stays there, so that a node with few
// filters tells one record, a change tells one part again, and nothing ever moves from one record
// to another, between which it would be missed. When there is no room left, a part tells a superset
// of its filters (filter_superset.h). False positives cost a hop, false negatives cannot be.
//
// The table answers for a topic which nodes want it, and for each share group which nodes have a
// member. Answers are kept until an interest changes. Bodies come from other nodes: one that is
// malformed changes nothing. Threads: shard-local. Limits: limits.h, kInterest*, kMatchCache*.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mesh/node.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {

/// This node's own filters, counted, in the parts in which they are told.
class LocalInterest {
  public:
    LocalInterest();
    ~LocalInterest();

    /// The part that is to be told again; none if what is told already has it.
    std::optional<std::uint16_t> add(const Interest& interest);
    /// Takes one add() back. The part that is to be told again; none if another one is left, or
    /// there was none, or what is told stays a superset.
    std::optional<std::uint16_t> remove(const Interest& interest);
    /// Where it is told. Requires: it was added.
    [[nodiscard]] std::uint16_t part_of(const Interest& interest) const;
    /// The body of a part as it is to be told; empty if it has no filters.
    [[nodiscard]] std::vector<std::uint8_t> body(std::uint16_t part) const;
    /// Different filters.
    [[nodiscard]] std::size_t size() const;

    /// Whether this node has a member of the group with this share_group_id().
    [[nodiscard]] bool has_group(std::uint64_t id) const;
    /// Share groups that match and of which others do not know, for there are more than fit in what
    /// is told: their members here count as subscribers that are not shared, and what comes for
    /// those is for one member of each of these, too. Costs nothing as long as there are none, and
    /// a look at each filter of this node otherwise.
    using GroupIds = boost::container::small_vector<std::uint64_t, 1>;
    [[nodiscard]] GroupIds untold_groups(std::uint32_t tenant, std::string_view topic) const;
    /// Parts that tell a superset.
    [[nodiscard]] std::size_t coarse_part_count() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The interest of all other nodes.
class InterestTable {
  public:
    InterestTable();
    ~InterestTable();

    /// Replaces one part of a node's interest; an empty body removes it. Errors: Malformed, Limit,
    /// after which everything is as before.
    [[nodiscard]] Status set(NodeId node, std::uint16_t part, Bytes body);
    void remove(NodeId node);

    /// A filter that one node more, or one less, wants; shared or not.
    struct Change {
        std::uint32_t tenant = 0;
        std::string filter;
        bool is_wanted = false;
    };
    /// Since the last call, in order: what comes before what goes.
    [[nodiscard]] std::vector<Change> take_changes();

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
    /// Valid until the next call of any function. Requires: the topic is a valid one.
    [[nodiscard]] const Match& match(std::uint32_t tenant, std::string_view topic);
    /// Whether what a node tells has this filter, or a superset of it: what oracles ask.
    [[nodiscard]] bool has(NodeId node, const Interest& interest) const;
    /// Changes with every change.
    [[nodiscard]] std::uint64_t generation() const;

    struct Size {
        std::size_t nodes = 0;
        std::size_t parts = 0;
        std::size_t places = 0;  // of the tree
        std::size_t cached_topics = 0;

        friend bool operator==(const Size&, const Size&) = default;
    };
    [[nodiscard]] Size size() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh
