// Test support: a journal on a simulated disk, which takes virtual time to commit and can hang.
//
// Not part of the module. Threads: one.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "runtime/sim/world.h"
#include "storage/journal.h"

namespace kith::broker::testing {

/// Commits each batch a virtual delay after it was submitted; all that wait in one transaction.
class SimJournal final : public storage::Journal {
  public:
    SimJournal(storage::MessageStore& store, runtime::sim::Host& host, Duration commit_delay,
               storage::CommitListener& listener);

    [[nodiscard]] storage::CommitTicket submit(ShardId shard, storage::WriteBatch& batch) override;
    void read_queue(ShardId shard, const storage::QueueRead& read) override;
    [[nodiscard]] storage::JournalCounters counters() const override;
    void between_commits(const std::function<void(storage::MessageStore&)>& task) override {
        task(store_);
    }
    /// Holds all commits back until resume(), as a disk that hangs.
    void stall() { is_stalled_ = true; }
    void resume();

  private:
    void schedule();
    void commit();
    void read();

    struct Submitted {
        ShardId shard;
        storage::CommitTicket ticket;
        storage::WriteBatch batch;
    };

    storage::MessageStore& store_;
    runtime::Shard& shard_;
    Duration commit_delay_;
    storage::CommitListener& listener_;
    runtime::CallbackTimer timer_;
    std::vector<Submitted> waiting_;
    std::vector<std::pair<ShardId, storage::QueueRead>> reads_;
    std::vector<storage::CommitTicket> last_tickets_;
    storage::JournalCounters counters_;
    bool is_stalled_ = false;
};

}  // namespace kith::broker::testing
