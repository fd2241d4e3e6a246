// One subscription of one session, and what the index made of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/qos.h"
#include "broker/detail/group_ref.h"

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

/// Owned by its session; the index points to it. The address is stable.
struct Subscription {
    Session* session = nullptr;
    std::string text;                 // as the client wrote it, $share included
    std::uint32_t filter_offset = 0;  // where the filter starts in `text`, behind $share/group/
    std::uint32_t position = 0;       // in the index's list of this filter
    std::uint32_t identifier = 0;     // subscription identifier, 0 is none
    GroupRef group;                   // if shared: as far as it is known
    SubscriptionOptions options;
    bool counted_durable = false;  // as the index counted it
    bool awaits_snapshot = false;  // its retained messages wait for their turn (SnapshotServer)

    [[nodiscard]] std::string_view filter() const {
        return std::string_view(text).substr(filter_offset);
    }
    [[nodiscard]] bool is_shared() const { return filter_offset != 0; }
    [[nodiscard]] std::string_view share_group() const {
        static constexpr std::size_t kPrefixBytes = 7;  // "$share/"
        return is_shared()
                   ? std::string_view(text).substr(kPrefixBytes, filter_offset - kPrefixBytes - 1)
                   : std::string_view();
    }
};

}  // namespace kith::broker
