// The limits that hold everywhere, each with its unit and its reason.
//
// Limits that a user may set are configuration keys with these as defaults (docs/reference); limits
// of one module live in that module's limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::limits {

/// Largest MQTT packet taken or sent, in bytes. MQTT itself allows 256 MiB, which nobody's memory
/// should have to hold per connection.
inline constexpr std::uint32_t kPacketBytesMax = 1024 * 1024;

/// Longest topic name or filter, in bytes; MQTT allows 65,535.
inline constexpr std::size_t kTopicBytesMax = 1024;

/// Deepest topic name or filter, in levels; bounds every walk of the topic tree.
inline constexpr std::size_t kTopicLevelsMax = 32;

/// Messages that wait for one session, and their bytes; whichever comes first.
inline constexpr std::size_t kSessionQueueMessagesMax = 10'000;
inline constexpr std::size_t kSessionQueueBytesMax = 64 * 1024 * 1024;

/// Shards of one process: more than the cores of any machine this is meant for.
inline constexpr std::size_t kShardsMax = 64;

}  // namespace kith::limits
