#include "mesh/discovery/discovery.h"

#include <algorithm>

namespace kith::mesh {
namespace {

constexpr Trickle::Times kBeaconTimes{.interval_min = kBeaconIntervalMin,
                                      .interval_max = kBeaconIntervalMax,
                                      .answer_jitter = kBeaconAnswerJitter,
                                      .redundancy = kBeaconsEqual};

}  // namespace

Discovery::Discovery(const DiscoveryOptions& options, DiscoveryPort& world, std::uint64_t seed)
    : options_(options),
      world_(world),
      trickle_(kBeaconTimes, seed),
      heard_({.node = options.self, .mesh = options.mesh}, world),
      views_(options.self, options.is_leaf ? PeerViews::Role::Leaf : PeerViews::Role::Router,
             seed + 1) {}

void Discovery::start(Instant now) {
    if (is_unpaired() || options_.port != 0) {
        trickle_.start(now);
    }
    if (!is_unpaired()) {
        look_at_ = now + kLookHurried;
    }
}

void Discovery::on_datagram(const runtime::SocketAddress& from, Bytes datagram, Instant now) {
    HeardBeacons::Heard heard = heard_.on_datagram(from, datagram, now);
    if (heard.verdict == BeaconVerdict::Heard && world_.is_revoked(heard.node)) {
        heard.verdict = BeaconVerdict::Revoked;
    }
    ++counters_.beacons[static_cast<std::size_t>(heard.verdict)];
    if (heard.verdict != BeaconVerdict::Heard) {
        return;
    }
    counters_.strangers += world_.is_member(heard.node) ? 0U : 1U;
    // To whoever finds one of this part of the mesh, this node has nothing to add. That somebody
    // knows as much does not do: at the beginning, all know nothing.
    if (world_.is_reachable(heard.node)) {
        trickle_.on_equal();
    }
    if (heard.is_new) {
        trickle_.reset(now);
    }
    on_named({heard.node, heard.address, CandidateSource::Beacon}, now);
}

void Discovery::on_named(const Sighting& sighting, Instant now) {
    if (is_unpaired()) {
        return;
    }
    const std::size_t before = views_.candidate_count();
    counters_.view_full += views_.add(sighting, world_, now) ? 0U : 1U;
    if (views_.candidate_count() > before) {
        look_at_ = std::min(look_at_, now + kLookHurried);
    }
}

void Discovery::on_timer(Instant now) {
    switch (trickle_.on_timer(now)) {
        case Trickle::Turn::Say:
            send_beacon();
            break;
        case Trickle::Turn::Withhold:
            ++counters_.beacons_withheld;
            break;
        case Trickle::Turn::Nothing:
            break;
    }
    if (look_at_ <= now) {
        look_at_ = views_.look(world_, now);
    }
}

void Discovery::send_beacon() {
    const Beacon beacon{.is_unpaired = is_unpaired(),
                        .port = is_unpaired() ? std::uint16_t{0} : options_.port,
                        .epoch = options_.epoch,
                        .mesh = options_.mesh,
                        .link_state_digest = is_unpaired() ? 0 : world_.link_state_digest(),
                        .public_key = options_.public_key};
    std::array<std::uint8_t, kBeaconBytes> datagram{};
    encode_signed(beacon, datagram);
    world_.sign(signed_part(datagram), MutableBytes(datagram).subspan(kBeaconSignedBytes));
    ++counters_.beacons_sent;
    world_.send_beacon(datagram);
}

Instant Discovery::deadline() const {
    return std::min(trickle_.deadline(), look_at_);
}

DiscoveryCounters Discovery::counters() const {
    DiscoveryCounters all = counters_;
    all.dials = views_.dials();
    all.dials_failed = views_.dials_failed();
    all.given_up = views_.given_up();
    return all;
}

}  // namespace kith::mesh
