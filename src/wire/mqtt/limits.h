// Limits of the MQTT codec, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kith::mqtt::limits {

/// Longest string or binary field, in bytes: its length has two (MQTT 5.0, section 1.5.4).
inline constexpr std::size_t kFieldBytesMax = 65'535;

/// Largest memory, in bytes, that each of a Decoder's scratches keeps between packets. A packet may
/// need more; then the memory goes back before the next one.
inline constexpr std::size_t kScratchBytesKept = 64 * 1024;

}  // namespace kith::mqtt::limits
