// The scenarios by name, with what each measures and its defaults.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bench/scenario.h"

namespace kith::bench {

struct ScenarioKind {
    const char* name;
    const char* summary;
    std::size_t connections = 0;  // defaults; 0 where the scenario has no such number
    std::size_t sides = 1;        // of which each has so many connections
    std::size_t window = 0;
    std::size_t count = 0;
    bool works_with_relay = false;  // one topic, QoS 0
    bool takes_durable = false;
    bool takes_placement = false;  // has pairs of a publisher and a subscriber
    std::unique_ptr<Scenario> (*make)(Environment environment, const ScenarioKind& kind) = nullptr;

    [[nodiscard]] std::size_t connections_of(const Options& options) const {
        return options.connections.value_or(connections);
    }
    [[nodiscard]] std::size_t window_of(const Options& options) const {
        return options.window.value_or(window);
    }
    [[nodiscard]] std::size_t count_of(const Options& options) const {
        return options.count.value_or(count);
    }
};

[[nodiscard]] std::span<const ScenarioKind> scenario_kinds();

/// Null if there is none of this name.
[[nodiscard]] const ScenarioKind* find_scenario(std::string_view name);

/// Connections that the scenario opens at most.
[[nodiscard]] std::size_t connection_count(const ScenarioKind& kind, const Options& options);

}  // namespace kith::bench
