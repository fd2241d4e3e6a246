// What a listener knows about a connection that it hands to the broker.
#pragma once

#include <string>
#include <vector>

#include "bus/authenticator.h"

namespace kith::broker {

struct AcceptOptions {
    /// Clients without credentials are let in: raw TCP from loopback, where the listener allows it.
    bool allow_anonymous = false;
    /// Who opened the WebSocket, if it came over HTTP with a session or token.
    std::string session_principal;
    bus::Role session_role = bus::Role::Machine;
    std::string session_machine;
    std::vector<std::string> session_topic_roles;
    WallTime session_expires_at = {};  // 0: it is ended by other means
};

}  // namespace kith::broker
