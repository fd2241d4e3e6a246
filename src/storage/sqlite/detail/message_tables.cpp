#include "storage/sqlite/detail/message_tables.h"

#include <iterator>

#include "base/narrow.h"
#include "storage/limits.h"
#include "storage/sqlite/detail/row_reader.h"

namespace kith::storage::detail {

enum class MessageTables::Sql : std::uint8_t {
    Begin,
    Commit,
    PutSession,
    DeleteSession,
    DeleteSubscriptionsOf,
    DeleteDeliveriesOf,
    DeleteInboundOf,
    PutSubscription,
    DeleteSubscription,
    PutMessage,
    DeleteMessage,
    FindMessage,
    PutDelivery,
    FindLiveDelivery,
    SetLiveDelivery,
    DeleteLiveDelivery,
    DeleteReleasedDelivery,
    ListLiveMessages,
    ReadQueue,
    ReadMessage,
    PutInbound,
    DeleteInbound,
    PutRetained,
    DeleteRetained,
    PutMark,
    DeleteMark,
    IdMark,
    PutIdMark,
    Count,
};

namespace {

// In the order of MessageTables::Sql. State 2 is Released.
constexpr const char* kSql[] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "INSERT OR REPLACE INTO sessions(id, tenant, client_id, principal, session_expiry_interval_s,"
    " protocol_version, disconnected_at_ms, will) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "DELETE FROM sessions WHERE id = ?1",
    "DELETE FROM subscriptions WHERE session = ?1",
    "DELETE FROM deliveries WHERE session = ?1",
    "DELETE FROM inbound WHERE session = ?1",
    "INSERT OR REPLACE INTO subscriptions(session, filter, options, subscription_identifier)"
    " VALUES(?1, ?2, ?3, ?4)",
    "DELETE FROM subscriptions WHERE session = ?1 AND filter = ?2",
    "INSERT OR REPLACE INTO messages(id, tenant, qos, published_at_ms, expires_at_ms, topic,"
    " properties, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "DELETE FROM messages WHERE id = ?1",
    "SELECT 1 FROM messages WHERE id = ?1",
    "INSERT OR REPLACE INTO deliveries(session, sequence, message, state, qos, retain, bytes,"
    " expires_at_ms, subscription_identifiers) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    "SELECT 1 FROM deliveries WHERE session = ?1 AND sequence = ?2 AND state <> 2",
    "UPDATE deliveries SET state = ?3 WHERE session = ?1 AND sequence = ?2 AND state <> 2",
    "DELETE FROM deliveries WHERE session = ?1 AND sequence = ?2 AND state <> 2",
    "DELETE FROM deliveries WHERE session = ?1 AND sequence = ?2 AND state = 2",
    "SELECT message FROM deliveries WHERE session = ?1 AND state <> 2",
    "SELECT session, sequence, message, qos, retain, state, bytes, expires_at_ms,"
    " subscription_identifiers FROM deliveries"
    " WHERE session = ?1 AND sequence >= ?2 AND sequence < ?3 AND state <> 2 ORDER BY sequence",
    "SELECT id, tenant, topic, payload, properties, qos, published_at_ms, expires_at_ms"
    " FROM messages WHERE id = ?1",
    "INSERT OR IGNORE INTO inbound(session, packet_id) VALUES(?1, ?2)",
    "DELETE FROM inbound WHERE session = ?1 AND packet_id = ?2",
    "INSERT OR REPLACE INTO retained(tenant, topic, qos, published_at_ms, expires_at_ms,"
    " properties, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    "DELETE FROM retained WHERE tenant = ?1 AND topic = ?2",
    "INSERT OR REPLACE INTO marks(key, value) VALUES(?1, ?2)",
    "DELETE FROM marks WHERE key = ?1",
    "SELECT value FROM id_marks WHERE name = ?1",
    "INSERT OR REPLACE INTO id_marks(name, value) VALUES(?1, ?2)",
};
static_assert(static_cast<int>(DeliveryState::Released) == 2);

/// Whether it changed a row.
Result<Found> run_and_ask(Statement& statement) {
    TRY(statement.run());
    return statement.changed_count() > 0 ? Found::Yes : Found::No;
}

std::int64_t integer(SessionId id) {
    return narrow<std::int64_t>(id.value());
}

std::int64_t integer(MessageId id) {
    return narrow<std::int64_t>(id.value());
}

/// Places in a queue count from 0, one for each message of a session.
std::int64_t sequence(std::uint64_t value) {
    return narrow<std::int64_t>(value);
}

Statement& bind(Statement& statement, const DeliveryKey& key) {
    return statement.bind(1, integer(key.session)).bind(2, sequence(key.sequence));
}

template <typename Enum>
requires std::is_enum_v<Enum> std::int64_t integer(Enum value) {
    return static_cast<std::int64_t>(value);
}

}  // namespace

Result<MessageTables> MessageTables::create(Database& database) {
    static_assert(std::size(kSql) == static_cast<std::size_t>(Sql::Count));
    std::vector<Statement> statements;
    statements.reserve(std::size(kSql));
    for (const char* sql : kSql) {
        TRY_ASSIGN(Statement statement, Statement::prepare(database, sql));
        statements.push_back(std::move(statement));
    }
    return MessageTables(std::move(statements));
}

Statement& MessageTables::statement(Sql sql) {
    return statements_[static_cast<std::size_t>(sql)];
}

Status MessageTables::begin() {
    return statement(Sql::Begin).run();
}

Status MessageTables::commit() {
    return statement(Sql::Commit).run();
}

Status MessageTables::put_session(const SessionRecord& session) {
    return statement(Sql::PutSession)
        .bind(1, integer(session.id))
        .bind(2, session.tenant.value())
        .bind(3, session.client_id)
        .bind(4, session.principal)
        .bind(5, session.session_expiry_interval_s)
        .bind(6, session.protocol_version)
        .bind(7, session.disconnected_at.ms())
        .bind(8, session.will)
        .run();
}

Status MessageTables::delete_session(SessionId session) {
    return statement(Sql::DeleteSession).bind(1, integer(session)).run();
}

Status MessageTables::delete_rows_of(SessionId session) {
    TRY(statement(Sql::DeleteSubscriptionsOf).bind(1, integer(session)).run());
    TRY(statement(Sql::DeleteDeliveriesOf).bind(1, integer(session)).run());
    return statement(Sql::DeleteInboundOf).bind(1, integer(session)).run();
}

Status MessageTables::put_subscription(const SubscriptionRecord& subscription) {
    return statement(Sql::PutSubscription)
        .bind(1, integer(subscription.session))
        .bind(2, subscription.filter)
        .bind(3, subscription.options)
        .bind(4, subscription.subscription_identifier)
        .run();
}

Status MessageTables::delete_subscription(SessionId session, std::string_view filter) {
    return statement(Sql::DeleteSubscription).bind(1, integer(session)).bind(2, filter).run();
}

Status MessageTables::put_message(const MessageRecord& message) {
    return statement(Sql::PutMessage)
        .bind(1, integer(message.id))
        .bind(2, message.tenant.value())
        .bind(3, integer(message.qos))
        .bind(4, message.published_at.ms())
        .bind(5, message.expires_at.ms())
        .bind(6, message.topic)
        .bind(7, message.properties)
        .bind(8, message.payload)
        .run();
}

Status MessageTables::delete_message(MessageId message) {
    return statement(Sql::DeleteMessage).bind(1, integer(message)).run();
}

Result<Found> MessageTables::find_message(MessageId message) {
    Statement& find = statement(Sql::FindMessage).bind(1, integer(message));
    TRY_ASSIGN(const bool found, find.step());
    find.reset();
    return found ? Found::Yes : Found::No;
}

Status MessageTables::put_delivery(const DeliveryRecord& delivery) {
    return statement(Sql::PutDelivery)
        .bind(1, integer(delivery.session))
        .bind(2, sequence(delivery.sequence))
        .bind(3, integer(delivery.message))
        .bind(4, integer(delivery.state))
        .bind(5, integer(delivery.qos))
        .bind(6, delivery.retain ? 1 : 0)
        .bind(7, delivery.size_bytes)
        .bind(8, delivery.expires_at.ms())
        .bind(9, delivery.subscription_identifiers)
        .run();
}

Result<Found> MessageTables::find_live_delivery(const DeliveryKey& key) {
    Statement& find = bind(statement(Sql::FindLiveDelivery), key);
    TRY_ASSIGN(const bool found, find.step());
    find.reset();
    return found ? Found::Yes : Found::No;
}

Result<Found> MessageTables::set_live_delivery(const DeliveryKey& key, DeliveryState state) {
    return run_and_ask(bind(statement(Sql::SetLiveDelivery), key).bind(3, integer(state)));
}

Result<Found> MessageTables::delete_live_delivery(const DeliveryKey& key) {
    return run_and_ask(bind(statement(Sql::DeleteLiveDelivery), key));
}

Status MessageTables::delete_released_delivery(const DeliveryKey& key) {
    return bind(statement(Sql::DeleteReleasedDelivery), key).run();
}

Result<std::uint64_t> MessageTables::read_queue(const QueueRead& read, QueueVisitor& visitor) {
    Statement& rows = statement(Sql::ReadQueue)
                          .bind(1, integer(read.session))
                          .bind(2, sequence(read.from))
                          .bind(3, sequence(read.behind));
    Result<std::uint64_t> behind = show_queue(rows, read, visitor);
    rows.reset();
    return behind;
}

Result<std::uint64_t> MessageTables::show_queue(Statement& rows, const QueueRead& read,
                                                QueueVisitor& visitor) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (std::size_t seen_count = 0;; ++seen_count) {
        TRY_ASSIGN(const bool has_row, rows.step());
        if (!has_row) {
            return read.behind;
        }
        RowReader row(rows);
        const DeliveryRecord delivery = read_delivery(row);
        TRY(row.status());
        if (seen_count == kQueueRowsSeenMax) {
            return delivery.sequence;
        }
        if (delivery.expires_at != WallTime() && delivery.expires_at <= read.now) {
            visitor.on_dropped(delivery, QueueDrop::Expired);
            continue;
        }
        if (read.only_dropped) {
            continue;
        }
        bytes += delivery.size_bytes;
        if (count == read.messages_max || (count > 0 && bytes > read.bytes_max)) {
            return delivery.sequence;
        }
        ++count;
        TRY(show_message(delivery, visitor));
    }
}

Status MessageTables::show_message(const DeliveryRecord& delivery, QueueVisitor& visitor) {
    Statement& find = statement(Sql::ReadMessage).bind(1, integer(delivery.message));
    TRY_ASSIGN(const bool found, find.step());
    if (!found) {
        visitor.on_dropped(delivery, QueueDrop::Missing);
        return {};
    }
    RowReader row(find);
    const MessageRecord message = read_message(row);
    const Status status = row.status();
    if (status) {
        visitor.on_message(delivery, message);
    }
    find.reset();
    return status;
}

Status MessageTables::list_live_messages(SessionId session, std::vector<MessageId>& messages) {
    Statement& list = statement(Sql::ListLiveMessages).bind(1, integer(session));
    for (;;) {
        TRY_ASSIGN(const bool has_row, list.step());
        if (!has_row) {
            return {};
        }
        messages.emplace_back(static_cast<std::uint64_t>(list.integer(0)));
    }
}

Status MessageTables::put_inbound(SessionId session, PacketId packet_id) {
    return statement(Sql::PutInbound).bind(1, integer(session)).bind(2, packet_id.value()).run();
}

Status MessageTables::delete_inbound(SessionId session, PacketId packet_id) {
    return statement(Sql::DeleteInbound).bind(1, integer(session)).bind(2, packet_id.value()).run();
}

Status MessageTables::put_retained(const RetainedRecord& retained) {
    return statement(Sql::PutRetained)
        .bind(1, retained.tenant.value())
        .bind(2, retained.topic)
        .bind(3, integer(retained.qos))
        .bind(4, retained.published_at.ms())
        .bind(5, retained.expires_at.ms())
        .bind(6, retained.properties)
        .bind(7, retained.payload)
        .run();
}

Status MessageTables::delete_retained(TenantId tenant, std::string_view topic) {
    return statement(Sql::DeleteRetained).bind(1, tenant.value()).bind(2, topic).run();
}

Status MessageTables::put_mark(const MarkRecord& mark) {
    return statement(Sql::PutMark).bind(1, mark.key).bind(2, mark.value).run();
}

Status MessageTables::delete_mark(Bytes key) {
    return statement(Sql::DeleteMark).bind(1, key).run();
}

Result<std::uint64_t> MessageTables::id_mark(std::string_view kind) {
    Statement& find = statement(Sql::IdMark).bind(1, kind);
    TRY_ASSIGN(const bool found, find.step());
    const std::int64_t value = found ? find.integer(0) : 0;
    find.reset();
    if (value < 0) {
        return fail(ErrorKind::Corrupt, "a stored id mark is negative");
    }
    return static_cast<std::uint64_t>(value);
}

Status MessageTables::put_id_mark(std::string_view kind, std::uint64_t value) {
    return statement(Sql::PutIdMark).bind(1, kind).bind(2, narrow<std::int64_t>(value)).run();
}

}  // namespace kith::storage::detail
