// One request on its way through the API: what it is, who sent it, how it is answered.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/guard.h"
#include "base/time.h"
#include "bus/authenticator.h"
#include "http/request.h"
#include "http/response.h"
#include "runtime/address.h"
#include "runtime/stream.h"

namespace kith::api {

enum class CallerKind : std::uint8_t { Nobody, Session, Token, Loopback };

struct Caller {
    CallerKind kind = CallerKind::Nobody;
    std::string principal;  // "user:anna", "token:k3f9"
    bus::Role role = bus::Role::Machine;
    std::string machine;                   // that a token belongs to, or empty
    std::vector<std::string> topic_roles;  // of a token
    std::string user;                      // of a session
    std::string csrf_token;                // of a session
    /// The cookie or token itself, so that a long-lived connection can be ended with it.
    std::string credential;
    WallTime expires_at;  // of a token that says so itself; 0: it is ended by other means
};

struct Call {
    http::Request request;
    Caller caller;
    std::vector<std::string> parameters;  // of the route, in order
    runtime::SocketAddress remote;        // of who asks, as far as proxies are believed
    bool is_proxied = false;  // somebody passes this on: whoever asks is not on this host
    Scheme scheme = Scheme::Http;
};

/// An answer. With `upgrade`, the connection goes over to it once the response is queued: with its
/// stream and whatever bytes came behind the request.
struct Reply {
    Reply(http::Response response_in)
        : response(std::move(response_in)) {}  // style: the usual case

    http::Response response;
    std::function<void(std::unique_ptr<runtime::Stream>, std::string)> upgrade;
};

/// To be called once, now or later; of no effect when the connection has gone meanwhile.
using Respond = std::function<void(Reply)>;

}  // namespace kith::api
