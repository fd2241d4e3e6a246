// The control store over SQLite: machines with their certificates and claim codes, roles, and what
// has changed.
#include <algorithm>

#include "base/narrow.h"
#include "storage/control_rules.h"
#include "storage/limits.h"
#include "storage/sqlite/detail/sqlite_control_store.h"

namespace kith::storage::detail {
namespace {

constexpr const char* kNoMachine = "there is no machine of this name";
constexpr const char* kNoCertificate = "there is no certificate of this fingerprint";

/// Reads every row that `list` has left.
template <typename Record, typename Read>
Result<std::vector<Record>> read_all(Statement& list, Read read) {
    std::vector<Record> records;
    for (;;) {
        TRY_ASSIGN(const bool has_row, list.step());
        if (!has_row) {
            return records;
        }
        TRY_ASSIGN(Record record, read(list));
        records.push_back(std::move(record));
    }
}

/// Reads the one row that there may be.
template <typename Record, typename Read>
Result<std::optional<Record>> read_one(Statement& find, Read read) {
    TRY_ASSIGN(const bool has_row, find.step());
    if (!has_row) {
        return std::optional<Record>();
    }
    TRY_ASSIGN(Record record, read(find));
    return std::optional<Record>(std::move(record));
}

Result<Digest> read_digest(const Statement& row, int column) {
    const Bytes bytes = row.bytes(column);
    Digest digest{};
    if (bytes.size() != digest.size()) {
        return fail(ErrorKind::Corrupt, "a stored digest has a wrong length");
    }
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
}

constexpr const char* kMachineColumns =
    "SELECT name, note, topic_roles, password_hash, scram, is_enabled, created_at_ms FROM machines";

Result<MachineRecord> read_machine(const Statement& row) {
    return MachineRecord{.name = std::string(row.text(0)),
                         .note = std::string(row.text(1)),
                         .topic_roles = std::string(row.text(2)),
                         .password_hash = std::string(row.text(3)),
                         .scram = std::string(row.text(4)),
                         .is_enabled = row.integer(5) != 0,
                         .created_at = WallTime::from_ms(row.integer(6))};
}

constexpr const char* kCertificateColumns =
    "SELECT fingerprint, machine, subject, serial, not_after_ms, created_at_ms, revoked_at_ms"
    " FROM certificates";

Result<CertificateRecord> read_certificate(const Statement& row) {
    TRY_ASSIGN(const Digest fingerprint, read_digest(row, 0));
    return CertificateRecord{.fingerprint = fingerprint,
                             .machine = std::string(row.text(1)),
                             .subject = std::string(row.text(2)),
                             .serial = std::string(row.text(3)),
                             .not_after = WallTime::from_ms(row.integer(4)),
                             .created_at = WallTime::from_ms(row.integer(5)),
                             .revoked_at = WallTime::from_ms(row.integer(6))};
}

constexpr const char* kClaimCodeColumns =
    "SELECT digest, id, note, machine, topic_roles, uses_left, expires_at_ms, created_by"
    " FROM claim_codes";

Result<ClaimCodeRecord> read_claim_code(const Statement& row) {
    TRY_ASSIGN(const Digest digest, read_digest(row, 0));
    return ClaimCodeRecord{
        .digest = digest,
        .id = std::string(row.text(1)),
        .note = std::string(row.text(2)),
        .machine = std::string(row.text(3)),
        .topic_roles = std::string(row.text(4)),
        .uses_left = static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(row.integer(5), 0, std::numeric_limits<std::uint32_t>::max())),
        .expires_at = WallTime::from_ms(row.integer(6)),
        .created_by = std::string(row.text(7)),
    };
}

std::string sql(const char* columns, const char* rest) {
    return std::string(columns) + rest;
}

}  // namespace

Status SqliteControlStore::insert_machine(const MachineRecord& machine) {
    TRY_ASSIGN(Statement insert,
               Statement::prepare(database_,
                                  "INSERT INTO machines(name, note, topic_roles, password_hash,"
                                  " scram, is_enabled, created_at_ms)"
                                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    TRY(insert.bind(1, machine.name)
            .bind(2, machine.note)
            .bind(3, machine.topic_roles)
            .bind(4, machine.password_hash)
            .bind(5, machine.scram)
            .bind(6, std::int64_t{machine.is_enabled ? 1 : 0})
            .bind(7, machine.created_at.ms())
            .run());
    return check_room("SELECT value - 1 FROM counts WHERE name = 'machines'", kMachinesMax,
                      {ErrorKind::Limit, 0, "there are too many machines"});
}

Status SqliteControlStore::change_machine(const MachineRecord& machine) {
    TRY_ASSIGN(Statement update,
               Statement::prepare(database_,
                                  "UPDATE machines SET note = ?2, topic_roles = ?3,"
                                  " password_hash = ?4, scram = ?5, is_enabled = ?6"
                                  " WHERE name = ?1"));
    update.bind(1, machine.name)
        .bind(2, machine.note)
        .bind(3, machine.topic_roles)
        .bind(4, machine.password_hash)
        .bind(5, machine.scram)
        .bind(6, std::int64_t{machine.is_enabled ? 1 : 0});
    return run_on_one(update, kNoMachine);
}

Status SqliteControlStore::add_machine(const MachineRecord& machine) {
    TRY(check_machine(machine));
    return write([&] { return insert_machine(machine); });
}

Status SqliteControlStore::update_machine(const MachineRecord& machine) {
    TRY(check_machine(machine));
    return write([&] { return change_machine(machine); });
}

Status SqliteControlStore::remove_machine(std::string_view name) {
    return remove_row("DELETE FROM machines WHERE name = ?1", name, kNoMachine);
}

Result<std::optional<MachineRecord>> SqliteControlStore::find_machine(std::string_view name) {
    TRY_ASSIGN(Statement find,
               Statement::prepare(database_, sql(kMachineColumns, " WHERE name = ?1").c_str()));
    find.bind(1, name);
    return read_one<MachineRecord>(find, read_machine);
}

Result<std::vector<MachineRecord>> SqliteControlStore::machines(const Page& page) {
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_, sql(kMachineColumns,
                                                 " WHERE name > ?1 AND (?3 = ''"
                                                 " OR instr(lower(name), lower(?3)) > 0"
                                                 " OR instr(lower(note), lower(?3)) > 0)"
                                                 " ORDER BY name LIMIT ?2")
                                                 .c_str()));
    list.bind(1, page.after)
        .bind(2, narrow<std::int64_t>(std::min(page.count_max, kPageRecordsMax)))
        .bind(3, page.text);
    return read_all<MachineRecord>(list, read_machine);
}

Result<std::size_t> SqliteControlStore::machine_count() {
    TRY_ASSIGN(const std::int64_t count,
               database_.query_integer("SELECT value FROM counts WHERE name = 'machines'"));
    return static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
}

Status SqliteControlStore::add_certificate(const CertificateRecord& certificate) {
    TRY(check_certificate(certificate));
    return write([&]() -> Status {
        TRY_ASSIGN(const auto machine, find_machine(certificate.machine));
        if (!machine) {
            return fail(ErrorKind::NotFound, kNoMachine);
        }
        TRY_ASSIGN(Statement insert,
                   Statement::prepare(database_,
                                      "INSERT INTO certificates(fingerprint, machine, subject,"
                                      " serial, not_after_ms, created_at_ms, revoked_at_ms)"
                                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
        TRY(insert.bind(1, Bytes(certificate.fingerprint))
                .bind(2, certificate.machine)
                .bind(3, certificate.subject)
                .bind(4, certificate.serial)
                .bind(5, certificate.not_after.ms())
                .bind(6, certificate.created_at.ms())
                .bind(7, certificate.revoked_at.ms())
                .run());
        return check_room("SELECT value - 1 FROM counts WHERE name = 'certificates'",
                          kCertificatesMax,
                          {ErrorKind::Limit, 0, "there are too many certificates"});
    });
}

Status SqliteControlStore::revoke_certificate(const Digest& fingerprint, WallTime at) {
    return write([&]() -> Status {
        TRY_ASSIGN(Statement update, Statement::prepare(database_,
                                                        "UPDATE certificates SET revoked_at_ms ="
                                                        " iif(revoked_at_ms = 0, ?2, revoked_at_ms)"
                                                        " WHERE fingerprint = ?1"));
        update.bind(1, Bytes(fingerprint)).bind(2, at.ms());
        return run_on_one(update, kNoCertificate);
    });
}

Status SqliteControlStore::remove_certificate(const Digest& fingerprint) {
    return write([&]() -> Status {
        TRY_ASSIGN(
            Statement remove,
            Statement::prepare(database_, "DELETE FROM certificates WHERE fingerprint = ?1"));
        remove.bind(1, Bytes(fingerprint));
        return run_on_one(remove, kNoCertificate);
    });
}

Result<std::optional<CertificateRecord>> SqliteControlStore::find_certificate(
    const Digest& fingerprint) {
    TRY_ASSIGN(
        Statement find,
        Statement::prepare(database_, sql(kCertificateColumns, " WHERE fingerprint = ?1").c_str()));
    find.bind(1, Bytes(fingerprint));
    return read_one<CertificateRecord>(find, read_certificate);
}

Result<std::vector<CertificateRecord>> SqliteControlStore::certificates_of(
    std::string_view machine) {
    TRY_ASSIGN(
        Statement list,
        Statement::prepare(
            database_,
            sql(kCertificateColumns, " WHERE machine = ?1 ORDER BY fingerprint LIMIT ?2").c_str()));
    list.bind(1, machine).bind(2, narrow<std::int64_t>(kPageRecordsMax));
    return read_all<CertificateRecord>(list, read_certificate);
}

Status SqliteControlStore::add_claim_code(const ClaimCodeRecord& code) {
    TRY(check_claim_code(code));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement insert,
                   Statement::prepare(database_,
                                      "INSERT INTO claim_codes(digest, id, note, machine,"
                                      " topic_roles, uses_left, expires_at_ms, created_by)"
                                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
        TRY(insert.bind(1, Bytes(code.digest))
                .bind(2, code.id)
                .bind(3, code.note)
                .bind(4, code.machine)
                .bind(5, code.topic_roles)
                .bind(6, std::int64_t{code.uses_left})
                .bind(7, code.expires_at.ms())
                .bind(8, code.created_by)
                .run());
        return check_room("SELECT count(*) - 1 FROM claim_codes", kClaimCodesMax,
                          {ErrorKind::Limit, 0, "there are too many claim codes"});
    });
}

Status SqliteControlStore::remove_claim_code(std::string_view id) {
    return remove_row("DELETE FROM claim_codes WHERE id = ?1", id,
                      "there is no claim code of this id");
}

Result<std::vector<ClaimCodeRecord>> SqliteControlStore::claim_codes() {
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_, sql(kClaimCodeColumns, " ORDER BY id").c_str()));
    return read_all<ClaimCodeRecord>(list, read_claim_code);
}

Result<std::optional<ClaimCodeRecord>> SqliteControlStore::find_claim_code(const Digest& digest) {
    TRY_ASSIGN(Statement find,
               Statement::prepare(database_, sql(kClaimCodeColumns, " WHERE digest = ?1").c_str()));
    find.bind(1, Bytes(digest));
    return read_one<ClaimCodeRecord>(find, read_claim_code);
}

Status SqliteControlStore::redeem_claim_code(const Digest& digest, const MachineRecord& machine) {
    TRY(check_machine(machine));
    return write([&]() -> Status {
        TRY_ASSIGN(const auto code, find_claim_code(digest));
        if (!code) {
            return fail(ErrorKind::Denied, "there is no such claim code");
        }
        TRY_ASSIGN(const auto existing, find_machine(machine.name));
        TRY(check_redeeming(*code, machine, existing ? &*existing : nullptr));
        TRY(take_use(*code));
        MachineRecord kept = machine;
        kept.topic_roles = existing ? existing->topic_roles : code->topic_roles;
        kept.note = existing ? existing->note : machine.note;
        return existing ? change_machine(kept) : insert_machine(kept);
    });
}

Status SqliteControlStore::take_use(const ClaimCodeRecord& code) {
    TRY_ASSIGN(Statement change,
               Statement::prepare(database_, code.uses_left > 1
                                                 ? "UPDATE claim_codes SET uses_left ="
                                                   " uses_left - 1 WHERE digest = ?1"
                                                 : "DELETE FROM claim_codes WHERE digest = ?1"));
    return change.bind(1, Bytes(code.digest)).run();
}

Status SqliteControlStore::put_role(const RoleRecord& role) {
    TRY(check_role(role));
    return write([&]() -> Status {
        TRY_ASSIGN(Statement put,
                   Statement::prepare(database_,
                                      "INSERT INTO roles(name, rules, note, updated_at_ms)"
                                      " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET"
                                      " rules = ?2, note = ?3, updated_at_ms = ?4"));
        TRY(put.bind(1, role.name)
                .bind(2, role.rules)
                .bind(3, role.note)
                .bind(4, role.updated_at.ms())
                .run());
        return check_room("SELECT count(*) - 1 FROM roles", kRolesMax,
                          {ErrorKind::Limit, 0, "there are too many roles"});
    });
}

Status SqliteControlStore::remove_role(std::string_view name) {
    return remove_row("DELETE FROM roles WHERE name = ?1", name, "there is no role of this name");
}

Result<std::vector<RoleRecord>> SqliteControlStore::roles() {
    TRY_ASSIGN(Statement list,
               Statement::prepare(
                   database_, "SELECT name, rules, note, updated_at_ms FROM roles ORDER BY name"));
    return read_all<RoleRecord>(list, [](const Statement& row) -> Result<RoleRecord> {
        return RoleRecord{.name = std::string(row.text(0)),
                          .rules = std::string(row.text(1)),
                          .note = std::string(row.text(2)),
                          .updated_at = WallTime::from_ms(row.integer(3))};
    });
}

Result<Changes> SqliteControlStore::changes_since(std::uint64_t position) {
    // Others may write between two statements: a row that is missed here is behind the position.
    TRY_ASSIGN(const std::int64_t last,
               database_.query_integer("SELECT coalesce(max(position), 0) FROM changes"));
    Changes changes{.position = static_cast<std::uint64_t>(last)};
    if (position >= changes.position) {
        // A file that was restored from a backup has an earlier position.
        changes.is_complete = position == changes.position || position == UINT64_MAX;
        return changes;
    }
    changes.is_complete = position + kChangesMax >= changes.position;
    TRY_ASSIGN(Statement list,
               Statement::prepare(database_,
                                  "SELECT table_name, key FROM changes"
                                  " WHERE position > ?1 AND position <= ?2 ORDER BY position"));
    list.bind(1, static_cast<std::int64_t>(position)).bind(2, last);
    TRY_ASSIGN(changes.items, read_all<Change>(list, [](const Statement& row) -> Result<Change> {
                   return Change{.table = std::string(row.text(0)),
                                 .key = std::string(row.text(1))};
               }));
    return changes;
}

}  // namespace kith::storage::detail
