#include "storage/sqlite/detail/message_recovery.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/limits.h"
#include "storage/sqlite/detail/row_reader.h"

namespace kith::storage::detail {
namespace {

constexpr auto kStateMax = static_cast<std::uint8_t>(DeliveryState::Released);

void add_live(QueueRecord& queue, std::uint64_t sequence, std::uint32_t bytes,
              WallTime expires_at) {
    if (queue.message_count == 0) {
        queue.first_sequence = sequence;
    }
    ++queue.message_count;
    queue.size_bytes += bytes;
    const bool is_earlier =
        queue.first_expires_at == WallTime() || expires_at < queue.first_expires_at;
    if (expires_at != WallTime() && is_earlier) {
        queue.first_expires_at = expires_at;
    }
}

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
    TRY(drop_rows_without_session());
    TRY(collect_queues());
    TRY(pair_messages());
    TRY(drop_unpaired());
    TRY(show_sessions(visitor));
    TRY(show_subscriptions(visitor));
    show_queues(visitor);
    TRY(show_released(visitor));
    TRY(show_inbound(visitor));
    TRY(show_retained(visitor));
    return show_marks(visitor);
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

/// One pass over all deliveries: what they need, and what there is in each queue.
Status MessageRecovery::collect_queues() {
    queues_.clear();
    needed_.clear();
    const auto collect = [&](RowReader row) -> Status {
        const auto session = row.id<SessionId>();
        const auto sequence = row.integer<std::uint64_t>();
        const auto message = row.id<MessageId>();
        const auto bytes = row.integer<std::uint32_t>();
        const WallTime expires_at = row.wall_time();
        const bool is_live = row.integer<std::uint8_t>(kStateMax) != kStateMax;
        TRY(row.status());
        if (queues_.empty() || queues_.back().session != session) {
            queues_.push_back({.session = session});
        }
        QueueRecord& queue = queues_.back();
        queue.last_sequence = sequence;
        if (is_live) {
            add_live(queue, sequence, bytes, expires_at);
            needed_.push_back(message);
        }
        return {};
    };
    TRY(for_each_row(database_,
                     "SELECT session, sequence, message, bytes, expires_at_ms, state"
                     " FROM deliveries ORDER BY session, sequence",
                     collect));
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

/// Messages themselves are not read: there may be many.
Status MessageRecovery::pair_messages() {
    needed_at_ = 0;
    missing_.clear();
    messages_unneeded_.clear();
    message_count_ = 0;
    counts_.clear();
    const auto pair = [&](RowReader row) -> Status {
        const auto message = row.id<MessageId>();
        TRY(row.status());
        if (take_needed(message)) {
            ++message_count_;
        } else {
            messages_unneeded_.push_back(message);
        }
        return {};
    };
    TRY(for_each_row(database_, "SELECT id FROM messages ORDER BY id", pair));
    missing_.insert(missing_.end(), needed_.begin() + static_cast<std::ptrdiff_t>(needed_at_),
                    needed_.end());
    counts_.keep_changes();
    return {};
}

Result<std::vector<DeliveryKey>> MessageRecovery::find_unpaired() {
    std::vector<DeliveryKey> unpaired;
    if (missing_.empty()) {
        return unpaired;
    }
    const auto look = [&](RowReader row) -> Status {
        const DeliveryKey key{.session = row.id<SessionId>(),
                              .sequence = row.integer<std::uint64_t>(),
                              .message = row.id<MessageId>()};
        TRY(row.status());
        if (std::binary_search(missing_.begin(), missing_.end(), key.message)) {
            unpaired.push_back(key);
        }
        return {};
    };
    TRY(for_each_row(database_,
                     "SELECT session, sequence, message FROM deliveries WHERE state <> 2", look));
    return unpaired;
}

Status MessageRecovery::drop_unpaired() {
    if (messages_unneeded_.empty() && missing_.empty()) {
        return {};
    }
    TRY_ASSIGN(Transaction transaction, Transaction::begin(database_));
    for (const MessageId message : messages_unneeded_) {
        TRY(tables_.delete_message(message));
    }
    TRY_ASSIGN(const std::vector<DeliveryKey> unpaired, find_unpaired());
    for (const DeliveryKey& key : unpaired) {
        TRY_ASSIGN([[maybe_unused]] const Found found, tables_.delete_live_delivery(key));
    }
    TRY(transaction.commit());
    return unpaired.empty() ? Status{} : collect_queues();
}

void MessageRecovery::show_queues(RecoveryVisitor& visitor) const {
    for (const QueueRecord& queue : queues_) {
        visitor.on_queue(queue);
    }
}

Status MessageRecovery::show_released(RecoveryVisitor& visitor) {
    return for_each_row(database_,
                        "SELECT session, sequence, message, qos, retain, state, bytes,"
                        " expires_at_ms, subscription_identifiers FROM deliveries"
                        " WHERE state = 2 ORDER BY session, sequence",
                        [&](RowReader row) -> Status {
                            const DeliveryRecord delivery = read_delivery(row);
                            TRY(row.status());
                            visitor.on_delivery(delivery);
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

Status MessageRecovery::show_marks(RecoveryVisitor& visitor) {
    return for_each_row(
        database_, "SELECT key, value FROM marks ORDER BY key", [&](RowReader row) -> Status {
            const MarkRecord mark{.key = row.bytes(), .value = row.bytes()};
            if (mark.key.empty() || mark.key.size() > kMarkKeyBytesMax ||
                mark.value.size() > kMarkValueBytesMax) {
                return fail(ErrorKind::Corrupt, "a stored mark has a size that none can have");
            }
            visitor.on_mark(mark);
            return {};
        });
}

}  // namespace kith::storage::detail
