#include "access/credential.h"

#include "access/limits.h"
#include "access/names.h"
#include "crypto/password.h"
#include "crypto/scram.h"
#include "crypto/token.h"

namespace kith::access {

Result<Credential> make_credential(std::string_view password, PasswordOrigin origin,
                                   crypto::SecretSource& secrets) {
    TRY(check_password(password));
    if (crypto::looks_like_token(password)) {
        return fail(ErrorKind::Invalid, "a password that starts with 'kk_' is taken as a token");
    }
    Credential credential;
    TRY_ASSIGN(credential.password_hash, crypto::hash_password(password, secrets));
    const std::uint32_t iterations = origin == PasswordOrigin::Generated
                                         ? crypto::kScramIterationsRandom
                                         : crypto::kScramIterationsChosen;
    if (const auto verifier = crypto::make_scram_verifier(password, iterations, secrets)) {
        credential.scram = crypto::to_text(*verifier);
    }
    return credential;
}

std::string generate_password(crypto::SecretSource& secrets) {
    for (;;) {
        std::string text = crypto::random_text(secrets, kGeneratedPasswordBytes);
        if (!crypto::looks_like_token(text)) {
            return text;
        }
    }
}

}  // namespace kith::access
