// Limits of the SDK, each with its unit and its reason. Those a user may set are in MachineOptions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::sdk {

/// Publishes that wait to be sent or acknowledged, and the bytes of their topics and payloads;
/// whichever comes first. What does not fit is refused, so that a machine without a node keeps its
/// memory.
inline constexpr std::size_t kQueueMessagesMax = 10'000;
inline constexpr std::size_t kQueueBytesMax = 16 * 1024 * 1024;

/// Payload and properties of one publish, in bytes: MQTT ends at 256 MiB with everything around
/// them.
inline constexpr std::size_t kMessageBytesMax = 255 * 1024 * 1024;

/// Filters that one machine may subscribe to, and methods that it may serve.
inline constexpr std::size_t kSubscriptionsMax = 10'000;

/// Calls that wait for their answer.
inline constexpr std::size_t kCallsMax = 10'000;

/// Timers of every() and after() that are armed.
inline constexpr std::size_t kTimersMax = 10'000;

/// Encoded bytes that wait for the stream before the queue is encoded further.
inline constexpr std::size_t kOutputBytesMax = 256 * 1024;

/// QoS 1 and 2 messages under way when the node names no Receive Maximum of its own, as MQTT 3
/// nodes cannot: far more than the largest window of a link that a machine has.
inline constexpr std::uint16_t kInflightMessagesMax = 1024;

/// From the start of a connection to its CONNACK: name, TCP, TLS and MQTT together.
inline constexpr Duration kConnectTimeout = 10s;

/// From PINGREQ to any byte of the node; then the connection is dead.
inline constexpr Duration kPingTimeout = 10s;

/// The first and the longest pause before a connection is tried again; it doubles from try to try,
/// and a random half of it is left out, so that a restarted node is not met by all machines at
/// once.
inline constexpr Duration kRetryMin = 250ms;
inline constexpr Duration kRetryMax = 30s;

/// A connection that held this long was a good one: the next pause is the first again.
inline constexpr Duration kStableAfter = 5s;

}  // namespace kith::sdk
