// A connection to one SQLite file and a prepared statement over it, as values with Results.
//
// The two classes are all that the stores see of SQLite. Threads: one thread at a time per
// connection with its statements.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/sqlite/sqlite_stores.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kith::storage::detail {

class Database {
  public:
    /// Opens the file, or creates it so that only its owner may read and write it.
    [[nodiscard]] static Result<Database> open(const SqliteOptions& options);

    Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Database& operator=(Database&&) = delete;
    ~Database();

    /// Runs one or more statements without parameters, drops their rows.
    [[nodiscard]] Status execute(const char* sql);
    /// The first column of the first row. Errors: NotFound without a row.
    [[nodiscard]] Result<std::int64_t> query_integer(const char* sql);
    /// Whether the first column of the first row is this text.
    [[nodiscard]] Result<bool> query_is(const char* sql, std::string_view expected);

    [[nodiscard]] bool in_transaction() const;
    /// What a result code of SQLite means to the caller. Requires: not SQLITE_OK.
    [[nodiscard]] Error error(int code) const;

    [[nodiscard]] sqlite3* handle() const { return handle_; }

  private:
    explicit Database(sqlite3* handle) : handle_(handle) {}
    sqlite3* handle_;
};

/// A transaction of one scope: rolled back unless committed.
class Transaction {
  public:
    /// Takes the write lock at once, so that a later statement cannot fail for it.
    [[nodiscard]] static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    [[nodiscard]] Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

/// Parameters count from 1, columns from 0. Bound text and bytes are borrowed until the statement
/// has run; text and bytes of a column live until the next step.
class Statement {
  public:
    [[nodiscard]] static Result<Statement> prepare(Database& database, const char* sql);

    Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view text);
    Statement& bind(int parameter, Bytes bytes);

    /// Runs to the end and gets ready for the next run.
    [[nodiscard]] Status run();
    /// True if there is a row. After the last one, or an error, it is ready for the next run.
    [[nodiscard]] Result<bool> step();
    /// Ends a run before its last row.
    void reset();
    /// Rows that the last INSERT, UPDATE or DELETE of its connection changed.
    [[nodiscard]] std::int64_t changed_count() const;

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] Bytes bytes(int column) const;

  private:
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
    [[nodiscard]] Error end_with(int code);
    sqlite3_stmt* handle_;
};

}  // namespace kith::storage::detail
