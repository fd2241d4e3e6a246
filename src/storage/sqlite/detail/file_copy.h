// A copy of a database into a new file, made in steps over a connection that goes on working.
//
// SQLite's online backup: what the source's connection writes between two steps goes into the copy
// too, so that the copy shows the moment of its last step and no step is ever repeated for it. The
// copy is not synced and is made without a journal: it is whole when a step says that it is done,
// and worth nothing before. A failure of the copy's disk does not reach the source.
// Threads: the source's. Requires: ends before the source.
#pragma once

#include <utility>

#include "storage/journal.h"
#include "storage/sqlite/detail/database.h"

struct sqlite3_backup;

namespace kith::storage::detail {

class FileCopy {
  public:
    /// Requires: no file at `to.path`.
    [[nodiscard]] static Result<FileCopy> begin(Database& source, const SqliteOptions& to);

    FileCopy(FileCopy&& other) noexcept
        : target_(std::move(other.target_)), backup_(std::exchange(other.backup_, nullptr)) {}
    FileCopy& operator=(FileCopy&&) = delete;
    ~FileCopy();

    /// Copies so many bytes, rounded to pages, more. Not after an error or the last step.
    [[nodiscard]] Result<CopyProgress> step(std::size_t bytes_max);

  private:
    FileCopy(Database target, sqlite3_backup* backup)
        : target_(std::move(target)), backup_(backup) {}

    Database target_;
    sqlite3_backup* backup_;
};

}  // namespace kith::storage::detail
