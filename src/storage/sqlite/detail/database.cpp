#include "storage/sqlite/detail/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::storage::detail {
namespace {

Error os_error(const char* text) {
    return Error{ErrorKind::Io, narrow<std::uint16_t>(errno), text};
}

Error to_error(sqlite3* handle, int code) {
    const auto os_code =
        static_cast<std::uint16_t>(handle == nullptr ? 0 : sqlite3_system_errno(handle));
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorKind::Unavailable, 0, "another process holds the database"};
        case SQLITE_FULL:
            return {ErrorKind::Io, ENOSPC, "no space left for the database"};
        case SQLITE_CORRUPT:
            return {ErrorKind::Corrupt, 0, "the database file is damaged"};
        case SQLITE_NOTADB:
            return {ErrorKind::Corrupt, 0, "the file is not a database"};
        case SQLITE_CONSTRAINT:
            return {ErrorKind::Conflict, 0, "the row breaks a rule of its table"};
        case SQLITE_CANTOPEN:
            return {ErrorKind::Io, os_code, "cannot open or create the database file"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {ErrorKind::Io, os_code, "the database is not writable"};
        case SQLITE_IOERR:
            return {ErrorKind::Io, os_code, "the disk failed under the database"};
        case SQLITE_NOMEM:
            return {ErrorKind::Io, ENOMEM, "no memory for the database"};
        default:
            return {ErrorKind::Io, os_code, "the database refused the operation"};
    }
}

/// SQLite creates files readable for everybody; its journals take over the mode of the database.
/// Creating the file beforehand leaves no moment in which another user could open it. An existing
/// file is not opened here: closing it would drop the locks of a connection of this process.
Status make_private(const std::string& path) {
    constexpr int kMode = S_IRUSR | S_IWUSR;
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (fd >= 0) {
        ::close(fd);
        return {};
    }
    if (errno != EEXIST) {
        return tl::unexpected(os_error("cannot open or create the database file"));
    }
    if (::chmod(path.c_str(), kMode) != 0) {
        return tl::unexpected(os_error("cannot make the database file private"));
    }
    return {};
}

}  // namespace

Result<Database> Database::open(const SqliteOptions& options) {
    if (options.vfs.empty()) {
        TRY(make_private(options.path));
    }
    sqlite3* handle = nullptr;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags,
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
    Database database(handle);
    if (code != SQLITE_OK) {
        return tl::unexpected(database.error(code));
    }
    return database;
}

Database::~Database() {
    // Statements are members behind the database in every store, so they are gone by now. A failed
    // last checkpoint is no error: the next start continues from the log.
    const int code = sqlite3_close(handle_);
    CHECK(code != SQLITE_BUSY);
}

Status Database::execute(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return tl::unexpected(error(code));
    }
    return {};
}

Result<std::int64_t> Database::query_integer(const char* sql) {
    TRY_ASSIGN(Statement statement, Statement::prepare(*this, sql));
    TRY_ASSIGN(const bool has_row, statement.step());
    if (!has_row) {
        return fail(ErrorKind::NotFound, "the query has no row");
    }
    return statement.integer(0);
}

Result<bool> Database::query_is(const char* sql, std::string_view expected) {
    TRY_ASSIGN(Statement statement, Statement::prepare(*this, sql));
    TRY_ASSIGN(const bool has_row, statement.step());
    return has_row && statement.text(0) == expected;
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

Error Database::error(int code) const {
    return to_error(handle_, code);
}

Result<Transaction> Transaction::begin(Database& database) {
    TRY(database.execute("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    // Some errors have rolled back already.
    if (database_ != nullptr && database_->in_transaction()) {
        (void)database_->execute("ROLLBACK");
    }
}

Status Transaction::commit() {
    TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

Result<Statement> Statement::prepare(Database& database, const char* sql) {
    sqlite3_stmt* handle = nullptr;
    const int code =
        sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) {
        return tl::unexpected(database.error(code));
    }
    return Statement(handle);
}

Statement::~Statement() {
    sqlite3_finalize(handle_);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    const int code = sqlite3_bind_int64(handle_, parameter, value);
    CHECK(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
    // A null pointer would bind NULL; an empty text is a text.
    const char* data = text.data() == nullptr ? "" : text.data();
    const int code =
        sqlite3_bind_text(handle_, parameter, data, narrow<int>(text.size()), SQLITE_STATIC);
    CHECK(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int parameter, Bytes bytes) {
    const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());
    const int code =
        sqlite3_bind_blob(handle_, parameter, data, narrow<int>(bytes.size()), SQLITE_STATIC);
    CHECK(code == SQLITE_OK);
    return *this;
}

Status Statement::run() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_DONE) {
        sqlite3_reset(handle_);
        return {};
    }
    CHECK_TEXT(code != SQLITE_ROW, "a statement that is run shows no rows");
    return tl::unexpected(end_with(code));
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        sqlite3_reset(handle_);
        return false;
    }
    return tl::unexpected(end_with(code));
}

Error Statement::end_with(int code) {
    const Error error = to_error(sqlite3_db_handle(handle_), code);
    sqlite3_reset(handle_);
    return error;
}

std::int64_t Statement::changed_count() const {
    return sqlite3_changes64(sqlite3_db_handle(handle_));
}

void Statement::reset() {
    sqlite3_reset(handle_);
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
    // The pointer comes first: asking for it may convert the value and change its size.
    const unsigned char* data = sqlite3_column_text(handle_, column);
    const int size = sqlite3_column_bytes(handle_, column);
    return {reinterpret_cast<const char*>(data), narrow<std::size_t>(size)};
}

Bytes Statement::bytes(int column) const {
    const void* data = sqlite3_column_blob(handle_, column);
    const int size = sqlite3_column_bytes(handle_, column);
    return {static_cast<const std::uint8_t*>(data), narrow<std::size_t>(size)};
}

}  // namespace kith::storage::detail
