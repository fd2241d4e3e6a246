#include "storage/sqlite/detail/message_recovery.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace kith::storage::detail {
namespace {

/// Reads the columns of a row from left to right and remembers whether a value was impossible.
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

template <typename OnRow>
Status for_each_row(Database& database, const char* sql, OnRow on_row) {
    TRY_ASSIGN(Statement statement, Statement::prepare(database, sql));
    for (;;) {
        TRY_ASSIGN(const bool has_row, statement.step());
        if (!has_row) {
            return {};
        }
        TRY(on_row(RowReader(statement)));
    }
}

}  // namespace

Status MessageRecovery::run(RecoveryVisitor& visitor) {
    counts_.clear();
    TRY(drop_rows_without_session());
    TRY(collect_needed());
    TRY(show_sessions(visitor));
    TRY(show_subscriptions(visitor));
    TRY(show_messages(visitor));
    TRY(show_deliveries(visitor));
    TRY(show_inbound(visitor));
    TRY(show_retained(visitor));
    counts_.keep_changes();
    return drop_unpaired();
}

Status MessageRecovery::drop_rows_without_session() {
    TRY_ASSIGN(Transaction transaction, Transaction::begin(database_));
    TRY(drop_rows_without_session("subscriptions"));
    TRY(drop_rows_without_session("deliveries"));
    TRY(drop_rows_without_session("inbound"));
    return transaction.commit();
}

/// Looks at each session of the table once, however many rows it has.
Status MessageRecovery::drop_rows_without_session(const char* table) {
    const std::string sql = fmt::format(
        "WITH RECURSIVE found(session) AS (SELECT min(session) FROM {0} UNION ALL"
        " SELECT (SELECT min(session) FROM {0} WHERE session > found.session) FROM found"
        " WHERE found.session IS NOT NULL)"
        " SELECT session FROM found WHERE session IS NOT NULL"
        " AND session NOT IN (SELECT id FROM sessions)",
        table);
    std::vector<SessionId> gone;
    TRY(for_each_row(database_, sql.c_str(), [&](RowReader row) -> Status {
        gone.push_back(row.id<SessionId>());
        return row.status();
    }));
    for (const SessionId session : gone) {
        TRY(tables_.delete_rows_of(session));
    }
    return {};
}

Status MessageRecovery::collect_needed() {
    TRY(for_each_row(database_, "SELECT message FROM deliveries WHERE state <> 2",
                     [&](RowReader row) -> Status {
                         needed_.push_back(row.id<MessageId>());
                         return row.status();
                     }));
    std::sort(needed_.begin(), needed_.end());
    return {};
}

bool MessageRecovery::take_needed(MessageId message) {
    while (needed_at_ < needed_.size() && needed_[needed_at_] < message) {
        missing_.push_back(needed_[needed_at_++]);
    }
    std::uint32_t live_count = 0;
    while (needed_at_ < needed_.size() && needed_[needed_at_] == message) {
        ++live_count;
        ++needed_at_;
    }
    if (live_count == 0) {
        return false;
    }
    counts_.set(message, live_count);
    return true;
}

Status MessageRecovery::show_sessions(RecoveryVisitor& visitor) {
    return for_each_row(
        database_,
        "SELECT id, tenant, client_id, principal, session_expiry_interval_s, protocol_version,"
        " disconnected_at_ms, will FROM sessions ORDER BY id",
        [&](RowReader row) -> Status {
            const SessionRecord session{.id = row.id<SessionId>(),
                                        .tenant = row.id<TenantId>(),
                                        .client_id = row.text(),
                                        .principal = row.text(),
                                        .session_expiry_interval_s = row.integer<std::uint32_t>(),
                                        .protocol_version = row.integer<std::uint8_t>(),
                                        .disconnected_at = row.wall_time(),
                                        .will = row.bytes()};
            TRY(row.status());
            visitor.on_session(session);
            return {};
        });
}

Status MessageRecovery::show_subscriptions(RecoveryVisitor& visitor) {
    return for_each_row(database_,
                        "SELECT session, filter, options, subscription_identifier"
                        " FROM subscriptions ORDER BY session, filter",
                        [&](RowReader row) -> Status {
                            const SubscriptionRecord subscription{
                                .session = row.id<SessionId>(),
                                .filter = row.text(),
                                .options = row.integer<std::uint8_t>(),
                                .subscription_identifier = row.integer<std::uint32_t>()};
                            TRY(row.status());
                            visitor.on_subscription(subscription);
                            return {};
                        });
}

Status MessageRecovery::show_messages(RecoveryVisitor& visitor) {
    const auto show = [&](RowReader row) -> Status {
        const MessageRecord message{.id = row.id<MessageId>(),
                                    .tenant = row.id<TenantId>(),
                                    .topic = row.text(),
                                    .payload = row.bytes(),
                                    .properties = row.bytes(),
                                    .qos = row.qos(),
                                    .published_at = row.wall_time(),
                                    .expires_at = row.wall_time()};
        TRY(row.status());
        if (take_needed(message.id)) {
            visitor.on_message(message);
        } else {
            messages_unneeded_.push_back(message.id);
        }
        return {};
    };
    TRY(for_each_row(database_,
                     "SELECT id, tenant, topic, payload, properties, qos, published_at_ms,"
                     " expires_at_ms FROM messages ORDER BY id",
                     show));
    missing_.insert(missing_.end(), needed_.begin() + static_cast<std::ptrdiff_t>(needed_at_),
                    needed_.end());
    return {};
}

Status MessageRecovery::show_deliveries(RecoveryVisitor& visitor) {
    constexpr auto kStateMax = static_cast<std::uint8_t>(DeliveryState::Released);
    return for_each_row(
        database_,
        "SELECT session, message, qos, retain, state, packet_id, subscription_identifiers"
        " FROM deliveries ORDER BY session, message",
        [&](RowReader row) -> Status {
            const DeliveryRecord delivery{
                .session = row.id<SessionId>(),
                .message = row.id<MessageId>(),
                .qos = row.qos(),
                .retain = row.integer<std::uint8_t>(1) != 0,
                .state = static_cast<DeliveryState>(row.integer<std::uint8_t>(kStateMax)),
                .packet_id = row.id<PacketId>(),
                .subscription_identifiers = row.bytes()};
            TRY(row.status());
            if (delivery.state != DeliveryState::Released &&
                std::binary_search(missing_.begin(), missing_.end(), delivery.message)) {
                deliveries_unpaired_.push_back({delivery.session, delivery.message});
            } else {
                visitor.on_delivery(delivery);
            }
            return {};
        });
}

Status MessageRecovery::show_inbound(RecoveryVisitor& visitor) {
    return for_each_row(database_,
                        "SELECT session, packet_id FROM inbound ORDER BY session, packet_id",
                        [&](RowReader row) -> Status {
                            const auto session = row.id<SessionId>();
                            const auto packet_id = row.id<PacketId>();
                            TRY(row.status());
                            visitor.on_inbound(session, packet_id);
                            return {};
                        });
}

Status MessageRecovery::show_retained(RecoveryVisitor& visitor) {
    return for_each_row(database_,
                        "SELECT tenant, topic, payload, properties, qos, published_at_ms,"
                        " expires_at_ms FROM retained ORDER BY tenant, topic",
                        [&](RowReader row) -> Status {
                            const RetainedRecord retained{.tenant = row.id<TenantId>(),
                                                          .topic = row.text(),
                                                          .payload = row.bytes(),
                                                          .properties = row.bytes(),
                                                          .qos = row.qos(),
                                                          .published_at = row.wall_time(),
                                                          .expires_at = row.wall_time()};
                            TRY(row.status());
                            visitor.on_retained(retained);
                            return {};
                        });
}

Status MessageRecovery::drop_unpaired() {
    TRY_ASSIGN(Transaction transaction, Transaction::begin(database_));
    for (const MessageId message : messages_unneeded_) {
        TRY(tables_.delete_message(message));
    }
    for (const DeliveryKey& key : deliveries_unpaired_) {
        TRY_ASSIGN([[maybe_unused]] const Found found,
                   tables_.delete_live_delivery(key.session, key.message));
    }
    return transaction.commit();
}

}  // namespace kith::storage::detail
