// Who is wired to whom: shapes by name and size. All are connected.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"

namespace kith::sim {

enum class Shape : std::uint8_t {
    Line,
    Ring,
    Grid,         // as square as can be
    Random,       // each node has `degree` neighbours, or one more or less
    Star,         // all at the first node
    TwoClusters,  // two random halves with two wires between them
};

/// "line", "ring", "grid", "random", "star", "clusters".
[[nodiscard]] std::optional<Shape> shape_named(std::string_view name);
[[nodiscard]] std::string_view to_string(Shape shape);

/// Indices of the two ends, the smaller one first; sorted, none twice.
using WirePlan = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct TopologyOptions {
    Shape shape = Shape::Random;
    std::uint32_t node_count = 20;
    std::uint32_t degree = 4;
};

[[nodiscard]] WirePlan plan_wires(const TopologyOptions& options, Random random);

}  // namespace kith::sim
