// Limits of the WebSocket codec that RFC 6455 sets.
#pragma once

#include <cstddef>

namespace kith::websocket::limits {

/// Longest payload of a control frame, in bytes (section 5.5).
inline constexpr std::size_t kControlBytesMax = 125;

/// Longest reason in a close frame, in bytes: the code takes two.
inline constexpr std::size_t kCloseReasonBytesMax = kControlBytesMax - 2;

}  // namespace kith::websocket::limits
