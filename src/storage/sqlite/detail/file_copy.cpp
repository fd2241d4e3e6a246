#include "storage/sqlite/detail/file_copy.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::storage::detail {
namespace {

constexpr std::size_t kPageBytes = 4096;

}  // namespace

Result<FileCopy> FileCopy::begin(Database& source, const SqliteOptions& to) {
    TRY_ASSIGN(Database target, Database::open(to));
    TRY(target.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"));
    sqlite3_backup* const backup =
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
    if (backup == nullptr) {
        return tl::unexpected(target.error(sqlite3_errcode(target.handle())));
    }
    return FileCopy(std::move(target), backup);
}

FileCopy::~FileCopy() {
    if (backup_ != nullptr) {
        // Its error is that of the last step, or of a copy that nobody wants.
        (void)sqlite3_backup_finish(backup_);
    }
}

Result<CopyProgress> FileCopy::step(std::size_t bytes_max) {
    const std::size_t page_count = std::max<std::size_t>(bytes_max / kPageBytes, 1);
    const int code = sqlite3_backup_step(backup_, narrow<int>(page_count));
    if (code != SQLITE_OK && code != SQLITE_DONE) {
        return tl::unexpected(target_.error(code));
    }
    const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup_));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(backup_));
    CHECK(left <= total);
    return CopyProgress{.bytes_done = (total - left) * kPageBytes,
                        .bytes_total = total * kPageBytes,
                        .is_done = code == SQLITE_DONE};
}

}  // namespace kith::storage::detail
