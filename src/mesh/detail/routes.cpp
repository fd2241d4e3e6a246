#include "mesh/detail/routes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

#include "base/check.h"

namespace kith::mesh {
namespace {

/// A queue of nodes by distance, for distances that never fall below the last one taken (radix
/// heap, Ahuja et al. 1990). A node is in the bucket of the highest bit in which its distance
/// differs from that, and moves to lower ones only: no comparison decides where it goes.
class Queue {
  public:
    struct Item {
        std::uint32_t distance;
        NodeIndex node;
    };

    [[nodiscard]] bool empty() const { return filled_ == 0; }
    void begin() {
        CHECK(empty());
        last_ = 0;
    }
    void push(const Item& item) {
        const auto bucket = static_cast<std::size_t>(std::bit_width(item.distance ^ last_));
        buckets_[bucket].push_back(item);
        filled_ |= std::uint64_t{1} << bucket;
    }
    /// One of those that are nearest.
    Item pop() {
        const auto lowest = static_cast<std::size_t>(std::countr_zero(filled_));
        if (lowest > 0) {
            filled_ &= ~(std::uint64_t{1} << lowest);
            std::vector<Item>& bucket = buckets_[lowest];
            last_ = std::ranges::min(bucket, {}, &Item::distance).distance;
            for (const Item& item : bucket) {
                push(item);
            }
            bucket.clear();
        }
        std::vector<Item>& nearest = buckets_[0];
        const Item item = nearest.back();
        nearest.pop_back();
        if (nearest.empty()) {
            filled_ &= ~std::uint64_t{1};
        }
        return item;
    }

  private:
    std::uint32_t last_ = 0;
    std::uint64_t filled_ = 0;  // a bit for each bucket that has something
    std::array<std::vector<Item>, 33> buckets_;
};

constexpr std::uint32_t saturating_sum(std::uint32_t a, std::uint32_t b) {
    return a > kUnreachable - b ? kUnreachable : a + b;
}

/// Dijkstra over one graph, from as many roots as one likes.
class ShortestWays {
  public:
    explicit ShortestWays(const Graph& graph) : graph_(graph) {}

    /// Fills `distance`, which has an entry for each node.
    void from(NodeIndex root, std::span<std::uint32_t> distance) {
        run(root, distance, [](NodeIndex, const Graph::Edge&, bool) {});
    }

    /// Also the first node of the way to each other; the smallest index of equals.
    void from(NodeIndex root, std::span<std::uint32_t> distance, std::span<NodeIndex> first_hop) {
        run(root, distance, [&](NodeIndex at, const Graph::Edge& edge, bool is_shorter) {
            // All that lead to a node equally well are final before it is, for no edge is free.
            const NodeIndex hop = at == root ? edge.to : first_hop[at];
            first_hop[edge.to] = is_shorter ? hop : std::min(first_hop[edge.to], hop);
        });
    }

  private:
    /// Calls reach(from, edge, is_shorter) for each edge that leads somewhere at least as well.
    template <typename Reach>
    void run(NodeIndex root, std::span<std::uint32_t> distance, Reach&& reach) {
        CHECK(root < graph_.size());
        CHECK(distance.size() == graph_.size());
        std::ranges::fill(distance, kUnreachable);
        distance[root] = 0;
        queue_.begin();
        queue_.push({.distance = 0, .node = root});
        while (!queue_.empty()) {
            const auto [so_far, at] = queue_.pop();
            if (so_far != distance[at] || (at != root && !graph_.is_transit(at))) {
                continue;  // found a shorter way since, or the way ends here
            }
            for (const Graph::Edge& edge : graph_.edges(at)) {
                const std::uint32_t sum = saturating_sum(so_far, edge.cost);
                if (sum > distance[edge.to] || sum == kUnreachable) {
                    continue;
                }
                const bool is_shorter = sum < distance[edge.to];
                if (is_shorter) {
                    distance[edge.to] = sum;
                    queue_.push({.distance = sum, .node = edge.to});
                }
                reach(at, edge, is_shorter);
            }
        }
    }

    const Graph& graph_;
    Queue queue_;
};

/// Finds the next best neighbour for each destination, by what the neighbours themselves would do.
class Alternatives {
  public:
    /// `routes` have their next hops and costs.
    Alternatives(const Graph& graph, NodeIndex self, std::span<Route> routes)
        : graph_(graph), self_(self), routes_(routes), best_(graph.size()) {}

    void choose() {
        ShortestWays ways(graph_);
        std::vector<std::uint32_t> from_neighbor(graph_.size());
        // In order of id, so that of equals the first stays.
        for (const Graph::Edge& edge : graph_.edges(self_)) {
            offer(edge.to, {Quality::NodeProtecting, edge.cost, edge.to});
            if (graph_.is_transit(edge.to)) {
                ways.from(edge.to, from_neighbor);
                offer_as_relay(edge, from_neighbor);
            }
        }
    }

  private:
    enum class Quality : std::uint8_t { None, LoopFree, NodeProtecting };
    struct Offer {
        Quality quality = Quality::None;
        std::uint32_t cost = kUnreachable;
        NodeIndex neighbor = kNoIndex;
    };

    /// What sending by way of a neighbour that is so far from all others would mean.
    void offer_as_relay(const Graph::Edge& edge, std::span<const std::uint32_t> distance) {
        // Nobody's way goes through a self that carries for nobody.
        const std::uint32_t back = graph_.is_transit(self_) ? distance[self_] : kUnreachable;
        for (NodeIndex to = 0; to < graph_.size(); ++to) {
            const std::uint32_t cost = saturating_sum(edge.cost, distance[to]);
            if (to == edge.to || cost == kUnreachable ||
                distance[to] >= saturating_sum(back, routes_[to].cost)) {
                continue;
            }
            const bool is_protecting = protects_node(to, distance);
            offer(to, {is_protecting ? Quality::NodeProtecting : Quality::LoopFree, cost, edge.to});
        }
    }

    /// Whether no shortest way from there to `to` goes through the next hop.
    [[nodiscard]] bool protects_node(NodeIndex to, std::span<const std::uint32_t> distance) const {
        const NodeIndex next_hop = routes_[to].next_hop;
        if (next_hop == kNoIndex || next_hop == to) {
            return false;
        }
        const std::span<const Graph::Edge> neighbors = graph_.edges(self_);
        const auto first_edge = std::ranges::lower_bound(neighbors, next_hop, {}, &Graph::Edge::to);
        const std::uint64_t behind = routes_[to].cost - first_edge->cost;
        return distance[to] < distance[next_hop] + behind;
    }

    void offer(NodeIndex to, const Offer& offer) {
        Route& route = routes_[to];
        Offer& best = best_[to];
        if (route.next_hop == kNoIndex || route.next_hop == offer.neighbor) {
            return;
        }
        if (offer.quality > best.quality ||
            (offer.quality == best.quality && offer.cost < best.cost)) {
            best = offer;
            route.alternative = offer.neighbor;
        }
    }

    const Graph& graph_;
    const NodeIndex self_;
    const std::span<Route> routes_;
    std::vector<Offer> best_;
};

}  // namespace

std::vector<std::uint32_t> distances(const Graph& graph, NodeIndex root) {
    std::vector<std::uint32_t> result(graph.size());
    ShortestWays(graph).from(root, result);
    return result;
}

std::vector<Route> compute_routes(const Graph& graph, NodeIndex self) {
    CHECK(self < graph.size());
    std::vector<std::uint32_t> from_self(graph.size());
    std::vector<NodeIndex> first_hop(graph.size(), kNoIndex);
    ShortestWays(graph).from(self, from_self, first_hop);
    std::vector<Route> routes(graph.size());
    for (NodeIndex to = 0; to < graph.size(); ++to) {
        routes[to].next_hop = first_hop[to];
        routes[to].cost = from_self[to];
    }
    Alternatives(graph, self, routes).choose();
    return routes;
}

}  // namespace kith::mesh
