// Who wants a topic, asked of what 1,000 nodes with 20 filters each tell.
#include "mesh/detail/interest.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {
namespace {

constexpr std::uint64_t kNodes = 1000;
constexpr std::uint64_t kFilters = 20;

std::string topic(Random& random) {
    return "plant/" + std::to_string(random.below(20)) + "/line-" +
           std::to_string(random.below(100)) + "/temperature";
}

/// Mostly topics, some with one wildcard, a few for all of a plant.
std::string filter(Random& random) {
    const std::string plant = std::to_string(random.below(20));
    switch (random.below(20)) {
        case 0:
            return "plant/" + plant + "/#";
        case 1:
        case 2:
            return "plant/+/line-" + std::to_string(random.below(100)) + "/temperature";
        default:
            return topic(random);
    }
}

std::vector<std::uint8_t> body(Random& random) {
    std::set<std::string> filters;
    while (filters.size() < kFilters) {
        filters.insert(filter(random));
    }
    InterestBody body;
    for (const std::string& one : filters) {
        body.entries.push_back({.tenant = 0, .share_group = {}, .filter = one});
    }
    return encode(body);
}

void fill(InterestTable& table, Random& random) {
    for (std::uint64_t node = 1; node <= kNodes; ++node) {
        CHECK(table.set(NodeId(node), 0, body(random)));
    }
}

void match_topic_asked_before(benchmark::State& state) {
    Random random(1);
    InterestTable table;
    fill(table, random);
    const std::string asked = topic(random);
    for (auto _ : state) {
        benchmark::DoNotOptimize(&table.match(0, asked));
    }
    state.counters["nodes"] = static_cast<double>(table.match(0, asked).nodes.size());
}
BENCHMARK(match_topic_asked_before);

void match_new_topic(benchmark::State& state) {
    Random random(1);
    InterestTable table;
    fill(table, random);
    std::vector<std::string> topics;
    for (int i = 0; i < 100'000; ++i) {
        topics.push_back(topic(random) + "/" + std::to_string(i));
    }
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(&table.match(0, topics[next++ % topics.size()]));
    }
    state.counters["places"] = static_cast<double>(table.size().places);
}
BENCHMARK(match_new_topic);

void replace_part(benchmark::State& state) {
    Random random(1);
    InterestTable table;
    fill(table, random);
    const std::vector<std::uint8_t> bodies[] = {body(random), body(random)};
    std::size_t next = 0;
    for (auto _ : state) {
        CHECK(table.set(NodeId(500), 0, bodies[next++ % 2]));
    }
}
BENCHMARK(replace_part);

}  // namespace
}  // namespace kith::mesh
