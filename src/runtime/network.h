// What a shard can open: listeners, streams, datagram ports. Implemented by epoll/ and by sim/.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "runtime/address.h"
#include "runtime/datagram.h"
#include "runtime/stream.h"

namespace kith::runtime {

class AcceptHandler {
  public:
    /// A peer connected. The stream reads from this turn on.
    virtual void on_accept(std::unique_ptr<Stream> stream) = 0;

  protected:
    ~AcceptHandler() = default;
};

/// An open listening port. Destroying it closes it. Threads: shard-local.
class Listener {
  public:
    virtual ~Listener() = default;
    [[nodiscard]] virtual SocketAddress local() const = 0;
};

struct ListenOptions {
    SocketAddress address;
    /// Several shards may listen on one address; the kernel spreads connections over them.
    bool shared = false;
    int backlog = 4096;
};

/// Threads: shard-local. Borrowed handlers must outlive what was opened with them.
class Network {
  public:
    virtual ~Network() = default;
    [[nodiscard]] virtual Result<std::unique_ptr<Listener>> listen(const ListenOptions& options,
                                                                   AcceptHandler& handler) = 0;
    /// Starts to connect; on_connected() or on_closed() of `handler` follows in a later turn. Only
    /// a lack of descriptors is an error of the call itself.
    [[nodiscard]] virtual Result<std::unique_ptr<Stream>> connect(const SocketAddress& to,
                                                                  StreamHandler& handler) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<Datagram>> open_datagram(
        const DatagramOptions& options, DatagramHandler& handler) = 0;
    /// In the kernel's order, kMulticastInterfacesMax at most.
    [[nodiscard]] virtual std::vector<NetworkInterface> interfaces() const = 0;
};

}  // namespace kith::runtime
