// The control plane's tables: tokens, users, settings, audit. Small, rarely written, shared with
// tools.
//
// Unlike the message store it may be opened by another process at the same time (`kith token` works
// while the node runs); readers notice through change_counter(). Calls block: run them on a
// BlockingPool or in a tool. A call that cannot get the file in time fails with Unavailable and may
// be tried again. Every change is durable when its call returns.
// Threads: one thread at a time per object. Limits: kTokensMax, kUsersMax, kSettingsMax,
// kControlTextBytesMax, kAuditRecordsMax; a change above one of the first four fails with Limit,
// the oldest audit records make room for new ones.
#pragma once

#include <array>
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
    WallTime expires_at;  // 0 never
};

struct UserRecord {
    std::string name;
    std::string role;
    std::string password_hash;  // "$scrypt$ln=15,r=8,p=1$salt$hash", base64 without padding
    WallTime created_at;
};

struct AuditRecord {
    WallTime at;
    std::string who;   // "user:anna", "token:k3f9", "cli"
    std::string what;  // "token.create"
    std::string detail;
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

    /// Errors: Conflict if the name exists; Invalid if the name, role or hash is empty.
    [[nodiscard]] virtual Status add_user(const UserRecord& user) = 0;
    /// In order of name.
    [[nodiscard]] virtual Result<std::vector<UserRecord>> users() = 0;

    [[nodiscard]] virtual Result<std::optional<std::string>> setting(std::string_view key) = 0;
    /// Errors: Invalid if the key is empty.
    [[nodiscard]] virtual Status set_setting(std::string_view key, std::string_view value) = 0;
    /// Does nothing if there is none.
    [[nodiscard]] virtual Status remove_setting(std::string_view key) = 0;

    [[nodiscard]] virtual Status append_audit(const AuditRecord& record) = 0;
    /// The newest first.
    [[nodiscard]] virtual Result<std::vector<AuditRecord>> audit(std::size_t count_max) = 0;

    /// Changes whenever anybody, this process or another, has changed a table.
    [[nodiscard]] virtual Result<std::uint64_t> change_counter() = 0;
};

}  // namespace kith::storage
