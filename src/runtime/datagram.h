// Unordered datagrams: UDP or simulated. Beacons, MQTT-SN and CoAP use them.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/address.h"

namespace kith::runtime {

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
    /// Joins a multicast group on all interfaces. The members on this machine hear each other.
    [[nodiscard]] virtual Status join(const SocketAddress& group) = 0;
};

}  // namespace kith::runtime
