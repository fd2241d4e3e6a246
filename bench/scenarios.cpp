#include "bench/scenarios.h"

#include <algorithm>
#include <array>

#include "bench/acknowledged.h"
#include "bench/flood.h"
#include "bench/idle.h"
#include "bench/latency.h"
#include "bench/retained.h"
#include "bench/subscriptions.h"
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

std::unique_ptr<Scenario> make_flood(Environment environment, const ScenarioKind& kind) {
    const FloodShape shape{.publishers = kind.connections_of(environment.options),
                           .window = kind.window_of(environment.options)};
    return std::make_unique<Flood>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_idle(Environment environment, const ScenarioKind& kind) {
    const std::size_t connections = kind.connections_of(environment.options);
    return std::make_unique<Idle>(std::move(environment), connections);
}

std::unique_ptr<Scenario> make_subscriptions(Environment environment, const ScenarioKind& kind) {
    const SubscriptionsShape shape{.subscribers = kind.connections_of(environment.options),
                                   .count = kind.count_of(environment.options),
                                   .window = kind.window_of(environment.options)};
    return std::make_unique<Subscriptions>(std::move(environment), shape);
}

std::unique_ptr<Scenario> make_retained(Environment environment, const ScenarioKind& kind) {
    const RetainedShape shape{.count = kind.count_of(environment.options),
                              .window = kind.window_of(environment.options)};
    return std::make_unique<Retained>(std::move(environment), shape);
}

constexpr std::array kKinds{
    ScenarioKind{
        .name = "one-to-one",
        .summary = "QoS 0 from one publisher to one subscriber; open loop, or --window",
        .works_with_relay = true,
        .takes_placement = true,
        .make = make_one_to_one,
    },
    ScenarioKind{
        .name = "one-to-many",
        .summary = "QoS 0 from one publisher to --connections subscribers",
        .connections = 500,
        .window = 64,
        .works_with_relay = true,
        .make = make_one_to_many,
    },
    ScenarioKind{
        .name = "many-to-one",
        .summary = "QoS 0 from --connections publishers to one subscriber",
        .connections = 200,
        .window = 4000,
        .works_with_relay = true,
        .make = make_many_to_one,
    },
    ScenarioKind{
        .name = "pairs",
        .summary = "QoS 0 in --connections pairs, each with a --window of its own",
        .connections = 50,
        .sides = 2,
        .window = 100,
        .takes_placement = true,
        .make = make_pairs,
    },
    ScenarioKind{
        .name = "qos1",
        .summary = "QoS 1 from one publisher to one subscriber; --durable",
        .window = 20,
        .takes_durable = true,
        .takes_placement = true,
        .make = make_acknowledged<Qos::AtLeastOnce>,
    },
    ScenarioKind{
        .name = "qos1-pairs",
        .summary = "QoS 1 in --connections pairs; --durable",
        .connections = 50,
        .sides = 2,
        .window = 20,
        .takes_durable = true,
        .takes_placement = true,
        .make = make_qos1_pairs,
    },
    ScenarioKind{
        .name = "qos2",
        .summary = "QoS 2 from one publisher to one subscriber; --durable",
        .window = 20,
        .takes_durable = true,
        .takes_placement = true,
        .make = make_acknowledged<Qos::ExactlyOnce>,
    },
    ScenarioKind{
        .name = "latency",
        .summary = "from the intended sending on, at --rate and --qos, beside --background",
        .takes_placement = true,
        .make = make_latency,
    },
    ScenarioKind{
        .name = "flood",
        .summary = "from --connections publishers, to subscribers that read nothing, beside a pair",
        .connections = 1000,
        .window = 20,
        .make = make_flood,
    },
    ScenarioKind{
        .name = "idle",
        .summary = "--connections that do nothing: memory of each, connects a second",
        .connections = 10'000,
        .make = make_idle,
    },
    ScenarioKind{
        .name = "subscriptions",
        .summary = "--count of them, exact and wildcard, then QoS 0 through them",
        .connections = 100,
        .window = 1000,
        .count = 200'000,
        .make = make_subscriptions,
    },
    ScenarioKind{
        .name = "retained",
        .summary = "--count messages stored, then delivered to a new wildcard subscriber",
        .window = 500,
        .count = 100'000,
        .make = make_retained,
    },
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
    constexpr std::size_t kOthersMax = 4;  // the other side's, a background pair
    return kind.sides * kind.connections_of(options) + kOthersMax;
}

}  // namespace kith::bench
