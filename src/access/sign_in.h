// Signing in at the console: the claim of a fresh node by its first user, and passwords after that.
//
// Passwords are hashed on a blocking pool, so that the shard goes on; tries are counted before
// that, together with those of MQTT clients (try_guard.h), so that many at once count too. A name
// that does not exist costs as much time as one that does. Users come and go in the registry;
// sessions of users who changed end. Threads: shard-local (home). Limits: access/limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "access/claim_code.h"
#include "access/credential.h"
#include "access/session_book.h"
#include "access/try_guard.h"
#include "base/result.h"
#include "crypto/secrets.h"
#include "runtime/address.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::access {

class Registry;

/// What signing in works with; all of it outlives the SignIn.
struct SignInParts {
    runtime::Shard& home;
    runtime::BlockingPool& hash_pool;
    Registry& registry;
    SessionBook& sessions;
    TryGuard& guard;
    crypto::SecretSource& secrets;
};

struct Credentials {
    std::string name;
    std::string password;
    runtime::SocketAddress from;
};

struct Claim {
    std::string code;
    Credentials user;  // the administrator to be
};

/// Why somebody was not let in. Kinds: Denied (wrong), Limit (paused: retry_after), Invalid (the
/// name or password chosen in a claim), Unavailable (try again).
struct Refusal {
    Error error;
    std::uint32_t tries_left = 0;  // with Denied
    Duration retry_after{};        // with Limit
};

using SignInResult = tl::expected<SessionBook::Opened, Refusal>;

struct SignInCounters {
    std::uint64_t opened = 0;
    std::uint64_t denied = 0;
    std::uint64_t paused = 0;
    std::optional<WallTime> paused_at;  // when a try last met a pause
};

class SignIn {
  public:
    explicit SignIn(const SignInParts& parts);
    SignIn(const SignIn&) = delete;
    SignIn& operator=(const SignIn&) = delete;

    /// A fresh claim code to print. Requires: the registry has no users.
    [[nodiscard]] std::string issue_claim_code();
    [[nodiscard]] bool is_claimable() const;
    void claim(const Claim& claim, std::function<void(SignInResult)> done);

    void sign_in(const Credentials& credentials, std::function<void(SignInResult)> done);

    [[nodiscard]] const SignInCounters& counters() const { return counters_; }

  private:
    struct Try;

    [[nodiscard]] tl::expected<std::uint32_t, Refusal> count_try(const Try& attempt);
    [[nodiscard]] Refusal denied(const char* text, std::uint32_t tries_left);
    void finish_sign_in(const Try& attempt, const Result<bool>& is_right,
                        const std::function<void(SignInResult)>& done);
    void finish_claim(const Try& attempt, const Result<Credential>& made,
                      const std::function<void(SignInResult)>& done);
    void note_refused(const Try& attempt);
    [[nodiscard]] SignInResult open_session(const Try& attempt);

    SignInParts parts_;
    ClaimCode claim_code_;
    bool is_claiming_ = false;
    SignInCounters counters_;
};

// Of no password: verified against when a name does not exist, so that the answer takes as long.
inline constexpr const char* kNobodysHash =
    "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What tries from one address are counted by: an IPv4 address, or the first 64 bits of an IPv6
/// address, because who has one has all of them.
[[nodiscard]] std::string throttle_key(const runtime::SocketAddress& address);

}  // namespace kith::access
