#include "bench/scenarios.h"

#include <algorithm>
#include <array>

#include "bench/acknowledged.h"
#include "bench/latency.h"
#include "bench/throughput.h"

namespace kith::bench {
namespace {

std::unique_ptr<Scenario> make_one_to_one(Environment environment, const ScenarioKind& kind) {
    const ThroughputShape shape{.window = kind.window_of(environment.options)};
    return std::make_unique<Throughput>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_one_to_many(Environment environment, const ScenarioKind& kind) {
    const ThroughputShape shape{.subscribers = kind.connections_of(environment.options),
                                .window = kind.window_of(environment.options)};
    return std::make_unique<Throughput>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_many_to_one(Environment environment, const ScenarioKind& kind) {
    const ThroughputShape shape{.publishers = kind.connections_of(environment.options),
                                .window = kind.window_of(environment.options)};
    return std::make_unique<Throughput>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_pairs(Environment environment, const ScenarioKind& kind) {
    const ThroughputShape shape{.groups = kind.connections_of(environment.options),
                                .window = kind.window_of(environment.options)};
    return std::make_unique<Throughput>(std::move(environment), shape);
}

template <Qos kQos>
std::unique_ptr<Scenario> make_acknowledged(Environment environment, const ScenarioKind& kind) {
    const AcknowledgedShape shape{.qos = kQos, .window = kind.window_of(environment.options)};
    return std::make_unique<Acknowledged>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_qos1_pairs(Environment environment, const ScenarioKind& kind) {
    const AcknowledgedShape shape{.pairs = kind.connections_of(environment.options),
                                  .window = kind.window_of(environment.options)};
    return std::make_unique<Acknowledged>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_latency(Environment environment, const ScenarioKind&) {
    return std::make_unique<Latency>(std::move(environment));
}

constexpr std::array kKinds{
    ScenarioKind{"one-to-one", "QoS 0 from one publisher to one subscriber; open loop, or --window",
                 0, 0, 0, true, make_one_to_one},
    ScenarioKind{"one-to-many", "QoS 0 from one publisher to --connections subscribers", 500, 64, 0,
                 true, make_one_to_many},
    ScenarioKind{"many-to-one", "QoS 0 from --connections publishers to one subscriber", 200, 4000,
                 0, true, make_many_to_one},
    ScenarioKind{"pairs", "QoS 0 in --connections pairs, each with a --window of its own", 50, 100,
                 0, false, make_pairs},
    ScenarioKind{"qos1", "QoS 1 from one publisher to one subscriber; --durable", 0, 20, 0, false,
                 make_acknowledged<Qos::AtLeastOnce>},
    ScenarioKind{"qos1-pairs", "QoS 1 in --connections pairs; --durable", 50, 20, 0, false,
                 make_qos1_pairs},
    ScenarioKind{"qos2", "QoS 2 from one publisher to one subscriber; --durable", 0, 20, 0, false,
                 make_acknowledged<Qos::ExactlyOnce>},
    ScenarioKind{"latency",
                 "from the intended sending on, at --rate and --qos, beside --background", 0, 0, 0,
                 false, make_latency},
};

}  // namespace

std::span<const ScenarioKind> scenario_kinds() {
    return kKinds;
}

const ScenarioKind* find_scenario(std::string_view name) {
    const auto found =
        std::ranges::find_if(kKinds, [&](const ScenarioKind& kind) { return kind.name == name; });
    return found == kKinds.end() ? nullptr : &*found;
}

std::size_t connection_count(const ScenarioKind& kind, const Options& options) {
    // At most a pair for each, and the other side's one.
    return 2 * kind.connections_of(options) + 2;
}

}  // namespace kith::bench
