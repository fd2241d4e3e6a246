// What the opening handshake of RFC 6455 computes; the HTTP around it is http/'s business.
#pragma once

#include <string>
#include <string_view>

namespace kith::websocket {

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

}  // namespace kith::websocket
