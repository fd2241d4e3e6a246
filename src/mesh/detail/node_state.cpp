// What all routers have in common, between the wire, arrivals and the host.
#include <algorithm>
#include <utility>

#include "mesh/detail/node_impl.h"

namespace kith::mesh {
namespace {

// Topics of directed messages that stay inside of the mesh.
constexpr std::string_view kAskTopic = "state/ask";
constexpr std::string_view kAnswerTopic = "state/answer";

}  // namespace

void MeshNode::Impl::on_state_frame(NodeId from, const Frame& frame, Instant now) {
    if (const auto* entry = std::get_if<State>(&frame)) {
        state.on_state(from, *entry, now);
    } else if (const auto* digest = std::get_if<StateDigest>(&frame)) {
        state.on_digest(from, *digest, now);
    } else if (const auto* list = std::get_if<StateList>(&frame)) {
        state.on_list(from, *list, now);
    } else if (const auto* request = std::get_if<StateRequest>(&frame)) {
        state.on_request(from, *request);
    }
}

/// A retained message is every router's, whoever wants it now; who cannot be reached gets it later.
void MeshNode::Impl::add_routers(Destinations& destinations) const {
    const std::size_t interested = destinations.size();
    for (Destination& destination : destinations) {
        destination.for_all = true;
    }
    for (NodeIndex index = 0; index < routes.graph().size(); ++index) {
        const NodeId node = routes.graph().node(index);
        if (node == options.self || !routes.graph().is_transit(index) ||
            !routes.is_reachable(node)) {
            continue;
        }
        const auto known = std::ranges::lower_bound(
            destinations.begin(), destinations.begin() + static_cast<std::ptrdiff_t>(interested),
            node, {}, &Destination::node);
        if (known == destinations.begin() + static_cast<std::ptrdiff_t>(interested) ||
            known->node != node) {
            destinations.push_back({.node = node, .groups = {}});
        }
    }
    std::ranges::sort(destinations, {}, &Destination::node);
}

void MeshNode::Impl::deliver(const Data& data, const StreamProgress& progress,
                             std::uint64_t token) {
    const bool is_answer = data.topic == kAnswerTopic;
    if (data.kind == DataKind::Directed && data.qos > 0 && (is_answer || data.topic == kAskTopic)) {
        state_calls.push_back({data.id.origin, is_answer, token});
        return;
    }
    ++counters.data_delivered;
    const LocalInterest::GroupIds untold =
        data.kind == DataKind::Publication && data.destinations.front().for_all
            ? local_interest.untold_groups(data.tenant, data.topic)
            : LocalInterest::GroupIds();
    if (data.state_time == 0 && untold.empty()) {
        ports.delivery.deliver(data, progress, token);
        return;
    }
    Data arrived = data;
    auto& groups = arrived.destinations.front().groups;
    for (const std::uint64_t group : untold) {
        const auto place = std::ranges::lower_bound(groups, group);
        if (place == groups.end() || *place != group) {
            groups.insert(place, group);
        }
    }
    if (data.state_time != 0) {
        state.arrive(arrived, options.self, turn_at);
    }
    ports.delivery.deliver(arrived, progress, token);
}

/// In its place among the messages to this node.
void MeshNode::Impl::call(NodeId node, std::string_view topic, Instant now) {
    Data data = data_of({.topic = topic, .qos = Qos::AtLeastOnce});
    data.kind = DataKind::Directed;
    data.destinations.push_back({.node = node, .groups = {}});
    custody.publish(data, {}, now);
}

bool MeshNode::Impl::ask(NodeId other, Instant now) {
    if (way_to(other, {}) == NodeId()) {
        return false;
    }
    call(other, kAskTopic, now);
    return true;
}

void MeshNode::Impl::answer_state_calls(Instant now) {
    for (const StateCall& each : std::exchange(state_calls, {})) {
        arrivals.on_delivered(each.token, now);
        if (each.is_answer) {
            state.on_answer(each.from, now);
        } else {
            call(each.from, kAnswerTopic, now);
        }
    }
}

void MeshNode::Impl::send_state(NodeId neighbor, const Frame& frame, Instant now) {
    const State* entry = std::get_if<State>(&frame);
    const Priority priority = entry == nullptr ? Priority::Control : priority_of(entry->key.kind);
    neighbors.send(neighbor, priority, writer.write(frame), {}, now);
}

void MeshNode::restore_state(const State& state, std::uint8_t told, Instant now) {
    impl_->is_touched = true;
    const auto known = std::min(told, static_cast<std::uint8_t>(StateTold::Announced));
    impl_->state.restore(state, static_cast<StateTold>(known), now);
}

void MeshNode::on_state_stored(const StateKey& key, const Stamp& stamp) {
    impl_->state.on_stored(key, stamp);
}

void MeshNode::adopt_retained(const StateName& topic, WallTime published_at,
                              std::uint32_t expires_after_ms, Instant now) {
    impl_->state.adopt(topic, published_at, expires_after_ms, now);
    impl_->end_turn(now);
}

void MeshNode::set_wall_time(WallTime wall, Instant now) {
    impl_->state.set_wall_time(wall, now);
}

Status MeshNode::put_state(StateKind kind, const StateName& name, std::optional<Bytes> value,
                           Instant now) {
    TRY(impl_->state.put(kind, name, value, now));
    impl_->end_turn(now);
    return {};
}

std::optional<StateValue> MeshNode::find_state(StateKind kind, const StateName& name) const {
    return impl_->state.find(kind, name);
}

}  // namespace kith::mesh
