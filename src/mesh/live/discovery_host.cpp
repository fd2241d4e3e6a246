#include "mesh/live/discovery_host.h"

#include <algorithm>
#include <string>

#include "crypto/signature.h"
#include "mesh/live/beacon_groups.h"
#include "mesh/live/limits.h"
#include "mesh/trust/pairing.h"

namespace kith::mesh {
namespace {

using runtime::SocketAddress;

std::uint16_t port_of(const MeshHost* host) {
    return host == nullptr || !host->address() ? std::uint16_t{0} : host->address()->port();
}

}  // namespace

DiscoveryHost::DiscoveryHost(runtime::Shard& shard, const NodeKey& key, MeshHost* host,
                             const Options& options)
    : shard_(shard),
      key_(key),
      host_(host),
      members_(options.members),
      discovery_({.self = key.id(),
                  .public_key = key.public_key(),
                  .mesh = options.mesh,
                  .epoch = options.epoch,
                  .port = port_of(host),
                  .is_leaf = options.is_leaf},
                 *this, shard.random().next()),
      v4_(shard, beacon_group_v4(), kBeaconHops, *this),
      v6_(shard, beacon_group_v6(), kBeaconHops, *this) {}

void DiscoveryHost::start() {
    const std::optional<SocketAddress> listening =
        host_ == nullptr ? SocketAddress() : host_->address();
    if (!listening || listening->is_loopback()) {
        return;
    }
    says_v4_ = listening->is_v4() || listening->is_any();
    says_v6_ = !listening->is_v4() || host_ == nullptr;
    const Instant now = shard_.now();
    look_at_interfaces();
    discovery_.start(now);
    interfaces_at_ = now + kInterfacesInterval;
    locators_at_ = host_ == nullptr ? Instant::never() : now;
    arm();
}

void DiscoveryHost::stop() {
    runtime::Timer::cancel();
    v4_.close();
    v6_.close();
}

void DiscoveryHost::on_datagram(const SocketAddress& from, Bytes bytes) {
    if (is_pairing_offer(bytes)) {
        return;  // for those who belong to no mesh (pairing_port.h)
    }
    discovery_.on_datagram(from, bytes, shard_.now());
    arm();
}

void DiscoveryHost::on_named(NodeId who, const SocketAddress& address, CandidateSource source) {
    discovery_.on_named({who, address, source}, shard_.now());
}

void DiscoveryHost::on_timer(Instant now) {
    if (interfaces_at_ <= now) {
        interfaces_at_ = now + kInterfacesInterval;
        look_at_interfaces();
    }
    if (locators_at_ <= now) {
        locators_at_ = now + kLocatorsInterval;
        learn_locators();
    }
    discovery_.on_timer(now);
    arm();
}

void DiscoveryHost::arm() {
    shard_.arm(*this, std::min({discovery_.deadline(), interfaces_at_, locators_at_}));
}

void DiscoveryHost::look_at_interfaces() {
    if (says_v4_) {
        v4_.refresh();
    }
    if (says_v6_) {
        v6_.refresh();
    }
    if (host_ != nullptr) {
        tell_locators();
    }
}

void DiscoveryHost::tell_locators() {
    const SocketAddress listening = *host_->address();
    std::vector<SocketAddress> places;
    if (!listening.is_any()) {
        places.push_back(listening);
    } else {
        for (const runtime::NetworkInterface& interface : shard_.network().interfaces()) {
            places.insert(places.end(), interface.addresses.begin(), interface.addresses.end());
        }
    }
    std::vector<std::string> locators;
    for (const SocketAddress& place : places) {
        const bool is_said = place.is_v4() ? says_v4_ : says_v6_;
        if (is_said && !place.is_loopback() && !place.is_link_local()) {
            locators.push_back(place.with_port(listening.port()).to_string());
        }
    }
    host_->call([&locators](MeshNode& core, Instant now) { core.set_locators(locators, now); });
}

/// Peer exchange: who is known to be in the mesh is a candidate where he says that he is.
void DiscoveryHost::learn_locators() {
    if (discovery_.has_enough()) {
        return;
    }
    const std::vector<NodeView> nodes = host_->node().nodes();
    const std::size_t first = nodes.empty() ? 0 : shard_.random().below(nodes.size());
    for (std::size_t i = 0; i < nodes.size() && !discovery_.has_enough(); ++i) {
        const NodeView& told = nodes[(first + i) % nodes.size()];
        for (const std::string& locator : told.locators) {
            if (const auto address = SocketAddress::parse(locator);
                address && !address->is_any() && !address->is_multicast()) {
                on_named(told.node, *address, CandidateSource::Exchange);
            }
        }
    }
}

// DiscoveryPort.

void DiscoveryHost::sign(Bytes message, MutableBytes signature) {
    key_.sign(message, signature);
}

bool DiscoveryHost::verify(const PublicKey& key, Bytes message, Bytes signature) const {
    const auto verification = crypto::VerificationKey::ed25519(key);
    return verification &&
           verification->verify(crypto::SignatureAlgorithm::EdDsa, message, signature);
}

bool DiscoveryHost::is_member(NodeId who) const {
    return members_ != nullptr && members_->find(who) != nullptr;
}

bool DiscoveryHost::is_revoked(NodeId who) const {
    return members_ != nullptr && members_->is_revoked(who);
}

bool DiscoveryHost::is_reachable(NodeId who) const {
    return std::ranges::binary_search(picture().reachable, who);
}

std::size_t DiscoveryHost::neighbor_count(NodeId who) const {
    const auto& counts = picture().neighbor_counts;
    const auto found =
        std::ranges::lower_bound(counts, who, {}, [](const auto& count) { return count.first; });
    return found != counts.end() && found->first == who ? found->second : 0;
}

bool DiscoveryHost::is_leaf(NodeId who) const {
    return std::ranges::binary_search(picture().leaves, who);
}

std::uint64_t DiscoveryHost::link_state_digest() const {
    return host_->node().digests().of_kind[static_cast<std::size_t>(RecordKind::LinkState) - 1];
}

std::vector<ActiveNeighbor> DiscoveryHost::neighbors() const {
    const std::vector<LiveLinkView> links = host_->links();
    std::vector<ActiveNeighbor> found;
    for (const NeighborView& neighbor : host_->node().neighbors()) {
        ActiveNeighbor active{.node = neighbor.node,
                              .origin = LinkOrigin::Accepted,
                              .cost = neighbor.cost,
                              .since = shard_.now(),
                              .is_leaf = is_leaf(neighbor.node)};
        for (const LiveLinkView& link : links) {
            if (link.node == neighbor.node) {
                active.origin = std::min(active.origin, link.origin);
                active.since = std::min(active.since, link.open_since);
            }
        }
        found.push_back(active);
    }
    std::ranges::sort(found, {}, &ActiveNeighbor::node);
    return found;
}

void DiscoveryHost::send_beacon(Bytes datagram) {
    const bool left_v4 = v4_.send(datagram);
    const bool left_v6 = v6_.send(datagram);
    beacons_unsent_ += left_v4 || left_v6 ? 0U : 1U;
}

void DiscoveryHost::dial(NodeId, const SocketAddress& address) {
    host_->link_to(address);
}

void DiscoveryHost::give_up(NodeId who) {
    host_->unlink(who);
}

const DiscoveryHost::Picture& DiscoveryHost::picture() const {
    const Instant now = shard_.now();
    if (picture_ && now - picture_->at < kPictureAge) {
        return *picture_;
    }
    picture_.emplace(Picture{.at = now, .reachable = {}, .neighbor_counts = {}, .leaves = {}});
    if (host_ != nullptr) {
        for (const RouteView& route : host_->node().routes()) {
            if (route.next_hop != NodeId()) {
                picture_->reachable.push_back(route.node);
            }
        }
        for (const NodeView& told : host_->node().nodes()) {
            picture_->neighbor_counts.emplace_back(told.node, told.neighbors.size());
            if (told.role == NodeRole::Leaf) {
                picture_->leaves.push_back(told.node);
            }
        }
        std::ranges::sort(picture_->reachable);
    }
    return *picture_;
}

DiscoveryView DiscoveryHost::view() const {
    return {.is_on = v4_.is_open() || v6_.is_open(),
            .heard = discovery_.heard_count(shard_.now()),
            .candidates = discovery_.candidate_count(),
            .beacons_unsent = beacons_unsent_,
            .counters = discovery_.counters()};
}

}  // namespace kith::mesh
