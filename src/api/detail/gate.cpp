#include "api/detail/gate.h"

#include "access/names.h"
#include "crypto/digest.h"
#include "http/headers.h"

namespace kith::api {
namespace {

std::optional<bus::Role> needed_role(Access access) {
    switch (access) {
        case Access::Open:
        case Access::Optional:
            return std::nullopt;
        case Access::Metrics:
        case Access::Viewer:
            return bus::Role::Viewer;
        case Access::Operator:
            return bus::Role::Operator;
        case Access::Admin:
            return bus::Role::Admin;
    }
    return bus::Role::Admin;
}

bool is_write(http::Method method) {
    return method != http::Method::Get && method != http::Method::Head;
}

/// JSON only: what a form of another page can send without asking is something else.
std::optional<Problem> check_content(const http::Request& head) {
    if (head.method != http::Method::Post) {
        return std::nullopt;
    }
    std::string_view type = head.headers.find("Content-Type").value_or("");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) {
        type.remove_suffix(1);
    }
    const bool has_body = head.headers.count("Transfer-Encoding") > 0 ||
                          head.headers.find("Content-Length").value_or("0") != "0";
    if ((has_body || !type.empty()) && !http::equal_ignoring_case(type, "application/json")) {
        return Problem{.status = 415,
                       .code = "body.type",
                       .detail = "send JSON with Content-Type: application/json"};
    }
    return std::nullopt;
}

}  // namespace

void Gate::identify(const http::Request& head,
                    std::function<void(tl::expected<Caller, Problem>)> done) const {
    const auto authorization = head.headers.find("Authorization");
    if (!authorization) {
        done(caller_of_cookie(head));
        return;
    }
    const Problem refused{.status = 401,
                          .code = "token.refused",
                          .detail = "the token is unknown, expired or revoked"};
    const auto token = http::bearer_token(*authorization);
    if (!token) {
        done(tl::unexpected(refused));
        return;
    }
    parts_->authenticator.check_token(
        *token, [done = std::move(done), refused,
                 credential = std::string(*token)](const Result<bus::Principal>& principal) {
            if (!principal) {
                done(tl::unexpected(refused));
                return;
            }
            Caller caller;
            caller.kind = CallerKind::Token;
            caller.principal = principal->name;
            caller.role = principal->role;
            caller.machine = principal->machine;
            caller.topic_roles = principal->topic_roles;
            caller.credential = credential;
            caller.expires_at = principal->expires_at;
            done(std::move(caller));
        });
}

Caller Gate::caller_of_cookie(const http::Request& head) const {
    Caller caller;
    for (const http::Header& field : head.headers.fields()) {
        if (!http::equal_ignoring_case(field.name, "Cookie")) {
            continue;
        }
        const auto cookie = http::find_cookie(field.value, kSessionCookie);
        const access::Session* session =
            cookie ? parts_->sessions.find(*cookie, parts_->shard.now()) : nullptr;
        if (session != nullptr) {
            caller.kind = CallerKind::Session;
            caller.principal = "user:" + session->user;
            caller.role = session->role;
            caller.user = session->user;
            caller.csrf_token = session->csrf_token;
            caller.credential = std::string(*cookie);
            break;
        }
    }
    return caller;
}

std::optional<Problem> Gate::check(const Route& route, const Call& call,
                                   const http::Request& head) const {
    if (auto problem = check_content(head)) {
        return problem;
    }
    const auto needed = needed_role(route.access);
    if (!needed) {
        return std::nullopt;
    }
    const Caller& caller = call.caller;
    if (caller.kind == CallerKind::Nobody) {
        if (route.access == Access::Metrics && !call.is_proxied &&
            is_direct_from_loopback(head, call.remote)) {
            return std::nullopt;
        }
        return Problem{.status = 401,
                       .code = "session.required",
                       .detail = "sign in, or send a token: Authorization: Bearer kk_..."};
    }
    if (!access::may(caller.role, *needed)) {
        return Problem{.status = 403,
                       .code = "role.missing",
                       .detail = "this needs the role " + std::string(access::to_string(*needed))};
    }
    if (caller.kind == CallerKind::Session && is_write(head.method)) {
        const auto token = head.headers.find(kTokenHeader).value_or("");
        if (!crypto::equal_in_constant_time(as_bytes(token), as_bytes(caller.csrf_token))) {
            return Problem{.status = 403,
                           .code = "csrf.missing",
                           .detail = "writes with a session need its token in X-Kith-Token"};
        }
    }
    return std::nullopt;
}

bool Gate::is_still_good(const Caller& caller) const {
    switch (caller.kind) {
        case CallerKind::Nobody:
        case CallerKind::Loopback:
            return false;
        case CallerKind::Session:
            return parts_->sessions.is_open(caller.credential, parts_->shard.now());
        case CallerKind::Token: {
            if (access::looks_like_jwt(caller.credential)) {
                return parts_->authenticator.is_good_jwt(caller.credential);
            }
            const access::TokenEntry* entry = parts_->registry.tokens().find(caller.credential);
            return entry != nullptr && !entry->is_expired(parts_->shard.wall_now());
        }
    }
    return false;
}

}  // namespace kith::api
