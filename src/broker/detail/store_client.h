// One shard's side of the journal: what this turn changes, and what waits for the disk.
//
// Changes gather in a batch; the flush phase submits it. Actions queued with when_committed() run
// in order, each after the commit that covers all that was appended before it. Threads:
// shard-local.
#pragma once

#include <deque>
#include <functional>

#include "runtime/shard.h"
#include "storage/journal.h"

namespace kith::broker {

class StoreClient final : public runtime::Task {
  public:
    explicit StoreClient(runtime::Shard& shard) : shard_(&shard) {}

    /// Before the shard runs: where batches go.
    void set_journal(storage::Journal& journal) { journal_ = &journal; }

    /// Append here; submitted at the end of the turn.
    [[nodiscard]] storage::WriteBatch& batch() {
        shard_->flush_later(*this);
        return batch_;
    }

    /// Runs `action` once everything appended so far is on disk; at once if it is already.
    void when_committed(std::function<void()> action);

    /// The journal reports; in the completions phase.
    void on_committed(storage::CommitTicket through);

    /// Batches that are not on disk yet.
    [[nodiscard]] std::uint64_t pending_count() const {
        return submitted_.value() - committed_.value();
    }

    void run_task() override;

  private:
    struct Waiter {
        storage::CommitTicket ticket;
        std::function<void()> action;
    };

    runtime::Shard* shard_;
    storage::Journal* journal_ = nullptr;
    storage::WriteBatch batch_;
    storage::CommitTicket submitted_;
    storage::CommitTicket committed_;
    std::deque<Waiter> waiters_;
};

}  // namespace kith::broker
