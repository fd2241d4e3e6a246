// The tables of messages.db as functions: one prepared statement each, records in.
//
// No rule of the store lives here, only SQL. Threads: that of the store.
#pragma once

#include <vector>

#include "storage/journal.h"
#include "storage/records.h"
#include "storage/sqlite/detail/database.h"

namespace kith::storage::detail {

/// Whether the named row was there.
enum class Found : std::uint8_t { No, Yes };

class MessageTables {
  public:
    /// Requires: the schema is there; the connection outlives this.
    [[nodiscard]] static Result<MessageTables> create(Database& database);

    /// Takes the write lock at once, so that a later statement cannot fail for it.
    [[nodiscard]] Status begin();
    [[nodiscard]] Status commit();

    [[nodiscard]] Status put_session(const SessionRecord& session);
    /// The row of the session alone.
    [[nodiscard]] Status delete_session(SessionId session);
    /// Its subscriptions, deliveries and inbound ids.
    [[nodiscard]] Status delete_rows_of(SessionId session);
    [[nodiscard]] Status put_subscription(const SubscriptionRecord& subscription);
    [[nodiscard]] Status delete_subscription(SessionId session, std::string_view filter);

    [[nodiscard]] Status put_message(const MessageRecord& message);
    [[nodiscard]] Status delete_message(MessageId message);
    [[nodiscard]] Result<Found> find_message(MessageId message);

    // A delivery is live until it is Released.
    [[nodiscard]] Status put_delivery(const DeliveryRecord& delivery);
    [[nodiscard]] Result<Found> find_live_delivery(const DeliveryKey& key);
    [[nodiscard]] Result<Found> set_live_delivery(const DeliveryKey& key, DeliveryState state);
    [[nodiscard]] Result<Found> delete_live_delivery(const DeliveryKey& key);
    [[nodiscard]] Status delete_released_delivery(const DeliveryKey& key);
    /// See MessageStore::read_queue.
    [[nodiscard]] Result<std::uint64_t> read_queue(const QueueRead& read, QueueVisitor& visitor);
    /// Messages of the live deliveries of a session.
    [[nodiscard]] Status list_live_messages(SessionId session, std::vector<MessageId>& messages);

    [[nodiscard]] Status put_inbound(SessionId session, PacketId packet_id);
    [[nodiscard]] Status delete_inbound(SessionId session, PacketId packet_id);
    [[nodiscard]] Status put_retained(const RetainedRecord& retained);
    [[nodiscard]] Status delete_retained(TenantId tenant, std::string_view topic);
    [[nodiscard]] Status put_mark(const MarkRecord& mark);
    [[nodiscard]] Status delete_mark(Bytes key);

    /// The highest id that may have been used, by kind: "message" or "session"; 0 at first.
    [[nodiscard]] Result<std::uint64_t> id_mark(std::string_view kind);
    [[nodiscard]] Status put_id_mark(std::string_view kind, std::uint64_t value);

  private:
    enum class Sql : std::uint8_t;

    explicit MessageTables(std::vector<Statement> statements)
        : statements_(std::move(statements)) {}
    [[nodiscard]] Statement& statement(Sql sql);
    [[nodiscard]] Result<std::uint64_t> show_queue(Statement& rows, const QueueRead& read,
                                                   QueueVisitor& visitor);
    [[nodiscard]] Status show_message(const DeliveryRecord& delivery, QueueVisitor& visitor);

    std::vector<Statement> statements_;
};

}  // namespace kith::storage::detail
