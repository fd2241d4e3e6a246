// The columns of a row as members of records, from left to right.
//
// Remembers whether a value was one that no record can hold: the file is then corrupt. Threads:
// that of the store.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "storage/records.h"
#include "storage/sqlite/detail/database.h"

namespace kith::storage::detail {

class RowReader {
  public:
    explicit RowReader(const Statement& row) : row_(row) {}

    template <typename Id>
    Id id() {
        return Id(integer<typename Id::rep>());
    }
    template <typename Integer>
    Integer integer(Integer max = std::numeric_limits<Integer>::max()) {
        const std::int64_t value = row_.integer(column_++);
        impossible_ = impossible_ || value < 0 || std::cmp_greater(value, max);
        return static_cast<Integer>(value);
    }
    Qos qos() { return static_cast<Qos>(integer<std::uint8_t>(2)); }
    WallTime wall_time() { return WallTime::from_ms(row_.integer(column_++)); }
    std::string_view text() { return row_.text(column_++); }
    Bytes bytes() { return row_.bytes(column_++); }

    [[nodiscard]] Status status() const {
        if (impossible_) {
            return fail(ErrorKind::Corrupt, "a stored row holds an impossible value");
        }
        return {};
    }

  private:
    const Statement& row_;
    int column_ = 0;
    bool impossible_ = false;
};

/// session, sequence, message, qos, retain, state, bytes, expires_at_ms, subscription_identifiers
[[nodiscard]] inline DeliveryRecord read_delivery(RowReader& row) {
    constexpr auto kStateMax = static_cast<std::uint8_t>(DeliveryState::Released);
    return {.session = row.id<SessionId>(),
            .sequence = row.integer<std::uint64_t>(),
            .message = row.id<MessageId>(),
            .qos = row.qos(),
            .retain = row.integer<std::uint8_t>(1) != 0,
            .state = static_cast<DeliveryState>(row.integer<std::uint8_t>(kStateMax)),
            .size_bytes = row.integer<std::uint32_t>(),
            .expires_at = row.wall_time(),
            .subscription_identifiers = row.bytes()};
}

/// id, tenant, topic, payload, properties, qos, published_at_ms, expires_at_ms
[[nodiscard]] inline MessageRecord read_message(RowReader& row) {
    return {.id = row.id<MessageId>(),
            .tenant = row.id<TenantId>(),
            .topic = row.text(),
            .payload = row.bytes(),
            .properties = row.bytes(),
            .qos = row.qos(),
            .published_at = row.wall_time(),
            .expires_at = row.wall_time()};
}

}  // namespace kith::storage::detail
