#include "broker/detail/filter_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/hash.h"
#include "base/narrow.h"

namespace kith::broker {
namespace {

constexpr std::size_t kEdgesMin = 16;

/// A filter without the "/#" that it may end with.
struct Parts {
    std::string_view path;
    bool is_hash = false;
    bool is_root = false;  // "#" has no level; "/#" has one, which is empty

    explicit Parts(std::string_view filter) : path(filter), is_root(filter == "#") {
        is_hash = is_root || filter.ends_with("/#");
        path.remove_suffix(is_root ? 1 : is_hash ? 2 : 0);
    }
};

}  // namespace

FilterTree::Level::Level(std::string_view text_in) : text(text_in), hash(hash_text(text_in)) {}

FilterTree::FilterTree() : edges_(kEdgesMin), plus_("+") {
    CHECK(nodes_.take() == kRoot);
}

FilterPlace FilterTree::insert(std::string_view filter) {
    const Parts parts(filter);
    std::uint32_t at = kRoot;
    if (!parts.is_root) {
        bus::LevelReader levels(parts.path);
        while (!levels.at_end()) {
            const Level level(levels.next());
            const std::uint32_t known = child(at, level);
            at = known != kNoNode ? known : add_child(at, level);
        }
    }
    return place_of(at, parts.is_hash);
}

FilterPlace FilterTree::find(std::string_view filter) const {
    const Parts parts(filter);
    std::uint32_t at = kRoot;
    if (!parts.is_root) {
        bus::LevelReader levels(parts.path);
        while (!levels.at_end() && at != kNoNode) {
            at = child(at, Level(levels.next()));
        }
    }
    return at == kNoNode ? kNone : place_of(at, parts.is_hash);
}

void FilterTree::prune(FilterPlace place) {
    std::uint32_t at = node_of(place);
    while (at != kRoot) {
        const Node& node = nodes_[at];
        if (node.child_count != 0 || node.value != 0 || node.hash_value != 0) {
            return;
        }
        const std::uint32_t parent = node.parent;
        remove(at);
        at = parent;
    }
}

std::string FilterTree::text(FilterPlace place) const {
    constexpr std::size_t kShareLevels = 2;  // "$share/group/"
    std::array<std::string_view, limits::kTopicLevelsMax + kShareLevels> levels;
    std::size_t level_count = 0;
    for (std::uint32_t at = node_of(place); at != kRoot; at = nodes_[at].parent) {
        CHECK(level_count < levels.size());
        levels[level_count++] = level_text(nodes_[at]);
    }
    std::string text;
    for (std::size_t i = level_count; i > 0; --i) {
        text += levels[i - 1];
        if (i > 1 || is_hash(place)) {
            text += '/';
        }
    }
    if (is_hash(place)) {
        text += '#';
    }
    return text;
}

LevelId FilterTree::long_level(const Node& node) {
    LevelId::rep id = 0;
    std::memcpy(&id, node.level.data(), sizeof id);
    return LevelId(id);
}

std::uint32_t FilterTree::add_child(std::uint32_t parent, const Level& level) {
    const std::uint32_t at = nodes_.take();
    CHECK(at < kNodesMax);
    Node& node = nodes_[at];
    node.parent = parent;
    if (level.text.size() <= kInlineBytesMax) {
        std::ranges::copy(level.text, node.level.data());
        node.level_bytes = narrow<std::uint8_t>(level.text.size());
    } else {
        const LevelId::rep id = levels_.retain(level.text).value();
        std::memcpy(node.level.data(), &id, sizeof id);
        node.level_bytes = kLong;
    }
    ++nodes_[parent].child_count;
    nodes_[parent].has_plus_child |= level.text == plus_.text;
    if (nodes_.size() * 4 > edges_.size() * 3) {
        grow_edges();
    }
    insert_edge({.hash = edge_hash(parent, level.hash), .node = at});
    return at;
}

void FilterTree::remove(std::uint32_t at) {
    const Node& node = nodes_[at];
    const Level level(level_text(node));
    Node& above = nodes_[node.parent];
    --above.child_count;
    if (level.text == plus_.text) {
        above.has_plus_child = false;
    }
    erase_edge({.hash = edge_hash(node.parent, level.hash), .node = at});
    if (node.level_bytes == kLong) {
        levels_.release(long_level(node));
    }
    nodes_.give_back(at);
}

void FilterTree::grow_edges() {
    std::vector<Edge> before(edges_.size() + edges_.size() / 2);
    before.swap(edges_);
    for (const Edge& edge : before) {
        if (edge.node != kRoot) {
            insert_edge(edge);
        }
    }
}

void FilterTree::insert_edge(Edge edge) {
    std::size_t at = home_of(edge.hash);
    while (edges_[at].node != kRoot) {
        at = after(at);
    }
    edges_[at] = edge;
}

/// Those behind it that are not at home move up, so that no search ends too early.
void FilterTree::erase_edge(Edge edge) {
    std::size_t hole = home_of(edge.hash);
    while (edges_[hole].node != edge.node) {
        CHECK(edges_[hole].node != kRoot);
        hole = after(hole);
    }
    const auto distance = [this](std::size_t from, std::size_t to) {
        return to >= from ? to - from : to + edges_.size() - from;
    };
    for (std::size_t at = after(hole); edges_[at].node != kRoot; at = after(at)) {
        if (distance(home_of(edges_[at].hash), at) >= distance(hole, at)) {
            edges_[hole] = edges_[at];
            hole = at;
        }
    }
    edges_[hole] = Edge{};
}

}  // namespace kith::broker
