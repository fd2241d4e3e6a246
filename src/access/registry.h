// Users and tokens of this node, as the control store has them, kept up to date.
//
// The registry lives on one shard, its home. It reads the store on a blocking pool, notices what
// tools changed (`kith token create` beside a running node), and sends every shard's
// TokenAuthenticator a new immutable table. What it writes is in the table before it answers.
// A store that cannot be read leaves the last table in force: nobody is locked out by a bad disk,
// and nobody is let in.
// Threads: shard-local (home); Requires: `store_pool` has one thread, as a ControlStore wants it.
// Limits: access/limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/names.h"
#include "access/refusal_fold.h"
#include "access/role_book.h"
#include "access/token_table.h"
#include "base/result.h"
#include "crypto/secrets.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"
#include "storage/control_store.h"

namespace kith::access {

class RoleAuthorizer;
class TokenAuthenticator;

/// What a registry works with; all of it outlives the registry.
struct RegistryParts {
    runtime::Shard& home;
    runtime::BlockingPool& store_pool;
    storage::ControlStore& store;
    crypto::SecretSource& secrets;
};

struct NewToken {
    std::string name;
    bus::Role role = bus::Role::Machine;
    std::optional<std::chrono::seconds> expires_in;
    std::string created_by;                           // for the audit: "user:anna"
    std::vector<std::string> topic_roles = {"free"};  // what a machine's token may publish where
    std::string machine;                              // that it belongs to; empty: none
};

struct CreatedToken {
    std::string id;
    std::string text;  // the only time that it is seen
};

/// Principals that have to be let in anew.
struct EndedPrincipals {
    std::set<std::string, std::less<>> names;  // "token:k3f9", "user:anna", "machine:press-07"
    bool are_all_machines = false;             // more machines changed than the store remembers

    [[nodiscard]] bool has(std::string_view principal) const {
        return names.contains(principal) || (are_all_machines && principal.starts_with("machine:"));
    }
    /// A JSON web token ends with the machine that it names.
    [[nodiscard]] bool has(const bus::Principal& principal) const {
        return has(principal.name) ||
               (principal.name.starts_with(kJwtNamePrefix) && !principal.machine.empty() &&
                has("machine:" + principal.machine));
    }
    [[nodiscard]] bool is_empty() const { return names.empty() && !are_all_machines; }
    void add(const EndedPrincipals& other) {
        names.insert(other.names.begin(), other.names.end());
        are_all_machines = are_all_machines || other.are_all_machines;
    }
};

struct RegistryCounters {
    std::uint64_t store_checks = 0;
    std::uint64_t store_failures = 0;
    std::uint64_t table_updates = 0;
};

class Registry {
  public:
    explicit Registry(const RegistryParts& parts);
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// Tables go to this authenticator from now on. Before start(), from any thread.
    void attach(TokenAuthenticator& authenticator);
    /// Books of roles go to this authorizer from now on. Before start(), from any thread.
    void attach(RoleAuthorizer& authorizer);
    /// Reads the store, then keeps reading it. `done` gets the error of the first reading.
    void start(std::function<void(Status)> done);

    [[nodiscard]] const TokenTable& tokens() const { return *table_; }
    [[nodiscard]] const std::vector<storage::UserRecord>& users() const { return users_; }
    [[nodiscard]] const storage::UserRecord* find_user(std::string_view name) const;
    [[nodiscard]] const RoleBook& roles() const { return *roles_; }
    /// The roles of the file of the configuration: they stand before those of the store.
    void set_file_roles(std::vector<RoleText> roles);
    /// Why the file could not be read again; its roles stay as they were. Empty: it could.
    void set_file_problem(std::string problem) { file_problem_ = std::move(problem); }
    [[nodiscard]] const std::string& file_problem() const { return file_problem_; }
    /// When a token was last shown to this node, since its start.
    [[nodiscard]] std::optional<WallTime> last_used(const std::string& token_id) const;

    /// Errors: Invalid (the name), Limit (storage/limits.h), Unavailable (the store).
    void create_token(const NewToken& token, std::function<void(Result<CreatedToken>)> done);
    /// Errors: NotFound, Unavailable.
    void revoke_token(const std::string& id, const std::string& revoked_by,
                      std::function<void(Status)> done);
    /// Errors: Conflict if there is a user already; Unavailable.
    void add_first_user(const storage::UserRecord& user, std::function<void(Status)> done);
    /// Writes a line into the audit; a failure is counted and logged.
    void append_audit(storage::AuditRecord record);
    void append_audit(std::string who, std::string what, std::string detail) {
        append_audit({.who = std::move(who), .what = std::move(what), .detail = std::move(detail)});
    }

    /// Writes a refused sign-in into the audit, or counts it with those like it (refusal_fold.h).
    void note_refused(const RefusedSignIn& refused);

    /// Reads the store soon, whoever changed it, and then tells this shard's authenticator.
    void check_soon(ShardId asker);
    void note_use(const std::string& token_id, WallTime at);
    /// A machine with its credentials, as the store has it now. Errors: Unavailable.
    void find_machine(const std::string& name,
                      std::function<void(Result<std::optional<storage::MachineRecord>>)> done);
    /// Of this node, kept in the store: what made-up SCRAM verifiers are derived from.
    [[nodiscard]] Bytes scram_secret() const { return scram_secret_; }
    /// Runs `work` on the store, then takes over what changed and calls `done`. Errors: those of
    /// `work`, but Unavailable for what a caller cannot do anything about.
    void visit(std::function<Status(storage::ControlStore&)> work,
               std::function<void(Status)> done);

    /// Whoever came in as this principal has to come in anew.
    void end_principal(const std::string& name);

    /// Called with what changed in the store, by whom ever, when the tables here show it. Before
    /// start().
    using ChangeListener = std::function<void(const storage::Changes&)>;
    void add_change_listener(ChangeListener listener) {
        change_listeners_.push_back(std::move(listener));
    }
    /// Called after users changed.
    void set_users_listener(std::function<void()> listener) {
        users_listener_ = std::move(listener);
    }

    /// Called with those who are not let in any more as they were: tokens revoked or expired, users
    /// and machines that were removed or changed. Each in two rounds, because somebody whom an
    /// earlier table let in may still be on the way.
    using EndedListener = std::function<void(const EndedPrincipals&)>;
    void set_ended_listener(EndedListener listener) { ended_listener_ = std::move(listener); }

    [[nodiscard]] const RegistryCounters& counters() const { return counters_; }

  private:
    struct Content;
    template <typename Answer>
    struct Outcome;

    template <typename Answer>
    void run(std::function<Result<Answer>(storage::ControlStore&)> work,
             std::function<void(Result<Answer>)> done);
    void check();
    void take(const Content& content);
    void note_ended_users(const std::vector<storage::UserRecord>& before);
    void note_ended_machines(const storage::Changes& changes);
    void publish();
    void publish_roles();
    void answer_askers();
    void arm_next_check();
    void tell_ended();
    void tell_soon();
    void write_audit(std::vector<storage::AuditRecord> records);

    RegistryParts parts_;
    std::shared_ptr<const TokenTable> table_;  // shared_ptr: every shard holds the table it uses
    std::vector<storage::UserRecord> users_;
    std::shared_ptr<const RoleBook> roles_;  // shared_ptr: as the table
    std::vector<storage::RoleRecord> stored_roles_;
    std::vector<RoleText> file_roles_;
    std::string file_problem_;
    std::optional<std::uint64_t> change_counter_;  // of the store when it was last read
    std::uint64_t change_position_ = UINT64_MAX;   // up to which its changes are known
    std::unordered_map<std::string, WallTime> last_used_;
    std::vector<TokenAuthenticator*> authenticators_;  // by shard
    std::vector<RoleAuthorizer*> authorizers_;         // the same
    std::vector<ShardId> askers_;                      // wait for the next reading to begin
    std::vector<ShardId> asked_;                       // wait for the reading under way
    RefusalFold refusals_;
    runtime::CallbackTimer refusals_timer_;
    bool is_checking_ = false;
    Instant checked_at_;
    runtime::CallbackTimer timer_;
    std::function<void()> users_listener_;
    std::vector<ChangeListener> change_listeners_;
    EndedListener ended_listener_;
    std::set<std::string> good_tokens_;  // ids, when tell_ended() last looked
    EndedPrincipals ended_;              // not told yet
    EndedPrincipals told_once_;
    std::vector<std::uint8_t> scram_secret_;
    RegistryCounters counters_;
};

}  // namespace kith::access
