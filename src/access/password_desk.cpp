#include "access/password_desk.h"

#include <algorithm>
#include <utility>

#include "access/names.h"
#include "access/sign_in.h"
#include "crypto/password.h"

namespace kith::access {
namespace {

tl::unexpected<Error> refused() {
    return fail(ErrorKind::Denied, "wrong user name or password");
}

Account account_of(const storage::UserRecord& user, bus::Role role) {
    return {.principal = {.tenant = kDefaultTenant,
                          .name = "user:" + user.name,
                          .role = role,
                          .machine = {},
                          .topic_roles = {}},
            .password_hash = user.password_hash,
            .scram = user.scram};
}

Account account_of(const storage::MachineRecord& machine) {
    return {.principal = {.tenant = kDefaultTenant,
                          .name = "machine:" + machine.name,
                          .role = bus::Role::Machine,
                          .machine = machine.name,
                          .topic_roles = split_topic_roles(machine.topic_roles)},
            .password_hash = machine.password_hash,
            .scram = machine.scram};
}

}  // namespace

/// One try under way.
struct PasswordDesk::Check {
    PasswordTry attempt;
    std::string address_key;
    std::function<void(Result<bus::Principal>)> done;
    std::optional<Account> account;
    std::uint64_t change_count = 0;  // when the account was looked up

    [[nodiscard]] Tryer tryer() const { return {.name = attempt.name, .address_key = address_key}; }
};

PasswordDesk::PasswordDesk(const PasswordDeskParts& parts)
    : parts_(parts), verified_(parts.secrets) {
    parts_.registry.add_change_listener(
        [this](const storage::Changes& changes) { on_changes(changes); });
}

void PasswordDesk::check(PasswordTry attempt, std::function<void(Result<bus::Principal>)> done) {
    const Instant now = parts_.home.now();
    auto check = std::make_shared<Check>();  // shared_ptr: the pool's work has to be copyable
    check->address_key = throttle_key_of(attempt.remote_address);
    check->attempt = std::move(attempt);
    check->done = std::move(done);
    if (!parts_.guard.begin(check->tryer(), now).is_allowed) {
        ++counters_.paused;
        check->done(fail(ErrorKind::Limit, "too many wrong passwords: wait 30 s"));
        return;
    }
    const std::string& name = check->attempt.name;
    if (const auto* known = verified_.find(name, check->attempt.password.view(), now)) {
        ++counters_.accepted;
        ++counters_.accepted_known;
        parts_.guard.succeeded(check->tryer(), now);
        check->done(*known);
        return;
    }
    check->change_count = change_count_;
    find(name, [this, check](Result<std::optional<Account>> found) {
        if (!found) {
            check->done(tl::unexpected(found.error()));
            return;
        }
        check->account = std::move(*found);
        hash(check);
    });
}

void PasswordDesk::begin_scram(const std::string& name, const std::string& remote_address,
                               std::function<void(Result<ScramStart>)> done) {
    const std::string address_key = throttle_key_of(remote_address);
    const Tryer tryer{.name = name, .address_key = address_key};
    if (!parts_.guard.begin(tryer, parts_.home.now()).is_allowed) {
        ++counters_.scram_paused;
        done(fail(ErrorKind::Limit, "too many wrong passwords: wait 30 s"));
        return;
    }
    find(name, [this, name, done = std::move(done)](const Result<std::optional<Account>>& found) {
        if (!found) {
            done(tl::unexpected(found.error()));
            return;
        }
        const std::string text = *found ? (*found)->scram : std::string();
        if (auto verifier = crypto::parse_scram_verifier(text)) {
            done(ScramStart{.verifier = std::move(*verifier), .verifier_text = text});
            return;
        }
        done(ScramStart{
            .verifier = crypto::fake_scram_verifier(parts_.registry.scram_secret(), name),
            .verifier_text = {}});
    });
}

void PasswordDesk::finish_scram(const ScramProof& proof,
                                std::function<void(Result<bus::Principal>)> done) {
    // Looked up anew: the account may have changed since the exchange began.
    find(proof.name,
         [this, proof, done = std::move(done)](const Result<std::optional<Account>>& found) {
             if (!found) {
                 done(tl::unexpected(found.error()));
                 return;
             }
             const std::string address_key = throttle_key_of(proof.remote_address);
             const Tryer tryer{.name = proof.name, .address_key = address_key};
             const bool is_right =
                 *found && !proof.verifier_text.empty() && (*found)->scram == proof.verifier_text;
             if (!is_right) {
                 ++counters_.scram_denied;
                 parts_.guard.failed(tryer, parts_.home.now());
                 done(refused());
                 return;
             }
             ++counters_.scram_accepted;
             parts_.guard.succeeded(tryer, parts_.home.now());
             done((*found)->principal);
         });
}

void PasswordDesk::find(const std::string& name,
                        std::function<void(Result<std::optional<Account>>)> done) {
    // The store is asked whatever the name, so that the time that it takes says nothing of it.
    parts_.registry.find_machine(
        name, [this, name, done = std::move(done)](
                  const Result<std::optional<storage::MachineRecord>>& machine) {
            const storage::UserRecord* user = parts_.registry.find_user(name);
            const auto role = user == nullptr ? std::nullopt : parse_role(user->role);
            if (role) {
                done(std::optional(account_of(*user, *role)));
            } else if (!machine) {
                done(tl::unexpected(machine.error()));
            } else {
                done(*machine && (*machine)->is_enabled ? std::optional(account_of(**machine))
                                                        : std::nullopt);
            }
        });
}

void PasswordDesk::hash(const std::shared_ptr<Check>& check) {
    const bool has_hash = check->account && !check->account->password_hash.empty();
    std::string hash = has_hash ? check->account->password_hash : std::string(kNobodysHash);
    const Status submitted = parts_.hash_pool.submit(
        parts_.home, [this, check, hash = std::move(hash)]() -> std::unique_ptr<runtime::Mail> {
            auto is_right = crypto::verify_password(check->attempt.password.view(), hash);
            return runtime::make_mail(
                [this, check, is_right](runtime::Shard&) { finish(check, is_right); });
        });
    if (!submitted) {
        ++counters_.queue_full;
        check->done(fail(ErrorKind::Limit, "too many passwords to check at this moment"));
    }
}

void PasswordDesk::finish(const std::shared_ptr<Check>& check, const Result<bool>& is_right) {
    if (!is_right && is_right.error().kind == ErrorKind::Unavailable) {
        check->done(tl::unexpected(is_right.error()));
        return;
    }
    const bool has_hash = check->account && !check->account->password_hash.empty();
    if (!has_hash || !is_right.value_or(false)) {
        deny(check);
        return;
    }
    if (check->change_count == change_count_) {
        let_in(check);
        return;
    }
    // Something changed meanwhile: perhaps this account.
    const std::uint64_t change_count = change_count_;
    find(check->attempt.name,
         [this, check, change_count](const Result<std::optional<Account>>& found) {
             if (!found) {
                 check->done(tl::unexpected(found.error()));
                 return;
             }
             if (!*found || (*found)->password_hash != check->account->password_hash) {
                 deny(check);
                 return;
             }
             check->account = *found;
             check->change_count = change_count;
             let_in(check);
         });
}

void PasswordDesk::let_in(const std::shared_ptr<Check>& check) {
    const Instant now = parts_.home.now();
    ++counters_.accepted;
    parts_.guard.succeeded(check->tryer(), now);
    if (check->change_count == change_count_) {
        verified_.add(check->attempt.name, check->attempt.password.view(),
                      check->account->principal, now);
    }
    check->done(check->account->principal);
}

void PasswordDesk::deny(const std::shared_ptr<Check>& check) {
    ++counters_.denied;
    parts_.guard.failed(check->tryer(), parts_.home.now());
    check->done(refused());
}

void PasswordDesk::on_changes(const storage::Changes& changes) {
    const auto concerns = [](const storage::Change& change) {
        return change.table == "users" || change.table == "machines";
    };
    if (!changes.is_complete || std::ranges::any_of(changes.items, concerns)) {
        ++change_count_;
    }
    if (!changes.is_complete) {
        verified_.forget_all();
    }
    for (const storage::Change& change : changes.items) {
        if (concerns(change)) {
            verified_.forget(change.key);
        }
    }
}

std::string throttle_key_of(const std::string& remote_address) {
    const auto address = runtime::SocketAddress::parse(remote_address);
    return address ? throttle_key(*address) : "address " + remote_address;
}

}  // namespace kith::access
