// Reads messages.db at start: shows what is there, counts deliveries, drops what nothing needs.
//
// Rows without their session are left by changes that raced with its end; messages and deliveries
// without one another would be somebody's bug. Neither is shown, both are deleted. Queues are shown
// as sums: no message is read. The memory used is 8 bytes for each live delivery, until recovery
// ends. A value that no record can
// hold is Corrupt. Threads: that of the store.
#pragma once

#include <vector>

#include "storage/journal.h"
#include "storage/sqlite/detail/delivery_counts.h"
#include "storage/sqlite/detail/message_tables.h"

namespace kith::storage::detail {

class MessageRecovery {
  public:
    /// All three outlive this. `counts` is filled.
    MessageRecovery(Database& database, MessageTables& tables, DeliveryCounts& counts)
        : database_(database), tables_(tables), counts_(counts) {}

    [[nodiscard]] Status run(RecoveryVisitor& visitor);
    /// Messages that are there and needed.
    [[nodiscard]] std::uint64_t message_count() const { return message_count_; }

  private:
    [[nodiscard]] Status drop_rows_without_session();
    [[nodiscard]] Status drop_rows_without_session(const char* table);
    [[nodiscard]] Status collect_queues();
    [[nodiscard]] Status pair_messages();
    [[nodiscard]] Status show_sessions(RecoveryVisitor& visitor);
    [[nodiscard]] Status show_subscriptions(RecoveryVisitor& visitor);
    void show_queues(RecoveryVisitor& visitor) const;
    [[nodiscard]] Status show_released(RecoveryVisitor& visitor);
    [[nodiscard]] Status show_inbound(RecoveryVisitor& visitor);
    [[nodiscard]] Status show_retained(RecoveryVisitor& visitor);
    [[nodiscard]] Status show_marks(RecoveryVisitor& visitor);
    [[nodiscard]] Result<std::vector<DeliveryKey>> find_unpaired();
    [[nodiscard]] Status drop_unpaired();

    /// Whether a live delivery needs this message, which comes in ascending order; counts it.
    [[nodiscard]] bool take_needed(MessageId message);

    Database& database_;
    MessageTables& tables_;
    DeliveryCounts& counts_;
    std::vector<MessageId> needed_;   // the message of each live delivery, ascending
    std::size_t needed_at_ = 0;       // those before it have been taken, or are missing
    std::vector<MessageId> missing_;  // needed, but not there; ascending
    std::vector<MessageId> messages_unneeded_;
    std::vector<QueueRecord> queues_;
    std::uint64_t message_count_ = 0;
};

}  // namespace kith::storage::detail
