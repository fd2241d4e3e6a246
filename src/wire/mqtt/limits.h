// Limits of the MQTT codec, each with its unit and its reason.
#pragma once

#include <cstddef>

namespace kith::mqtt::limits {

/// Largest memory, in bytes, that each of a Decoder's scratches keeps between packets. A packet may
/// need more; then the memory goes back before the next one.
inline constexpr std::size_t kScratchBytesKept = 64 * 1024;

}  // namespace kith::mqtt::limits
