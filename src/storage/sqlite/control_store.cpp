// The control store over SQLite: tokens, users, settings, audit; how it is opened.
#include <algorithm>

#include <sqlite3.h>

#include "base/narrow.h"
#include "storage/control_rules.h"
#include "storage/limits.h"
#include "storage/sqlite/detail/schema.h"
#include "storage/sqlite/detail/sqlite_control_store.h"
#include "storage/sqlite/sqlite_stores.h"

namespace kith::storage {

using detail::Database;
using detail::SqliteControlStore;
using detail::Statement;

Status SqliteControlStore::check_room(const char* count_sql, std::size_t count_max,
                                      const Error& full) {
    TRY_ASSIGN(const std::int64_t count, database_.query_integer(count_sql));
    if (std::cmp_greater_equal(count, count_max)) {
        return tl::unexpected(full);
    }
    return {};
}

Status SqliteControlStore::run_on_one(Statement& change, const char* missing) {
    TRY(change.run());
    if (change.changed_count() == 0) {
        return fail(ErrorKind::NotFound, missing);
    }
    return {};
}

Status SqliteControlStore::remove_row(const char* sql, std::string_view key, const char* missing) {
    return write([&]() -> Status {
        TRY_ASSIGN(Statement remove, Statement::prepare(database_, sql));
        remove.bind(1, key);
        return run_on_one(remove, missing);
    });
}

Status SqliteControlStore::add_token(const TokenRecord& token) {
    TRY(check_token(token));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement insert,
                   Statement::prepare(database_,
                                      "INSERT INTO tokens(id, name, role, secret_digest,"
                                      " created_at_ms, expires_at_ms, topic_roles, machine)"
                                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
        TRY(insert.bind(1, token.id)
                .bind(2, token.name)
                .bind(3, token.role)
                .bind(4, Bytes(token.secret_digest))
                .bind(5, token.created_at.ms())
                .bind(6, token.expires_at.ms())
                .bind(7, token.topic_roles)
                .bind(8, token.machine)
                .run());
        return check_room("SELECT count(*) - 1 FROM tokens", kTokensMax,
                          {ErrorKind::Limit, 0, "there are too many tokens"});
    });
}

Status SqliteControlStore::remove_token(std::string_view id) {
    return remove_row("DELETE FROM tokens WHERE id = ?1", id, "there is no token of this id");
}

Result<std::vector<TokenRecord>> SqliteControlStore::tokens() {
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_,
                                  "SELECT id, name, role, secret_digest, created_at_ms,"
                                  " expires_at_ms, topic_roles, machine FROM tokens"
                                  " ORDER BY id"));
    std::vector<TokenRecord> tokens;
    for (;;) {
        TRY_ASSIGN(const bool has_row, list.step());
        if (!has_row) {
            return tokens;
        }
        TokenRecord token{.id = std::string(list.text(0)),
                          .name = std::string(list.text(1)),
                          .role = std::string(list.text(2)),
                          .created_at = WallTime::from_ms(list.integer(4)),
                          .expires_at = WallTime::from_ms(list.integer(5)),
                          .topic_roles = std::string(list.text(6)),
                          .machine = std::string(list.text(7))};
        const Bytes digest = list.bytes(3);
        if (digest.size() != token.secret_digest.size()) {
            return fail(ErrorKind::Corrupt, "the digest of a stored token has a wrong length");
        }
        std::copy(digest.begin(), digest.end(), token.secret_digest.begin());
        tokens.push_back(std::move(token));
    }
}

Status SqliteControlStore::add_user(const UserRecord& user) {
    TRY(check_user(user));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement insert,
                   Statement::prepare(database_,
                                      "INSERT INTO users(name, role, password_hash,"
                                      " created_at_ms, scram) VALUES(?1, ?2, ?3, ?4, ?5)"));
        TRY(insert.bind(1, user.name)
                .bind(2, user.role)
                .bind(3, user.password_hash)
                .bind(4, user.created_at.ms())
                .bind(5, user.scram)
                .run());
        return check_room("SELECT count(*) - 1 FROM users", kUsersMax,
                          {ErrorKind::Limit, 0, "there are too many users"});
    });
}

Status SqliteControlStore::update_user(const UserRecord& user) {
    TRY(check_user(user));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement update,
                   Statement::prepare(database_,
                                      "UPDATE users SET role = ?2, password_hash = ?3, scram = ?4"
                                      " WHERE name = ?1"));
        update.bind(1, user.name)
            .bind(2, user.role)
            .bind(3, user.password_hash)
            .bind(4, user.scram);
        return run_on_one(update, "there is no user of this name");
    });
}

Status SqliteControlStore::remove_user(std::string_view name) {
    return remove_row("DELETE FROM users WHERE name = ?1", name, "there is no user of this name");
}

Result<std::vector<UserRecord>> SqliteControlStore::users() {
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_,
                                  "SELECT name, role, password_hash, created_at_ms, scram"
                                  " FROM users ORDER BY name"));
    std::vector<UserRecord> users;
    for (;;) {
        TRY_ASSIGN(const bool has_row, list.step());
        if (!has_row) {
            return users;
        }
        users.push_back(UserRecord{.name = std::string(list.text(0)),
                                   .role = std::string(list.text(1)),
                                   .password_hash = std::string(list.text(2)),
                                   .created_at = WallTime::from_ms(list.integer(3)),
                                   .scram = std::string(list.text(4))});
    }
}

Result<std::optional<std::string>> SqliteControlStore::setting(std::string_view key) {
    TRY_ASSIGN(Statement find,
               Statement::prepare(database_, "SELECT value FROM settings WHERE key = ?1"));
    TRY_ASSIGN(const bool found, find.bind(1, key).step());
    return found ? std::optional<std::string>(find.text(0)) : std::nullopt;
}

Status SqliteControlStore::set_setting(std::string_view key, std::string_view value) {
    TRY(check_setting(key, value));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement put,
                   Statement::prepare(database_, "INSERT OR REPLACE INTO settings VALUES(?1, ?2)"));
        TRY(put.bind(1, key).bind(2, value).run());
        return check_room("SELECT count(*) - 1 FROM settings", kSettingsMax,
                          {ErrorKind::Limit, 0, "there are too many settings"});
    });
}

Status SqliteControlStore::remove_setting(std::string_view key) {
    return write([&]() -> Status {
        TRY_ASSIGN(Statement remove,
                   Statement::prepare(database_, "DELETE FROM settings WHERE key = ?1"));
        return remove.bind(1, key).run();
    });
}

Status SqliteControlStore::append_audit(const AuditRecord& record) {
    TRY(check_audit(record));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement insert,
                   Statement::prepare(database_,
                                      "INSERT INTO audit(at_ms, who, what, detail, from_address,"
                                      " outcome) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
        TRY(insert.bind(1, record.at.ms())
                .bind(2, record.who)
                .bind(3, record.what)
                .bind(4, record.detail)
                .bind(5, record.from_address)
                .bind(6, record.outcome)
                .run());
        // Ids are given without gaps, so the oldest kept id follows from the newest.
        TRY_ASSIGN(
            Statement trim,
            Statement::prepare(database_,
                               "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1"));
        return trim.bind(1, narrow<std::int64_t>(kAuditRecordsMax)).run();
    });
}

Result<std::vector<AuditRecord>> SqliteControlStore::audit(const AuditQuery& query) {
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_,
                                  "SELECT id, at_ms, who, what, detail, from_address, outcome"
                                  " FROM audit WHERE (?2 = 0 OR id < ?2) AND at_ms >= ?3"
                                  " AND substr(who, 1, length(?4)) = ?4"
                                  " AND substr(what, 1, length(?5)) = ?5"
                                  " AND substr(from_address, 1, length(?6)) = ?6"
                                  " ORDER BY id DESC LIMIT ?1"));
    list.bind(1, narrow<std::int64_t>(std::min(query.count_max, kAuditRecordsMax)))
        .bind(2, query.before_id)
        .bind(3, query.since.ms())
        .bind(4, query.who)
        .bind(5, query.what)
        .bind(6, query.from_address);
    std::vector<AuditRecord> records;
    for (;;) {
        TRY_ASSIGN(const bool has_row, list.step());
        if (!has_row) {
            return records;
        }
        records.push_back(AuditRecord{.id = list.integer(0),
                                      .at = WallTime::from_ms(list.integer(1)),
                                      .who = std::string(list.text(2)),
                                      .what = std::string(list.text(3)),
                                      .detail = std::string(list.text(4)),
                                      .from_address = std::string(list.text(5)),
                                      .outcome = std::string(list.text(6))});
    }
}

Result<std::uint64_t> SqliteControlStore::change_counter() {
    // data_version is a 32-bit number that changes when another connection has committed, and
    // never for this one's own changes.
    TRY_ASSIGN(const std::int64_t data_version, database_.query_integer("PRAGMA data_version"));
    return (change_count_ << 32) ^ static_cast<std::uint64_t>(data_version);
}

namespace {

/// False if the file system does not allow a log. SQLite's own wait does not cover this change: of
/// two that open a new file at once, one is told that the file is busy.
Result<bool> use_log(Database& database, std::uint32_t wait_ms_max) {
    constexpr std::uint32_t kStepMs = 5;
    for (std::uint32_t waited_ms = 0;; waited_ms += kStepMs) {
        auto is_wal = database.query_is("PRAGMA journal_mode = WAL", "wal");
        if (is_wal || is_wal.error().kind != ErrorKind::Unavailable || waited_ms >= wait_ms_max) {
            return is_wal;
        }
        sqlite3_sleep(static_cast<int>(kStepMs));
    }
}

Status configure(Database& database, const SqliteOptions& options) {
    sqlite3_busy_timeout(database.handle(), narrow<int>(options.wait_ms_max));
    TRY_ASSIGN(const bool is_wal, use_log(database, options.wait_ms_max));
    if (!is_wal) {
        return fail(ErrorKind::Unsupported, "the file system does not allow a write-ahead log");
    }
    TRY(database.execute(options.unsafe_no_sync ? "PRAGMA synchronous = OFF"
                                                : "PRAGMA synchronous = FULL"));
    // Secrets that were deleted are overwritten: Debian's default, stated.
    TRY(
        database.execute("PRAGMA cache_size = -256; PRAGMA secure_delete = ON;"
                         "PRAGMA wal_autocheckpoint = 100; PRAGMA temp_store = MEMORY"));
    return detail::migrate(database, detail::control_schema());
}

}  // namespace

Result<std::unique_ptr<ControlStore>> open_control_store(const SqliteOptions& options) {
    TRY_ASSIGN(Database database, Database::open(options));
    TRY(configure(database, options));
    return std::make_unique<SqliteControlStore>(std::move(database));
}

}  // namespace kith::storage
