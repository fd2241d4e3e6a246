#include "mesh/discovery/heard_beacons.h"

#include <algorithm>

#include "mesh/trust/node_key.h"

namespace kith::mesh {

HeardBeacons::Heard HeardBeacons::on_datagram(const runtime::SocketAddress& from, Bytes datagram,
                                              Instant now) {
    const Result<Beacon> beacon = decode_beacon(datagram);
    if (!beacon) {
        return {.verdict = beacon.error().kind == ErrorKind::Unsupported
                               ? BeaconVerdict::Unsupported
                               : BeaconVerdict::Malformed};
    }
    if (beacon->is_unpaired || beacon->mesh != self_.mesh) {
        const bool is_own = node_id_of(beacon->public_key) == self_.node;
        return {.verdict = is_own                ? BeaconVerdict::Own
                           : beacon->is_unpaired ? BeaconVerdict::Unpaired
                                                 : BeaconVerdict::Elsewhere};
    }
    const NodeId node = node_id_of(beacon->public_key);
    const bool was_known = was_heard(node, now);
    const auto before = heard_.find(node);
    const bool is_later = before == heard_.end() || before->second.epoch < beacon->epoch;
    const BeaconVerdict verdict = judge(node, *beacon, datagram, now);
    if (verdict == BeaconVerdict::Heard) {
        keep(node, *beacon, datagram, now);
    }
    return {.verdict = verdict,
            .node = node,
            .address = from.with_port(beacon->port),
            .link_state_digest = beacon->link_state_digest,
            .is_new = !was_known || is_later};
}

BeaconVerdict HeardBeacons::judge(NodeId node, const Beacon& beacon, Bytes datagram, Instant now) {
    if (node == self_.node) {
        return BeaconVerdict::Own;
    }
    const auto before = heard_.find(node);
    if (before != heard_.end()) {
        if (beacon.epoch < before->second.epoch) {
            return BeaconVerdict::Stale;
        }
        if (std::ranges::equal(datagram, before->second.datagram)) {
            return BeaconVerdict::Heard;  // verified when it came first
        }
    }
    if (!verifies_.take(now)) {
        return BeaconVerdict::Limited;
    }
    return world_.verify(beacon.public_key, signed_part(datagram), signature_part(datagram))
               ? BeaconVerdict::Heard
               : BeaconVerdict::Forged;
}

void HeardBeacons::keep(NodeId node, const Beacon& beacon, Bytes datagram, Instant now) {
    if (heard_.size() >= kHeardNodesMax && !heard_.contains(node)) {
        heard_.erase(std::ranges::min_element(heard_, {},
                                              [](const auto& entry) { return entry.second.last; }));
    }
    Entry& entry = heard_[node];
    entry.epoch = beacon.epoch;
    entry.last = now;
    std::ranges::copy(datagram, entry.datagram.begin());
}

std::size_t HeardBeacons::count(Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        heard_, [now](const auto& entry) { return now - entry.second.last <= kHeardFor; }));
}

bool HeardBeacons::was_heard(NodeId node, Instant now) const {
    const auto found = heard_.find(node);
    return found != heard_.end() && now - found->second.last <= kHeardFor;
}

std::string_view to_string(BeaconVerdict verdict) {
    switch (verdict) {
        case BeaconVerdict::Heard:
            return "heard";
        case BeaconVerdict::Own:
            return "own";
        case BeaconVerdict::Elsewhere:
            return "other_mesh";
        case BeaconVerdict::Unpaired:
            return "unpaired";
        case BeaconVerdict::Malformed:
            return "malformed";
        case BeaconVerdict::Unsupported:
            return "unsupported";
        case BeaconVerdict::Forged:
            return "forged";
        case BeaconVerdict::Stale:
            return "stale";
        case BeaconVerdict::Revoked:
            return "revoked";
        case BeaconVerdict::Limited:
            return "limited";
    }
    return "unknown";
}

}  // namespace kith::mesh
