// A port of a multicast group that stays open while networks come and go.
// Threads: shard-local.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "runtime/datagram.h"
#include "runtime/shard.h"

namespace kith::mesh {

class GroupPort {
  public:
    GroupPort(runtime::Shard& shard, const runtime::SocketAddress& group, std::uint8_t hops,
              runtime::DatagramHandler& handler)
        : shard_(shard), group_(group), hops_(hops), handler_(handler) {}

    /// Opens it if it is not, and joins the group where it has not yet; call it from time to time.
    void refresh();
    void close() { port_.reset(); }
    [[nodiscard]] bool is_open() const { return port_ != nullptr; }

    /// False if it did not leave.
    bool send(Bytes datagram);
    bool send_out_of(runtime::InterfaceId interface, Bytes datagram);
    bool send_to(const runtime::SocketAddress& to, Bytes datagram);

  private:
    runtime::Shard& shard_;
    const runtime::SocketAddress group_;
    const std::uint8_t hops_;
    runtime::DatagramHandler& handler_;
    std::unique_ptr<runtime::Datagram> port_;
};

}  // namespace kith::mesh
