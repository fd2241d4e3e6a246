// Unordered datagrams: UDP or simulated. Beacons, MQTT-SN and CoAP use them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "runtime/address.h"

namespace kith::runtime {

/// As the kernel numbers the interfaces of this machine; none is 0.
using InterfaceId = StrongId<struct InterfaceIdTag, std::uint32_t>;

/// An interface that is up.
struct NetworkInterface {
    InterfaceId id;
    std::string name;
    bool is_loopback = false;
    bool carries_multicast = false;
    std::vector<SocketAddress> addresses;  // with port 0; at most kInterfaceAddressesMax
};

struct DatagramOptions {
    /// A multicast address may be open several times on one machine; it still needs
    /// Datagram::join().
    SocketAddress local;
    /// Links that a multicast datagram may cross: 1 stays on the link.
    std::uint8_t multicast_hops = 1;
    /// Other programs of this machine may have the same port open; an IPv6 port is for IPv6 alone.
    bool shared = false;
};

class DatagramHandler {
  public:
    /// One datagram; `bytes` is valid for the call.
    virtual void on_datagram(const SocketAddress& from, Bytes bytes) = 0;

  protected:
    ~DatagramHandler() = default;
};

/// An open port. Destroying it closes it, also from within on_datagram(). Threads: shard-local.
/// Limits: kDatagramBytesMax each way; larger ones are refused, or dropped and counted.
class Datagram {
  public:
    virtual ~Datagram() = default;
    /// Sends now or drops: Limit if it is too large or the socket's buffer is full, Io otherwise.
    /// To a multicast group: out of every interface that join() joined on.
    [[nodiscard]] virtual Status send_to(const SocketAddress& to, Bytes bytes) = 0;
    [[nodiscard]] virtual SocketAddress local() const = 0;
    /// To a multicast group, out of one interface. Errors: as send_to().
    [[nodiscard]] virtual Status send_out_of(InterfaceId interface, const SocketAddress& to,
                                             Bytes bytes) = 0;
    /// Joins a multicast group on all interfaces. The members on this machine hear each other.
    /// Again, it joins on those that have come meanwhile.
    [[nodiscard]] virtual Status join(const SocketAddress& group) = 0;
};

}  // namespace kith::runtime
