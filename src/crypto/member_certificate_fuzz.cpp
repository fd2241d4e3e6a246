// Any bytes as the chain of a member: no crash, and whoever is taken for one has the key and the
// URI that the root has certified. Its own key is gone: nothing else will ever be signed with it.
#include "crypto/member_certificate.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "crypto/fake_secrets.h"

namespace kith::crypto {
namespace {

/// Signed a member, a holder that signed the same member, and a machine; see the corpus.
constexpr const char* kRoot =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnzCCAUSgAwIBAgIQftQ0L4eYd6tO6UBDvZHnuzAKBggqhkjOPQQDAjAeMQ0w\n"
    "CwYDVQQKDARLaXRoMQ0wCwYDVQQDDARmdXp6MB4XDTI3MDExNDA4MDAwMFoXDTM3\n"
    "MDExMjA4MDAwMFowHjENMAsGA1UECgwES2l0aDENMAsGA1UEAwwEZnV6ejBZMBMG\n"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABFjBxZkZNlVVcgeVfMWugqTGRo8EP4UySJkj\n"
    "vTukXG8cAdxhatxwP3JFzkxRptfeR48rAyKKqIiaezcB6ico1fajZDBiMBIGA1Ud\n"
    "EwEB/wQIMAYBAf8CAQEwDgYDVR0PAQH/BAQDAgEGMB0GA1UdJQQWMBQGCCsGAQUF\n"
    "BwMBBggrBgEFBQcDAjAdBgNVHQ4EFgQUb59beGeFATXMH/y/7SCecTBc6ZgwCgYI\n"
    "KoZIzj0EAwIDSQAwRgIhALFD+Uz5HdUN15C36LdfkJLCXXP15tJWrBb+Vbzyvt8I\n"
    "AiEAtkIxCjlPcMZk+tn4jHaVfOPwswXJrCu3y9erYaKTm30=\n"
    "-----END CERTIFICATE-----\n";

void check_chain(Bytes chain) {
    static const MemberVerifier verifier = MemberVerifier::create(kRoot).value();
    static const Ed25519PublicKey certified_key = [] {
        FakeSecrets secrets(1);
        return SigningKey::generate(secrets).public_key();
    }();
    const Result<Member> member = verifier.verify(chain, std::nullopt);
    if (!member) {
        CHECK(member.error().kind == ErrorKind::Malformed ||
              member.error().kind == ErrorKind::Limit || member.error().kind == ErrorKind::Denied);
        return;
    }
    CHECK(member->public_key == certified_key);
    CHECK(member->uri == "urn:kith:mesh:router");
    CHECK(verifier.verify(chain, member->not_after - std::chrono::seconds(1)).has_value());
    CHECK(!verifier.verify(chain, member->not_after + std::chrono::seconds(1)).has_value());
    CHECK(!verifier.verify(chain.first(chain.size() - 1), std::nullopt).has_value());
}

}  // namespace
}  // namespace kith::crypto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    kith::crypto::check_chain({bytes, size});
    return 0;
}
