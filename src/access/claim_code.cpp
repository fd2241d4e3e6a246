#include "access/claim_code.h"

#include "access/limits.h"
#include "crypto/token.h"

namespace kith::access {

std::string ClaimCode::issue(crypto::SecretSource& secrets, Instant now) {
    std::string code = crypto::random_text(secrets, kClaimCodeBytes);
    digest_ = crypto::token_digest(code);
    expires_at_ = now + kClaimLifetime;
    return code;
}

bool ClaimCode::is_open(Instant now) const {
    return digest_.has_value() && now < expires_at_;
}

bool ClaimCode::matches(std::string_view code, Instant now) const {
    return is_open(now) && crypto::equal_in_constant_time(crypto::token_digest(code), *digest_);
}

}  // namespace kith::access
