// JSON web tokens (RFC 7519) of an identity provider, signed as RFC 7515 says: who is this?
//
// Pure: text, keys, rules and a time in, an identity or a reason out. What is not asked for is
// refused: a token without an end, for another audience, from another issuer, with an algorithm
// that its key does not have, with members twice, with critical extensions.
//
//     base64url(header) . base64url(claims) . base64url(signature)
//
// Threads: any. Limits: kJwtBytesMax, kJwtDepthMax and the lengths of names. One call takes up to
// 0.2 ms, nearly all of it for the signature.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/jwk_set.h"
#include "base/result.h"
#include "base/time.h"
#include "bus/authenticator.h"

namespace kith::access {

/// What a node asks of a token.
struct JwtRules {
    std::string issuer;    // `iss` is this
    std::string audience;  // `aud` is this, or has it
    std::string machine_claim = "sub";
};

/// The rules and the keys that a node has now.
struct JwtPolicy {
    JwtRules rules;
    JwkSet keys;
};

struct JwtIdentity {
    std::string issuer;
    std::string subject;
    bus::Role role = bus::Role::Machine;
    std::string machine;                   // empty if the claim does not name one
    std::vector<std::string> topic_roles;  // as the token has them; empty: it says nothing
    WallTime expires_at;                   // the leeway included
};

/// True if a text has the shape of a signed token: three parts, of which the first begins as JSON.
[[nodiscard]] bool looks_like_jwt(std::string_view text);

/// Errors: Malformed, Denied (with what is wrong, in words that give nothing away), Limit.
[[nodiscard]] Result<JwtIdentity> verify_jwt(std::string_view text, const JwkSet& keys,
                                             const JwtRules& rules, WallTime now);

}  // namespace kith::access
