// What systemd wants to hear of a service (sd_notify(3)), without its library: one datagram.
#pragma once

#include <string_view>

namespace kith::node {

/// Sends e.g. "READY=1" to $NOTIFY_SOCKET; does nothing without one. Threads: any.
void notify_systemd(std::string_view state);

}  // namespace kith::node
