#include "storage/sqlite/detail/schema.h"

#include <fmt/format.h>

namespace kith::storage::detail {
namespace {

// Text tables are ordered by bytes (collation BINARY), as the stores promise. WITHOUT ROWID keeps a
// row in its key's tree: one tree to change instead of two. Messages have a row id because their
// rows are large and arrive in order of id.
constexpr SchemaStep kMessageSteps[] = {R"sql(
CREATE TABLE marks(
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions(
    id                        INTEGER PRIMARY KEY,
    tenant                    INTEGER NOT NULL,
    client_id                 TEXT NOT NULL,
    principal                 TEXT NOT NULL,
    session_expiry_interval_s INTEGER NOT NULL,
    protocol_version          INTEGER NOT NULL,
    disconnected_at_ms        INTEGER NOT NULL,
    will                      BLOB NOT NULL
) STRICT;
CREATE TABLE subscriptions(
    session                 INTEGER NOT NULL,
    filter                  TEXT NOT NULL,
    options                 INTEGER NOT NULL,
    subscription_identifier INTEGER NOT NULL,
    PRIMARY KEY(session, filter)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages(
    id              INTEGER PRIMARY KEY,
    tenant          INTEGER NOT NULL,
    qos             INTEGER NOT NULL,
    published_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    topic           TEXT NOT NULL,
    properties      BLOB NOT NULL,
    payload         BLOB NOT NULL
) STRICT;
CREATE TABLE deliveries(
    session                  INTEGER NOT NULL,
    message                  INTEGER NOT NULL,
    state                    INTEGER NOT NULL,
    packet_id                INTEGER NOT NULL,
    qos                      INTEGER NOT NULL,
    retain                   INTEGER NOT NULL,
    subscription_identifiers BLOB NOT NULL,
    PRIMARY KEY(session, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbound(
    session   INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY(session, packet_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE retained(
    tenant          INTEGER NOT NULL,
    topic           TEXT NOT NULL,
    qos             INTEGER NOT NULL,
    published_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    properties      BLOB NOT NULL,
    payload         BLOB NOT NULL,
    PRIMARY KEY(tenant, topic)
) STRICT, WITHOUT ROWID;
)sql"};

constexpr SchemaStep kControlSteps[] = {R"sql(
CREATE TABLE tokens(
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    secret_digest BLOB NOT NULL CHECK(length(secret_digest) = 32),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE users(
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings(
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit(
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
)sql"};

Status apply_step(Database& database, const Schema& schema, std::size_t step) {
    TRY(database.execute(schema.steps[step]));
    const std::string marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                          schema.application_id, step + 1);
    return database.execute(marks.c_str());
}

}  // namespace

Status migrate(Database& database, const Schema& schema) {
    // Two processes may open a new file at once: what is read here is read under the write lock.
    TRY_ASSIGN(Transaction transaction, Transaction::begin(database));
    TRY_ASSIGN(const std::int64_t application_id, database.query_integer("PRAGMA application_id"));
    TRY_ASSIGN(const std::int64_t version, database.query_integer("PRAGMA user_version"));
    TRY_ASSIGN(const std::int64_t table_count,
               database.query_integer("SELECT count(*) FROM sqlite_schema"));
    const bool is_empty = application_id == 0 && version == 0 && table_count == 0;
    if (!is_empty && application_id != schema.application_id) {
        return fail(ErrorKind::Corrupt, "the file belongs to another application");
    }
    if (version < 0 || std::cmp_greater(version, schema.steps.size())) {
        return fail(ErrorKind::Unsupported, "the file was written by a newer version");
    }
    for (auto step = static_cast<std::size_t>(version); step < schema.steps.size(); ++step) {
        TRY(apply_step(database, schema, step));
    }
    return transaction.commit();
}

Schema message_schema() {
    return {.application_id = 0x4B69744D, .steps = kMessageSteps};  // "KitM"
}

Schema control_schema() {
    return {.application_id = 0x4B697443, .steps = kControlSteps};  // "KitC"
}

}  // namespace kith::storage::detail
