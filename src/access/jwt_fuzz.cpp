// Any bytes as a token, as a set of keys, and as the claims of a token whose signature is good.
#include "access/jwt.h"

#include <cstddef>
#include <cstdint>

#include "access/detail/jwt_claims.h"
#include "access/limits.h"
#include "base/check.h"

namespace {

using kith::WallTime;
using kith::access::JwkSet;

constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"ed",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},)"
    R"({"kty":"oct","kid":"s","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3)"
    R"(Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]})";

const kith::access::JwtRules& rules() {
    static const kith::access::JwtRules made{.issuer = "joe", .audience = "kith"};
    return made;
}

void check_claims(std::string_view text, WallTime now) {
    const auto document = kith::json::Document::parse(
        text, {.bytes_max = kith::access::kJwtBytesMax, .depth_max = 8, .unique_names = true});
    if (!document) {
        return;
    }
    const auto identity = kith::access::detail::read_claims(document->root(), rules(), now);
    if (identity) {
        CHECK(identity->expires_at > now);
        CHECK(identity->subject.size() <= kith::access::kJwtNameBytesMax);
        CHECK(identity->machine.find_first_of("/+#") == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const JwkSet keys = JwkSet::parse(kKeys).value();
    const WallTime now = WallTime::from_ms(1'300'000'000'000);
    const std::string_view text = kith::as_text({bytes, size});
    static_cast<void>(JwkSet::parse(text));
    const auto identity = kith::access::verify_jwt(text, keys, rules(), now);
    CHECK(!identity);  // nobody signs here, and the example of the RFC has no audience
    check_claims(text, now);
    return 0;
}
