#include "api/mesh_trace.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <utility>

namespace kith::api {
namespace {

using Cost = std::uint64_t;
constexpr Cost kNoWay = UINT64_MAX;

struct Edge {
    std::size_t to = 0;
    std::uint32_t cost = 0;
};

/// The nodes by number, in order of id, with the edges that both of their ends tell of.
class MeshGraph {
  public:
    explicit MeshGraph(const MeshFacts& mesh) : nodes_(mesh.nodes) {
        std::ranges::sort(nodes_, {}, &MeshNodeFacts::id);
        edges_.resize(nodes_.size());
        for (std::size_t at = 0; at < nodes_.size(); ++at) {
            for (const MeshToldNeighbor& neighbor : nodes_[at].neighbors) {
                const std::size_t to = index_of(neighbor.id);
                if (to < nodes_.size() && tells_of(to, nodes_[at].id)) {
                    edges_[at].push_back({to, neighbor.cost});
                }
            }
            std::ranges::sort(edges_[at], {}, &Edge::to);
        }
    }

    [[nodiscard]] std::size_t index_of(std::string_view id) const {
        const auto found = std::ranges::lower_bound(nodes_, id, {}, &MeshNodeFacts::id);
        return found != nodes_.end() && found->id == id
                   ? static_cast<std::size_t>(found - nodes_.begin())
                   : nodes_.size();
    }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const MeshNodeFacts& node(std::size_t at) const { return nodes_[at]; }
    [[nodiscard]] const std::vector<Edge>& edges(std::size_t at) const { return edges_[at]; }
    [[nodiscard]] bool forwards(std::size_t at) const {
        return nodes_[at].role != "leaf" && !nodes_[at].is_leaving;
    }

  private:
    [[nodiscard]] bool tells_of(std::size_t at, std::string_view id) const {
        return std::ranges::any_of(nodes_[at].neighbors,
                                   [id](const MeshToldNeighbor& each) { return each.id == id; });
    }

    std::vector<MeshNodeFacts> nodes_;
    std::vector<std::vector<Edge>> edges_;
};

/// What it costs to come from each node to `to`: Dijkstra against the direction of the edges.
std::vector<Cost> costs_to(const MeshGraph& graph, std::size_t to) {
    std::vector<std::vector<Edge>> coming(graph.size());
    for (std::size_t at = 0; at < graph.size(); ++at) {
        for (const Edge& edge : graph.edges(at)) {
            coming[edge.to].push_back({at, edge.cost});
        }
    }
    std::vector<Cost> costs(graph.size(), kNoWay);
    using Item = std::pair<Cost, std::size_t>;
    std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
    costs[to] = 0;
    queue.emplace(0, to);
    while (!queue.empty()) {
        const auto [cost, at] = queue.top();
        queue.pop();
        if (cost != costs[at] || (at != to && !graph.forwards(at))) {
            continue;  // found a shorter way since, or nothing goes through it
        }
        for (const Edge& edge : coming[at]) {
            if (cost + edge.cost < costs[edge.to]) {
                costs[edge.to] = cost + edge.cost;
                queue.emplace(costs[edge.to], edge.to);
            }
        }
    }
    return costs;
}

/// The first of the best, which is the one with the smallest id; null if there is none.
const Edge* next_edge(const MeshGraph& graph, const std::vector<Cost>& costs, std::size_t at,
                      std::size_t to) {
    const Edge* best = nullptr;
    for (const Edge& edge : graph.edges(at)) {
        const bool leads_on =
            costs[edge.to] != kNoWay && (edge.to == to || graph.forwards(edge.to));
        if (leads_on && edge.cost + costs[edge.to] == costs[at]) {
            best = best == nullptr ? &edge : best;
        }
    }
    return best;
}

void add_measured(MeshHop& hop, const MeshFacts& mesh, const std::string& next) {
    if (hop.node != mesh.node) {
        return;
    }
    for (const MeshLinkFacts& link : mesh.links) {
        if (link.to == next && link.is_up) {
            hop.rtt_ms = link.rtt_ms;
            hop.loss = link.loss;
            hop.queue_bytes = hop.queue_bytes.value_or(0) + link.queue_bytes;
            hop.custody_count = link.custody_count;
        }
    }
}

}  // namespace

Result<std::string> find_mesh_node(const MeshFacts& mesh, std::string_view text) {
    const MeshNodeFacts* found = nullptr;
    for (const MeshNodeFacts& node : mesh.nodes) {
        if (node.id == text) {
            return node.id;
        }
        if (node.name == text) {
            if (found != nullptr) {
                return fail(ErrorKind::Conflict, "several nodes have this name; give the id");
            }
            found = &node;
        }
    }
    if (found == nullptr) {
        return fail(ErrorKind::NotFound, "no node of the mesh has this id or name");
    }
    return found->id;
}

MeshTrace trace_mesh(const MeshFacts& mesh, const std::string& from, const std::string& to) {
    MeshTrace trace{.from = from, .to = to, .hops = {}};
    const MeshGraph graph(mesh);
    const std::size_t end = graph.index_of(to);
    std::size_t at = graph.index_of(from);
    const std::vector<Cost> costs = costs_to(graph, end);
    if (costs[at] == kNoWay) {
        return trace;
    }
    trace.cost = static_cast<std::uint32_t>(std::min<Cost>(costs[at], UINT32_MAX));
    // Each hop costs something, so that it ends.
    while (at != end) {
        const Edge* edge = next_edge(graph, costs, at, end);
        if (edge == nullptr) {
            trace.hops.clear();
            trace.cost = 0;
            return trace;
        }
        MeshHop hop{.node = graph.node(at).id, .name = graph.node(at).name, .cost = edge->cost};
        add_measured(hop, mesh, graph.node(edge->to).id);
        trace.hops.push_back(std::move(hop));
        at = edge->to;
    }
    trace.hops.push_back({.node = graph.node(end).id, .name = graph.node(end).name, .cost = {}});
    return trace;
}

}  // namespace kith::api
