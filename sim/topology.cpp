#include "sim/topology.h"

#include <algorithm>
#include <array>
#include <set>

namespace kith::sim {
namespace {

using Wires = std::set<std::pair<std::uint32_t, std::uint32_t>>;

constexpr std::array<std::pair<Shape, std::string_view>, 6> kNames{{
    {Shape::Line, "line"},
    {Shape::Ring, "ring"},
    {Shape::Grid, "grid"},
    {Shape::Random, "random"},
    {Shape::Star, "star"},
    {Shape::TwoClusters, "clusters"},
}};

void connect(Wires& wires, std::uint32_t a, std::uint32_t b) {
    if (a != b) {
        wires.emplace(std::min(a, b), std::max(a, b));
    }
}

void add_line(Wires& wires, std::uint32_t count) {
    for (std::uint32_t i = 1; i < count; ++i) {
        connect(wires, i - 1, i);
    }
}

void add_grid(Wires& wires, std::uint32_t count) {
    std::uint32_t width = 1;
    while (width * width < count) {
        ++width;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % width != 0) {
            connect(wires, i - 1, i);
        }
        if (i >= width) {
            connect(wires, i - width, i);
        }
    }
}

struct Cluster {
    std::uint32_t first;
    std::uint32_t count;
    std::uint32_t degree;
};

/// A random tree, which connects the nodes of the cluster, then random wires.
void add_random(Wires& wires, const Cluster& cluster, Random& random) {
    const auto [first, count, degree] = cluster;
    for (std::uint32_t i = 1; i < count; ++i) {
        connect(wires, first + i, first + static_cast<std::uint32_t>(random.below(i)));
    }
    const std::size_t before = wires.size() - (count > 0 ? count - 1 : 0);
    const std::size_t possible = std::size_t{count} * (count > 0 ? count - 1 : 0) / 2;
    const std::size_t wanted = std::min(possible, std::size_t{count} * degree / 2);
    // Twice as many tries as any sensible degree needs.
    for (std::size_t tries = wanted * 20; wires.size() - before < wanted && tries > 0; --tries) {
        connect(wires, first + static_cast<std::uint32_t>(random.below(count)),
                first + static_cast<std::uint32_t>(random.below(count)));
    }
}

void add_clusters(Wires& wires, const TopologyOptions& options, Random& random) {
    const std::uint32_t half = options.node_count / 2;
    const std::uint32_t rest = options.node_count - half;
    add_random(wires, {0, half, options.degree}, random);
    add_random(wires, {half, rest, options.degree}, random);
    for (int i = 0; i < 2 && half > 0; ++i) {
        connect(wires, static_cast<std::uint32_t>(random.below(half)),
                half + static_cast<std::uint32_t>(random.below(rest)));
    }
}

}  // namespace

std::optional<Shape> shape_named(std::string_view name) {
    for (const auto& [shape, text] : kNames) {
        if (text == name) {
            return shape;
        }
    }
    return std::nullopt;
}

std::string_view to_string(Shape shape) {
    return kNames[static_cast<std::size_t>(shape)].second;
}

WirePlan plan_wires(const TopologyOptions& options, Random random) {
    Wires wires;
    const std::uint32_t count = options.node_count;
    switch (options.shape) {
        case Shape::Line:
            add_line(wires, count);
            break;
        case Shape::Ring:
            add_line(wires, count);
            if (count > 2) {
                connect(wires, 0, count - 1);
            }
            break;
        case Shape::Grid:
            add_grid(wires, count);
            break;
        case Shape::Random:
            add_random(wires, {0, count, options.degree}, random);
            break;
        case Shape::Star:
            for (std::uint32_t i = 1; i < count; ++i) {
                connect(wires, 0, i);
            }
            break;
        case Shape::TwoClusters:
            add_clusters(wires, options, random);
            break;
    }
    return {wires.begin(), wires.end()};
}

}  // namespace kith::sim
