#include "mesh/discovery/peer_views.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/byte_writer.h"
#include "base/hash.h"
#include "base/narrow.h"

namespace kith::mesh {
namespace {

/// After so many doublings it is the longest anyway.
constexpr unsigned kDoublingsMax = 10;

Duration patience_after(unsigned failures) {
    return std::min<Duration>(kDialAgainMin * (1U << std::min(failures, kDoublingsMax)),
                              kDialAgainMax);
}

}  // namespace

bool PeerViews::add(const Sighting& sighting, const DiscoveryPort& world, Instant now) {
    const auto& [node, address, source] = sighting;
    if (node == self_ || node == NodeId() || address.port() == 0 || world.is_revoked(node)) {
        return false;
    }
    const bool is_known = candidates_.contains(node);
    if (!is_known && !make_room(node, world, now)) {
        return false;
    }
    Candidate& candidate = candidates_[node];
    candidate.seen = now;
    candidate.source = is_known ? std::min(candidate.source, source) : source;
    auto& addresses = candidate.addresses;
    if (std::ranges::find(addresses, address) == addresses.end()) {
        if (addresses.size() >= kAddressesPerCandidateMax) {
            addresses.pop_back();
        }
        addresses.push_back(address);
    }
    return true;
}

/// Who stays if not all can: those that answer before those that never do, members before those
/// whose certificate was never seen, those without a way before those with one, and else by a
/// weight that is each node's own, so that not all keep the same ones.
bool PeerViews::make_room(NodeId newcomer, const DiscoveryPort& world, Instant now) {
    std::erase_if(candidates_, [now](const auto& entry) {
        return now - entry.second.seen > kCandidateLifetime;
    });
    if (candidates_.size() < kPassiveViewMax) {
        return true;
    }
    const auto worth = [this, &world](NodeId node, unsigned failures) {
        return std::tuple(failures < kDialFailuresMax, world.is_member(node),
                          !world.is_reachable(node), weight(node));
    };
    const auto least = std::ranges::min_element(candidates_, {}, [&worth](const auto& entry) {
        return worth(entry.first, entry.second.failures);
    });
    if (least->second.dialled_at ||
        worth(newcomer, 0) < worth(least->first, least->second.failures)) {
        return false;
    }
    candidates_.erase(least);
    return true;
}

Instant PeerViews::look(DiscoveryPort& world, Instant now) {
    Scene scene{.world = world, .now = now, .neighbors = world.neighbors()};
    scene.bounded = static_cast<std::size_t>(std::ranges::count_if(
        scene.neighbors, [this](const ActiveNeighbor& neighbor) { return is_counted(neighbor); }));
    settle_dials(scene);
    const std::uint64_t dials_before = dials_;
    dial_missing(scene);
    bridge(scene);
    shed(scene);
    const bool is_hurried = scene.pending > 0 || dials_ != dials_before;
    const Duration even = is_hurried ? kLookHurried : kLookCalm;
    return now + random_.between(even * 3 / 4, even * 5 / 4);
}

bool PeerViews::is_counted(const ActiveNeighbor& neighbor) const {
    return neighbor.origin != LinkOrigin::Static && (role_ == Role::Leaf || !neighbor.is_leaf);
}

/// What has become of the dials before.
void PeerViews::settle_dials(Scene& scene) {
    for (auto& [node, candidate] : candidates_) {
        if (const ActiveNeighbor* neighbor = find(scene, node)) {
            candidate.dialled_at.reset();
            candidate.bridge_at.reset();
            candidate.failures = 0;
            candidate.cost = neighbor->cost;
            candidate.seen = scene.now;
        } else if (candidate.dialled_at && scene.now - *candidate.dialled_at >= kDialPatience) {
            ++dials_failed_;
            candidate.dialled_at.reset();
            candidate.again_at = scene.now + patience_after(candidate.failures++);
            // style: clang 14 does not compile std::ranges::rotate.
            std::rotate(candidate.addresses.begin(), candidate.addresses.begin() + 1,
                        candidate.addresses.end());
        }
        scene.pending += candidate.dialled_at ? 1U : 0U;
    }
}

void PeerViews::dial_missing(Scene& scene) {
    for (std::size_t i = 0; i < kDialsPerLook; ++i) {
        const std::size_t place = scene.bounded + scene.pending;
        if (place >= kActiveViewWanted) {
            return;
        }
        auto chosen = choose(scene, place, kActiveViewWanted);
        if (!chosen) {
            chosen = choose(scene, place, kActiveViewTolerated);
        }
        if (!chosen) {
            return;
        }
        dial(scene, *chosen, candidates_[*chosen]);
    }
}

/// Somebody with fewer neighbours than `room_below`. Who cannot be reached is not preferred: all
/// would dial him at once.
std::optional<NodeId> PeerViews::choose(const Scene& scene, std::size_t place,
                                        std::size_t room_below) {
    const bool is_near = place % 2 == 0;
    std::optional<NodeId> best;
    std::tuple<CandidateSource, std::uint32_t, std::uint64_t> best_rank;
    for (const auto& [node, candidate] : candidates_) {
        const bool is_sought = role_ == Role::Leaf || !scene.world.is_leaf(node);
        if (!is_sought || !may_dial(scene, node, candidate) ||
            scene.world.neighbor_count(node) >= room_below) {
            continue;
        }
        const auto rank = is_near ? std::tuple(candidate.source, candidate.cost, random_.next())
                                  : std::tuple(CandidateSource(), std::uint32_t{0}, ~weight(node));
        if (!best || rank < best_rank) {
            best = node;
            best_rank = rank;
        }
    }
    return best;
}

bool PeerViews::may_dial(const Scene& scene, NodeId node, const Candidate& candidate) const {
    return !candidate.dialled_at && candidate.again_at <= scene.now &&
           find(scene, node) == nullptr &&
           (scene.world.is_member(node) || strangers_.has(scene.now));
}

void PeerViews::dial(Scene& scene, NodeId node, Candidate& candidate) {
    if (!scene.world.is_member(node) && !strangers_.take(scene.now)) {
        return;
    }
    candidate.dialled_at = scene.now;
    ++scene.pending;
    ++dials_;
    scene.world.dial(node, candidate.addresses.front());
}

/// Two parts of the mesh that hear one another are one again: by a link more than is wanted, if
/// need be. All who hear the other part wait a random time; the first of them is enough.
void PeerViews::bridge(Scene& scene) {
    for (auto& [node, candidate] : candidates_) {
        if (!is_cut_off(scene, node, candidate)) {
            candidate.bridge_at.reset();
        } else if (!candidate.bridge_at) {
            candidate.bridge_at = scene.now + isolation_patience(scene);
        } else if (*candidate.bridge_at <= scene.now && may_dial(scene, node, candidate) &&
                   scene.bounded + scene.pending < kActiveViewMax) {
            candidate.bridge_at.reset();
            dial(scene, node, candidate);
            return;  // one in a look
        }
    }
}

/// It was heard lately, and there is no way to it. A leaf does not insist on having heard it: its
/// beacons may have been withheld, since others there say enough.
bool PeerViews::is_cut_off(const Scene& scene, NodeId node, const Candidate& candidate) const {
    const bool is_heard = role_ == Role::Leaf || (candidate.source != CandidateSource::Exchange &&
                                                  scene.now - candidate.seen <= kHeardFor);
    return is_heard && !scene.world.is_reachable(node) && find(scene, node) == nullptr;
}

/// He may link to us of his own accord; then, the more hear him, the longer each of them waits.
Duration PeerViews::isolation_patience(const Scene& scene) {
    if (role_ == Role::Leaf) {  // nobody else's link helps it
        return random_.between(Duration(), kLeafPatience);
    }
    const auto spread = std::max<Duration>(
        kIsolationSpreadMin,
        kIsolationSpreadPerNode * narrow<std::int64_t>(scene.world.reachable_count()));
    return kIsolationGrace + random_.between(Duration(), spread);
}

/// One in a while: a link of ours of which this side has too many, or the other.
void PeerViews::shed(Scene& scene) {
    if (role_ == Role::Leaf || scene.now < shed_at_ || scene.bounded <= kActiveViewMin) {
        return;
    }
    std::vector<NodeId> ours;
    for (const ActiveNeighbor& neighbor : scene.neighbors) {
        if (neighbor.origin == LinkOrigin::Discovered && !neighbor.is_leaf &&
            scene.now - neighbor.since >= kShedAgeMin &&
            scene.world.neighbor_count(neighbor.node) > kActiveViewMin) {
            ours.push_back(neighbor.node);
        }
    }
    std::optional<NodeId> chosen;
    if (!ours.empty() && scene.bounded > kActiveViewTolerated) {
        chosen = ours[random_.below(ours.size())];
    }
    for (const NodeId node : ours) {
        // All who have dialled it decide alone; together they give up as many as there are too
        // many.
        const std::size_t count = scene.world.neighbor_count(node);
        if (!chosen && count > kActiveViewTolerated &&
            random_.below(count) < count - kActiveViewTolerated) {
            chosen = node;
        }
    }
    if (chosen) {
        shed_at_ = scene.now + kShedInterval;
        ++given_up_;
        if (const auto found = candidates_.find(*chosen); found != candidates_.end()) {
            found->second.again_at = scene.now + kDialAgainMin;
        }
        scene.world.give_up(*chosen);
    }
}

std::uint64_t PeerViews::weight(NodeId node) const {
    std::array<std::uint8_t, 16> both{};
    ByteWriter out(both);
    out.u64(self_.value());
    out.u64(node.value());
    return hash_bytes(both);
}

const ActiveNeighbor* PeerViews::find(const Scene& scene, NodeId node) {
    const auto found = std::ranges::lower_bound(scene.neighbors, node, {}, &ActiveNeighbor::node);
    return found != scene.neighbors.end() && found->node == node ? &*found : nullptr;
}

}  // namespace kith::mesh
