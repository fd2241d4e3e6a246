// Rows of the table of what the mesh promises, each played in a simulated world and measured.
//
// A scenario repeats itself with so many seeds, prints its figures, and fails if one of them misses
// its target. All times are simulated. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mesh/options.h"

namespace kith::sim {

struct ScenarioOptions {
    std::uint64_t first_seed = 1;
    std::uint32_t repetitions = 0;    // 0: as many as the scenario wants
    std::uint32_t node_count = 0;     // 0: the same
    std::uint32_t message_count = 0;  // 0: the same
    mesh::Timing timing;
    /// A line for people, now and then.
    std::function<void(const std::string&)> tell;
};

struct Figure {
    std::string name;
    double value = 0;
    std::string_view unit;
    enum class Target : std::uint8_t { None, AtMost, AtLeast };
    Target target = Target::None;
    double limit = 0;

    [[nodiscard]] bool holds() const {
        return target == Target::None ||
               (target == Target::AtMost ? value <= limit : value >= limit);
    }
};

struct Scenario {
    std::string_view name;
    std::string_view text;  // what happens
    std::vector<Figure> (*play)(const ScenarioOptions& options);
};

[[nodiscard]] std::span<const Scenario> scenarios();
/// Null if there is none of that name.
[[nodiscard]] const Scenario* scenario_named(std::string_view name);

}  // namespace kith::sim
