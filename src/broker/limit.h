// The limits that a node can reach, and what each is called: in the configuration, in /metrics, in
// events and in GET /api/v1/limits.
//
// One list, so that no limit refuses without being counted. Threads: immutable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace kith::broker {

enum class Limit : std::uint8_t {
    Connections,
    PendingConnections,
    PendingBytes,
    Sessions,
    Subscriptions,
    SessionSubscriptions,
    SubscribeFilters,
    TopicLevels,
    Topics,
    ClientTopics,
    RetainedMessages,
    RetainedBytes,
    QueuedBytes,
    SessionQueue,
    ReceiveMaximum,
    WillBytes,
    WillsBytes,
    ClientMessages,
    ClientBytes,
    ListenerMessages,
    ListenerBytes,
    ClientRetained,
    Connects,
    AddressConnects,
    FailedConnects,
};
inline constexpr std::size_t kLimitCount = static_cast<std::size_t>(Limit::FailedConnects) + 1;

/// Static text.
struct LimitFacts {
    std::string_view name;   // "sessions": stable, as in kith_limit_reached_total{limit=}
    std::string_view key;    // "mqtt.sessions_max"
    std::string_view unit;   // "sessions", "bytes", "messages/s"
    const char* words = "";  // for people: "as many sessions as allowed"
};
[[nodiscard]] const LimitFacts& facts_of(Limit limit);

/// How often a limit was met since the start, and when last.
struct LimitCount {
    std::uint64_t reached_count = 0;
    WallTime last_reached_at;  // 0: never
};
using LimitCounts = std::array<LimitCount, kLimitCount>;

}  // namespace kith::broker
