#include "sim/network.h"

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"
#include "sim/seeds.h"

namespace kith::sim {
namespace {

constexpr std::uint32_t kNoEnd = UINT32_MAX;
constexpr std::uint32_t kNoSession = UINT32_MAX;

constexpr Duration kDialPauseMin = 100ms;
constexpr Duration kDialPauseMax = 5s;
constexpr Duration kDialTimeout = 2s;
/// Signatures and key exchange of a TLS 1.3 handshake on both sides.
constexpr Duration kHandshakeCrypto = 2ms;
/// A lost packet of a handshake.
constexpr Duration kHandshakeRetransmit = 200ms;
constexpr int kHandshakePackets = 4;

}  // namespace

Network::Network(std::uint64_t seed, Timeline& timeline, NetworkListener& listener)
    : seed_(seed), timeline_(timeline), listener_(listener) {}

Network::~Network() = default;

void Network::handle(const Event& event) {
    switch (event.kind) {
        case EventKind::Dial:
            return on_dial(event.subject, event.generation);
        case EventKind::Handshake:
            return on_handshake(event.subject, event.generation);
        case EventKind::Arrival:
        case EventKind::Transmit:
        case EventKind::Retransmit:
        case EventKind::Silence:
        case EventKind::Reset:
            break;
        case EventKind::Timer:
        case EventKind::Sync:
        case EventKind::Read:
        case EventKind::Call:
            CHECK_TEXT(false, "not an event of the network");
    }
    if (event.generation != generation_of(event.subject)) {
        return;
    }
    if (event.kind == EventKind::Arrival) {
        on_arrival(event);
    } else if (event.kind == EventKind::Transmit) {
        waiting(ends_[event.subject]).is_scheduled = false;
        drain(event.subject);
    } else if (event.kind == EventKind::Retransmit) {
        on_retransmit(event.subject);
    } else if (event.kind == EventKind::Silence) {
        on_silence(event.subject);
    } else {
        on_reset(event.subject);
    }
}

WireIndex Network::add_wire(NodeIndex a, NodeIndex b, const WireOptions& options) {
    CHECK(a != b);
    const auto direction = [&](NodeIndex from, NodeIndex to) {
        return Direction(stream_seed(seed_, Purpose::Delay, from, to),
                         stream_seed(seed_, Purpose::Loss, from, to));
    };
    const auto index = narrow<WireIndex>(wires_.size());
    wires_.push_back(Wire{.nodes = {a, b},
                          .options = options,
                          .directions = {direction(a, b), direction(b, a)},
                          .dial_draw = stream(seed_, Purpose::Dial, a, b)});
    set_loss(index, options.loss);
    const std::size_t node_count = std::size_t{std::max(a, b)} + 1;
    if (wires_of_node_.size() < node_count) {
        wires_of_node_.resize(node_count);
        end_of_link_.resize(node_count);
    }
    wires_of_node_[a].push_back(index);
    wires_of_node_[b].push_back(index);
    return index;
}

void Network::start_node(NodeIndex node, Duration within) {
    if (node >= wires_of_node_.size()) {
        return;  // it has no wires
    }
    for (const WireIndex wire : wires_of_node_[node]) {
        wires_[wire].dial_failures = 0;
        dial_within(wire, Duration::zero(), within);
    }
}

void Network::kill_node(NodeIndex node, Death death) {
    if (node >= end_of_link_.size()) {
        return;
    }
    for (const EndIndex end : end_of_link_[node]) {
        if (end == kNoEnd || ends_[end].node != node || !ends_[end].is_open) {
            continue;
        }
        if (death == Death::Process) {
            reset(other(end));
        }
        end_here(end);
    }
}

bool Network::is_up(WireIndex wire) const {
    const std::uint32_t session = wires_[wire].session;
    return session != kNoSession && ends_[session * 2].is_open && ends_[session * 2 + 1].is_open &&
           ends_[session * 2].wire == wire;
}

NodeIndex Network::peer_of(NodeIndex node, LinkId link) const {
    const EndIndex end = find(node, link);
    return end == kNoEnd || !ends_[end].is_open ? UINT32_MAX : ends_[other(end)].node;
}

NodeIndex Network::peer_or_former(NodeIndex node, LinkId link) const {
    const EndIndex end = find(node, link);
    return end == kNoEnd ? UINT32_MAX : ends_[other(end)].node;
}

Network::EndIndex Network::find(NodeIndex node, LinkId link) const {
    if (node >= end_of_link_.size() || link.value() >= end_of_link_[node].size()) {
        return kNoEnd;
    }
    const EndIndex end = end_of_link_[node][link.value()];
    return end != kNoEnd && ends_[end].node == node && ends_[end].link == link ? end : kNoEnd;
}

Direction& Network::from(EndIndex end) {
    Wire& wire = wires_[ends_[end].wire];
    return wire.directions[wire.nodes[0] == ends_[end].node ? 0 : 1];
}

Duration Network::draw_delay(const Wire& wire, Direction& direction) {
    if (wire.options.delay_min == wire.options.delay_max) {
        return wire.options.delay_min;
    }
    return direction.delay.between(wire.options.delay_min, wire.options.delay_max);
}

void Network::cut(WireIndex wire, NodeIndex from) {
    Direction& direction = wires_[wire].directions[wires_[wire].nodes[0] == from ? 0 : 1];
    if (direction.cuts++ == 0) {
        direction.cut_since = timeline_.now;
    }
}

void Network::uncut(WireIndex wire, NodeIndex from) {
    Direction& direction = wires_[wire].directions[wires_[wire].nodes[0] == from ? 0 : 1];
    CHECK(direction.cuts > 0);
    --direction.cuts;
}

void Network::cut_off(WireIndex wire) {
    for (const NodeIndex node : wires_[wire].nodes) {
        cut(wire, node);
    }
    if (is_up(wire)) {
        const EndIndex end = wires_[wire].session * 2;
        abort(end);
        if (ends_[other(end)].is_open && ends_[other(end)].wire == wire) {
            abort(other(end));
        }
    }
}

void Network::mend(WireIndex wire) {
    for (Direction& direction : wires_[wire].directions) {
        direction.cuts = 0;
    }
    wires_[wire].dial_failures = 0;
    if (!is_up(wire)) {
        dial_within(wire, kDialPauseMin, 2 * kDialPauseMin);
    }
}

void Network::set_loss(WireIndex wire, const LossOptions& loss) {
    for (Direction& direction : wires_[wire].directions) {
        direction.loss.set(loss);
    }
}

void Network::dial_within(WireIndex index, Duration min, Duration max) {
    Wire& wire = wires_[index];
    ++wire.dial_generation;
    timeline_.push(timeline_.now + wire.dial_draw.between(min, max), EventKind::Dial, index,
                   wire.dial_generation);
}

void Network::on_dial(WireIndex index, std::uint32_t generation) {
    Wire& wire = wires_[index];
    const auto [a, b] = wire.nodes;
    if (generation != wire.dial_generation || is_up(index)) {
        return;
    }
    const bool is_open = wire.directions[0].cuts == 0 && wire.directions[1].cuts == 0;
    if (!is_open || !listener_.is_powered(a) || !listener_.is_powered(b)) {
        return dial_again(wire, index, kDialTimeout);
    }
    if (!listener_.answers(a) || !listener_.answers(b)) {
        return dial_again(wire, index, Duration::zero());  // refused at once
    }
    Duration duration = kHandshakeCrypto;
    for (int packet = 0; packet < kHandshakePackets; ++packet) {
        Direction& direction = wire.directions[packet % 2 == 0 ? 0 : 1];
        duration += draw_delay(wire, direction);
        while (direction.loss.loses(direction.loss_draw) && duration < kDialTimeout) {
            duration += kHandshakeRetransmit;
        }
    }
    if (duration >= kDialTimeout) {
        return dial_again(wire, index, kDialTimeout);
    }
    timeline_.push(timeline_.now + duration, EventKind::Handshake, index, generation);
}

void Network::on_handshake(WireIndex index, std::uint32_t generation) {
    Wire& wire = wires_[index];
    const auto [a, b] = wire.nodes;
    if (generation != wire.dial_generation || is_up(index)) {
        return;
    }
    const bool is_open = wire.directions[0].cuts == 0 && wire.directions[1].cuts == 0;
    if (!is_open || !listener_.answers(a) || !listener_.answers(b)) {
        return dial_again(wire, index, kDialTimeout);
    }
    if (!listener_.agree(a, b)) {
        return dial_again(wire, index, Duration::zero());
    }
    wire.dial_failures = 0;
    establish(index);
}

void Network::dial_again(Wire& wire, WireIndex index, Duration waited) {
    // The pause doubles; with a quarter of it as jitter.
    const std::uint32_t doublings = std::min(wire.dial_failures++, 10U);
    const Duration pause = std::min(kDialPauseMin * (1U << doublings), kDialPauseMax);
    dial_within(index, waited + pause, waited + pause + pause / 4);
}

void Network::establish(WireIndex index) {
    if (free_sessions_.empty()) {
        free_sessions_.push_back(narrow<std::uint32_t>(sessions_.size()));
        sessions_.emplace_back();
        ends_.resize(ends_.size() + 2);
    }
    const std::uint32_t session = free_sessions_.back();
    free_sessions_.pop_back();
    wires_[index].session = session;
    for (std::uint32_t side = 0; side < 2; ++side) {
        const EndIndex end = session * 2 + side;
        const NodeIndex node = wires_[index].nodes[side];
        std::vector<EndIndex>& links = end_of_link_[node];
        if (links.empty()) {
            links.push_back(kNoEnd);  // link 0 is none
        }
        ends_[end] = End{.node = node,
                         .wire = index,
                         .link = LinkId(narrow<std::uint32_t>(links.size())),
                         .is_open = true};
        links.push_back(end);
    }
    const std::uint32_t generation = sessions_[session].generation;
    for (std::uint32_t side = 0; side < 2; ++side) {
        const EndIndex end = session * 2 + side;
        if (sessions_[session].generation == generation && ends_[end].is_open) {
            listener_.on_link_up(ends_[end].node, ends_[end].link, ends_[other(end)].node);
        }
    }
}

void Network::close(NodeIndex node, LinkId link) {
    const EndIndex end = find(node, link);
    if (end == kNoEnd || !ends_[end].is_open) {
        return;
    }
    reset(other(end));
    end_here(end);
}

/// The other end hears of it behind what has left for it, unless the wire or a lost segment is in
/// between; nobody tells of a datagram's end.
void Network::reset(EndIndex end) {
    End& receiver = ends_[end];
    const End& sender = ends_[other(end)];
    const Wire& wire = wires_[receiver.wire];
    const bool is_held = sender.waiting != nullptr && !sender.waiting->lost.empty();
    if (!receiver.is_open || receiver.was_reset || is_held ||
        wire.options.model == WireModel::Datagram || towards(end).cuts > 0) {
        return;
    }
    receiver.was_reset = true;
    Instant at = timeline_.now + draw_delay(wire, towards(end));
    if (towards(end).busy_until <= timeline_.now) {
        at = std::max(at, sender.last_arrival);
    }
    timeline_.push(at, EventKind::Reset, end, generation_of(end));
}

void Network::on_reset(EndIndex end) {
    ends_[end].was_reset = false;
    if (ends_[end].is_open) {
        abort(end);
    }
}

/// Ends a session on this side, which is told.
void Network::abort(EndIndex end) {
    const NodeIndex node = ends_[end].node;
    const LinkId link = ends_[end].link;
    reset(other(end));
    end_here(end);
    listener_.on_link_down(node, link);
}

void Network::end_here(EndIndex end) {
    ends_[end].is_open = false;
    ends_[end].waiting.reset();
    ends_[end].rest.clear();
    from(end).busy_until = timeline_.now;  // what was not sent yet is not sent
    const WireIndex wire = ends_[end].wire;
    if (!ends_[other(end)].is_open) {
        ++sessions_[end / 2].generation;
        free_sessions_.push_back(end / 2);
    }
    dial_within(wire, kDialPauseMin, kDialPauseMin + kDialPauseMin / 4);
}

}  // namespace kith::sim
