// What a change of the mesh costs its nodes: 1,000 of them, each with about six neighbours.
#include "mesh/detail/routes.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "mesh/detail/graph.h"

namespace kith::mesh {
namespace {

struct Telling {
    NodeId node;
    LinkStateBody body;
};

/// A ring, so that all are connected, and random links until the degree is six on average. The
/// first node, whose id is the smallest, has as many more as `hub_degree` says.
std::vector<Telling> random_mesh(std::size_t node_count, std::size_t hub_degree = 0) {
    Random random(1);
    std::vector<Telling> mesh = {{.node = NodeId(1), .body = {}}};
    for (std::size_t i = 1; i < node_count; ++i) {
        mesh.push_back({.node = NodeId(random.next()), .body = {}});
    }
    const auto link = [&](std::size_t a, std::size_t b) {
        const auto cost = [&] { return static_cast<std::uint32_t>(10 + random.below(40)); };
        mesh[a].body.neighbors.push_back({.node = mesh[b].node, .cost = cost()});
        mesh[b].body.neighbors.push_back({.node = mesh[a].node, .cost = cost()});
    };
    for (std::size_t i = 0; i < node_count; ++i) {
        link(i, (i + 1) % node_count);
        link(i, random.below(node_count));
        link(i, random.below(node_count));
    }
    while (mesh[0].body.neighbors.size() < hub_degree) {
        link(0, 1 + random.below(node_count - 1));
    }
    for (Telling& telling : mesh) {
        std::ranges::sort(telling.body.neighbors, {}, &NeighborCost::node);
    }
    return mesh;
}

Graph graph_of(const std::vector<Telling>& mesh) {
    Graph graph;
    for (const Telling& telling : mesh) {
        graph.add(telling.node, telling.body);
    }
    graph.finish();
    return graph;
}

void build_graph(benchmark::State& state) {
    const std::vector<Telling> mesh = random_mesh(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(graph_of(mesh));
    }
}
BENCHMARK(build_graph)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void find_distances(benchmark::State& state) {
    const Graph graph = graph_of(random_mesh(static_cast<std::size_t>(state.range(0))));
    NodeIndex root = 0;  // another one each time, or branches are learned by heart
    for (auto _ : state) {
        benchmark::DoNotOptimize(distances(graph, static_cast<NodeIndex>(root++ % graph.size())));
    }
}
BENCHMARK(find_distances)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void find_routes(benchmark::State& state) {
    const Graph graph = graph_of(random_mesh(static_cast<std::size_t>(state.range(0))));
    NodeIndex self = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            compute_routes(graph, static_cast<NodeIndex>(self++ % graph.size())));
    }
}
BENCHMARK(find_routes)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void find_routes_of_a_hub(benchmark::State& state) {
    constexpr std::size_t kDegree = 32;
    const Graph graph = graph_of(random_mesh(static_cast<std::size_t>(state.range(0)), kDegree));
    for (auto _ : state) {
        benchmark::DoNotOptimize(compute_routes(graph, 0));
    }
    state.counters["neighbors"] = static_cast<double>(graph.edges(0).size());
}
BENCHMARK(find_routes_of_a_hub)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kith::mesh
