// The HTTP side of the WebSocket handshake (RFC 6455, section 4.2).
#pragma once

#include <string_view>

#include "api/problem.h"
#include "http/request.h"
#include "http/response.h"

namespace kith::api {

/// The 101 response to a right handshake, with `subprotocol` if it is not empty; the problem if the
/// request is none: 426 without an upgrade, 400 with a wrong one.
[[nodiscard]] tl::expected<http::Response, Problem> accept_websocket(const http::Request& request,
                                                                     std::string_view subprotocol);

}  // namespace kith::api
