// The limits of HTTP parsing, each with its unit and its reason. A server sets its own below these.
#pragma once

#include <cstddef>

namespace kith::http {

/// Request line and headers together, in bytes: what browsers send with room to spare.
inline constexpr std::size_t kHeadBytesMax = 8 * 1024;

/// Body of one request, in bytes: one MQTT payload of the largest size, as text or base64, fits
/// where the route allows it.
inline constexpr std::size_t kBodyBytesMax = 1024 * 1024;

/// Segments of a path and parameters of a query; bounds what one request makes a router walk.
inline constexpr std::size_t kPathSegmentsMax = 16;
inline constexpr std::size_t kQueryParametersMax = 32;

}  // namespace kith::http
