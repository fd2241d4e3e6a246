// Ids that cross module borders.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace kith {

/// A shard of this process, 0 to shard count - 1.
using ShardId = StrongId<struct ShardIdTag, std::uint16_t>;

/// A tenant: a topic tree of its own, and everybody in it. 0 is `default`.
using TenantId = StrongId<struct TenantIdTag, std::uint32_t>;
inline constexpr TenantId kDefaultTenant{0};

/// A session, as it is known on disk and between shards. Never reused within a store. 0 is none.
using SessionId = StrongId<struct SessionIdTag, std::uint64_t>;

/// A message in the message log, in the order in which this node accepted them. 0 is none.
using MessageId = StrongId<struct MessageIdTag, std::uint64_t>;

/// An MQTT packet identifier, 1 to 65,535 [MQTT-2.2.1-3]. 0 is none.
using PacketId = StrongId<struct PacketIdTag, std::uint16_t>;

}  // namespace kith
