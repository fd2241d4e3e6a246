// The filters of all nodes in one tree of levels, in which a topic finds who wants it.
//
// A place of the tree is one level, known by its parent and the hash of its text: where two texts
// had the same hash (64 bits), a topic would find a filter that does not match it, which costs one
// message that its receiver drops; it finds all that do. The level above the first is the tenant.
// `a/#` is no place of its own but a second list of place `a`. A place takes about 40 bytes, a list
// as much, and 8 more for each node beyond the first. No recursion: the depth is bounded by
// kTopicLevelsMax. Threads: shard-local. Limits: those of what is put in.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "wire/mesh/bodies.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// Of an entry that is for the topics of all tenants.
inline constexpr std::uint32_t kEveryTenant = UINT32_MAX;

class WantedTree {
  public:
    /// Those who want something; in order, and twice who told it twice.
    using Nodes = boost::container::small_vector<NodeId, 1>;

    struct Group {
        std::uint64_t id = 0;  // share_group_id()
        Nodes nodes;
    };
    /// What stands at one place.
    struct Wanted {
        Nodes nodes;
        std::unique_ptr<std::vector<Group>> shared;  // null at nearly all

        [[nodiscard]] bool empty() const { return nodes.empty() && shared == nullptr; }
        /// In order of id.
        [[nodiscard]] std::span<const Group> groups() const {
            return shared == nullptr ? std::span<const Group>() : std::span<const Group>(*shared);
        }
    };

    WantedTree();
    WantedTree(const WantedTree&) = delete;
    WantedTree& operator=(const WantedTree&) = delete;

    /// Requires: a valid filter, or kReservedTopics.
    void add(const InterestBody::Entry& entry, NodeId node);
    /// Takes one telling back. Requires: it was added.
    void remove(const InterestBody::Entry& entry, NodeId node);

    using Found = boost::container::small_vector<const Wanted*, 16>;
    /// What stands at all places that match a topic of `tenant`, or that match whatever a filter
    /// does. Valid until something is added or removed; in no order.
    [[nodiscard]] Found find(std::uint32_t tenant, std::string_view topic_or_filter) const;

    /// Levels of filters, each counted once where it stands; 0 if nobody wants anything.
    [[nodiscard]] std::size_t place_count() const { return children_.size(); }

  private:
    using PlaceIndex = std::uint32_t;
    static constexpr PlaceIndex kRoot = 0;
    static constexpr PlaceIndex kNone = UINT32_MAX;

    /// Tells a place from all others.
    struct Edge {
        PlaceIndex parent = kNone;
        std::uint64_t level = 0;  // hash of its text; the number of a tenant below the root

        friend bool operator==(const Edge&, const Edge&) = default;
    };
    struct Place {
        Edge edge;
        PlaceIndex plus = kNone;  // the child that is `+`
        std::uint32_t child_count = 0;
        std::uint32_t at = kNone;     // in wanted_: who wants this filter
        std::uint32_t below = kNone;  // and this one with "/#"
    };
    static_assert(sizeof(Place) == 32);

    /// Hashes and compares places by their edge, so that the set holds nothing but their indices.
    struct ByEdge {
        using is_transparent = void;
        const std::deque<Place>* places;

        [[nodiscard]] const Edge& edge(PlaceIndex place) const { return (*places)[place].edge; }
        [[nodiscard]] static const Edge& edge(const Edge& edge) { return edge; }
        template <typename Child>
        std::size_t operator()(const Child& child) const {
            return edge(child).level ^ (edge(child).parent * std::size_t{0x9E37'79B9'7F4A'7C15});
        }
        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const {
            return edge(left) == edge(right);
        }
    };
    /// Where a filter stands.
    struct Spot {
        PlaceIndex place = kNone;
        bool is_below = false;
    };

    [[nodiscard]] PlaceIndex child(PlaceIndex parent, std::uint64_t level) const;
    [[nodiscard]] PlaceIndex child_or_new(PlaceIndex parent, std::uint64_t level, bool is_plus);
    /// Where the filter of an entry stands, made if need be.
    [[nodiscard]] Spot make(const InterestBody::Entry& entry);
    [[nodiscard]] Spot locate(const InterestBody::Entry& entry) const;
    void take_wanted(PlaceIndex place, Found& found, std::uint32_t Place::*list) const;
    /// Removes a place that nothing needs, and those above.
    void prune(PlaceIndex place);
    void forget_all();

    std::deque<Place> places_;
    std::vector<PlaceIndex> free_places_;
    std::deque<Wanted> wanted_;
    std::vector<std::uint32_t> free_wanted_;
    boost::unordered_flat_set<PlaceIndex, ByEdge, ByEdge> children_;
};

}  // namespace kith::mesh
