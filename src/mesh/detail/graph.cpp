#include "mesh/detail/graph.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::mesh {

void Graph::add(NodeId node, const LinkStateBody& link_state) {
    CHECK(first_.empty());
    const auto begin = narrow<std::uint32_t>(told_neighbors_.size());
    told_neighbors_.insert(told_neighbors_.end(), link_state.neighbors.begin(),
                           link_state.neighbors.end());
    told_.push_back({
        .node = node,
        .is_transit = link_state.role == NodeRole::Router && !link_state.is_leaving,
        .neighbors_begin = begin,
        .neighbors_end = narrow<std::uint32_t>(told_neighbors_.size()),
    });
}

void Graph::finish() {
    CHECK(first_.empty());
    number_nodes();
    collect_edges();
    drop_unconfirmed_edges();
    told_ = {};
    told_neighbors_ = {};
}

NodeIndex Graph::index_of(NodeId node) const {
    const auto found = std::ranges::lower_bound(nodes_, node);
    return found == nodes_.end() || *found != node
               ? kNoIndex
               : narrow<NodeIndex>(std::distance(nodes_.begin(), found));
}

void Graph::number_nodes() {
    std::ranges::stable_sort(told_, {}, &Told::node);
    // style: clang 14 does not compile what std::ranges::unique() returns.
    const auto is_same = [](const Told& a, const Told& b) { return a.node == b.node; };
    told_.erase(std::unique(told_.begin(), told_.end(), is_same), told_.end());
    nodes_.reserve(told_.size());
    transit_.reserve(told_.size());
    for (const Told& told : told_) {
        nodes_.push_back(told.node);
        transit_.push_back(told.is_transit ? 1 : 0);
    }
}

void Graph::collect_edges() {
    boost::unordered_flat_map<NodeId, NodeIndex> index_of_node;  // for look-ups only
    index_of_node.reserve(nodes_.size());
    for (NodeIndex index = 0; index < nodes_.size(); ++index) {
        index_of_node.emplace(nodes_[index], index);
    }
    const auto cheapest_first = [](const Edge& a, const Edge& b) {
        return a.to != b.to ? a.to < b.to : a.cost < b.cost;
    };
    const auto is_same = [](const Edge& a, const Edge& b) { return a.to == b.to; };
    edges_.reserve(told_neighbors_.size());
    first_.reserve(nodes_.size() + 1);
    first_.push_back(0);
    for (NodeIndex from = 0; from < nodes_.size(); ++from) {
        const auto begin = std::ssize(edges_);
        for (std::uint32_t at = told_[from].neighbors_begin; at < told_[from].neighbors_end; ++at) {
            const auto found = index_of_node.find(told_neighbors_[at].node);
            if (found != index_of_node.end() && found->second != from) {
                // A way that costs nothing could go in circles.
                edges_.push_back({.to = found->second,
                                  .cost = std::clamp(told_neighbors_[at].cost, 1U, kCostMax)});
            }
        }
        const std::span mine(edges_.begin() + begin, edges_.end());
        if (!std::ranges::is_sorted(mine, cheapest_first)) {
            std::ranges::sort(mine, cheapest_first);
        }
        edges_.erase(std::unique(edges_.begin() + begin, edges_.end(), is_same), edges_.end());
        first_.push_back(narrow<std::uint32_t>(edges_.size()));
    }
}

void Graph::drop_unconfirmed_edges() {
    std::vector<Edge> confirmed;
    confirmed.reserve(edges_.size());
    std::vector<std::uint32_t> first = {0};
    first.reserve(first_.size());
    for (NodeIndex from = 0; from < nodes_.size(); ++from) {
        for (const Edge& edge : edges(from)) {
            if (has_edge(edge.to, from)) {
                confirmed.push_back(edge);
            }
        }
        first.push_back(narrow<std::uint32_t>(confirmed.size()));
    }
    edges_ = std::move(confirmed);
    first_ = std::move(first);
}

bool Graph::has_edge(NodeIndex from, NodeIndex to) const {
    return std::ranges::binary_search(edges(from), to, {}, &Edge::to);
}

}  // namespace kith::mesh
