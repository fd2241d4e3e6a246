// The way from shards to the disk: batches in, commits out.
//
// Each shard submits its batches in order and gets a ticket for each; the journal applies the
// batches of all shards that wait in one transaction (group commit), makes it durable, and tells
// each shard up to which ticket it is safe. What was reported committed survives the loss of power.
// Errors: a store that cannot write keeps what it was given, retries, and says so through
// on_store_state(); nothing is reported committed before it is. One that hangs cannot say so: that
// counters() stand still while something is pending is for others to see.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "storage/records.h"
#include "storage/write_batch.h"

namespace kith::storage {

/// Counts a shard's batches, from 1. A commit of ticket n covers all up to n.
using CommitTicket = StrongId<struct CommitTicketTag, std::uint64_t>;

enum class StoreState : std::uint8_t { Healthy, Degraded };

/// A part of what waits for one session, in order, to be read.
struct QueueRead {
    SessionId session;
    std::uint64_t from = 0;    // sequence of the first
    std::uint64_t behind = 0;  // not this one, nor those behind it
    WallTime now;              // what has expired by then is dropped; 0 is never
    std::size_t messages_max = 0;
    std::size_t bytes_max = 0;  // by DeliveryRecord::size_bytes; the first message always counts
    bool only_dropped = false;  // others are passed over
    std::uint32_t reader = 0;   // for whom; comes back with the answer
};

/// Why a delivery is shown without its message.
enum class QueueDrop : std::uint8_t { Expired, Missing };

/// What a read has found.
struct QueuePart {
    struct Dropped {
        DeliveryKey key;
        std::uint32_t size_bytes = 0;
        QueueDrop reason = QueueDrop::Expired;
    };
    QueueRead read;
    std::uint64_t next = 0;  // where to go on; `behind` when all have been seen
    WriteBatch found;        // put_message() and put_delivery() for each, in order
    std::vector<Dropped> dropped;
};

/// Threads: called on the writer's thread; implementations post to the shard and return.
class CommitListener {
  public:
    virtual ~CommitListener() = default;
    virtual void on_committed(ShardId shard, CommitTicket through) = 0;
    /// Called when the state changes, and when a degraded store fails for another reason. `reason`
    /// is the last failure while Degraded, else without meaning.
    virtual void on_store_state(StoreState state, const Error& reason) = 0;
    virtual void on_queue_read(ShardId shard, QueuePart part) = 0;
};

struct JournalCounters {
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t bytes = 0;          // of batches
    std::uint64_t failures = 0;       // transactions that had to be retried
    std::uint64_t commit_us_max = 0;  // slowest commit since the start
    std::uint64_t pending_batches = 0;
    std::uint64_t pending_bytes = 0;  // of pending batches
    std::uint64_t reads = 0;          // of queues
    std::uint64_t pending_reads = 0;  // asked for and not done
    std::uint64_t read_failures = 0;  // that had to be retried
    std::uint64_t messages = 0;       // that the store holds
    std::uint64_t commit_us_p99 = 0;  // of all commits, rounded up to a power of two
    StoreState state = StoreState::Healthy;
    std::string reason;  // while Degraded
};

class MessageStore;

class Journal {
  public:
    virtual ~Journal() = default;
    /// Hands over a batch; `batch` comes back empty, with memory to reuse. Never blocks on the
    /// disk. Threads: one shard at a time per ShardId.
    [[nodiscard]] virtual CommitTicket submit(ShardId shard, WriteBatch& batch) = 0;
    /// Reads on the writer's thread, once everything submitted before by this shard is committed;
    /// CommitListener::on_queue_read() gets the result. A read that fails is tried again until it
    /// succeeds: nothing is skipped. A journal that closes forgets it. Threads: as submit().
    virtual void read_queue(ShardId shard, const QueueRead& read) = 0;
    /// Any thread.
    [[nodiscard]] virtual JournalCounters counters() const = 0;
    /// Runs `task` on the writer's thread between two commits, also while the store cannot write,
    /// and waits for it. Commits wait as long as the task takes. Threads: any but the writer's; the
    /// caller may block.
    virtual void between_commits(const std::function<void(MessageStore&)>& task) = 0;
};

/// What a store shows of its content at start, in this order: sessions by id, subscriptions by
/// (session, filter), queues by session, Released deliveries by (session, sequence), inbound ids by
/// (session, packet id), retained messages by (tenant, topic), marks by key. Text and keys are
/// ordered by their bytes. The messages that wait are not shown, however many: read_queue() reads
/// them.
class RecoveryVisitor {
  public:
    virtual ~RecoveryVisitor() = default;
    virtual void on_session(const SessionRecord& session) = 0;
    virtual void on_subscription(const SubscriptionRecord& subscription) = 0;
    virtual void on_queue(const QueueRecord& queue) = 0;
    virtual void on_delivery(const DeliveryRecord& delivery) = 0;
    virtual void on_inbound(SessionId session, PacketId packet_id) = 0;
    virtual void on_retained(const RetainedRecord& retained) = 0;
    virtual void on_mark(const MarkRecord& mark) = 0;
};

/// What read_queue() finds. Views live as long as the call.
class QueueVisitor {
  public:
    virtual ~QueueVisitor() = default;
    virtual void on_message(const DeliveryRecord& delivery, const MessageRecord& message) = 0;
    /// The delivery is still there: the caller deletes it.
    virtual void on_dropped(const DeliveryRecord& delivery, QueueDrop reason) = 0;
};

/// How far a copy is. Both are 0 before the first step; the total may grow with the store.
struct CopyProgress {
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    bool is_done = false;
};

/// The message store itself, without a thread: what a journal applies batches to.
/// Threads: used by one thread at a time.
class MessageStore {
  public:
    virtual ~MessageStore() = default;
    /// Shows everything; the first use after opening. Rows of sessions that do not exist are
    /// dropped and not shown. May be called again between commits. Errors: Io, Corrupt.
    [[nodiscard]] virtual Status recover(RecoveryVisitor& visitor) = 0;
    /// Applies batches in one transaction and makes it durable. On an error nothing was applied,
    /// and the same batches may be tried again. Requires: recover() has succeeded.
    [[nodiscard]] virtual Status commit(std::span<const WriteBatch* const> batches) = 0;
    /// Shows deliveries that are not Released, with their messages, in order. Returns the sequence
    /// to go on from, `behind` when all have been seen; it looks at kQueueRowsSeenMax rows at most.
    /// Errors: Io, Corrupt; what was shown before is good. Requires: recover() has succeeded.
    [[nodiscard]] virtual Result<std::uint64_t> read_queue(const QueueRead& read,
                                                           QueueVisitor& visitor) = 0;
    /// Housekeeping that may wait until a commit was reported; the journal calls it after each. An
    /// error loses nothing and the next call tries again.
    [[nodiscard]] virtual Status tidy() { return {}; }
    /// Begins a copy of the whole store in a new file; one that was under way ends. Commits between
    /// the steps are in the copy, so that it shows the moment of its last step. The file is not
    /// synced, and whole only when a step says so. Errors: Unsupported by a store without a file,
    /// Io.
    [[nodiscard]] virtual Status begin_copy(const std::string& path) {
        (void)path;
        return fail(ErrorKind::Unsupported, "this store has no file to copy");
    }
    /// Copies so many bytes more. Errors: Io, also of the copy's disk, which do not harm the store;
    /// Closed if no copy is under way.
    [[nodiscard]] virtual Result<CopyProgress> step_copy(std::size_t bytes_max) {
        (void)bytes_max;
        return fail(ErrorKind::Closed, "no copy is under way");
    }
    /// Commits do not go into the copy any more. Leaves the file; does nothing without a copy.
    virtual void end_copy() {}
    /// Not lower than any id ever put, whether it is still there or not, so that the next run goes
    /// on behind it. Requires: recover() has succeeded.
    [[nodiscard]] virtual MessageId last_message_id() const = 0;
    [[nodiscard]] virtual SessionId last_session_id() const = 0;
    /// Messages that deliveries need. Requires: recover() has succeeded.
    [[nodiscard]] virtual std::uint64_t message_count() const = 0;
};

}  // namespace kith::storage
