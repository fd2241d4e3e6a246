// One subscription of one session, and what the index made of it.
#pragma once

#include <cstdint>

#include "base/qos.h"
#include "base/strong_id.h"
#include "broker/detail/filter_place.h"

namespace kith::broker {

class Session;

/// The subscription options byte (MQTT 5.0, section 3.8.3.1), kept as it is on wire and disk.
///
///      7 6   5 4         3    2    1 0
///     +-----+-----------+----+----+-----+
///     |  0  | retain    | as | no | qos |
///     |     | handling  |pub.|loc.| max |
///     +-----+-----------+----+----+-----+
struct SubscriptionOptions {
    std::uint8_t bits = 0;

    [[nodiscard]] Qos maximum_qos() const { return static_cast<Qos>(bits & 3U); }
    [[nodiscard]] bool no_local() const { return (bits & 4U) != 0; }
    [[nodiscard]] bool retain_as_published() const { return (bits & 8U) != 0; }
    [[nodiscard]] std::uint8_t retain_handling() const {
        return static_cast<std::uint8_t>((bits >> 4) & 3U);
    }
};

/// The number of a subscription on its shard; 0 is none.
using SubscriptionId = StrongId<struct SubscriptionIdTag, std::uint32_t>;

/// Kept by the index, which knows its text; the session has a list of the numbers. The address is
/// stable. There may be millions.
struct Subscription {
    Session* session = nullptr;
    FilterPlace place;  // of its filter; if shared, of its whole text in a tree of their own
    /// Not shared: in the index's list of this filter, if there are several. Shared: where its
    /// group is noted.
    std::uint32_t position = 0;
    std::uint32_t identifier = 0;  // subscription identifier, 0 is none
    SubscriptionOptions options;
    bool is_shared = false;
    bool counted_durable = false;  // as the index counted it
    bool awaits_snapshot = false;  // its retained messages wait for their turn (SnapshotServer)
};
static_assert(sizeof(Subscription) == 24);

}  // namespace kith::broker
