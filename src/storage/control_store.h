// The control plane's tables: who may come in, what with, and who changed what. Rarely written,
// shared with tools.
//
// Unlike the message store it may be opened by another process at the same time (`kith token` works
// while the node runs); readers notice through change_counter() and learn what it was through
// changes_since(). Calls block: run them on a BlockingPool or in a tool. A call that cannot get the
// file in time fails with Unavailable and may be tried again. Every change is durable when its call
// returns. Machines and certificates may be a million: they are looked up and listed in pages,
// never read as a whole.
// Threads: one thread at a time per object. Limits: storage/limits.h; a change above one of them
// fails with Limit, the oldest audit records and changes make room for new ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace kith::storage {

using Digest = std::array<std::uint8_t, 32>;

struct TokenRecord {
    std::string id;          // public, short, for lists and revocation
    std::string name;        // for people
    std::string role;        // "admin", "operator", "viewer", "machine"
    Digest secret_digest{};  // SHA-256 of the whole token
    WallTime created_at;
    WallTime expires_at;      // 0 never
    std::string topic_roles;  // names, with a space between
    std::string machine;      // that it belongs to, or empty
};

struct UserRecord {
    std::string name;
    std::string role;
    std::string password_hash;  // "$scrypt$ln=15,r=8,p=1$salt$hash", base64 without padding
    WallTime created_at;
    std::string scram;  // "SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY", base64; or empty
};

struct MachineRecord {
    std::string name;
    std::string note;           // for people
    std::string topic_roles;    // names, with a space between
    std::string password_hash;  // as of a user, or empty: no password opens it
    std::string scram;          // as of a user, or empty
    bool is_enabled = true;
    WallTime created_at;
};

/// A client certificate that stands for a machine.
struct CertificateRecord {
    Digest fingerprint{};  // SHA-256 of its DER form
    std::string machine;
    std::string subject;  // for people
    std::string serial;   // hexadecimal
    WallTime not_after;
    WallTime created_at;
    WallTime revoked_at;  // 0 not revoked
};

/// A code with which a device makes itself known and gets a credential.
struct ClaimCodeRecord {
    Digest digest{};  // SHA-256 of the code
    std::string id;   // public, for lists and removal
    std::string note;
    std::string machine;      // that it is for, or empty: the device names itself
    std::string topic_roles;  // that the machine gets
    std::uint32_t uses_left = 1;
    WallTime expires_at;
    std::string created_by;
};

/// What topics a role may use: docs/guide/access.md.
struct RoleRecord {
    std::string name;
    std::string rules;
    std::string note;
    WallTime updated_at;
};

struct AuditRecord {
    std::int64_t id = 0;  // given by the store, one more each time; 0 before
    WallTime at;
    std::string who;   // "user:anna", "token:k3f9", "cli"
    std::string what;  // "token.create"
    std::string detail;
    std::string from_address;    // "10.0.0.3:5123", or empty
    std::string outcome = "ok";  // "ok", "denied", "failed"
};

/// Which lines of the audit: those that begin with the texts and are not older than `since`.
struct AuditQuery {
    std::string_view who;
    std::string_view what;
    std::string_view from_address;
    WallTime since;               // 0: from the beginning
    std::int64_t before_id = 0;   // only older ones than this; 0: from the newest
    std::size_t count_max = 100;  // at most kAuditRecordsMax
};

/// A part of a list in order of its key.
struct Page {
    std::string_view after;       // the key of the last record seen, or empty
    std::size_t count_max = 100;  // at most kPageRecordsMax
    std::string_view text;        // only records with this in the key or note, or empty
};

/// A row that is not any more what somebody may have read before.
struct Change {
    std::string table;  // "tokens", "users", "machines", "certificates", "roles"
    std::string key;    // an id, a name, a fingerprint in hexadecimal
};

struct Changes {
    std::uint64_t position = 0;  // from which to ask the next time
    bool is_complete = true;     // false: some were forgotten, anything may have changed
    std::vector<Change> items;   // the oldest first; one row may come several times
};

class ControlStore {
  public:
    virtual ~ControlStore() = default;

    /// Errors: Conflict if the id exists; Invalid if the id, name or role is empty.
    [[nodiscard]] virtual Status add_token(const TokenRecord& token) = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status remove_token(std::string_view id) = 0;
    /// In order of id.
    [[nodiscard]] virtual Result<std::vector<TokenRecord>> tokens() = 0;

    /// Errors: Conflict if the name exists, also as a machine's, so that a name stands for one
    /// thing; Invalid if the name, role or hash is empty.
    [[nodiscard]] virtual Status add_user(const UserRecord& user) = 0;
    /// Replaces everything but created_at. Errors: NotFound; as add_user.
    [[nodiscard]] virtual Status update_user(const UserRecord& user) = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status remove_user(std::string_view name) = 0;
    /// In order of name.
    [[nodiscard]] virtual Result<std::vector<UserRecord>> users() = 0;

    /// Errors: Conflict if the name exists, also as a user's; Invalid if the name is empty.
    [[nodiscard]] virtual Status add_machine(const MachineRecord& machine) = 0;
    /// Replaces everything but created_at. Errors: NotFound; as add_machine.
    [[nodiscard]] virtual Status update_machine(const MachineRecord& machine) = 0;
    /// With its certificates and tokens. Errors: NotFound.
    [[nodiscard]] virtual Status remove_machine(std::string_view name) = 0;
    [[nodiscard]] virtual Result<std::optional<MachineRecord>> find_machine(
        std::string_view name) = 0;
    /// In order of name.
    [[nodiscard]] virtual Result<std::vector<MachineRecord>> machines(const Page& page) = 0;
    [[nodiscard]] virtual Result<std::size_t> machine_count() = 0;

    /// Errors: Conflict if the fingerprint exists; NotFound if the machine does not; Invalid if
    /// the machine is empty.
    [[nodiscard]] virtual Status add_certificate(const CertificateRecord& certificate) = 0;
    /// Marks it; the first time stays. Errors: NotFound.
    [[nodiscard]] virtual Status revoke_certificate(const Digest& fingerprint, WallTime at) = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status remove_certificate(const Digest& fingerprint) = 0;
    [[nodiscard]] virtual Result<std::optional<CertificateRecord>> find_certificate(
        const Digest& fingerprint) = 0;
    /// In order of fingerprint; at most kPageRecordsMax.
    [[nodiscard]] virtual Result<std::vector<CertificateRecord>> certificates_of(
        std::string_view machine) = 0;

    /// Errors: Conflict if the digest or id exists; Invalid if the id is empty or it has no use.
    [[nodiscard]] virtual Status add_claim_code(const ClaimCodeRecord& code) = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status remove_claim_code(std::string_view id) = 0;
    /// In order of id.
    [[nodiscard]] virtual Result<std::vector<ClaimCodeRecord>> claim_codes() = 0;
    [[nodiscard]] virtual Result<std::optional<ClaimCodeRecord>> find_claim_code(
        const Digest& digest) = 0;
    /// Takes one use of the code, which goes with its last, and keeps `machine`: adds it, or
    /// replaces the one of this name if the code is for it. All of it or nothing. The topic roles
    /// are the code's, whatever `machine` has; a machine that exists keeps its own and its note.
    /// Errors: Denied if there is no such code, it is over at machine.created_at, it is for another
    /// machine, or the machine is disabled; Conflict if the code is for any machine and this one
    /// exists; as add_machine.
    [[nodiscard]] virtual Status redeem_claim_code(const Digest& digest,
                                                   const MachineRecord& machine) = 0;

    /// Adds or replaces. Errors: Invalid if the name is empty.
    [[nodiscard]] virtual Status put_role(const RoleRecord& role) = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status remove_role(std::string_view name) = 0;
    /// In order of name.
    [[nodiscard]] virtual Result<std::vector<RoleRecord>> roles() = 0;

    [[nodiscard]] virtual Result<std::optional<std::string>> setting(std::string_view key) = 0;
    /// Errors: Invalid if the key is empty.
    [[nodiscard]] virtual Status set_setting(std::string_view key, std::string_view value) = 0;
    /// Does nothing if there is none.
    [[nodiscard]] virtual Status remove_setting(std::string_view key) = 0;

    [[nodiscard]] virtual Status append_audit(const AuditRecord& record) = 0;
    /// The newest first.
    [[nodiscard]] virtual Result<std::vector<AuditRecord>> audit(const AuditQuery& query) = 0;
    [[nodiscard]] Result<std::vector<AuditRecord>> audit(std::size_t count_max) {
        return audit(AuditQuery{.count_max = count_max});
    }

    /// Changes whenever anybody, this process or another, has changed a table.
    [[nodiscard]] virtual Result<std::uint64_t> change_counter() = 0;
    /// What was changed behind `position`: tokens, users and roles however they changed; machines
    /// and certificates that were removed or whose rights changed, but not new ones, which nobody
    /// can have read before. At most kChangesMax are remembered. Ask with UINT64_MAX for the
    /// position alone.
    [[nodiscard]] virtual Result<Changes> changes_since(std::uint64_t position) = 0;
};

}  // namespace kith::storage
