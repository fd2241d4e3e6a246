// A tree of topic filters, made for very many: a number at each, and topics find those that match.
//
// A node is one level and takes 32 bytes, its text included; levels longer than 14 bytes are in a
// LevelTable. Children are found through one open table of edges for the whole tree, 8 bytes a
// slot, at least half and at most three quarters of them used. `a/#` is no node: it is a second
// number of node `a`, which also finds it without another step. So a filter costs about 45 bytes
// beyond the levels that it shares with others, and a topic reads two cold lines for a level that
// nobody has read lately. No recursion: depth is bounded by kTopicLevelsMax. Threads: shard-local.
#pragma once

#include <boost/container/static_vector.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "broker/detail/filter_place.h"
#include "broker/detail/level_table.h"
#include "broker/detail/pool.h"
#include "bus/topic.h"

namespace kith::broker {

class FilterTree {
  public:
    FilterTree();
    FilterTree(const FilterTree&) = delete;
    FilterTree& operator=(const FilterTree&) = delete;

    /// The place of `filter`, made if need be. Its number is 0 until somebody sets it.
    [[nodiscard]] FilterPlace insert(std::string_view filter);
    /// kNone if it is not there.
    [[nodiscard]] FilterPlace find(std::string_view filter) const;
    /// Valid until the next prune() of it. A number of 0 is none: topics pass over it.
    [[nodiscard]] std::uint32_t& value(FilterPlace place) {
        Node& node = nodes_[node_of(place)];
        return is_hash(place) ? node.hash_value : node.value;
    }
    [[nodiscard]] std::uint32_t value(FilterPlace place) const {
        const Node& node = nodes_[node_of(place)];
        return is_hash(place) ? node.hash_value : node.value;
    }
    /// Forgets a place whose number is 0, and all above that hold nothing any more.
    void prune(FilterPlace place);
    /// The filter at `place`, as it was inserted.
    [[nodiscard]] std::string text(FilterPlace place) const;

    /// Calls visit(number) for each filter that matches `topic`.
    template <typename Visit>
    void match(bus::TopicName topic, Visit&& visit) const;

    /// Without the root.
    [[nodiscard]] std::size_t node_count() const { return nodes_.size() - 1; }

    static constexpr FilterPlace kNone{0xFFFF'FFFF};

  private:
    static constexpr std::uint32_t kRoot = 0;
    static constexpr std::uint32_t kNoNode = 0xFFFF'FFFF;
    static constexpr std::uint32_t kNodesMax = 1U << 30;  // leaves a place its upper bit
    static constexpr std::size_t kInlineBytesMax = 14;
    static constexpr std::uint8_t kLong = 0xFF;  // as Node::level_bytes

    struct Node {
        std::uint32_t parent = kNoNode;
        std::uint32_t child_count = 0;
        std::uint32_t value = 0;
        std::uint32_t hash_value = 0;               // of the filter that goes on with "/#"
        std::array<char, kInlineBytesMax> level{};  // or the LevelId of a long one
        std::uint8_t level_bytes = 0;
        bool has_plus_child = false;
    };
    static_assert(sizeof(Node) == 32);

    /// A slot of the table of edges; `node` of an empty one is kRoot, which is nobody's child.
    struct Edge {
        std::uint32_t hash = 0;  // of parent and level
        std::uint32_t node = kRoot;
    };

    static std::uint32_t node_of(FilterPlace place) { return place.value() >> 1; }
    static bool is_hash(FilterPlace place) { return (place.value() & 1U) != 0; }
    static FilterPlace place_of(std::uint32_t node, bool is_hash) {
        return FilterPlace((node << 1) | (is_hash ? 1U : 0U));
    }

    /// A level of a topic as children are looked up by it.
    struct Level {
        std::string_view text;
        std::uint64_t hash;

        explicit Level(std::string_view text_in);
    };
    static std::uint32_t edge_hash(std::uint32_t parent, std::uint64_t level_hash) {
        constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;
        const std::uint64_t mixed = (level_hash ^ (parent * kOdd)) * 0xD6E8'FEB8'6659'FD93;
        return static_cast<std::uint32_t>(mixed >> 32);
    }

    [[nodiscard]] std::uint32_t child(std::uint32_t parent, const Level& level) const {
        const std::uint32_t hash = edge_hash(parent, level.hash);
        for (std::size_t at = home_of(hash);; at = after(at)) {
            const Edge& edge = edges_[at];
            if (edge.node == kRoot) {
                return kNoNode;
            }
            if (edge.hash == hash && nodes_[edge.node].parent == parent &&
                level_text(nodes_[edge.node]) == level.text) {
                return edge.node;
            }
        }
    }
    [[nodiscard]] std::string_view level_text(const Node& node) const {
        return node.level_bytes == kLong ? levels_.text(long_level(node))
                                         : std::string_view(node.level.data(), node.level_bytes);
    }
    [[nodiscard]] static LevelId long_level(const Node& node);
    [[nodiscard]] std::uint32_t add_child(std::uint32_t parent, const Level& level);
    void remove(std::uint32_t at);
    /// Slots are in the order of hashes, so that growing is one walk over both tables.
    [[nodiscard]] std::size_t home_of(std::uint32_t hash) const {
        return (std::uint64_t{hash} * edges_.size()) >> 32;
    }
    [[nodiscard]] std::size_t after(std::size_t at) const {
        return at + 1 == edges_.size() ? 0 : at + 1;
    }
    void grow_edges();
    void insert_edge(Edge edge);
    void erase_edge(Edge edge);

    Pool<Node> nodes_;
    std::vector<Edge> edges_;
    LevelTable levels_;  // the long ones
    const Level plus_;
};

template <typename Visit>
void FilterTree::match(bus::TopicName topic, Visit&& visit) const {
    boost::container::static_vector<Level, limits::kTopicLevelsMax> levels;
    bus::LevelReader reader(topic.text());
    while (!reader.at_end()) {
        CHECK(levels.size() < levels.capacity());
        levels.emplace_back(reader.next());
    }
    struct Step {
        std::uint32_t node;
        std::uint32_t depth;
    };
    // Each level adds at most two branches and takes one away.
    std::array<Step, limits::kTopicLevelsMax * 2> stack;
    std::size_t stack_size = 0;
    stack[stack_size++] = {kRoot, 0};
    while (stack_size > 0) {
        const Step step = stack[--stack_size];
        const Node& node = nodes_[step.node];
        const bool wildcards = step.depth > 0 || !topic.is_reserved();
        if (node.hash_value != 0 && wildcards) {
            visit(node.hash_value);  // "a/#" matches "a" and all below
        }
        if (step.depth == levels.size()) {
            if (node.value != 0) {
                visit(node.value);
            }
            continue;
        }
        if (node.child_count == 0) {
            continue;
        }
        if (node.has_plus_child && wildcards) {
            stack[stack_size++] = {child(step.node, plus_), step.depth + 1};
        }
        const std::uint32_t exact = child(step.node, levels[step.depth]);
        if (exact != kNoNode) {
            stack[stack_size++] = {exact, step.depth + 1};
        }
    }
}

}  // namespace kith::broker
