#include "access/sign_in.h"

#include <algorithm>
#include <utility>

#include "access/limits.h"
#include "access/names.h"
#include "access/registry.h"
#include "base/check.h"
#include "crypto/password.h"

namespace kith::access {
namespace {

constexpr const char* kWrong = "wrong name or password";
constexpr const char* kClaimRefused =
    "the claim link is wrong, used or expired: restart the node for a new one, or use kith token "
    "create";

Refusal busy() {
    return {.error = {ErrorKind::Unavailable, 0, "too busy to check a password now"}};
}

}  // namespace

/// One attempt to get in, under way.
struct SignIn::Try {
    std::string name;
    std::string name_key;  // empty: the name is not counted by
    std::string address_key;
    std::string address;  // as text, for the audit
    std::uint32_t tries_left = 0;
    std::string hash;  // of the user when the attempt began

    [[nodiscard]] Tryer tryer() const { return {.name = name_key, .address_key = address_key}; }
};

SignIn::SignIn(const SignInParts& parts) : parts_(parts) {
    parts_.registry.set_users_listener([this] {
        parts_.sessions.retain([this](const Session& session) {
            const storage::UserRecord* user = parts_.registry.find_user(session.user);
            return user != nullptr && user->password_hash == session.password_hash &&
                   parse_role(user->role) == session.role;
        });
    });
}

std::string SignIn::issue_claim_code() {
    CHECK(parts_.registry.users().empty());
    return claim_code_.issue(parts_.secrets, parts_.home.now());
}

bool SignIn::is_claimable() const {
    return parts_.registry.users().empty() && claim_code_.is_open(parts_.home.now()) &&
           !is_claiming_;
}

void SignIn::claim(const Claim& claim, std::function<void(SignInResult)> done) {
    Try attempt{.name = claim.user.name,
                .name_key = {},
                .address_key = throttle_key(claim.user.from),
                .address = claim.user.from.host_to_string(),
                .hash = {}};
    const auto tries_left = count_try(attempt);
    if (!tries_left) {
        done(tl::unexpected(tries_left.error()));
        return;
    }
    attempt.tries_left = *tries_left;
    if (!is_claimable() || !claim_code_.matches(claim.code, parts_.home.now())) {
        parts_.guard.failed(attempt.tryer(), parts_.home.now());
        done(tl::unexpected(denied(kClaimRefused, attempt.tries_left)));
        return;
    }
    parts_.guard.succeeded(attempt.tryer(), parts_.home.now());
    const Status name = check_name(claim.user.name);
    const Status password = check_password(claim.user.password);
    if (!name || !password) {
        done(tl::unexpected(Refusal{.error = name ? password.error() : name.error()}));
        return;
    }
    is_claiming_ = true;
    const Status submitted = parts_.hash_pool.submit(
        parts_.home, [this, attempt, password_text = claim.user.password, done] {
            return runtime::make_mail(
                [this, attempt, done,
                 made = make_credential(password_text, PasswordOrigin::Chosen, parts_.secrets)](
                    runtime::Shard&) { finish_claim(attempt, made, done); });
        });
    if (!submitted) {
        is_claiming_ = false;
        done(tl::unexpected(busy()));
    }
}

void SignIn::finish_claim(const Try& attempt, const Result<Credential>& made,
                          const std::function<void(SignInResult)>& done) {
    if (!made) {
        is_claiming_ = false;
        done(tl::unexpected(made.error().kind == ErrorKind::Invalid ? Refusal{.error = made.error()}
                                                                    : busy()));
        return;
    }
    const storage::UserRecord user{.name = attempt.name,
                                   .role = "admin",
                                   .password_hash = made->password_hash,
                                   .created_at = parts_.home.wall_now(),
                                   .scram = made->scram};
    parts_.registry.add_first_user(user, [this, attempt, done](const Status& added) {
        is_claiming_ = false;
        if (added || added.error().kind == ErrorKind::Conflict) {
            claim_code_.close();
        }
        if (!added) {
            const bool is_taken = added.error().kind == ErrorKind::Conflict;
            done(tl::unexpected(is_taken ? denied(kClaimRefused, attempt.tries_left)
                                         : Refusal{.error = added.error()}));
            return;
        }
        done(open_session(attempt));
    });
}

void SignIn::sign_in(const Credentials& credentials, std::function<void(SignInResult)> done) {
    const bool is_name = check_name(credentials.name).has_value();
    Try attempt{.name = credentials.name,
                .name_key = is_name ? credentials.name : std::string(),
                .address_key = throttle_key(credentials.from),
                .address = credentials.from.host_to_string(),
                .hash = kNobodysHash};
    const auto tries_left = count_try(attempt);
    if (!tries_left) {
        done(tl::unexpected(tries_left.error()));
        return;
    }
    attempt.tries_left = *tries_left;
    if (const auto* user = parts_.registry.find_user(credentials.name)) {
        attempt.hash = user->password_hash;
    }
    const Status submitted = parts_.hash_pool.submit(
        parts_.home, [this, attempt, password = credentials.password, done] {
            return runtime::make_mail(
                [this, attempt, done, is_right = crypto::verify_password(password, attempt.hash)](
                    runtime::Shard&) { finish_sign_in(attempt, is_right, done); });
        });
    if (!submitted) {
        done(tl::unexpected(busy()));
    }
}

void SignIn::finish_sign_in(const Try& attempt, const Result<bool>& is_right,
                            const std::function<void(SignInResult)>& done) {
    if (!is_right && is_right.error().kind == ErrorKind::Unavailable) {
        done(tl::unexpected(busy()));
        return;
    }
    // The user may have changed while the password was checked.
    const storage::UserRecord* user = parts_.registry.find_user(attempt.name);
    if (!is_right.value_or(false) || user == nullptr || user->password_hash != attempt.hash) {
        parts_.guard.failed(attempt.tryer(), parts_.home.now());
        if (attempt.tries_left == 0) {
            parts_.registry.append_audit({.who = "address:" + attempt.address,
                                          .what = "session.paused",
                                          .detail = attempt.name_key.empty() ? "" : attempt.name,
                                          .from_address = attempt.address,
                                          .outcome = "denied"});
        }
        note_refused(attempt);
        done(tl::unexpected(denied(kWrong, attempt.tries_left)));
        return;
    }
    parts_.guard.succeeded(attempt.tryer(), parts_.home.now());
    done(open_session(attempt));
}

/// A name that cannot be one is not repeated in the audit: it may be anything, a password even.
void SignIn::note_refused(const Try& attempt) {
    parts_.registry.note_refused(
        {.who = attempt.name_key.empty() ? "user:?" : "user:" + attempt.name,
         .from_address = attempt.address,
         .why = "wrong name or password at the console"});
}

SignInResult SignIn::open_session(const Try& attempt) {
    const storage::UserRecord* user = parts_.registry.find_user(attempt.name);
    const auto role = user == nullptr ? std::nullopt : parse_role(user->role);
    if (!role) {
        return tl::unexpected(denied(kWrong, attempt.tries_left));
    }
    ++counters_.opened;
    parts_.registry.append_audit({.who = "user:" + user->name,
                                  .what = "session.open",
                                  .detail = {},
                                  .from_address = attempt.address});
    return parts_.sessions.open(
        {.user = user->name, .role = *role, .csrf_token = {}, .password_hash = user->password_hash},
        parts_.home.now());
}

tl::expected<std::uint32_t, Refusal> SignIn::count_try(const Try& attempt) {
    const Throttle::Answer answer = parts_.guard.begin(attempt.tryer(), parts_.home.now());
    if (!answer.is_allowed) {
        ++counters_.paused;
        counters_.paused_at = parts_.home.wall_now();
        return tl::unexpected(Refusal{.error = {ErrorKind::Limit, 0, "too many wrong passwords"},
                                      .retry_after = answer.retry_after});
    }
    return answer.tries_left;
}

Refusal SignIn::denied(const char* text, std::uint32_t tries_left) {
    ++counters_.denied;
    return {.error = {ErrorKind::Denied, 0, text}, .tries_left = tries_left};
}

std::string throttle_key(const runtime::SocketAddress& address) {
    if (address.is_v4()) {
        return "address " + address.host_to_string();
    }
    return "network " + to_hex(Bytes(address.ip()).first(8));
}

}  // namespace kith::access
