// May this listener be opened? The rules by which nobody is in who does not belong.
//
// On loopback everything may listen. Off loopback MQTT needs TLS, HTTP gets TLS, unless the owner
// said `insecure` for that listener. Pure functions.
#pragma once

#include "node/config.h"
#include "node/problem.h"
#include "runtime/address.h"

#include <string>

namespace kith::node {

/// The addresses of all listeners that are on, checked. Problems name the key to set.
struct ListenPlan {
    std::optional<runtime::SocketAddress> mqtt;
    std::optional<runtime::SocketAddress> mqtts;
    std::optional<runtime::SocketAddress> http;
    bool http_uses_tls = false;
};

[[nodiscard]] OrProblem<ListenPlan> plan_listeners(const NodeConfig& config);

}  // namespace kith::node
