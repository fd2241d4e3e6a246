// The way from shards to the disk: batches in, commits out.
//
// Each shard submits its batches in order and gets a ticket for each; the journal applies the
// batches of all shards that wait in one transaction (group commit), makes it durable, and tells
// each shard up to which ticket it is safe. What was reported committed survives the loss of power.
// Errors: a store that cannot write keeps what it was given, retries, and says so through
// on_store_state(); nothing is reported committed before it is.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "storage/records.h"
#include "storage/write_batch.h"

namespace kith::storage {

/// Counts a shard's batches, from 1. A commit of ticket n covers all up to n.
using CommitTicket = StrongId<struct CommitTicketTag, std::uint64_t>;

enum class StoreState : std::uint8_t { Healthy, Degraded };

/// Threads: called on the writer's thread; implementations post to the shard and return.
class CommitListener {
  public:
    virtual void on_committed(ShardId shard, CommitTicket through) = 0;
    /// `reason` is static text of the last failure while Degraded.
    virtual void on_store_state(StoreState state, const Error& reason) = 0;

  protected:
    ~CommitListener() = default;
};

struct JournalCounters {
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t bytes = 0;          // of batches
    std::uint64_t failures = 0;       // transactions that had to be retried
    std::uint64_t commit_us_max = 0;  // slowest commit since the start
    std::uint64_t pending_batches = 0;
};

class Journal {
  public:
    virtual ~Journal() = default;
    /// Hands over a batch; `batch` comes back empty, with memory to reuse. Never blocks on the
    /// disk. Threads: one shard at a time per ShardId.
    [[nodiscard]] virtual CommitTicket submit(ShardId shard, WriteBatch& batch) = 0;
    /// Any thread.
    [[nodiscard]] virtual JournalCounters counters() const = 0;
};

/// What a store shows of its content at start, in this order: sessions, subscriptions, messages in
/// order of id, deliveries in order of (session, message), inbound ids, retained messages.
class RecoveryVisitor {
  public:
    virtual void on_session(const SessionRecord& session) = 0;
    virtual void on_subscription(const SubscriptionRecord& subscription) = 0;
    virtual void on_message(const MessageRecord& message) = 0;
    virtual void on_delivery(const DeliveryRecord& delivery) = 0;
    virtual void on_inbound(SessionId session, PacketId packet_id) = 0;
    virtual void on_retained(const RetainedRecord& retained) = 0;

  protected:
    ~RecoveryVisitor() = default;
};

/// The message store itself, without a thread: what a journal applies batches to.
/// Threads: used by one thread at a time.
class MessageStore {
  public:
    virtual ~MessageStore() = default;
    /// Shows everything; the first use after opening.
    [[nodiscard]] virtual Status recover(RecoveryVisitor& visitor) = 0;
    /// Applies batches in one transaction and makes it durable. On an error nothing was applied.
    [[nodiscard]] virtual Status commit(std::span<const WriteBatch* const> batches) = 0;
    /// The highest ids ever used, so that the next run goes on behind them.
    [[nodiscard]] virtual MessageId last_message_id() const = 0;
    [[nodiscard]] virtual SessionId last_session_id() const = 0;
};

}  // namespace kith::storage
