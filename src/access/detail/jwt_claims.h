// What a token whose signature is good says, and whether that lets anybody in.
//
// Pure. Apart from jwt.h so that a fuzzer reaches it without having to sign.
#pragma once

#include "access/jwt.h"
#include "json/document.h"

namespace kith::access::detail {

/// Errors: Denied, with what is wrong.
[[nodiscard]] Result<JwtIdentity> read_claims(const json::View& claims, const JwtRules& rules,
                                              WallTime now);

}  // namespace kith::access::detail
