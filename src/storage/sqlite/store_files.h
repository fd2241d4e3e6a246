// The files of the stores as files: copied while they are in use or not, made ready to be kept, and
// looked at before they are used again.
//
// A copy that was made whole is sealed: checked page by page, and taken out of the write-ahead
// log's mode so that it is one file. It is not synced. Nothing here changes the schema of a file: a
// backup made by a newer program can be restored by the older one that wrote the data. Threads:
// any, each call by itself.
#pragma once

#include <functional>
#include <string>

#include "storage/journal.h"
#include "storage/sqlite/sqlite_stores.h"

namespace kith::storage {

enum class StoreFile : std::uint8_t { Messages, Control };

struct StoreFileFacts {
    std::int64_t schema_version = 0;
    std::int64_t schema_version_newest = 0;  // that this program knows
};

/// Told after each step.
using CopyListener = std::function<void(const CopyProgress&)>;

/// Copies a file into a new one. messages.db must not be in use; control.db may be. Requires: no
/// file at `to`. Errors: NotFound, Unavailable if in use, Io, Corrupt; then `to` may be there by
/// halves.
[[nodiscard]] Status copy_store_file(StoreFile kind, const SqliteOptions& from,
                                     const std::string& to, const CopyListener& on_step);

/// Errors: Corrupt if a page or an index is damaged or it is the file of something else,
/// Unsupported if a newer program wrote it, Io.
[[nodiscard]] Result<StoreFileFacts> seal_store_file(StoreFile kind, const SqliteOptions& file);

/// Looks at a sealed file and leaves it as it is. Errors: as seal_store_file().
[[nodiscard]] Result<StoreFileFacts> inspect_store_file(StoreFile kind, const SqliteOptions& file);

}  // namespace kith::storage
