#include "access/token_authenticator.h"

#include <utility>

#include "access/limits.h"
#include "access/names.h"
#include "access/registry.h"
#include "crypto/token.h"

namespace kith::access {
namespace {

/// Uses of tokens are told to the registry in batches, this long after the first.
constexpr Duration kReportDelay = 2s;

bus::Principal principal_of(const TokenEntry& entry) {
    return {.tenant = kDefaultTenant,
            .name = "token:" + entry.id,
            .role = entry.role,
            .machine = entry.machine,
            .topic_roles = entry.topic_roles};
}

tl::unexpected<Error> denied() {
    return fail(ErrorKind::Denied, "unknown, expired or revoked token");
}

}  // namespace

TokenAuthenticator::TokenAuthenticator(runtime::Shard& shard, Registry& registry, ShardId home)
    : shard_(&shard),
      registry_(&registry),
      home_(home),
      table_(std::make_shared<const TokenTable>()),
      report_timer_([this](Instant) { report_uses(); }) {}

Result<bus::Principal> TokenAuthenticator::principal_of_session(
    const bus::AuthRequest& request) const {
    constexpr std::string_view kToken = "token:";
    if (request.session_principal.starts_with(kToken)) {
        const TokenEntry* entry = table_->find_id(request.session_principal.substr(kToken.size()));
        if (entry == nullptr || entry->is_expired(shard_->wall_now())) {
            return denied();  // it ended after the WebSocket was opened
        }
        return principal_of(*entry);
    }
    return bus::Principal{
        .tenant = kDefaultTenant,
        .name = std::string(request.session_principal),
        .role = request.session_role,
        .machine = std::string(request.session_machine),
        .topic_roles = {request.session_topic_roles.begin(), request.session_topic_roles.end()},
        .expires_at = request.session_expires_at};
}

void TokenAuthenticator::check_token(std::string_view token,
                                     std::function<void(Result<bus::Principal>)> done) {
    if (jwt_ != nullptr && looks_like_jwt(token)) {
        done(check_jwt(token));
        return;
    }
    if (const TokenEntry* entry = find(token)) {
        done(entry->is_expired(shard_->wall_now()) ? Result<bus::Principal>(denied())
                                                   : principal_of(*entry));
        return;
    }
    if (!crypto::token_id(token)) {
        done(denied());
        return;
    }
    if (asked_.size() + waiting_.size() >= kUnknownTokensMax) {
        done(fail(ErrorKind::Limit, "too many unknown tokens at this moment"));
        return;
    }
    waiting_.push_back({.token = std::string(token), .done = std::move(done)});
    if (asked_.empty()) {
        ask_registry();
    }
}

bool TokenAuthenticator::is_token(std::string_view text) const {
    return crypto::token_id(text).has_value() || (jwt_ != nullptr && looks_like_jwt(text));
}

bool TokenAuthenticator::is_good_jwt(std::string_view token) const {
    return jwt_ != nullptr && looks_like_jwt(token) &&
           verify_jwt(token, jwt_->keys, jwt_->rules, shard_->wall_now()).has_value();
}

Result<bus::Principal> TokenAuthenticator::check_jwt(std::string_view token) {
    if (shard_->now() - jwt_second_ >= 1s) {
        jwt_second_ = shard_->now();
        jwt_checks_ = 0;
    }
    if (++jwt_checks_ > kJwtChecksPerSecondMax) {
        ++jwt_counters_.over_limit;
        return fail(ErrorKind::Limit, "too many tokens to check at this moment");
    }
    auto identity = verify_jwt(token, jwt_->keys, jwt_->rules, shard_->wall_now());
    if (!identity) {
        ++jwt_counters_.denied;
        LOG(shard_->log(), Debug, "JSON web token refused", {"reason", identity.error().text});
        return tl::unexpected(identity.error());
    }
    ++jwt_counters_.accepted;
    bus::Principal principal;
    principal.name = std::string(kJwtNamePrefix) + identity->issuer + "/" + identity->subject;
    principal.role = identity->role;
    principal.machine = std::move(identity->machine);
    principal.topic_roles = std::move(identity->topic_roles);
    principal.expires_at = identity->expires_at;
    return principal;
}

const TokenEntry* TokenAuthenticator::find(std::string_view token) {
    const TokenEntry* entry = table_->find(token);
    if (entry != nullptr) {
        uses_[entry->id] = shard_->wall_now();
        if (!report_timer_.is_armed()) {
            shard_->arm_after(report_timer_, kReportDelay);
        }
    }
    return entry;
}

void TokenAuthenticator::ask_registry() {
    asked_ = std::exchange(waiting_, {});
    shard_->post(home_, [registry = registry_, id = shard_->id()](runtime::Shard&) {
        registry->check_soon(id);
    });
}

void TokenAuthenticator::on_checked() {
    for (Waiting& waiting : std::exchange(asked_, {})) {
        const TokenEntry* entry = find(waiting.token);
        const bool is_good = entry != nullptr && !entry->is_expired(shard_->wall_now());
        waiting.done(is_good ? Result<bus::Principal>(principal_of(*entry)) : denied());
    }
    if (!waiting_.empty() && asked_.empty()) {
        ask_registry();
    }
}

void TokenAuthenticator::report_uses() {
    shard_->post(home_, [registry = registry_, uses = std::exchange(uses_, {})](runtime::Shard&) {
        for (const auto& [id, at] : uses) {
            registry->note_use(id, at);
        }
    });
}

}  // namespace kith::access
