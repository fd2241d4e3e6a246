// A commit listener that remembers what it is told, for tests of journals.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "storage/journal.h"

namespace kith::storage::testing {

/// Threads: thread-safe (one lock).
class CommitRecorder final : public CommitListener {
  public:
    void on_committed(ShardId shard, CommitTicket through) override;
    void on_store_state(StoreState state, const Error& reason) override;

    void on_queue_read(ShardId shard, QueuePart part) override;

    /// Waits until this shard's tickets are committed through `ticket`.
    void wait_for(ShardId shard, CommitTicket ticket);
    /// Waits until `count` calls have come; returns all so far, as "shard 0 through 7", "healthy"
    /// and "degraded: reason".
    [[nodiscard]] std::vector<std::string> wait_for_calls(std::size_t count);
    /// Waits until `count` reads have ended; returns all so far.
    [[nodiscard]] std::vector<QueuePart> wait_for_reads(std::size_t count);
    [[nodiscard]] std::vector<std::string> calls() { return wait_for_calls(0); }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> calls_;
    std::vector<QueuePart> reads_;
    std::vector<CommitTicket> committed_;  // by shard
};

}  // namespace kith::storage::testing
