// What is kept of a password: a scrypt hash and a SCRAM verifier, of users and machines alike.
//
// Whoever steals the store may try passwords against the weaker of the two. A generated password
// has 192 random bits, and any number of iterations will do; for one that a person chose SCRAM
// takes as many as a small machine bears (crypto/scram.h). Making both takes some 150 ms of a core
// and 32 MiB: on a pool, or in a tool.
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secrets.h"

namespace kith::access {

enum class PasswordOrigin : std::uint8_t { Chosen, Generated };

struct Credential {
    std::string password_hash;
    std::string scram;  // empty for a password that is not ASCII: SCRAM does not take it
};

/// Errors: Invalid (too short, too long, or shaped like a token), Unavailable (no memory).
[[nodiscard]] Result<Credential> make_credential(std::string_view password, PasswordOrigin origin,
                                                 crypto::SecretSource& secrets);

/// 32 characters that are safe in shells, URLs and configuration files.
[[nodiscard]] std::string generate_password(crypto::SecretSource& secrets);

}  // namespace kith::access
