// A journal with a thread of its own, over any message store.
//
// Idle, it commits a batch as it comes; while a commit runs, batches gather, and the next commit
// takes all of them. So one wait for the disk serves as many batches as arrived during the last.
#pragma once

#include <memory>

#include "base/log.h"
#include "storage/journal.h"
#include "storage/limits.h"

namespace kith::storage {

struct WriterJournalOptions {
    std::uint16_t shard_count = 1;
    /// Waits between tries of a store that cannot write. Tests make them short.
    Duration retry_wait_min = kRetryWaitMin;
    Duration retry_wait_max = kRetryWaitMax;
};

/// Requires: store->recover() has succeeded; `listener` and `log` outlive the journal. The
/// destructor commits what was submitted; a store that still fails after kCloseTriesMax tries loses
/// it, which is logged.
[[nodiscard]] std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                                           const WriterJournalOptions& options,
                                                           CommitListener& listener,
                                                           const Log& log);
/// With the usual waits.
[[nodiscard]] std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                                           std::uint16_t shard_count,
                                                           CommitListener& listener,
                                                           const Log& log);

}  // namespace kith::storage
