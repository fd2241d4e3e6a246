// Where work that blocks or burns CPU goes: password hashing, the control store.
//
// `work` runs on a pool thread and returns the mail that then runs on the asking shard, in its
// completions phase. The queue is bounded; a full one refuses at once, so that a flood of logins
// cannot pile up. In a simulation the work runs at once and its mail arrives after a virtual delay.
// Threads: thread-safe (a lock inside the pool). The shards must outlive the pool; destroying it
// waits for the work in progress and drops what has not begun.
// Limits: kBlockingQueueMax waiting.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/result.h"
#include "runtime/mail.h"

namespace kith::runtime {

class Shard;

class BlockingPool {
  public:
    virtual ~BlockingPool() = default;
    /// Errors: Limit when the queue is full.
    [[nodiscard]] virtual Status submit(Shard& shard,
                                        std::function<std::unique_ptr<Mail>()> work) = 0;
};

/// A pool of `thread_count` threads with a queue of kBlockingQueueMax.
[[nodiscard]] std::unique_ptr<BlockingPool> make_blocking_pool(std::size_t thread_count);

}  // namespace kith::runtime
