#include "sim/world.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/narrow.h"
#include "sim/frame_type.h"
#include "wire/mesh/codec.h"

namespace kith::sim {

World::World(const WorldOptions& options, WorldObserver& observer)
    : observer_(observer),
      network_(options.seed, timeline_, *this),
      surroundings_{.seed = options.seed,
                    .options = options.node,
                    .factory = options.factory,
                    .timeline = &timeline_,
                    .network = &network_,
                    .observer = &observer,
                    .record_pool = &record_shelf_} {}

World::~World() = default;

NodeIndex World::add_node(HostOptions options) {
    const auto index = narrow<NodeIndex>(hosts_.size());
    hosts_.push_back(std::make_unique<Host>(surroundings_, index, std::move(options)));
    indices_.emplace(hosts_.back()->id(), index);
    return index;
}

WireIndex World::add_wire(NodeIndex a, NodeIndex b, const WireOptions& options) {
    CHECK(a < hosts_.size() && b < hosts_.size());
    return network_.add_wire(a, b, options);
}

void World::start(NodeIndex node, Duration dials_within) {
    hosts_[node]->start();
    network_.start_node(node, dials_within);
}

void World::kill(NodeIndex node, Death death) {
    hosts_[node]->kill(death);
}

void World::wipe(NodeIndex node) {
    hosts_[node]->wipe();
    indices_.emplace(hosts_[node]->id(), node);
}

void World::freeze(NodeIndex node, Instant until) {
    hosts_[node]->freeze(until);
}

void World::run_until(Instant until) {
    while (!timeline_.heap.empty() && timeline_.heap.next_at() <= until) {
        timeline_.now = timeline_.heap.next_at();
        const auto slot = timeline_.heap.pop();
        const Event& event = timeline_.heap[slot];
        const Host* host = host_of(event);
        if (host != nullptr && host->is_frozen()) {
            timeline_.heap.push_again(slot, host->frozen_until());
            continue;
        }
        ++event_count_;
        trace(event);
        handle(event);
        timeline_.heap.release(slot);
    }
    timeline_.now = until;
}

void World::call_at(Instant at, std::function<void()> call) {
    if (free_calls_.empty()) {
        free_calls_.push_back(narrow<std::uint32_t>(calls_.size()));
        calls_.emplace_back();
    }
    const std::uint32_t slot = free_calls_.back();
    free_calls_.pop_back();
    calls_[slot] = std::move(call);
    timeline_.push(at, EventKind::Call, slot, 0);
}

/// Whose event it is, if it waits while that one is frozen.
const Host* World::host_of(const Event& event) const {
    switch (event.kind) {
        case EventKind::Timer:
        case EventKind::Sync:
        case EventKind::Read:
            return hosts_[event.subject].get();
        case EventKind::Arrival:
        case EventKind::Reset:
            return hosts_[network_.node_of(event)].get();
        case EventKind::Transmit:
        case EventKind::Retransmit:
        case EventKind::Silence:
        case EventKind::Dial:
        case EventKind::Handshake:
        case EventKind::Call:
            break;
    }
    return nullptr;
}

void World::handle(const Event& event) {
    switch (event.kind) {
        case EventKind::Timer:
            hosts_[event.subject]->on_timer(event.generation);
            return;
        case EventKind::Sync:
            hosts_[event.subject]->on_synced(event.generation);
            return;
        case EventKind::Read:
            hosts_[event.subject]->on_read(event.generation);
            return;
        case EventKind::Call: {
            const std::function<void()> call = std::move(calls_[event.subject]);
            calls_[event.subject] = nullptr;
            free_calls_.push_back(event.subject);
            call();
            return;
        }
        case EventKind::Arrival:
        case EventKind::Transmit:
        case EventKind::Retransmit:
        case EventKind::Silence:
        case EventKind::Reset:
        case EventKind::Dial:
        case EventKind::Handshake:
            network_.handle(event);
            return;
    }
}

void World::trace(const Event& event) {
    constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15U;
    const auto take = [this](std::uint64_t word) {
        trace_ = (trace_ ^ word) * kPrime;
        trace_ ^= trace_ >> 32;
    };
    take(static_cast<std::uint64_t>(timeline_.now.ns()));
    take(std::uint64_t{event.subject} << 8 | static_cast<std::uint64_t>(event.kind));
    if (event.kind == EventKind::Arrival) {
        take(hash_bytes(event.bytes()));
    }
}

NodeIndex World::index_of(mesh::NodeId id) const {
    const auto found = indices_.find(id);
    return found == indices_.end() ? UINT32_MAX : found->second;
}

bool World::answers(NodeIndex node) const {
    return hosts_[node]->is_running() && !hosts_[node]->is_frozen();
}

bool World::is_powered(NodeIndex node) const {
    return hosts_[node]->is_powered();
}

bool World::agree(NodeIndex a, NodeIndex b) const {
    const auto takes = [](const Host& who, const Host& whom) {
        return who.trust().check(whom.id(), whom.trust().certificate()).has_value();
    };
    return takes(*hosts_[a], *hosts_[b]) && takes(*hosts_[b], *hosts_[a]);
}

void World::on_link_up(NodeIndex node, mesh::LinkId link, NodeIndex peer) {
    const mesh::LinkPeer who{.node = hosts_[peer]->id(), .role = hosts_[peer]->role()};
    hosts_[node]->enter(
        [&](Participant& participant, Instant now) { participant.on_link_up(link, who, now); });
}

void World::on_link_down(NodeIndex node, mesh::LinkId link) {
    if (hosts_[node]->is_running()) {
        hosts_[node]->enter(
            [&](Participant& participant, Instant now) { participant.on_link_down(link, now); });
    }
}

Result<std::size_t> World::on_bytes(NodeIndex node, mesh::LinkId link, Bytes bytes) {
    if (frame_type_of(bytes) != mesh::FrameType::Hello) {
        observe_frames(node, network_.peer_or_former(node, link), bytes);
    }
    Result<std::size_t> used = 0;
    hosts_[node]->enter([&](Participant& participant, Instant now) {
        used = participant.on_bytes(link, bytes, now);
    });
    if (!used) {
        observer_.on_malformed(node, network_.peer_or_former(node, link));
    }
    return used;
}

/// Each of the frames that arrived together; nothing of what is not one.
void World::observe_frames(NodeIndex node, NodeIndex peer, Bytes bytes) {
    while (!bytes.empty()) {
        const Result<std::optional<mesh::FrameSlice>> frame = mesh::next_frame(bytes);
        if (!frame || !*frame) {
            return;
        }
        const std::size_t size = (*frame)->frame_bytes;
        if ((*frame)->type != mesh::FrameType::Hello) {
            observer_.on_frame(node, peer, bytes.first(size));
        }
        bytes = bytes.subspan(size);
    }
}

}  // namespace kith::sim
