// The stores over SQLite. The only way into the SQLite implementation.
//
// messages.db: WAL, synchronous=FULL, exclusive locking; sessions, message log, retained.
// control.db:  WAL, synchronous=FULL, shared with tools; tokens, users, settings, audit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "storage/control_store.h"
#include "storage/journal.h"
#include "storage/writer_journal.h"

namespace kith::storage {

struct SqliteOptions {
    std::string path;
    /// A registered VFS to use instead of the system's; empty is the system's. Tests put their
    /// power cuts, torn writes and full disks here.
    std::string vfs;
    /// messages.db: pages of 4 KiB in the write-ahead log from which tidy() writes it back. So few
    /// that a commit behind it does not wait long.
    std::uint32_t log_pages_max = 1000;
    /// control.db: how long a call waits for another process that writes.
    std::uint32_t wait_ms_max = 5000;
    /// Only for tests that do not care, and for the mutant that the power-loss test must catch.
    bool unsafe_no_sync = false;
};

/// Opens or creates. Errors: Io, Corrupt, or Conflict if another process has it open.
[[nodiscard]] Result<std::unique_ptr<MessageStore>> open_message_store(
    const SqliteOptions& options);
[[nodiscard]] Result<std::unique_ptr<ControlStore>> open_control_store(
    const SqliteOptions& options);

}  // namespace kith::storage
