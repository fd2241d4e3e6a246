#include "sim/scenarios.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/stage.h"

namespace kith::sim {
namespace {

using Target = Figure::Target;

double ms_of(Duration duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

/// The nearest rank of this share, 0 to 1; 0 of nothing.
double quantile(std::vector<double> values, double share) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::uint32_t or_usual(std::uint32_t chosen, std::uint32_t usual) {
    return chosen == 0 ? usual : chosen;
}

void tell(const ScenarioOptions& options, std::uint32_t done, std::uint32_t all) {
    if (options.tell && done < all) {
        options.tell(fmt::format("{} of {} repetitions", done, all));
    }
}

// Cold start.

std::vector<Figure> play_cold_start(const ScenarioOptions& options) {
    const std::uint32_t node_count = or_usual(options.node_count, 49);
    const bool is_grid = node_count <= 100;
    const std::uint32_t repetitions = or_usual(options.repetitions, is_grid ? 20 : 1);
    std::vector<double> times;
    for (std::uint32_t i = 0; i < repetitions; ++i) {
        Stage stage({.seed = options.first_seed + i,
                     .topology = {.shape = is_grid ? Shape::Grid : Shape::Random,
                                  .node_count = node_count,
                                  .degree = 6},
                     .timing = options.timing});
        stage.start(500ms);
        times.push_back(ms_of(stage.whole_at() - Instant()));
        tell(options, i + 1, repetitions);
    }
    return {{.name = "nodes", .value = double(node_count)},
            {.name = "all have routes to all, the slowest start",
             .value = quantile(times, 1),
             .unit = "ms",
             .target = Target::AtMost,
             .limit = is_grid ? 2000.0 : 5000.0}};
}

// One link that goes.

std::vector<Figure> play_link_event(const ScenarioOptions& options) {
    const std::uint32_t node_count = or_usual(options.node_count, 200);
    Stage stage({.seed = options.first_seed,
                 .topology = {.shape = Shape::Random, .node_count = node_count, .degree = 6},
                 .timing = options.timing});
    stage.start(500ms);
    stage.run_for(20s);
    const std::uint32_t repetitions = or_usual(options.repetitions, 10);
    std::vector<double> times;
    Random random(options.first_seed);
    for (std::uint32_t i = 0; i < repetitions; ++i) {
        Network& network = stage.world().network();
        const auto wire = static_cast<WireIndex>(random.below(network.wire_count()));
        const Instant begun = stage.world().now();
        network.cut_off(wire);
        stage.run_for(5s);
        times.push_back(ms_of(stage.routes_at() - begun));
        network.mend(wire);
        stage.run_for(20s);
        tell(options, i + 1, repetitions);
    }
    // The longest of all shortest ways of a random mesh of degree 6 has fewer hops than that.
    const double diameter = 2 + std::log2(double(node_count)) / std::log2(5.0) * 1.5;
    return {{.name = "nodes", .value = double(node_count)},
            {.name = "the last routes after a link went, the slowest",
             .value = quantile(times, 1),
             .unit = "ms",
             .target = Target::AtMost,
             .limit = std::ceil(diameter) * 1 + 100}};
}

// Somebody on the way dies.

struct Outage {
    std::vector<double> times_ms;  // how long a message at the worst waited since the death
    std::uint64_t lost = 0;
    std::uint64_t duplicates = 0;
};

/// Two ways from one node of a ring to the one opposite; the relay in use dies while messages flow.
Outage kill_relays(const ScenarioOptions& options, Death death, std::uint32_t repetitions) {
    const std::uint32_t node_count = std::max(or_usual(options.node_count, 4), 4U);
    const NodeIndex opposite = node_count / 2;
    Outage outage;
    for (std::uint32_t i = 0; i < repetitions; ++i) {
        Stage stage({.seed = options.first_seed + i,
                     .topology = {.shape = Shape::Ring, .node_count = node_count},
                     .timing = options.timing});
        stage.start(100ms);
        stage.subscribe(opposite, "a");
        stage.run_for(10s);
        Random random(options.first_seed + i);
        const Instant dies_at = stage.world().now() + 3s + random.between(0ms, 500ms);
        NodeIndex relay = 0;
        stage.world().call_at(dies_at, [&] {
            for (const mesh::RouteView& route : stage.world().host(0).participant().routes()) {
                if (route.node == stage.world().host(opposite).id()) {
                    relay = stage.world().index_of(route.next_hop);
                }
            }
            stage.world().kill(relay, death);
        });
        for (int message = 0; message < 200; ++message) {
            stage.publish(0, "a");
            stage.run_for(50ms);
        }
        stage.run_for(30s);
        Duration worst{};
        for (const Stage::Message& message : stage.messages()) {
            if (message.arrived_at == Instant::never()) {
                ++outage.lost;
            } else if (message.arrived_at > dies_at) {
                worst =
                    std::max(worst, message.arrived_at - std::max(message.published_at, dies_at));
            }
        }
        outage.times_ms.push_back(ms_of(worst));
        outage.duplicates += stage.duplicate_count();
        tell(options, i + 1, repetitions);
    }
    return outage;
}

std::vector<Figure> figures_of(const Outage& outage, double p50_ms, double p99_ms) {
    return {{.name = "repetitions", .value = double(outage.times_ms.size())},
            {.name = "delivery resumed, half of them",
             .value = quantile(outage.times_ms, 0.5),
             .unit = "ms",
             .target = Target::AtMost,
             .limit = p50_ms},
            {.name = "delivery resumed, 99 of 100",
             .value = quantile(outage.times_ms, 0.99),
             .unit = "ms",
             .target = Target::AtMost,
             .limit = p99_ms},
            {.name = "lost", .value = double(outage.lost), .target = Target::AtMost}};
}

std::vector<Figure> play_crash(const ScenarioOptions& options) {
    return figures_of(kill_relays(options, Death::Process, or_usual(options.repetitions, 100)), 20,
                      20);
}

std::vector<Figure> play_silent_death(const ScenarioOptions& options) {
    const bool is_fast = options.timing.hello_idle < mesh::Timing::normal().hello_idle;
    return figures_of(kill_relays(options, Death::Power, or_usual(options.repetitions, 100)), 250,
                      is_fast ? 250 : 400);
}

std::vector<Figure> play_idle_death(const ScenarioOptions& options) {
    const std::uint32_t repetitions = or_usual(options.repetitions, 100);
    std::vector<double> times;
    for (std::uint32_t i = 0; i < repetitions; ++i) {
        Stage stage({.seed = options.first_seed + i,
                     .topology = {.shape = Shape::Ring, .node_count = 4},
                     .timing = options.timing});
        stage.start(100ms);
        Random random(options.first_seed + i);
        stage.run_for(20s + random.between(0s, 5s));
        const Instant dies_at = stage.world().now();
        const std::size_t before = stage.changes().size();
        stage.world().kill(1, Death::Power);
        stage.run_for(30s);
        double worst = ms_of(30s);
        for (std::size_t at = before; at < stage.changes().size(); ++at) {
            const Stage::Change& change = stage.changes()[at];
            if (change.change == mesh::NeighborChange::Down) {
                worst = ms_of(change.at - dies_at);
            }
        }
        times.push_back(worst);
    }
    const bool is_fast = options.timing.hello_idle < mesh::Timing::normal().hello_idle;
    return {
        {.name = "repetitions", .value = double(repetitions)},
        {.name = "noticed on an idle link, the slowest",
         .value = quantile(times, 1),
         .unit = "ms",
         .target = options.timing.hello_idle > mesh::Timing::normal().hello_idle ? Target::None
                                                                                 : Target::AtMost,
         .limit = is_fast ? 400.0 : 1800.0}};
}

// A bad way.

bool is_neighbor(Stage& stage, NodeIndex node, NodeIndex of) {
    const mesh::NodeId id = stage.world().host(of).id();
    return std::ranges::any_of(stage.world().host(node).participant().neighbors(),
                               [id](const mesh::NeighborView& view) { return view.node == id; });
}

bool has_route(Stage& stage, NodeIndex from, NodeIndex to) {
    const mesh::NodeId id = stage.world().host(to).id();
    return std::ranges::any_of(stage.world().host(from).participant().routes(),
                               [id](const mesh::RouteView& route) {
                                   return route.node == id && route.next_hop != mesh::NodeId();
                               });
}

std::vector<Figure> play_loss_chain(const ScenarioOptions& options) {
    const std::uint32_t node_count = or_usual(options.node_count, 6);
    Stage stage({.seed = options.first_seed,
                 .topology = {.shape = Shape::Line, .node_count = node_count},
                 .wire = {.loss = LossOptions::bernoulli(0.2)},
                 .timing = options.timing});
    stage.start(500ms);
    const NodeIndex last = node_count - 1;
    stage.subscribe(last, "a");
    stage.run_for(20s);
    const std::uint32_t message_count = or_usual(options.message_count, 3000);
    const std::size_t wire_count = stage.world().network().wire_count();
    std::uint64_t looks = 0;
    std::uint64_t up = 0;
    std::uint64_t neighbors_up = 0;
    std::uint64_t reachable = 0;
    for (std::uint32_t message = 0; message < message_count; ++message) {
        stage.publish(0, "a");
        stage.run_for(100ms);
        for (WireIndex wire = 0; wire < wire_count; ++wire) {
            ++looks;
            up += stage.world().network().is_up(wire) ? 1U : 0U;
        }
        for (NodeIndex node = 0; node < last; ++node) {
            neighbors_up += is_neighbor(stage, node, node + 1) ? 1U : 0U;
        }
        reachable += has_route(stage, 0, last) ? 1U : 0U;
    }
    // What was lost with a link is sent again with pauses that grow: it arrives late, but arrives.
    const Instant ended = stage.world().now();
    while (stage.arrived_count() < message_count && stage.world().now() - ended < 1h) {
        stage.run_for(10s);
    }
    std::vector<double> latencies;
    for (const Stage::Message& message : stage.messages()) {
        if (message.arrived_at != Instant::never()) {
            latencies.push_back(ms_of(message.arrived_at - message.published_at));
        }
    }
    return {{.name = "hops", .value = double(last)},
            {.name = "delivered of QoS 1",
             .value = 100.0 * double(stage.arrived_count()) / double(message_count),
             .unit = "%",
             .target = Target::AtLeast,
             .limit = 100},
            {.name = "links were up",
             .value = 100.0 * double(up) / double(std::max<std::uint64_t>(looks, 1)),
             .unit = "% of the time",
             .target = Target::AtLeast,
             .limit = 90},
            {.name = "neighbours were up",
             .value = 100.0 * double(neighbors_up) / double(std::max<std::uint64_t>(looks, 1)),
             .unit = "% of the time",
             .target = Target::AtLeast,
             .limit = 90},
            {.name = "the far end was reachable",
             .value = 100.0 * double(reachable) / double(message_count),
             .unit = "% of the time"},
            {.name = "latency, half of them", .value = quantile(latencies, 0.5), .unit = "ms"},
            {.name = "latency, 99 of 100", .value = quantile(latencies, 0.99), .unit = "ms"}};
}

// Two halves.

/// Cuts all wires between the first half of the nodes and the second.
std::vector<WireIndex> part_halves(Stage& stage) {
    const NodeIndex half = stage.node_count() / 2;
    std::vector<WireIndex> between;
    Network& network = stage.world().network();
    for (WireIndex wire = 0; wire < network.wire_count(); ++wire) {
        const auto [a, b] = network.wire(wire).nodes;
        if ((a < half) != (b < half)) {
            between.push_back(wire);
            network.cut(wire, a);
            network.cut(wire, b);
        }
    }
    return between;
}

/// Publishes from the first half to the second, `count` in all, evenly over so many nodes.
void publish_across(Stage& stage, std::uint32_t count, std::uint32_t pairs) {
    constexpr std::uint32_t kAtOnce = 100;
    for (std::uint32_t sent = 0; sent < count; ++sent) {
        const std::uint32_t pair = sent % pairs;
        stage.publish(pair, fmt::format("pair{}", pair));
        if (sent % kAtOnce == kAtOnce - 1) {
            stage.run_for(50ms);
        }
    }
}

/// Evenly over so many nodes from `first` on, `count` in all.
void retain_on(Stage& stage, NodeIndex first, NodeIndex node_count, std::uint32_t count) {
    constexpr std::uint32_t kAtOnce = 100;
    constexpr std::size_t kPayloadBytes = 100;
    const std::vector<std::uint8_t> payload(kPayloadBytes, static_cast<std::uint8_t>(first));
    for (std::uint32_t sent = 0; sent < count; ++sent) {
        const NodeIndex node = first + sent % node_count;
        // A tenth of the topics is written on both sides.
        const std::string topic =
            sent % 10 == 0 ? fmt::format("both/{}", sent) : fmt::format("side{}/{}", first, sent);
        stage.world().host(node).shelf().set(topic, payload);
        stage.world().host(node).enter([&](Participant& participant, Instant now) {
            participant.publish({.tenant = kRetainedTenant,
                                 .topic = topic,
                                 .payload = payload,
                                 .qos = Qos::AtMostOnce,
                                 .retain = true,
                                 .published_at = stage.world().host(node).wall_now()},
                                0, now);
        });
        if (sent % kAtOnce == kAtOnce - 1) {
            stage.run_for(50ms);
        }
    }
}

[[nodiscard]] bool retain_the_same(Stage& stage) {
    const Host& first = stage.world().host(0);
    for (NodeIndex node = 1; node < stage.node_count(); ++node) {
        const Host& other = stage.world().host(node);
        if (other.participant().digests().of_state != first.participant().digests().of_state ||
            other.shelf().messages() != first.shelf().messages()) {
            return false;
        }
    }
    return true;
}

std::vector<Figure> play_partition(const ScenarioOptions& options) {
    const std::uint32_t node_count = or_usual(options.node_count, 100);
    const std::uint32_t message_count = or_usual(options.message_count, 100'000);
    const std::uint32_t retained_count = message_count / 10;
    const NodeIndex half = node_count / 2;
    const std::uint32_t pairs = std::min<std::uint32_t>(half, 10);
    Stage stage({.seed = options.first_seed,
                 .topology = {.shape = Shape::TwoClusters, .node_count = node_count, .degree = 6},
                 .timing = options.timing});
    stage.start(500ms);
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        stage.subscribe(half + pair, fmt::format("pair{}", pair));
    }
    const std::vector<WireIndex> between = part_halves(stage);
    stage.run_for(10s);
    retain_on(stage, 0, half, retained_count / 2);
    retain_on(stage, half, half, retained_count / 2);
    publish_across(stage, message_count, pairs);
    stage.run_for(10min - Duration((message_count + retained_count) / 100 * 50ms));
    const std::uint64_t spooled = message_count - stage.arrived_count();
    for (const WireIndex wire : between) {
        stage.world().network().mend(wire);
    }
    stage.expect_whole();
    const Instant healed = stage.world().now();
    Instant same_at = Instant::never();
    while ((stage.arrived_count() < message_count || same_at == Instant::never()) &&
           stage.world().now() - healed < 10min) {
        stage.run_for(100ms);
        if (same_at == Instant::never() && retain_the_same(stage)) {
            same_at = stage.world().now();
        }
        if (options.tell && (stage.world().now() - healed) / 100ms % 100 == 0) {
            options.tell(
                fmt::format("{} of {} have arrived", stage.arrived_count(), message_count));
        }
    }
    Instant last = healed;
    for (const Stage::Message& message : stage.messages()) {
        last = message.arrived_at == Instant::never() ? last : std::max(last, message.arrived_at);
    }
    return {
        {.name = "nodes", .value = double(node_count)},
        {.name = "messages of QoS 1 that waited", .value = double(spooled)},
        {.name = "each reaches each after the heal",
         .value = ms_of(stage.whole_at() - healed),
         .unit = "ms",
         .target = Target::AtMost,
         .limit = 2000},
        {.name = "all have arrived after the heal", .value = ms_of(last - healed), .unit = "ms"},
        {.name = "retained messages set while parted", .value = double(retained_count)},
        {.name = "all retain the same after the heal",
         .value = ms_of(same_at - healed),
         .unit = "ms",
         .target = Target::AtMost,
         .limit = 5000},
        {.name = "lost",
         .value = double(message_count - stage.arrived_count()),
         .target = Target::AtMost},
        {.name = "twice", .value = double(stage.duplicate_count())}};
}

// Two halves that retain different things.

std::vector<Figure> play_retained(const ScenarioOptions& options) {
    const std::uint32_t node_count = or_usual(options.node_count, 100);
    const std::uint32_t message_count = or_usual(options.message_count, 10'000);
    const NodeIndex half = node_count / 2;
    Stage stage({.seed = options.first_seed,
                 .topology = {.shape = Shape::TwoClusters, .node_count = node_count, .degree = 6},
                 .timing = options.timing});
    stage.start(500ms);
    stage.run_for(10s);
    const std::vector<WireIndex> between = part_halves(stage);
    stage.run_for(10s);
    retain_on(stage, 0, half, message_count / 2);
    retain_on(stage, half, half, message_count / 2);
    stage.run_for(1min);
    for (const WireIndex wire : between) {
        stage.world().network().mend(wire);
    }
    stage.expect_whole();
    const Instant healed = stage.world().now();
    while (!retain_the_same(stage) && stage.world().now() - healed < 10min) {
        stage.run_for(100ms);
    }
    const double took_ms = ms_of(stage.world().now() - healed);
    stage.run_for(1s);
    std::uint64_t conflicts = 0;
    for (NodeIndex node = 0; node < node_count; ++node) {
        conflicts += stage.world().host(node).participant().counters().state.conflicts;
    }
    return {{.name = "nodes", .value = double(node_count)},
            {.name = "retained messages set while parted", .value = double(message_count)},
            {.name = "each reaches each after the heal",
             .value = ms_of(stage.whole_at() - healed),
             .unit = "ms"},
            {.name = "all retain the same after the heal",
             .value = took_ms,
             .unit = "ms",
             .target = Target::AtMost,
             .limit = 5000},
            {.name = "concurrent writes seen, a node",
             .value = double(conflicts) / double(node_count)}};
}

constexpr std::array kScenarios{
    Scenario{"cold-start",
             "All nodes start within half a second: a grid, or of more than 100 "
             "nodes a random mesh of degree 6.",
             play_cold_start},
    Scenario{"link-event", "A link of a random mesh of degree 6 ends, and both sides know.",
             play_link_event},
    Scenario{"crash",
             "The relay in use dies and its kernel says so; 20 messages/s, and another "
             "way.",
             play_crash},
    Scenario{"silent-death", "The relay in use dies in silence; 20 messages/s, and another way.",
             play_silent_death},
    Scenario{"idle-death", "A neighbour dies in silence, and nothing was sent.", play_idle_death},
    Scenario{"loss-chain",
             "A chain of links as TCP makes them, each loses 20 % of what is sent, in "
             "both directions; 10 messages/s.",
             play_loss_chain},
    Scenario{"partition",
             "Two halves without a way for ten minutes, 100,000 messages of QoS 1 "
             "from one to the other, and 10,000 that both retain, a tenth on the same topics.",
             play_partition},
    Scenario{"retained-heal",
             "Two halves without a way set 10,000 retained messages, a tenth of them the same "
             "topics.",
             play_retained},
};

}  // namespace

std::span<const Scenario> scenarios() {
    return kScenarios;
}

const Scenario* scenario_named(std::string_view name) {
    const auto found = std::ranges::find(kScenarios, name, &Scenario::name);
    return found == kScenarios.end() ? nullptr : &*found;
}

}  // namespace kith::sim
