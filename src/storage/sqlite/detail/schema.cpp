#include "storage/sqlite/detail/schema.h"

#include <fmt/format.h>

namespace kith::storage::detail {
namespace {

// Step 3: marks. The name belonged to those of the highest ids.
constexpr SchemaStep kMessageStep3 = R"sql(
ALTER TABLE marks RENAME TO id_marks;
CREATE TABLE marks(
    key   BLOB PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

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
)sql",
                                        // A delivery was named by its message and ordered by its
                                        // packet id. Those in use lie within less than half of the
                                        // circle of all ids, so a queue begins behind the widest
                                        // gap. 96 bytes are about what a message weighs beside its
                                        // content.
                                        R"sql(
CREATE TABLE queued(
    session                  INTEGER NOT NULL,
    sequence                 INTEGER NOT NULL,
    message                  INTEGER NOT NULL,
    state                    INTEGER NOT NULL,
    qos                      INTEGER NOT NULL,
    retain                   INTEGER NOT NULL,
    bytes                    INTEGER NOT NULL,
    expires_at_ms            INTEGER NOT NULL,
    subscription_identifiers BLOB NOT NULL,
    PRIMARY KEY(session, sequence)
) STRICT, WITHOUT ROWID;
WITH gaps AS (
    SELECT session, packet_id, packet_id - coalesce(
        lag(packet_id) OVER (PARTITION BY session ORDER BY packet_id),
        max(packet_id) OVER (PARTITION BY session) - 65535) AS gap
    FROM deliveries WHERE packet_id > 0
), starts AS (
    SELECT session, packet_id AS first,
        row_number() OVER (PARTITION BY session ORDER BY gap DESC, packet_id) AS place
    FROM gaps
)
INSERT OR IGNORE INTO queued
SELECT d.session, s.first - 1 + (d.packet_id - s.first + 65535) % 65535, d.message, d.state, d.qos,
    d.retain,
    coalesce(96 + length(CAST(m.topic AS BLOB)) + length(m.properties) + length(m.payload), 0),
    coalesce(m.expires_at_ms, 0), d.subscription_identifiers
FROM deliveries d
JOIN starts s ON s.session = d.session AND s.place = 1
LEFT JOIN messages m ON m.id = d.message
WHERE d.packet_id > 0;
DROP TABLE deliveries;
ALTER TABLE queued RENAME TO deliveries;
)sql",
                                        kMessageStep3};

// Step 2: machines with credentials, roles, claim codes. `counts` keeps the sizes of the tables
// that are too large to be counted at every change. `changes` says what rows changed, so that a
// reader beside the writer need not read everything again; triggers fill both, whoever writes. The
// numbers in the triggers are kChangesMax and kAuditRecordsMax.
constexpr SchemaStep kControlStep2 = R"sql(
ALTER TABLE tokens ADD COLUMN topic_roles TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN machine TEXT NOT NULL DEFAULT '';
UPDATE tokens SET topic_roles = 'free';
ALTER TABLE users ADD COLUMN scram TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN from_address TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN outcome TEXT NOT NULL DEFAULT 'ok';
CREATE INDEX tokens_of_machine ON tokens(machine) WHERE machine <> '';
CREATE TABLE machines(
    name          TEXT PRIMARY KEY,
    note          TEXT NOT NULL,
    topic_roles   TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    scram         TEXT NOT NULL,
    is_enabled    INTEGER NOT NULL CHECK(is_enabled IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE certificates(
    fingerprint   BLOB PRIMARY KEY CHECK(length(fingerprint) = 32),
    machine       TEXT NOT NULL,
    subject       TEXT NOT NULL,
    serial        TEXT NOT NULL,
    not_after_ms  INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificates_of_machine ON certificates(machine);
CREATE TABLE claim_codes(
    digest        BLOB PRIMARY KEY CHECK(length(digest) = 32),
    id            TEXT NOT NULL UNIQUE,
    note          TEXT NOT NULL,
    machine       TEXT NOT NULL,
    topic_roles   TEXT NOT NULL,
    uses_left     INTEGER NOT NULL CHECK(uses_left > 0),
    expires_at_ms INTEGER NOT NULL,
    created_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE roles(
    name          TEXT PRIMARY KEY,
    rules         TEXT NOT NULL,
    note          TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE counts(
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES('machines', 0), ('certificates', 0);
CREATE TABLE changes(
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    key        TEXT NOT NULL
) STRICT;
CREATE TRIGGER changes_trim AFTER INSERT ON changes BEGIN
    DELETE FROM changes WHERE position <= NEW.position - 100000;
END;
CREATE TRIGGER tokens_insert AFTER INSERT ON tokens BEGIN
    INSERT INTO changes(table_name, key) VALUES('tokens', NEW.id);
END;
CREATE TRIGGER tokens_update AFTER UPDATE ON tokens BEGIN
    INSERT INTO changes(table_name, key) VALUES('tokens', NEW.id);
END;
CREATE TRIGGER tokens_delete AFTER DELETE ON tokens BEGIN
    INSERT INTO changes(table_name, key) VALUES('tokens', OLD.id);
END;
CREATE TRIGGER users_insert AFTER INSERT ON users BEGIN
    INSERT INTO changes(table_name, key) VALUES('users', NEW.name);
END;
CREATE TRIGGER users_update AFTER UPDATE ON users BEGIN
    INSERT INTO changes(table_name, key) VALUES('users', NEW.name);
END;
CREATE TRIGGER users_delete AFTER DELETE ON users BEGIN
    INSERT INTO changes(table_name, key) VALUES('users', OLD.name);
END;
CREATE TRIGGER roles_insert AFTER INSERT ON roles BEGIN
    INSERT INTO changes(table_name, key) VALUES('roles', NEW.name);
END;
CREATE TRIGGER roles_update AFTER UPDATE ON roles BEGIN
    INSERT INTO changes(table_name, key) VALUES('roles', NEW.name);
END;
CREATE TRIGGER roles_delete AFTER DELETE ON roles BEGIN
    INSERT INTO changes(table_name, key) VALUES('roles', OLD.name);
END;
CREATE TRIGGER users_name BEFORE INSERT ON users
    WHEN EXISTS(SELECT 1 FROM machines WHERE name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a machine has this name');
END;
CREATE TRIGGER machines_name BEFORE INSERT ON machines
    WHEN EXISTS(SELECT 1 FROM users WHERE name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a user has this name');
END;
CREATE TRIGGER machines_insert AFTER INSERT ON machines BEGIN
    UPDATE counts SET value = value + 1 WHERE name = 'machines';
END;
CREATE TRIGGER machines_update AFTER UPDATE ON machines
    WHEN OLD.topic_roles <> NEW.topic_roles OR OLD.password_hash <> NEW.password_hash
    OR OLD.scram <> NEW.scram OR OLD.is_enabled <> NEW.is_enabled BEGIN
    INSERT INTO changes(table_name, key) VALUES('machines', NEW.name);
END;
CREATE TRIGGER machines_delete AFTER DELETE ON machines BEGIN
    INSERT INTO changes(table_name, key) VALUES('machines', OLD.name);
    DELETE FROM certificates WHERE machine = OLD.name;
    DELETE FROM tokens WHERE machine = OLD.name AND machine <> '';
    UPDATE counts SET value = value - 1 WHERE name = 'machines';
END;
CREATE TRIGGER certificates_insert AFTER INSERT ON certificates BEGIN
    UPDATE counts SET value = value + 1 WHERE name = 'certificates';
END;
CREATE TRIGGER certificates_update AFTER UPDATE ON certificates BEGIN
    INSERT INTO changes(table_name, key) VALUES('certificates', lower(hex(NEW.fingerprint)));
END;
CREATE TRIGGER certificates_delete AFTER DELETE ON certificates BEGIN
    INSERT INTO changes(table_name, key) VALUES('certificates', lower(hex(OLD.fingerprint)));
    UPDATE counts SET value = value - 1 WHERE name = 'certificates';
END;
CREATE TRIGGER audit_keep BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever added to');
END;
CREATE TRIGGER audit_trim BEFORE DELETE ON audit
    WHEN OLD.id > (SELECT max(id) FROM audit) - 100000 BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever added to');
END;
)sql";

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
)sql",
                                        kControlStep2};

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
