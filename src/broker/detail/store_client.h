// One shard's side of the journal: what this turn changes, and what waits for the disk.
//
// Changes gather in a batch; the flush phase submits it. Actions queued with when_committed() run
// in order, each after the commit that covers all that was appended before it. Limits: above its
// share of kUncommittedBytesMax and kUncommittedActionsMax, who asks for more is held back.
// Threads: shard-local.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "broker/limits.h"
#include "runtime/shard.h"
#include "storage/journal.h"

namespace kith::broker {

class StoreClient final : public runtime::Task {
  public:
    explicit StoreClient(runtime::Shard& shard)
        : shard_(&shard),
          uncommitted_bytes_max_(kUncommittedBytesMax / shard.shard_count()),
          waiters_max_(kUncommittedActionsMax / shard.shard_count()) {}

    /// Before the shard runs: where batches go.
    void set_journal(storage::Journal& journal) { journal_ = &journal; }

    /// Append here; submitted at the end of the turn.
    [[nodiscard]] storage::WriteBatch& batch() {
        shard_->flush_later(*this);
        return batch_;
    }

    /// Reads part of a queue behind everything appended so far; the result comes to
    /// QueueLoader::on_read().
    void read_queue(const storage::QueueRead& read) {
        reads_.push_back(read);
        shard_->flush_later(*this);
    }

    /// Runs `action` once everything appended so far is on disk; at once if it is already.
    void when_committed(std::function<void()> action);

    /// The journal reports; in the completions phase.
    void on_committed(storage::CommitTicket through);

    /// More waits for the disk than this shard should hold in memory.
    [[nodiscard]] bool is_congested() const {
        return uncommitted_bytes_ > uncommitted_bytes_max_ || waiters_.size() > waiters_max_;
    }

    [[nodiscard]] std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }
    /// Nothing waits for the disk.
    [[nodiscard]] bool is_idle() const {
        return batch_.empty() && uncommitted_.empty() && waiters_.empty();
    }

    void run_task() override;

  private:
    struct Waiter {
        storage::CommitTicket ticket;
        std::function<void()> action;
    };
    void submit();

    struct Submitted {
        storage::CommitTicket ticket;
        std::size_t bytes;
    };

    runtime::Shard* shard_;
    storage::Journal* journal_ = nullptr;
    storage::WriteBatch batch_;
    storage::CommitTicket submitted_;
    storage::CommitTicket committed_;
    std::deque<Submitted> uncommitted_;
    std::size_t uncommitted_bytes_ = 0;
    std::size_t uncommitted_bytes_max_;
    std::vector<storage::QueueRead> reads_;
    std::deque<Waiter> waiters_;
    std::size_t waiters_max_;
};

}  // namespace kith::broker
