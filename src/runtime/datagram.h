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

/// An open port. Destroying it closes it. Threads: shard-local.
class Datagram {
  public:
    virtual ~Datagram() = default;
    /// Sends now or drops: Limit if the socket's buffer is full, Io otherwise.
    [[nodiscard]] virtual Status send_to(const SocketAddress& to, Bytes bytes) = 0;
    [[nodiscard]] virtual SocketAddress local() const = 0;
    /// Joins a multicast group on all interfaces.
    [[nodiscard]] virtual Status join(const SocketAddress& group) = 0;
};

}  // namespace kith::runtime
