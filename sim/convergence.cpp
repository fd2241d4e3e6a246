#include "sim/convergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <set>

namespace kith::sim {
namespace {

constexpr std::uint64_t kFar = UINT64_MAX;
constexpr std::size_t kFaultsShown = 5;

/// The mesh as it is, by index of node.
class Truth {
  public:
    Truth(const World& world, NodeIndex member_count, std::vector<std::string>& faults)
        : world_(world), count_(member_count), faults_(faults), wired_(count_), costs_(count_) {
        for (WireIndex wire = 0; wire < world.network().wire_count(); ++wire) {
            const auto [a, b] = world.network().wire(wire).nodes;
            if (world.network().is_up(wire) && a < count_ && b < count_) {
                wired_[a].insert(b);
                wired_[b].insert(a);
            }
        }
        for (NodeIndex node = 0; node < count_; ++node) {
            if (world.host(node).is_running()) {
                read_costs(node);
            }
        }
    }

    void judge() {
        std::vector<std::vector<std::uint64_t>> distance(count_);
        for (NodeIndex node = 0; node < count_; ++node) {
            distance[node] = distances(node);
        }
        for (NodeIndex node = 0; node < count_; ++node) {
            if (world_.host(node).is_running()) {
                judge_digests(node, distance[node]);
                judge_routes(node, distance);
            }
        }
    }

  private:
    void fault(std::string text) {
        if (faults_.size() < kFaultsShown) {
            faults_.push_back(std::move(text));
        }
    }

    /// What a node says of its neighbours, which must be those that it has.
    void read_costs(NodeIndex node) {
        std::set<NodeIndex> seen;
        for (const mesh::NeighborView& neighbor : world_.host(node).participant().neighbors()) {
            const NodeIndex other = world_.index_of(neighbor.node);
            if (other >= count_ || world_.host(other).id() != neighbor.node) {
                fault(fmt::format("node {} has a neighbour that is none", node));
                continue;
            }
            seen.insert(other);
            costs_[node].emplace_back(other, std::max(neighbor.cost, 1U));
            if (neighbor.is_suspect) {
                fault(fmt::format("node {} suspects {}", node, other));
            }
        }
        if (seen != wired_[node]) {
            fault(fmt::format("node {} has {} neighbours of {}", node, seen.size(),
                              wired_[node].size()));
        }
    }

    [[nodiscard]] bool has_edge(NodeIndex from, NodeIndex to) const {
        return std::ranges::any_of(costs_[from],
                                   [to](const auto& edge) { return edge.first == to; });
    }

    /// Dijkstra (1959) with a queue that may hold a node twice.
    [[nodiscard]] std::vector<std::uint64_t> distances(NodeIndex from) const {
        using Entry = std::pair<std::uint64_t, NodeIndex>;
        std::vector<std::uint64_t> distance(count_, kFar);
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next;
        distance[from] = 0;
        next.emplace(0, from);
        while (!next.empty()) {
            const auto [so_far, node] = next.top();
            next.pop();
            if (so_far > distance[node]) {
                continue;
            }
            for (const auto& [other, cost] : costs_[node]) {
                if (has_edge(other, node) && so_far + cost < distance[other]) {
                    distance[other] = so_far + cost;
                    next.emplace(distance[other], other);
                }
            }
        }
        return distance;
    }

    void judge_digests(NodeIndex node, const std::vector<std::uint64_t>& distance) {
        for (NodeIndex other = node + 1; other < count_; ++other) {
            if (distance[other] == kFar || !world_.host(other).is_running()) {
                continue;
            }
            const mesh::Digests here = world_.host(node).participant().digests();
            const mesh::Digests there = world_.host(other).participant().digests();
            if (here.of_kind != there.of_kind) {
                fault(fmt::format("nodes {} and {} know different things", node, other));
                return;
            }
            if (all_had_right_time() &&
                (here.of_state != there.of_state ||
                 world_.host(node).shelf().messages() != world_.host(other).shelf().messages())) {
                fault(fmt::format("nodes {} and {} retain different messages", node, other));
                return;
            }
        }
    }

    /// Who began with a wrong clock writes what others refuse, or refuses what they write.
    [[nodiscard]] bool all_had_right_time() const {
        for (NodeIndex node = 0; node < count_; ++node) {
            if (!world_.host(node).had_right_time()) {
                return false;
            }
        }
        return true;
    }

    void judge_routes(NodeIndex node, const std::vector<std::vector<std::uint64_t>>& distance) {
        std::vector<bool> has_route(count_);
        for (const mesh::RouteView& route : world_.host(node).participant().routes()) {
            const NodeIndex to = world_.index_of(route.node);
            if (to >= count_ || to == node || route.next_hop == mesh::NodeId() ||
                world_.host(to).id() != route.node) {
                // A stranger, a former self, itself, or one that it says it cannot reach.
                if (to < count_ && to != node && route.next_hop != mesh::NodeId()) {
                    fault(fmt::format("node {} has a route to who {} was", node, to));
                }
                continue;
            }
            has_route[to] = true;
            judge_route(node, to, route, distance);
        }
        for (NodeIndex to = 0; to < count_; ++to) {
            if (to != node && distance[node][to] != kFar && !has_route[to]) {
                fault(fmt::format("node {} has no route to {}", node, to));
            }
        }
    }

    void judge_route(NodeIndex node, NodeIndex to, const mesh::RouteView& route,
                     const std::vector<std::vector<std::uint64_t>>& distance) {
        if (distance[node][to] != route.cost) {
            fault(fmt::format("node {} reaches {} at a cost of {}, the shortest way is {}", node,
                              to, route.cost, distance[node][to]));
            return;
        }
        // A next hop on a shortest way is nearer to the end, so that no ways form a circle.
        const NodeIndex hop = world_.index_of(route.next_hop);
        const auto edge = std::ranges::find(costs_[node], hop, &Edge::first);
        if (hop >= count_ || edge == costs_[node].end() ||
            distance[hop][to] + edge->second != distance[node][to]) {
            fault(fmt::format("node {} reaches {} by {}, which is not on the shortest way", node,
                              to, hop));
        }
    }

    using Edge = std::pair<NodeIndex, std::uint32_t>;

    const World& world_;
    NodeIndex count_;
    std::vector<std::string>& faults_;
    std::vector<std::set<NodeIndex>> wired_;
    std::vector<std::vector<Edge>> costs_;
};

}  // namespace

std::vector<std::string> convergence_faults(const World& world, NodeIndex member_count) {
    std::vector<std::string> faults;
    Truth(world, member_count, faults).judge();
    return faults;
}

}  // namespace kith::sim
