#include "mesh/live/group_port.h"

#include "runtime/network.h"

namespace kith::mesh {

void GroupPort::refresh() {
    if (port_ == nullptr) {
        // A port of IPv6 cannot be bound to a group without naming one interface.
        const runtime::SocketAddress local =
            group_.is_v4() ? group_ : runtime::SocketAddress::v6({}, group_.port());
        auto opened = shard_.network().open_datagram(
            {.local = local, .multicast_hops = hops_, .shared = true}, handler_);
        if (!opened) {
            return;
        }
        port_ = std::move(*opened);
    }
    if (!port_->join(group_)) {
        port_.reset();
    }
}

bool GroupPort::send(Bytes datagram) {
    return send_to(group_, datagram);
}

bool GroupPort::send_out_of(runtime::InterfaceId interface, Bytes datagram) {
    return port_ != nullptr && port_->send_out_of(interface, group_, datagram).has_value();
}

bool GroupPort::send_to(const runtime::SocketAddress& to, Bytes datagram) {
    return port_ != nullptr && port_->send_to(to, datagram).has_value();
}

}  // namespace kith::mesh
