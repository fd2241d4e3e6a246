#include "access/accounts.h"

#include <algorithm>
#include <utility>

#include "access/limits.h"
#include "access/names.h"
#include "crypto/token.h"

namespace kith::access {
namespace {

constexpr const char* kNoUser = "there is no user of this name";
constexpr const char* kNoMachine = "there is no machine of this name";

tl::unexpected<Error> last_administrator() {
    return fail(ErrorKind::Conflict, "this is the last administrator");
}

/// The user of this name. Errors: NotFound; Conflict if nobody else is administrator and `role`,
/// if any, is not that.
Result<storage::UserRecord> find_changeable(storage::ControlStore& store, const std::string& name,
                                            std::optional<bus::Role> role) {
    TRY_ASSIGN(const std::vector<storage::UserRecord> users, store.users());
    const auto found = std::ranges::find(users, name, &storage::UserRecord::name);
    if (found == users.end()) {
        return fail(ErrorKind::NotFound, kNoUser);
    }
    const bool stays = role == bus::Role::Admin || found->role != "admin";
    const bool is_last = std::ranges::count(users, "admin", &storage::UserRecord::role) <= 1;
    if (!stays && is_last) {
        return last_administrator();
    }
    return *found;
}

Status check_user_role(bus::Role role) {
    return role == bus::Role::Machine
               ? Status(fail(ErrorKind::Invalid, "a user is admin, operator or viewer"))
               : Status();
}

/// Runs `check`s in order; the first that fails.
Status all_of(std::initializer_list<Status> checks) {
    for (const Status& check : checks) {
        TRY(check);
    }
    return {};
}

}  // namespace

void Accounts::hash(std::string password, PasswordOrigin origin, Hashed done) {
    // shared_ptr: the pool's work has to be copyable, and this text is not.
    const auto text = std::make_shared<const crypto::SecretText>(password);
    crypto::wipe(MutableBytes(reinterpret_cast<std::uint8_t*>(password.data()), password.size()));
    const Status submitted = parts_.hash_pool.submit(parts_.home, [this, text, origin, done] {
        return runtime::make_mail(
            [done, made = make_credential(text->view(), origin, parts_.secrets)](runtime::Shard&) {
                done(made);
            });
    });
    if (!submitted) {
        done(fail(ErrorKind::Unavailable, "too busy to hash a password now"));
    }
}

storage::AuditRecord Accounts::line(Actor actor, const char* what, std::string detail) const {
    return {.at = parts_.home.wall_now(),
            .who = std::move(actor.who),
            .what = what,
            .detail = std::move(detail),
            .from_address = std::move(actor.from_address),
            .outcome = "ok"};
}

/// One visit with its line in the audit.
void Accounts::change(storage::AuditRecord audit,
                      std::function<Status(storage::ControlStore&)> work,
                      std::function<void(Status)> done) {
    parts_.registry.visit(
        [work = std::move(work),
         audit = std::move(audit)](storage::ControlStore& store) mutable -> Status {
            const Status changed = work(store);
            if (!changed) {
                audit.outcome = "failed";
            }
            const Status audited = store.append_audit(audit);
            return changed ? audited : changed;
        },
        std::move(done));
}

void Accounts::add_user(NewUser user, Actor actor, std::function<void(Status)> done) {
    if (const Status good = all_of({check_name(user.name), check_user_role(user.role)}); !good) {
        done(good);
        return;
    }
    hash(std::move(user.password), PasswordOrigin::Chosen,
         [this, name = user.name, role = user.role, actor,
          done = std::move(done)](const Result<Credential>& made) {
             if (!made) {
                 done(tl::unexpected(made.error()));
                 return;
             }
             const storage::UserRecord record{.name = name,
                                              .role = std::string(to_string(role)),
                                              .password_hash = made->password_hash,
                                              .created_at = parts_.home.wall_now(),
                                              .scram = made->scram};
             change(
                 line(actor, "user.create", name),
                 [record](storage::ControlStore& store) { return store.add_user(record); }, done);
         });
}

void Accounts::change_user(UserChange user, Actor actor, std::function<void(Status)> done) {
    if (const Status good = check_user_role(user.role.value_or(bus::Role::Viewer)); !good) {
        done(good);
        return;
    }
    const auto store_it = [this, name = user.name, role = user.role, actor,
                           done](const Result<Credential>& made) {
        if (!made) {
            done(tl::unexpected(made.error()));
            return;
        }
        change(
            line(actor, "user.change", name),
            [name, role, credential = *made](storage::ControlStore& store) -> Status {
                TRY_ASSIGN(storage::UserRecord record,
                           find_changeable(store, name, role ? role : bus::Role::Admin));
                if (role) {
                    record.role = to_string(*role);
                }
                if (!credential.password_hash.empty()) {
                    record.password_hash = credential.password_hash;
                    record.scram = credential.scram;
                }
                return store.update_user(record);
            },
            done);
    };
    if (user.password) {
        hash(std::move(*user.password), PasswordOrigin::Chosen, store_it);
    } else {
        store_it(Credential{});
    }
}

void Accounts::remove_user(const std::string& name, Actor actor, std::function<void(Status)> done) {
    change(
        line(std::move(actor), "user.remove", name),
        [name](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(const storage::UserRecord record,
                       find_changeable(store, name, std::nullopt));
            return store.remove_user(record.name);
        },
        std::move(done));
}

/// `done` gets what to keep: nothing for Keep and None.
void Accounts::set_password(const NewPassword& password,
                            std::function<void(Result<SetPassword>)> done) {
    using Kind = NewPassword::Kind;
    if (password.kind == Kind::Keep || password.kind == Kind::None) {
        done(SetPassword{});
        return;
    }
    const bool is_generated = password.kind == Kind::Generate;
    std::string text = is_generated ? generate_password(parts_.secrets) : password.text;
    hash(text, is_generated ? PasswordOrigin::Generated : PasswordOrigin::Chosen,
         [generated = is_generated ? text : std::string(),
          done = std::move(done)](const Result<Credential>& made) {
             if (!made) {
                 done(tl::unexpected(made.error()));
                 return;
             }
             done(SetPassword{.credential = *made, .generated = generated});
         });
}

void Accounts::add_machine(NewMachine machine, Actor actor, MachineDone done) {
    const Status good = all_of({check_machine_name(machine.name), check_note(machine.note),
                                check_topic_roles(machine.topic_roles)});
    if (!good) {
        done(tl::unexpected(good.error()));
        return;
    }
    set_password(machine.password, [this, machine, actor,
                                    done = std::move(done)](const Result<SetPassword>& set) {
        if (!set) {
            done(tl::unexpected(set.error()));
            return;
        }
        const MachineAnswer answer{.machine = {.name = machine.name,
                                               .note = machine.note,
                                               .topic_roles = join_topic_roles(machine.topic_roles),
                                               .password_hash = set->credential.password_hash,
                                               .scram = set->credential.scram,
                                               .is_enabled = true,
                                               .created_at = parts_.home.wall_now()},
                                   .password = set->generated};
        change(
            line(actor, "machine.create", machine.name),
            [record = answer.machine](storage::ControlStore& store) {
                return store.add_machine(record);
            },
            [done, answer](const Status& added) {
                done(added ? Result<MachineAnswer>(answer) : tl::unexpected(added.error()));
            });
    });
}

void Accounts::change_machine(MachineChange machine, Actor actor, MachineDone done) {
    const Status good =
        all_of({check_note(machine.note.value_or("")),
                check_topic_roles(machine.topic_roles.value_or(std::vector<std::string>()))});
    if (!good) {
        done(tl::unexpected(good.error()));
        return;
    }
    set_password(machine.password, [this, machine, actor,
                                    done = std::move(done)](const Result<SetPassword>& set) {
        if (!set) {
            done(tl::unexpected(set.error()));
            return;
        }
        // shared_ptr: filled in the visit, read when it is back.
        const auto answer = std::make_shared<MachineAnswer>();
        answer->password = set->generated;
        change(
            line(actor, "machine.change", machine.name),
            [answer, machine,
             credential = set->credential](storage::ControlStore& store) -> Status {
                TRY_ASSIGN(const auto found, store.find_machine(machine.name));
                if (!found) {
                    return fail(ErrorKind::NotFound, kNoMachine);
                }
                storage::MachineRecord record = *found;
                record.note = machine.note.value_or(record.note);
                record.is_enabled = machine.is_enabled.value_or(record.is_enabled);
                if (machine.topic_roles) {
                    record.topic_roles = join_topic_roles(*machine.topic_roles);
                }
                if (machine.password.kind != NewPassword::Kind::Keep) {
                    record.password_hash = credential.password_hash;
                    record.scram = credential.scram;
                }
                answer->machine = record;
                return store.update_machine(record);
            },
            [done, answer](const Status& changed) {
                done(changed ? Result<MachineAnswer>(*answer) : tl::unexpected(changed.error()));
            });
    });
}

void Accounts::remove_machine(const std::string& name, Actor actor,
                              std::function<void(Status)> done) {
    change(
        line(std::move(actor), "machine.remove", name),
        [name](storage::ControlStore& store) { return store.remove_machine(name); },
        std::move(done));
}

void Accounts::list_machines(
    const std::string& after, const std::string& text, std::size_t count_max,
    std::function<void(Result<std::vector<storage::MachineRecord>>)> done) {
    const auto found = std::make_shared<std::vector<storage::MachineRecord>>();
    parts_.registry.visit(
        [found, after, text, count_max](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(*found,
                       store.machines({.after = after, .count_max = count_max, .text = text}));
            return {};
        },
        [found, done = std::move(done)](const Status& read) {
            done(read ? Result<std::vector<storage::MachineRecord>>(std::move(*found))
                      : tl::unexpected(read.error()));
        });
}

void Accounts::add_claim_code(NewClaimCode code, Actor actor,
                              std::function<void(Result<ClaimCodeAnswer>)> done) {
    Status good = all_of({check_note(code.note), check_topic_roles(code.topic_roles)});
    if (good && !code.machine.empty()) {
        good = check_machine_name(code.machine);
    }
    if (good && (code.uses == 0 || code.uses > kDeviceCodeUsesMax)) {
        good = fail(ErrorKind::Invalid, "a claim code has 1 to 100000 uses");
    }
    if (good && (code.expires_in <= 0s || code.expires_in > kDeviceCodeLifetimeMax)) {
        good = fail(ErrorKind::Invalid, "a claim code lives for 1 s to 365 days");
    }
    if (!good) {
        done(tl::unexpected(good.error()));
        return;
    }
    const std::string text = crypto::random_text(parts_.secrets, kDeviceCodeBytes);
    const ClaimCodeAnswer answer{.record = {.digest = crypto::token_digest(text),
                                            .id = crypto::make_token(parts_.secrets).id,
                                            .note = code.note,
                                            .machine = code.machine,
                                            .topic_roles = join_topic_roles(code.topic_roles),
                                            .uses_left = code.uses,
                                            .expires_at = parts_.home.wall_now() + code.expires_in,
                                            .created_by = actor.who},
                                 .code = text};
    change(
        line(std::move(actor), "claim_code.create", answer.record.id),
        [record = answer.record](storage::ControlStore& store) {
            return store.add_claim_code(record);
        },
        [done = std::move(done), answer](const Status& added) {
            done(added ? Result<ClaimCodeAnswer>(answer) : tl::unexpected(added.error()));
        });
}

void Accounts::remove_claim_code(const std::string& id, Actor actor,
                                 std::function<void(Status)> done) {
    change(
        line(std::move(actor), "claim_code.remove", id),
        [id](storage::ControlStore& store) { return store.remove_claim_code(id); },
        std::move(done));
}

void Accounts::list_claim_codes(
    std::function<void(Result<std::vector<storage::ClaimCodeRecord>>)> done) {
    const auto found = std::make_shared<std::vector<storage::ClaimCodeRecord>>();
    parts_.registry.visit(
        [found](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(*found, store.claim_codes());
            return {};
        },
        [found, done = std::move(done)](const Status& read) {
            done(read ? Result<std::vector<storage::ClaimCodeRecord>>(std::move(*found))
                      : tl::unexpected(read.error()));
        });
}

/// A device that redeems its code.
struct Accounts::Provision {
    crypto::Digest digest{};
    MachineAnswer answer;
    std::string address;
    std::string address_key;
    std::string code_key;  // many devices may redeem their codes from one address at once
    std::function<void(ProvisionResult)> done;

    [[nodiscard]] Tryer tryer() const { return {.name = code_key, .address_key = address_key}; }
};

void Accounts::provision(const Provisioning& device, std::function<void(ProvisionResult)> done) {
    const auto provision = std::make_shared<Provision>();
    provision->digest = crypto::token_digest(device.code);
    provision->answer.machine.name = device.machine;
    provision->address = device.from.to_string();
    provision->address_key = throttle_key(device.from);
    provision->code_key = "code " + to_hex(Bytes(provision->digest).first(8));
    provision->done = std::move(done);
    const Throttle::Answer answer = parts_.guard.begin(provision->tryer(), parts_.home.now());
    if (!answer.is_allowed) {
        ++counters_.provision_paused;
        provision->done(
            tl::unexpected(Refusal{.error = {ErrorKind::Limit, 0, "too many wrong codes"},
                                   .retry_after = answer.retry_after}));
        return;
    }
    // Before a password is hashed for it, the code is looked at.
    const auto code = std::make_shared<std::optional<storage::ClaimCodeRecord>>();
    parts_.registry.visit(
        [code, digest = provision->digest](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(*code, store.find_claim_code(digest));
            return {};
        },
        [this, code, provision](const Status& read) {
            if (!read) {
                refuse(provision, read.error());
                return;
            }
            storage::MachineRecord& machine = provision->answer.machine;
            if (*code && machine.name.empty()) {
                machine.name = (*code)->machine;
            }
            if (!*code || (*code)->expires_at <= parts_.home.wall_now()) {
                refuse(provision, {ErrorKind::Denied, 0, "the claim code is wrong, used or over"});
                return;
            }
            if (const Status good = check_machine_name(machine.name); !good) {
                refuse(provision, good.error());
                return;
            }
            redeem(provision);
        });
}

void Accounts::redeem(const std::shared_ptr<Provision>& provision) {
    provision->answer.password = generate_password(parts_.secrets);
    hash(provision->answer.password, PasswordOrigin::Generated,
         [this, provision](const Result<Credential>& made) {
             if (!made) {
                 refuse(provision, made.error());
                 return;
             }
             storage::MachineRecord& machine = provision->answer.machine;
             machine.password_hash = made->password_hash;
             machine.scram = made->scram;
             machine.created_at = parts_.home.wall_now();
             change(
                 line({.who = "machine:" + machine.name, .from_address = provision->address},
                      "machine.provision", machine.name),
                 [provision](storage::ControlStore& store) {
                     return store.redeem_claim_code(provision->digest, provision->answer.machine);
                 },
                 [this, provision](const Status& redeemed) {
                     if (!redeemed) {
                         refuse(provision, redeemed.error());
                         return;
                     }
                     ++counters_.provisioned;
                     parts_.guard.succeeded(provision->tryer(), parts_.home.now());
                     provision->done(provision->answer);
                 });
         });
}

void Accounts::refuse(const std::shared_ptr<Provision>& provision, const Error& error) {
    if (error.kind == ErrorKind::Denied) {
        ++counters_.provision_denied;
        parts_.guard.failed(provision->tryer(), parts_.home.now());
    }
    provision->done(tl::unexpected(Refusal{.error = error}));
}

}  // namespace kith::access
