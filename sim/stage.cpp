#include "sim/stage.h"

#include <array>

#include "sim/mesh_participant.h"
#include "sim/seeds.h"

namespace kith::sim {
namespace {

constexpr Duration kStartMax = 60s;

WorldOptions world_options(const StageOptions& options) {
    WorldOptions world{.seed = options.seed, .node = {}, .factory = options.factory};
    world.node.timing = options.timing;
    if (!world.factory) {
        world.factory = make_mesh_participant;
    }
    return world;
}

}  // namespace

Stage::Stage(const StageOptions& options)
    : node_count_(options.topology.node_count),
      world_(world_options(options), *this),
      reachable_(node_count_) {
    for (NodeIndex node = 0; node < node_count_; ++node) {
        world_.add_node({});
    }
    for (const auto& [a, b] :
         plan_wires(options.topology, stream(options.seed, Purpose::Topology))) {
        world_.add_wire(a, b, options.wire);
    }
}

void Stage::start(Duration within) {
    Random starts = stream(world_.seed(), Purpose::Faults, 1);
    for (NodeIndex node = 0; node < node_count_; ++node) {
        world_.call_at(world_.now() + starts.between(Duration::zero(), within),
                       [this, node] { world_.start(node, 50ms); });
    }
    expect_whole();
    const Instant limit = world_.now() + kStartMax;
    while (whole_at_ == Instant::never() && world_.now() < limit) {
        run_for(100ms);
    }
}

void Stage::expect_whole() {
    whole_at_ = is_whole() ? world_.now() : Instant::never();
}

void Stage::subscribe(NodeIndex node, const std::string& filter) {
    world_.enter(node, [&](Participant& participant, Instant now) {
        participant.subscribe({.tenant = 0, .share_group = {}, .filter = filter}, now);
    });
    // Everybody is told within a second, whatever was lost.
    run_for(2s);
}

std::size_t Stage::publish(NodeIndex node, const std::string& topic) {
    const std::size_t number = messages_.size();
    std::array<std::uint8_t, 100> payload{};
    for (std::size_t i = 0; i < 8; ++i) {
        payload[i] = static_cast<std::uint8_t>(std::uint64_t{number} >> (56 - 8 * i));
    }
    messages_.push_back({.published_at = world_.now()});
    world_.enter(node, [&](Participant& participant, Instant now) {
        participant.publish({.topic = topic,
                             .payload = payload,
                             .qos = Qos::AtLeastOnce,
                             .flow = std::uint64_t{node} + 1,
                             .published_at = world_.host(node).wall_now()},
                            ++last_token_, now);
    });
    return number;
}

void Stage::on_deliver(NodeIndex, const Delivery& delivery) {
    if (delivery.number >= messages_.size()) {
        return;
    }
    Message& message = messages_[delivery.number];
    if (message.arrived_at != Instant::never()) {
        ++duplicate_count_;
        return;
    }
    message.arrived_at = world_.now();
    ++arrived_count_;
}

void Stage::on_neighbor(NodeIndex node, mesh::NodeId neighbor, mesh::NeighborChange change) {
    changes_.push_back({.at = world_.now(), .node = node, .neighbor = neighbor, .change = change});
}

void Stage::on_routes(NodeIndex node, std::size_t reachable) {
    routes_at_ = world_.now();
    const std::size_t others = node_count_ - 1U;
    full_count_ += (reachable >= others ? 1U : 0U) - (reachable_[node] >= others ? 1U : 0U);
    reachable_[node] = reachable;
    if (is_whole() && whole_at_ == Instant::never()) {
        whole_at_ = world_.now();
    }
}

}  // namespace kith::sim
