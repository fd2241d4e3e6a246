// Answers about who is signed in: claim, sign in, sign out.
#include <fmt/format.h>

#include "access/limits.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/gate.h"
#include "api/detail/handlers.h"
#include "api/detail/refusals.h"
#include "api/json_views.h"

namespace kith::api {
namespace {

/// Strict: no other page makes the browser send it. Secure where the connection is.
std::string session_cookie(std::string_view value, Scheme scheme, std::int64_t lifetime_s) {
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kSessionCookie,
                       value, lifetime_s, scheme == Scheme::Https ? "; Secure" : "");
}

}  // namespace

void Handlers::get_claim(const Call&, const Respond& respond) {
    std::string body;
    json::Writer json(body);
    json.begin_object();
    json.field("node", state_->parts.backend.node().name);
    json.field("claimable", state_->parts.sign_in.is_claimable());
    json.end_object();
    respond(json_response(std::move(body)));
}

void Handlers::post_claim(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    const access::Claim claim{
        .code = body.text("code"),
        .user = {
            .name = body.text("name"), .password = body.text("password"), .from = call.remote}};
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.sign_in.claim(claim, [this, respond,
                                        scheme = call.scheme](const access::SignInResult& result) {
        respond(result ? signed_in(result, scheme, 201)
                       : to_response(problem_of(result.error(),
                                                {.status = 403, .code = "claim.refused"}, "user")));
    });
}

void Handlers::get_session(const Call& call, const Respond& respond) {
    if (call.caller.kind == CallerKind::Nobody) {
        respond(to_response(
            {.status = 401, .code = "session.required", .detail = "nobody is signed in"}));
        return;
    }
    respond(json_response(session_json(call.caller, state_->parts.backend.node().name)));
}

void Handlers::post_session(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    const access::Credentials credentials{
        .name = body.text("name"), .password = body.text("password"), .from = call.remote};
    if (is_refused(body, respond)) {
        return;
    }
    state_->parts.sign_in.sign_in(credentials, [this, respond, scheme = call.scheme](
                                                   const access::SignInResult& result) {
        respond(result ? signed_in(result, scheme, 200)
                       : to_response(problem_of(
                             result.error(), {.status = 401, .code = "session.refused"}, "user")));
    });
}

void Handlers::delete_session(const Call& call, const Respond& respond) {
    if (call.caller.kind == CallerKind::Session) {
        state_->parts.sessions.close(call.caller.credential);
    }
    http::Response response = no_content();
    response.headers.add("Set-Cookie", session_cookie("", call.scheme, 0));
    respond(std::move(response));
}

Reply Handlers::signed_in(const access::SignInResult& result, Scheme scheme,
                          std::uint16_t status) const {
    Caller caller;
    caller.kind = CallerKind::Session;
    caller.user = result->session.user;
    caller.role = result->session.role;
    caller.csrf_token = result->session.csrf_token;
    http::Response response =
        json_response(session_json(caller, state_->parts.backend.node().name), status);
    response.headers.add("Set-Cookie",
                         session_cookie(result->cookie, scheme, access::kSessionLifetime / 1s));
    return response;
}

}  // namespace kith::api
