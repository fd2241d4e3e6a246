// What a node may set of its broker. Each is a configuration key, documented in docs/reference.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"

namespace kith::broker {

/// What happens to a client that is faster than its rates allow.
enum class OverRate : std::uint8_t {
    Delay,       // it is read more slowly
    Disconnect,  // MQTT 5 with MessageRateTooHigh
};

/// What becomes of a client that publishes to a topic which its roles do not allow.
enum class DeniedPublish : std::uint8_t {
    Drop,        // the message is dropped; MQTT 5 is told with 0x87, MQTT 3 is acknowledged
    Disconnect,  // the connection ends
};

struct BrokerOptions {
    /// Largest packet taken and sent, in bytes. Larger ones end the connection with PacketTooLarge.
    std::uint32_t packet_bytes_max = limits::kPacketBytesMax;
    /// Messages and bytes that may wait for one session; more are dropped for it and counted. Those
    /// of a durable session beyond its window are on disk only. At most 10 million messages; a
    /// session that is not durable keeps 32,767 at most, since each has a packet id.
    std::size_t session_queue_messages_max = limits::kSessionQueueMessagesMax;
    std::size_t session_queue_bytes_max = limits::kSessionQueueBytesMax;
    /// Of these, in memory: messages (at most 32,000) and bytes of a durable session, and bytes of
    /// all sessions together. Above the latter a durable session gets on with 16 messages at a
    /// time, and with none while it is not connected.
    std::size_t session_window_messages_max = 1024;
    std::size_t session_window_bytes_max = 4 * 1024 * 1024;
    std::size_t queue_memory_bytes_max = 256 * 1024 * 1024;
    /// QoS 1 and 2 messages under way to one client at a time, at least 1; the client may ask for
    /// less.
    std::uint16_t inflight_messages_max = 1024;
    /// QoS 1 and 2 messages that one client may have under way to the node (Receive Maximum), at
    /// least 1.
    std::uint16_t receive_maximum = 1024;
    /// Topic aliases that a client may set, and that the node sets towards a client that allows it.
    std::uint16_t topic_alias_maximum = 64;
    std::size_t subscriptions_per_session_max = 10'000;
    std::size_t connections_max = 100'000;
    std::size_t sessions_max = 1'000'000;
    std::size_t retained_messages_max = 1'000'000;
    std::size_t retained_bytes_max = std::size_t{1024} * 1024 * 1024;
    /// Topics whose routes, rates and last values are kept; the longest unused make room. And those
    /// that one client's messages may take of them: to more it publishes a little more slowly.
    std::size_t topics_max = 100'000;
    std::size_t client_topics_max = 25'000;
    /// Levels of a topic or filter, at most limits::kTopicLevelsMax.
    std::uint16_t topic_levels_max = limits::kTopicLevelsMax;
    /// Subscriptions of all sessions, and filters that one SUBSCRIBE may ask for.
    std::size_t subscriptions_max = 10'000'000;
    std::size_t subscribe_filters_max = 4'096;
    /// Memory of all that waits, in bytes: queues, output, packets in part, uncommitted changes. As
    /// it fills, those who hold most are stopped first (detail/queue_memory.h).
    std::size_t queued_bytes_max = std::size_t{1024} * 1024 * 1024;
    /// Connections that have not been let in yet, and the bytes that they may hold together.
    std::size_t pending_connections_max = 20'000;
    std::size_t pending_bytes_max = std::size_t{64} * 1024 * 1024;
    /// A will with topic and properties, and all wills.
    std::size_t will_bytes_max = std::size_t{128} * 1024;
    std::size_t wills_bytes_max = std::size_t{256} * 1024 * 1024;
    /// PUBLISH packets, all bytes, and retained messages of one client a second; 0 is no limit.
    std::uint32_t client_messages_per_s_max = 0;
    std::uint64_t client_bytes_per_s_max = 0;
    std::uint32_t client_retained_per_s_max = 0;
    /// The same for all clients of one listener together.
    std::uint32_t listener_messages_per_s_max = 0;
    std::uint64_t listener_bytes_per_s_max = 0;
    OverRate over_rate = OverRate::Delay;
    /// CONNECTs a second: of the node, and of one address; 0 is no limit. And how often a minute
    /// one address may fail to be let in.
    std::uint32_t connects_per_s_max = 0;
    std::uint32_t address_connects_per_s_max = 0;
    std::uint32_t address_failed_connects_per_min_max = 0;
    /// A session outlives its connection at most this long, in seconds; 0xFFFFFFFF is for ever.
    std::uint32_t session_expiry_interval_max_s = 0xFFFF'FFFF;
    /// How long a connection may take to send its CONNECT and to be authenticated.
    Duration connect_timeout = 10s;
    /// How long publishers are held back for a subscriber that cannot keep up before QoS 0 messages
    /// to it are dropped and counted.
    Duration slow_consumer_hold = 50ms;
    /// The same for QoS 1 and 2: how long they are held back for a connected subscriber whose queue
    /// is nearly full before messages beyond it are dropped and counted. It starts anew each time
    /// that the queue has been half empty.
    Duration full_queue_hold = 5s;
    /// How often $SYS is published; 0 never.
    Duration sys_interval = 10s;
    DeniedPublish denied_publish = DeniedPublish::Drop;
};

/// Errors: Invalid, for what cannot be kept.
[[nodiscard]] Status check_options(const BrokerOptions& options);

/// `current` with what may change while clients are connected taken from `wanted`: all but what
/// they have been told at CONNECT.
[[nodiscard]] BrokerOptions reloaded(const BrokerOptions& current, const BrokerOptions& wanted);

}  // namespace kith::broker
