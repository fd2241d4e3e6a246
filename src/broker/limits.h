// The broker's fixed limits, each with its unit and its reason. Those a user may set are in
// options.h.
#pragma once

#include <cstddef>

namespace kith::broker {

/// Longest client id, in bytes: it is a key in tables and a level in topics.
inline constexpr std::size_t kClientIdBytesMax = 256;

/// Unsent bytes of one connection above which QoS 0 messages to it are dropped at once.
/// Back-pressure stops its publishers long before; this bounds what arrives until they have
/// stopped.
inline constexpr std::size_t kUnsentBytesMax = 8 * 1024 * 1024;

/// Retained messages that one shard sends a new subscription before it waits to be asked for more.
inline constexpr std::size_t kSnapshotChunkMessages = 256;
inline constexpr std::size_t kSnapshotChunkBytes = 64 * 1024;

}  // namespace kith::broker
