// Where a name and a password become a principal: users and machines, for MQTT clients.
//
// One desk a node, at the registry's home. A try is counted (try_guard.h), a password that was
// right not long ago is known (verified_passwords.h), any other is hashed on a pool of its own with
// a bounded queue, so that a flood of clients keeps neither the loop nor the console's sign-in
// busy. A name that does not exist, or is disabled, is hashed like another and refused in the same
// words: nobody learns from an answer or its delay which names exist.
// What changed while a password was checked is looked up again before anybody is let in.
// Threads: shard-local (home). Limits: access/limits.h; the pool's queue, above which clients are
// refused with Limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "access/registry.h"
#include "access/try_guard.h"
#include "access/verified_passwords.h"
#include "bus/authenticator.h"
#include "crypto/mac.h"
#include "crypto/scram.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::access {

/// What a desk works with; all of it outlives the desk.
struct PasswordDeskParts {
    runtime::Shard& home;
    runtime::BlockingPool& hash_pool;
    Registry& registry;
    TryGuard& guard;
    crypto::SecretSource& secrets;
};

struct PasswordTry {
    std::string name;
    crypto::SecretText password;
    std::string remote_address;  // "10.0.0.3:5123"
};

struct PasswordCounters {
    std::uint64_t accepted = 0;
    std::uint64_t accepted_known = 0;  // of these, without a hash
    std::uint64_t denied = 0;
    std::uint64_t paused = 0;      // too many wrong ones before
    std::uint64_t queue_full = 0;  // too many at once
    std::uint64_t scram_accepted = 0;
    std::uint64_t scram_denied = 0;
    std::uint64_t scram_paused = 0;
};

/// What a SCRAM exchange starts with.
struct ScramStart {
    crypto::ScramVerifier verifier;
    std::string verifier_text;  // empty: no proof opens anything
};

struct ScramProof {
    std::string name;
    std::string remote_address;
    std::string verifier_text;  // that the proof was right for; empty: it was wrong
};

/// Somebody with a password, as the store has it.
struct Account {
    bus::Principal principal;
    std::string password_hash;
    std::string scram;
};

class PasswordDesk {
  public:
    explicit PasswordDesk(const PasswordDeskParts& parts);
    PasswordDesk(const PasswordDesk&) = delete;
    PasswordDesk& operator=(const PasswordDesk&) = delete;

    /// `done` is called once. Errors: Denied; Limit (a pause, or too many at once); Unavailable.
    void check(PasswordTry attempt, std::function<void(Result<bus::Principal>)> done);

    /// The verifier of a name, or a made-up one that looks the same. Counts the try. Errors: Limit
    /// (a pause), Unavailable.
    void begin_scram(const std::string& name, const std::string& remote_address,
                     std::function<void(Result<ScramStart>)> done);
    /// Who the proof lets in. Errors: Denied; Unavailable.
    void finish_scram(const ScramProof& proof, std::function<void(Result<bus::Principal>)> done);

    /// The account of a name that may be used now; nothing if there is none. Errors: Unavailable.
    void find(const std::string& name, std::function<void(Result<std::optional<Account>>)> done);

    [[nodiscard]] const PasswordCounters& counters() const { return counters_; }

  private:
    struct Check;

    void hash(const std::shared_ptr<Check>& check);
    void finish(const std::shared_ptr<Check>& check, const Result<bool>& is_right);
    void let_in(const std::shared_ptr<Check>& check);
    void deny(const std::shared_ptr<Check>& check);
    void on_changes(const storage::Changes& changes);

    PasswordDeskParts parts_;
    VerifiedPasswords verified_;
    std::uint64_t change_count_ = 0;  // of users and machines, as far as known
    PasswordCounters counters_;
};

/// The key by which tries from an address as text are counted.
[[nodiscard]] std::string throttle_key_of(const std::string& remote_address);

}  // namespace kith::access
