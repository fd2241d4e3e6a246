#include "access/registry.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "access/limits.h"
#include "access/names.h"
#include "access/role_authorizer.h"
#include "access/token_authenticator.h"
#include "base/check.h"
#include "crypto/base64.h"
#include "crypto/token.h"

namespace kith::access {

/// The store's tables at one reading.
struct Registry::Content {
    std::uint64_t change_counter = 0;
    storage::Changes changes;
    bool has_tables = false;  // the tables below were read, because some changed
    std::vector<storage::TokenRecord> tokens;
    std::vector<storage::UserRecord> users;
    std::vector<storage::RoleRecord> roles;
};

/// What one visit to the store brings home: the answer to what was asked, and the tables if they
/// are not those of `known_counter` any more.
template <typename Answer>
struct Registry::Outcome {
    Result<Answer> answer;
    Result<std::optional<Content>> content;
};

namespace {

constexpr const char* kScramSecretKey = "access.scram_secret";
constexpr std::size_t kScramSecretBytes = 32;

struct Nothing {};

bool concern_tables(const storage::Changes& changes) {
    return std::ranges::any_of(changes.items, [](const storage::Change& change) {
        return change.table == "tokens" || change.table == "users" || change.table == "roles" ||
               change.table == "machines";
    });
}

/// A machine that is disabled does not come in by its tokens either.
Status drop_tokens_of_disabled(storage::ControlStore& store,
                               std::vector<storage::TokenRecord>& tokens) {
    std::map<std::string, bool, std::less<>> are_enabled;
    for (const storage::TokenRecord& token : tokens) {
        if (!token.machine.empty() && !are_enabled.contains(token.machine)) {
            TRY_ASSIGN(const auto machine, store.find_machine(token.machine));
            are_enabled.emplace(token.machine, machine && machine->is_enabled);
        }
    }
    std::erase_if(tokens, [&](const storage::TokenRecord& token) {
        return !token.machine.empty() && !are_enabled.find(token.machine)->second;
    });
    return {};
}

tl::unexpected<Error> unavailable() {
    return fail(ErrorKind::Unavailable, "the store of users and tokens cannot be used now");
}

/// The errors of a store that callers can do something about pass; the rest is one thing to them.
Error for_callers(const Error& error) {
    const bool passes = error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Conflict ||
                        error.kind == ErrorKind::Limit || error.kind == ErrorKind::Invalid ||
                        error.kind == ErrorKind::Denied;
    return passes ? error : unavailable().value();
}

/// Made at the first start.
Result<std::vector<std::uint8_t>> load_scram_secret(storage::ControlStore& store,
                                                    crypto::SecretSource& secrets) {
    TRY_ASSIGN(const auto kept, store.setting(kScramSecretKey));
    if (kept) {
        return crypto::from_base64(*kept, crypto::Base64::Padded);
    }
    std::vector<std::uint8_t> secret(kScramSecretBytes);
    secrets.fill(secret);
    TRY(store.set_setting(kScramSecretKey, crypto::to_base64(secret, crypto::Base64::Padded)));
    return secret;
}

}  // namespace

Registry::Registry(const RegistryParts& parts)
    : parts_(parts),
      table_(std::make_shared<const TokenTable>()),
      roles_(std::make_shared<const RoleBook>()),
      authenticators_(parts.home.shard_count(), nullptr),
      authorizers_(parts.home.shard_count(), nullptr),
      refusals_timer_([this](Instant) {
          write_audit(refusals_.take_ended(parts_.home.wall_now()));
          if (!refusals_.empty()) {
              parts_.home.arm_after(refusals_timer_, kRefusalFoldSpan);
          }
      }),
      timer_([this](Instant) { check(); }) {}

void Registry::attach(TokenAuthenticator& authenticator) {
    authenticators_.at(authenticator.shard_id().value()) = &authenticator;
}

void Registry::attach(RoleAuthorizer& authorizer) {
    authorizers_.at(authorizer.shard_id().value()) = &authorizer;
}

void Registry::start(std::function<void(Status)> done) {
    using Secret = std::vector<std::uint8_t>;
    run<Secret>([secrets = &parts_.secrets](
                    storage::ControlStore& store) { return load_scram_secret(store, *secrets); },
                [this, done = std::move(done)](Result<Secret> started) {
                    checked_at_ = parts_.home.now();
                    arm_next_check();
                    if (!started || !change_counter_) {
                        done(unavailable());
                        return;
                    }
                    scram_secret_ = std::move(*started);
                    done({});
                });
}

/// Runs `work` on the store and reads what changed; then, at home, takes that over and answers.
template <typename Answer>
void Registry::run(std::function<Result<Answer>(storage::ControlStore&)> work,
                   std::function<void(Result<Answer>)> done) {
    const auto visit = [store = &parts_.store, work = std::move(work), known = change_counter_,
                        position = change_position_]() -> Outcome<Answer> {
        Outcome<Answer> outcome{.answer = work(*store), .content = std::nullopt};
        outcome.content = [&]() -> Result<std::optional<Content>> {
            Content content;
            // Read before the tables: a change in between shows at the next reading.
            TRY_ASSIGN(content.change_counter, store->change_counter());
            if (known == content.change_counter) {
                return std::nullopt;
            }
            TRY_ASSIGN(content.changes, store->changes_since(position));
            content.has_tables =
                !known || !content.changes.is_complete || concern_tables(content.changes);
            if (content.has_tables) {
                TRY_ASSIGN(content.tokens, store->tokens());
                TRY(drop_tokens_of_disabled(*store, content.tokens));
                TRY_ASSIGN(content.users, store->users());
                TRY_ASSIGN(content.roles, store->roles());
            }
            return content;
        }();
        return outcome;
    };
    const Status submitted = parts_.store_pool.submit(parts_.home, [this, visit, done] {
        return runtime::make_mail([this, done, outcome = visit()](runtime::Shard& shard) mutable {
            if (!outcome.content) {
                ++counters_.store_failures;
                LOG(shard.log(), Error, "cannot read users and tokens",
                    {"reason", outcome.content.error().text});
            } else if (*outcome.content) {
                take(**outcome.content);
            }
            done(std::move(outcome.answer));
        });
    });
    if (!submitted) {
        done(unavailable());
    }
}

const storage::UserRecord* Registry::find_user(std::string_view name) const {
    const auto found = std::ranges::find(users_, name, &storage::UserRecord::name);
    return found == users_.end() ? nullptr : &*found;
}

std::optional<WallTime> Registry::last_used(const std::string& token_id) const {
    const auto found = last_used_.find(token_id);
    return found == last_used_.end() ? std::nullopt : std::optional(found->second);
}

void Registry::find_machine(
    const std::string& name,
    std::function<void(Result<std::optional<storage::MachineRecord>>)> done) {
    run<std::optional<storage::MachineRecord>>(
        [name](storage::ControlStore& store) { return store.find_machine(name); },
        [done = std::move(done)](Result<std::optional<storage::MachineRecord>> found) {
            done(found ? std::move(found) : unavailable());
        });
}

void Registry::visit(std::function<Status(storage::ControlStore&)> work,
                     std::function<void(Status)> done) {
    run<Nothing>(
        [work = std::move(work)](storage::ControlStore& store) -> Result<Nothing> {
            TRY(work(store));
            return Nothing();
        },
        [this, done = std::move(done)](const Result<Nothing>& visited) {
            tell_soon();
            done(visited ? Status() : tl::unexpected(for_callers(visited.error())));
        });
}

void Registry::end_principal(const std::string& name) {
    ended_.names.insert(name);
    tell_soon();
}

/// What a change here has ended is told at once, and again at the next reading.
void Registry::tell_soon() {
    if (!ended_.is_empty()) {
        tell_ended();
    }
}

void Registry::create_token(const NewToken& token, std::function<void(Result<CreatedToken>)> done) {
    if (const Status name = check_name(token.name); !name) {
        done(tl::unexpected(name.error()));
        return;
    }
    if (const Status roles = check_topic_roles(token.topic_roles); !roles) {
        done(tl::unexpected(roles.error()));
        return;
    }
    const crypto::Token made = crypto::make_token(parts_.secrets);
    const WallTime now = parts_.home.wall_now();
    storage::TokenRecord record{
        .id = made.id,
        .name = token.name,
        .role = std::string(to_string(token.role)),
        .secret_digest = crypto::token_digest(made.text),
        .created_at = now,
        .expires_at = token.expires_in ? now + *token.expires_in : WallTime(),
        .topic_roles = join_topic_roles(token.topic_roles),
        .machine = token.machine};
    storage::AuditRecord audit{
        .at = now, .who = token.created_by, .what = "token.create", .detail = made.id};
    run<CreatedToken>(
        [record = std::move(record), audit = std::move(audit),
         made](storage::ControlStore& store) -> Result<CreatedToken> {
            if (!record.machine.empty()) {
                TRY_ASSIGN(const auto machine, store.find_machine(record.machine));
                if (!machine) {
                    return fail(ErrorKind::NotFound, "there is no machine of this name");
                }
            }
            TRY(store.add_token(record));
            if (const Status audited = store.append_audit(audit); !audited) {
                // Nobody will ever see this token: better it does not exist.
                (void)store.remove_token(record.id);
                return tl::unexpected(audited.error());
            }
            return CreatedToken{.id = made.id, .text = made.text};
        },
        [done = std::move(done)](Result<CreatedToken> created) {
            done(created ? std::move(created) : tl::unexpected(for_callers(created.error())));
        });
}

void Registry::revoke_token(const std::string& id, const std::string& revoked_by,
                            std::function<void(Status)> done) {
    storage::AuditRecord audit{
        .at = parts_.home.wall_now(), .who = revoked_by, .what = "token.revoke", .detail = id};
    run<Nothing>(
        [id, audit = std::move(audit)](storage::ControlStore& store) -> Result<Nothing> {
            TRY(store.remove_token(id));
            TRY(store.append_audit(audit));
            return Nothing();
        },
        [done = std::move(done)](const Result<Nothing>& revoked) {
            done(revoked ? Status() : tl::unexpected(for_callers(revoked.error())));
        });
}

void Registry::add_first_user(const storage::UserRecord& user, std::function<void(Status)> done) {
    storage::AuditRecord audit{.at = user.created_at,
                               .who = "user:" + user.name,
                               .what = "node.claim",
                               .detail = user.role};
    run<Nothing>(
        [user, audit = std::move(audit)](storage::ControlStore& store) -> Result<Nothing> {
            TRY_ASSIGN(const auto users, store.users());
            if (!users.empty()) {
                return fail(ErrorKind::Conflict, "this node has a user already");
            }
            TRY_ASSIGN(const auto machine, store.find_machine(user.name));
            if (machine) {
                return fail(ErrorKind::Invalid, "a machine has this name");
            }
            TRY(store.add_user(user));
            TRY(store.append_audit(audit));
            return Nothing();
        },
        [done = std::move(done)](const Result<Nothing>& added) {
            done(added ? Status() : tl::unexpected(for_callers(added.error())));
        });
}

void Registry::append_audit(storage::AuditRecord record) {
    record.at = parts_.home.wall_now();
    std::vector<storage::AuditRecord> records;
    records.push_back(std::move(record));
    write_audit(std::move(records));
}

void Registry::note_refused(const RefusedSignIn& refused) {
    write_audit(refusals_.note(refused, parts_.home.wall_now()));
    if (!refusals_timer_.is_armed()) {
        parts_.home.arm_after(refusals_timer_, kRefusalFoldSpan);
    }
}

void Registry::write_audit(std::vector<storage::AuditRecord> records) {
    if (records.empty()) {
        return;
    }
    run<Nothing>(
        [records = std::move(records)](storage::ControlStore& store) -> Result<Nothing> {
            for (const storage::AuditRecord& record : records) {
                TRY(store.append_audit(record));
            }
            return Nothing();
        },
        [this](const Result<Nothing>& appended) {
            if (!appended) {
                ++counters_.store_failures;
                LOG(parts_.home.log(), Error, "cannot write the audit",
                    {"reason", appended.error().text});
            }
        });
}

void Registry::check_soon(ShardId asker) {
    if (std::ranges::find(askers_, asker) == askers_.end()) {
        askers_.push_back(asker);
    }
    if (is_checking_) {
        return;  // the next reading begins when this one has ended
    }
    const Instant earliest = checked_at_ + kStoreCheckIntervalMin;
    if (parts_.home.now() >= earliest) {
        check();
    } else if (!timer_.is_armed() || timer_.deadline() > earliest) {
        parts_.home.arm(timer_, earliest);
    }
}

void Registry::check() {
    CHECK(!is_checking_);
    is_checking_ = true;
    timer_.cancel();
    ++counters_.store_checks;
    asked_ = std::exchange(askers_, {});
    run<Nothing>([](storage::ControlStore&) -> Result<Nothing> { return Nothing(); },
                 [this](const Result<Nothing>&) {
                     is_checking_ = false;
                     checked_at_ = parts_.home.now();
                     tell_ended();
                     answer_askers();
                     arm_next_check();
                 });
}

void Registry::arm_next_check() {
    parts_.home.arm_after(timer_, askers_.empty() ? kStoreCheckInterval : kStoreCheckIntervalMin);
}

void Registry::tell_ended() {
    const WallTime now = parts_.home.wall_now();
    std::set<std::string> good;
    for (const TokenEntry* entry : table_->list()) {
        if (!entry->is_expired(now)) {
            good.insert(entry->id);
        }
    }
    std::vector<std::string> ended_tokens;
    std::ranges::set_difference(good_tokens_, good, std::back_inserter(ended_tokens));
    good_tokens_ = std::move(good);
    for (const std::string& id : ended_tokens) {
        ended_.names.insert("token:" + id);
    }
    EndedPrincipals told = std::exchange(told_once_, ended_);
    told.add(std::exchange(ended_, {}));
    if (!told.is_empty() && ended_listener_) {
        ended_listener_(told);
    }
}

void Registry::take(const Content& content) {
    // An answer that was read before the last one that came: its news are in that.
    const bool is_news = !change_counter_ || content.changes.position >= change_position_ ||
                         !content.changes.is_complete;
    change_counter_ = content.change_counter;
    if (!is_news) {
        return;
    }
    change_position_ = content.changes.position;
    if (content.has_tables) {
        // A token may come and go between two looks of tell_ended(), and open something meanwhile.
        for (const TokenEntry* entry : table_->list()) {
            if (!entry->is_expired(parts_.home.wall_now())) {
                good_tokens_.insert(entry->id);
            }
        }
        table_ = std::make_shared<const TokenTable>(content.tokens);
        const std::vector<storage::UserRecord> before = std::exchange(users_, content.users);
        std::erase_if(last_used_,
                      [this](const auto& item) { return table_->find_id(item.first) == nullptr; });
        stored_roles_ = content.roles;
        ++counters_.table_updates;
        publish();
        publish_roles();
        note_ended_users(before);
        if (users_listener_) {
            users_listener_();
        }
    }
    note_ended_machines(content.changes);
    for (const ChangeListener& listener : change_listeners_) {
        listener(content.changes);
    }
}

void Registry::note_ended_users(const std::vector<storage::UserRecord>& before) {
    for (const storage::UserRecord& user : before) {
        const storage::UserRecord* now = find_user(user.name);
        if (now == nullptr || now->role != user.role || now->password_hash != user.password_hash) {
            ended_.names.insert("user:" + user.name);
        }
    }
}

void Registry::note_ended_machines(const storage::Changes& changes) {
    ended_.are_all_machines = ended_.are_all_machines || !changes.is_complete;
    for (const storage::Change& change : changes.items) {
        if (change.table == "machines") {
            ended_.names.insert("machine:" + change.key);
        }
    }
}

void Registry::publish() {
    for (TokenAuthenticator* authenticator : authenticators_) {
        if (authenticator == nullptr) {
            continue;
        }
        if (authenticator->shard_id() == parts_.home.id()) {
            authenticator->set_table(table_);
            continue;
        }
        parts_.home.post(
            authenticator->shard_id(),
            [authenticator, table = table_](runtime::Shard&) { authenticator->set_table(table); });
    }
}

void Registry::set_file_roles(std::vector<RoleText> roles) {
    file_roles_ = std::move(roles);
    file_problem_.clear();
    publish_roles();
}

/// Nothing is sent if nothing has changed: the store changes for many other reasons.
void Registry::publish_roles() {
    auto book = std::make_shared<const RoleBook>(stored_roles_, file_roles_, *roles_);
    if (book->all() == roles_->all()) {
        return;
    }
    for (const RoleBook::RoleRef& role : book->all()) {
        if (role->problem && roles_->find(role->name) != role) {
            LOG(parts_.home.log(), Error, "rules of a role cannot be read; the last ones stay",
                {"role", role->name}, {"problem", to_string(*role->problem)});
        }
    }
    roles_ = std::move(book);
    for (RoleAuthorizer* authorizer : authorizers_) {
        if (authorizer == nullptr) {
            continue;
        }
        if (authorizer->shard_id() == parts_.home.id()) {
            authorizer->set_book(roles_);
            continue;
        }
        parts_.home.post(authorizer->shard_id(), [authorizer, book = roles_](runtime::Shard&) {
            authorizer->set_book(book);
        });
    }
}

void Registry::answer_askers() {
    for (const ShardId asker : std::exchange(asked_, {})) {
        TokenAuthenticator* authenticator = authenticators_.at(asker.value());
        CHECK(authenticator != nullptr);
        parts_.home.post(asker, [authenticator](runtime::Shard&) { authenticator->on_checked(); });
    }
}

void Registry::note_use(const std::string& token_id, WallTime at) {
    WallTime& last = last_used_[token_id];
    last = std::max(last, at);
}

}  // namespace kith::access
