// The responder of multicast DNS in the world: port 5353, shared with whoever else has it.
//
// Interfaces that come and go are noticed within kInterfacesInterval. Threads: shard-local.
#pragma once

#include <vector>

#include "mesh/discovery/mdns_responder.h"
#include "mesh/live/group_port.h"
#include "runtime/datagram.h"
#include "runtime/shard.h"
#include "runtime/timer.h"

namespace kith::mesh {

class DiscoveryHost;

class MdnsHost final : MdnsPort, runtime::DatagramHandler, runtime::Timer {
  public:
    /// `listening`: where the services are, which says at which addresses they are reached.
    /// `discovery` hears of who is found, and outlives this.
    MdnsHost(runtime::Shard& shard, const MdnsOptions& options,
             std::vector<runtime::SocketAddress> listening, DiscoveryHost& discovery);

    void start();
    /// Says good-bye.
    void stop();

    [[nodiscard]] bool is_on() const { return v4_.is_open() || v6_.is_open(); }
    [[nodiscard]] const MdnsCounters& counters() const { return responder_.counters(); }

  private:
    // MdnsPort
    void send_multicast(runtime::InterfaceId interface, Bytes message) override;
    void send_unicast(const runtime::SocketAddress& to, Bytes message) override;
    void on_mdns_found(NodeId who, const runtime::SocketAddress& address) override;

    void on_datagram(const runtime::SocketAddress& from, Bytes bytes) override;
    void on_timer(Instant now) override;
    void look_at_interfaces();
    [[nodiscard]] bool is_reached_at(const runtime::SocketAddress& address) const;
    void arm();

    runtime::Shard& shard_;
    DiscoveryHost& discovery_;
    const std::vector<runtime::SocketAddress> listening_;
    GroupPort v4_;
    GroupPort v6_;
    MdnsResponder responder_;
    Instant interfaces_at_ = Instant::never();
};

}  // namespace kith::mesh
