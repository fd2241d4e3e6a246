#include "mesh/live/mdns_host.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "mesh/live/discovery_host.h"
#include "mesh/live/limits.h"
#include "runtime/network.h"

namespace kith::mesh {
namespace {

using runtime::SocketAddress;

// RFC 6762, 3 and 11: "All Multicast DNS responses SHOULD be sent with IP TTL set to 255."
constexpr std::uint8_t kHops = 255;
SocketAddress group_v4() {
    return SocketAddress::v4({224, 0, 0, 251}, kMdnsPort);
}
SocketAddress group_v6() {
    return SocketAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb}, kMdnsPort);
}

}  // namespace

MdnsHost::MdnsHost(runtime::Shard& shard, const MdnsOptions& options,
                   std::vector<SocketAddress> listening, DiscoveryHost& discovery)
    : shard_(shard),
      discovery_(discovery),
      listening_(std::move(listening)),
      v4_(shard, group_v4(), kHops, *this),
      v6_(shard, group_v6(), kHops, *this),
      responder_(options, *this, shard.random().next()) {}

void MdnsHost::start() {
    look_at_interfaces();
    responder_.start(shard_.now());
    interfaces_at_ = shard_.now() + kInterfacesInterval;
    arm();
}

void MdnsHost::stop() {
    runtime::Timer::cancel();
    responder_.stop();
    v4_.close();
    v6_.close();
}

void MdnsHost::look_at_interfaces() {
    v4_.refresh();
    if (std::ranges::any_of(listening_, [](const auto& address) { return !address.is_v4(); })) {
        v6_.refresh();
    }
    std::vector<MdnsInterface> usable;
    for (const runtime::NetworkInterface& interface : shard_.network().interfaces()) {
        MdnsInterface told{.id = interface.id, .addresses = interface.addresses};
        std::erase_if(told.addresses,
                      [this](const auto& address) { return !is_reached_at(address); });
        if (interface.carries_multicast && !interface.is_loopback && !told.addresses.empty()) {
            usable.push_back(std::move(told));
        }
    }
    responder_.set_interfaces(std::move(usable), shard_.now());
}

bool MdnsHost::is_reached_at(const SocketAddress& address) const {
    return std::ranges::any_of(listening_, [&address](const SocketAddress& listening) {
        // [::] takes IPv4, too.
        return listening.is_any() ? address.is_v4() || !listening.is_v4()
                                  : listening.ip() == address.ip();
    });
}

void MdnsHost::on_datagram(const SocketAddress& from, Bytes bytes) {
    // The port of IPv6 hears what is sent to this machine alone, too: from the link, it may.
    if (from.is_v4() || from.is_link_local()) {
        responder_.on_datagram(from, bytes, shard_.now());
        arm();
    }
}

void MdnsHost::on_timer(Instant now) {
    if (interfaces_at_ <= now) {
        interfaces_at_ = now + kInterfacesInterval;
        look_at_interfaces();
    }
    responder_.on_timer(now);
    arm();
}

void MdnsHost::arm() {
    shard_.arm(*this, std::min(responder_.deadline(), interfaces_at_));
}

void MdnsHost::send_multicast(runtime::InterfaceId interface, Bytes message) {
    v4_.send_out_of(interface, message);
    v6_.send_out_of(interface, message);
}

void MdnsHost::send_unicast(const SocketAddress& to, Bytes message) {
    (to.is_v4() ? v4_ : v6_).send_to(to, message);
}

void MdnsHost::on_mdns_found(NodeId who, const SocketAddress& address) {
    discovery_.on_named(who, address, CandidateSource::Mdns);
}

}  // namespace kith::mesh
