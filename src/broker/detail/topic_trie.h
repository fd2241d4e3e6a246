// A tree of topics, one node a level, with a value at each node, in which filters find theirs
// (retained messages). The other way round is FilterTree.
//
// Children are found through one hash set of nodes for the whole tree, by their (parent, level);
// sibling links serve walks. A node takes 20 bytes and its value, and about 8 in the set; a level
// that only it uses about 32 more.
// No recursion: depth is bounded by kTopicLevelsMax. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "base/narrow.h"
#include "broker/detail/level_table.h"
#include "bus/topic.h"

namespace kith::broker {

/// Value: default-constructible, movable, with `bool empty() const`. An empty value without
/// children below is removed by prune().
template <typename Value>
class TopicTrie {
  public:
    TopicTrie() : children_(0, EdgeOf{&nodes_}, EdgeOf{&nodes_}) { nodes_.emplace_back(); }
    TopicTrie(const TopicTrie&) = delete;
    TopicTrie& operator=(const TopicTrie&) = delete;

    /// The value at `path`, made if need be. References last until the next insert().
    [[nodiscard]] Value& insert(std::string_view path) {
        std::uint32_t at = kRoot;
        bus::LevelReader levels(path);
        while (!levels.at_end()) {
            at = child_or_new(at, levels.next());
        }
        return nodes_[at].value;
    }

    [[nodiscard]] Value* find(std::string_view path) {
        const std::uint32_t at = locate(path);
        return at == kNone ? nullptr : &nodes_[at].value;
    }

    /// Removes the nodes of `path` that hold nothing any more, from its end upwards.
    void prune(std::string_view path) {
        std::uint32_t at = locate(path);
        while (at != kNone && at != kRoot && nodes_[at].first_child == kNone &&
               nodes_[at].value.empty()) {
            const std::uint32_t parent = nodes_[at].parent;
            remove(at);
            at = parent;
        }
    }

    /// Calls visit(Value&) for each topic that `filter` matches and whose value is not empty.
    template <typename Visit>
    void match_filter(bus::TopicFilter filter, Visit&& visit);

    /// Calls visit(Value&) for each value that is not empty, in no order.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (Node& node : nodes_) {
            if (!node.value.empty()) {
                visit(node.value);
            }
        }
    }

    [[nodiscard]] std::size_t node_count() const { return nodes_.size() - free_.size() - 1; }

  private:
    static constexpr std::uint32_t kRoot = 0;
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    struct Node {
        std::uint32_t parent = kNone;
        std::uint32_t first_child = kNone;
        std::uint32_t next = kNone;
        std::uint32_t previous = kNone;
        LevelId level;
        Value value;
    };
    static_assert(sizeof(Node) <= 24 + sizeof(Value));
    using Levels = std::array<std::string_view, limits::kTopicLevelsMax>;

    /// Parent and level, which tell a node from all others.
    enum class Edge : std::uint64_t {};
    static Edge edge(std::uint32_t parent, LevelId level) {
        return static_cast<Edge>((std::uint64_t{parent} << 32) | level.value());
    }

    /// Hashes and compares nodes by their edge, so that the set holds nothing but their indices.
    struct EdgeOf {
        using is_transparent = void;
        const std::vector<Node>* nodes;

        [[nodiscard]] Edge of(std::uint32_t node) const {
            return edge((*nodes)[node].parent, (*nodes)[node].level);
        }
        [[nodiscard]] static Edge of(Edge edge) { return edge; }
        template <typename Child>
        std::size_t operator()(Child child) const {
            return static_cast<std::size_t>(of(child));
        }
        template <typename Left, typename Right>
        bool operator()(Left left, Right right) const {
            return of(left) == of(right);
        }
    };

    [[nodiscard]] static std::size_t split(std::string_view path, Levels& levels) {
        std::size_t count = 0;
        bus::LevelReader reader(path);
        while (!reader.at_end()) {
            CHECK(count < levels.size());
            levels[count++] = reader.next();
        }
        return count;
    }

    [[nodiscard]] std::uint32_t child(std::uint32_t parent, LevelId level) const {
        if (level == LevelTable::kNone) {
            return kNone;
        }
        const auto found = children_.find(edge(parent, level));
        return found == children_.end() ? kNone : *found;
    }
    [[nodiscard]] std::uint32_t child(std::uint32_t parent, std::string_view level) const {
        return child(parent, levels_.find(level));
    }

    [[nodiscard]] std::uint32_t locate(std::string_view path) const {
        std::uint32_t at = kRoot;
        bus::LevelReader levels(path);
        while (!levels.at_end() && at != kNone) {
            at = child(at, levels.next());
        }
        return at;
    }

    std::uint32_t child_or_new(std::uint32_t parent, std::string_view level) {
        if (const std::uint32_t found = child(parent, level); found != kNone) {
            return found;
        }
        std::uint32_t at = narrow<std::uint32_t>(nodes_.size());
        if (free_.empty()) {
            nodes_.emplace_back();
        } else {
            at = free_.back();
            free_.pop_back();
        }
        Node& node = nodes_[at];
        Node& above = nodes_[parent];
        node.parent = parent;
        node.level = levels_.retain(level);
        node.next = above.first_child;
        if (node.next != kNone) {
            nodes_[node.next].previous = at;
        }
        above.first_child = at;
        children_.insert(at);
        return at;
    }

    void remove(std::uint32_t at) {
        Node& node = nodes_[at];
        Node& above = nodes_[node.parent];
        (node.previous == kNone ? above.first_child : nodes_[node.previous].next) = node.next;
        if (node.next != kNone) {
            nodes_[node.next].previous = node.previous;
        }
        children_.erase(at);
        levels_.release(node.level);
        node = Node{};
        free_.push_back(at);
    }

    /// The first child of `parent` that filter level `wanted` can match, or the one after
    /// `current`.
    [[nodiscard]] std::uint32_t candidate(std::uint32_t parent, std::string_view wanted) const {
        return wanted == "+" ? skip_reserved(parent, nodes_[parent].first_child)
                             : child(parent, wanted);
    }
    [[nodiscard]] std::uint32_t next_candidate(std::uint32_t current,
                                               std::string_view wanted) const {
        return wanted == "+" ? skip_reserved(nodes_[current].parent, nodes_[current].next) : kNone;
    }
    /// [MQTT-4.7.2-1]: at the first level a wildcard passes over the server's own topics.
    [[nodiscard]] std::uint32_t skip_reserved(std::uint32_t parent, std::uint32_t at) const {
        while (parent == kRoot && at != kNone && levels_.text(nodes_[at].level).starts_with('$')) {
            at = nodes_[at].next;
        }
        return at;
    }

    template <typename Visit>
    void visit_subtree(std::uint32_t top, Visit&& visit) {
        std::uint32_t at = top;
        for (;;) {
            if (!nodes_[at].value.empty()) {
                visit(nodes_[at].value);
            }
            if (nodes_[at].first_child != kNone) {
                at = nodes_[at].first_child;
                continue;
            }
            while (at != top && nodes_[at].next == kNone) {
                at = nodes_[at].parent;
            }
            if (at == top) {
                return;
            }
            at = nodes_[at].next;
        }
    }

    LevelTable levels_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> free_;
    boost::unordered_flat_set<std::uint32_t, EdgeOf, EdgeOf> children_;
};

template <typename Value>
template <typename Visit>
void TopicTrie<Value>::match_filter(bus::TopicFilter filter, Visit&& visit) {
    Levels wanted;
    const std::size_t count = split(filter.text(), wanted);
    if (wanted[0] == "#") {
        for (std::uint32_t at = skip_reserved(kRoot, nodes_[kRoot].first_child); at != kNone;
             at = skip_reserved(kRoot, nodes_[at].next)) {
            visit_subtree(at, visit);
        }
        return;
    }
    std::array<std::uint32_t, limits::kTopicLevelsMax> cursor;
    std::size_t depth = 0;
    cursor[0] = candidate(kRoot, wanted[0]);
    for (;;) {
        const std::uint32_t at = cursor[depth];
        if (at == kNone) {
            if (depth == 0) {
                return;
            }
            --depth;
            cursor[depth] = next_candidate(cursor[depth], wanted[depth]);
            continue;
        }
        const bool rest_is_hash = depth + 2 == count && wanted[depth + 1] == "#";
        if (rest_is_hash) {
            visit_subtree(at, visit);
        } else if (depth + 1 == count) {
            if (!nodes_[at].value.empty()) {
                visit(nodes_[at].value);
            }
        } else {
            ++depth;
            cursor[depth] = candidate(at, wanted[depth]);
            continue;
        }
        cursor[depth] = next_candidate(at, wanted[depth]);
    }
}

}  // namespace kith::broker
