#include "storage/sqlite/store_files.h"

#include <sqlite3.h>

#include <utility>

#include "base/narrow.h"
#include "storage/limits.h"
#include "storage/sqlite/detail/database.h"
#include "storage/sqlite/detail/file_copy.h"
#include "storage/sqlite/detail/schema.h"

namespace kith::storage {
namespace {

using detail::Database;
using detail::FileCopy;

detail::Schema schema_of(StoreFile kind) {
    return kind == StoreFile::Messages ? detail::message_schema() : detail::control_schema();
}

Result<StoreFileFacts> read_facts(Database& database, StoreFile kind) {
    const detail::Schema schema = schema_of(kind);
    TRY_ASSIGN(const std::int64_t application_id, database.query_integer("PRAGMA application_id"));
    if (application_id != schema.application_id) {
        return fail(ErrorKind::Corrupt, "the file belongs to another application");
    }
    TRY_ASSIGN(const std::int64_t version, database.query_integer("PRAGMA user_version"));
    const StoreFileFacts facts{.schema_version = version,
                               .schema_version_newest = narrow<std::int64_t>(schema.steps.size())};
    if (facts.schema_version > facts.schema_version_newest) {
        return fail(ErrorKind::Unsupported, "the file was written by a newer version");
    }
    return facts;
}

}  // namespace

Status copy_store_file(StoreFile kind, const SqliteOptions& from, const std::string& to,
                       const CopyListener& on_step) {
    TRY_ASSIGN(Database source, Database::open(from));
    sqlite3_busy_timeout(source.handle(), narrow<int>(from.wait_ms_max));
    // A file of which others may write a part would make the copy begin anew again and again, so a
    // shared one, which is small, is copied in one step.
    std::size_t step_bytes = kSharedCopyBytesMax;
    if (kind == StoreFile::Messages) {
        TRY(source.execute("PRAGMA locking_mode = EXCLUSIVE"));
        step_bytes = kCopyStepBytes;
    }
    TRY(read_facts(source, kind));
    TRY_ASSIGN(FileCopy copy, FileCopy::begin(source, {.path = to, .vfs = from.vfs}));
    for (;;) {
        TRY_ASSIGN(const CopyProgress progress, copy.step(step_bytes));
        on_step(progress);
        if (progress.is_done) {
            return {};
        }
    }
}

Result<StoreFileFacts> seal_store_file(StoreFile kind, const SqliteOptions& file) {
    TRY_ASSIGN(Database database, Database::open(file));
    TRY(database.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL"));
    TRY_ASSIGN(const StoreFileFacts facts, read_facts(database, kind));
    TRY_ASSIGN(const bool is_whole, database.query_is("PRAGMA quick_check(1)", "ok"));
    if (!is_whole) {
        return fail(ErrorKind::Corrupt, "the database file is damaged");
    }
    TRY_ASSIGN(const bool is_one_file, database.query_is("PRAGMA journal_mode = DELETE", "delete"));
    if (!is_one_file) {
        return fail(ErrorKind::Io, "the copy cannot be made one file");
    }
    return facts;
}

Result<StoreFileFacts> inspect_store_file(StoreFile kind, const SqliteOptions& file) {
    TRY_ASSIGN(Database database, Database::open(file));
    return read_facts(database, kind);
}

}  // namespace kith::storage
