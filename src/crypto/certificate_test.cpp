#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "crypto/detail/openssl.h"

namespace kith::crypto {
namespace {

using ::kith::operator""s;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

detail::X509Ptr parsed(const std::string& pem) {
    const detail::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return detail::X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// What a TLS client does: trusts `authority` and asks for `host` at a time; X509_V_OK or why not.
int verify(const Identity& authority, const Identity& server, const char* host, WallTime at) {
    X509_STORE* store = X509_STORE_new();
    const auto trusted = parsed(authority.certificate_pem);
    const auto leaf = parsed(server.certificate_pem);
    X509_STORE_add_cert(store, trusted.get());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(at.ms() / 1000));
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1) {
        X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    }
    X509_verify_cert(context);
    const int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

TEST(Certificate, ServerIsTrustedByWhoHasTheAuthorityUnderEveryName) {
    const Identity authority = make_authority("gw-1", kNow).value();
    const auto names = server_names("gw-1.local", {"gateway.example", "10.0.0.7"});
    const Identity server = issue_server_certificate(authority, names, kNow).value();
    for (const char* host :
         {"localhost", "gw-1.local", "127.0.0.1", "::1", "gateway.example", "10.0.0.7"}) {
        EXPECT_EQ(verify(authority, server, host, kNow), X509_V_OK) << host;
    }
    EXPECT_EQ(verify(authority, server, "other.example", kNow), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify(authority, server, "10.0.0.8", kNow), X509_V_ERR_IP_ADDRESS_MISMATCH);
    const Identity stranger = make_authority("gw-1", kNow).value();
    EXPECT_NE(verify(stranger, server, "localhost", kNow), X509_V_OK);
}

TEST(Certificate, LastsAsLongAsItSays) {
    const Identity authority = make_authority("gw-1", kNow).value();
    const Identity server = issue_server_certificate(authority, {"localhost"}, kNow).value();
    const WallTime end = kNow + kServerLifetime;
    EXPECT_EQ(verify(authority, server, "localhost", kNow + -kBackdate), X509_V_OK);
    EXPECT_EQ(verify(authority, server, "localhost", kNow + -kBackdate + -1s),
              X509_V_ERR_CERT_NOT_YET_VALID);
    EXPECT_EQ(verify(authority, server, "localhost", end + -1s), X509_V_OK);
    EXPECT_EQ(verify(authority, server, "localhost", end + 1s), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(Certificate, FactsSayWhatWasIssued) {
    const Identity authority = make_authority("gw-1", kNow).value();
    const Identity server =
        issue_server_certificate(authority, server_names("gw-1.local", {}), kNow).value();
    const CertificateFacts root = read_certificate(authority.certificate_pem).value();
    const CertificateFacts leaf = read_certificate(server.certificate_pem).value();
    EXPECT_TRUE(root.is_authority);
    EXPECT_FALSE(leaf.is_authority);
    EXPECT_EQ(root.subject, "CN=gw-1,O=Kith");
    EXPECT_EQ(leaf.issuer, root.subject);
    EXPECT_EQ(leaf.names, (std::vector<std::string>{"localhost", "gw-1.local", "127.0.0.1",
                                                    "0:0:0:0:0:0:0:1"}));
    EXPECT_EQ(leaf.not_before, kNow + -kBackdate);
    EXPECT_EQ(leaf.not_after, kNow + kServerLifetime);
    EXPECT_EQ(leaf.fingerprint.size(), 64U);
    EXPECT_NE(leaf.fingerprint, root.fingerprint);
}

TEST(Certificate, IsRenewedNearItsEndOrForANewName) {
    const Identity authority = make_authority("gw-1", kNow).value();
    const auto names = server_names("gw-1.local", {});
    const CertificateFacts leaf =
        read_certificate(issue_server_certificate(authority, names, kNow).value().certificate_pem)
            .value();
    const WallTime last = leaf.not_after + -kRenewBefore;
    EXPECT_FALSE(needs_renewal(leaf, names, kNow));
    EXPECT_FALSE(needs_renewal(leaf, names, last));
    EXPECT_TRUE(needs_renewal(leaf, names, last + 1s));
    EXPECT_TRUE(needs_renewal(leaf, server_names("gw-1.local", {"new.example"}), kNow));
    EXPECT_TRUE(needs_renewal(leaf, server_names("gw-1.local", {"10.0.0.7"}), kNow));
}

TEST(Certificate, NamesAreNotRepeated) {
    EXPECT_EQ(server_names("localhost", {"::1", "", "a"}),
              (std::vector<std::string>{"localhost", "127.0.0.1", "::1", "a"}));
}

TEST(Certificate, RefusesNamesThatNoClientCouldAskFor) {
    const Identity authority = make_authority("gw-1", kNow).value();
    for (const std::string& name :
         {std::string(), std::string("a b"), std::string("a..b"), std::string(".a"),
          std::string("*"), std::string("a\0b", 3), std::string(254, 'a'), std::string("ä")}) {
        const auto issued = issue_server_certificate(authority, {"localhost", name}, kNow);
        ASSERT_FALSE(issued.has_value()) << name;
        EXPECT_EQ(issued.error().kind, ErrorKind::Invalid);
    }
    EXPECT_EQ(issue_server_certificate(authority, {}, kNow).error().kind, ErrorKind::Invalid);
    const std::vector<std::string> many(kServerNamesMax + 1, "a");
    EXPECT_EQ(issue_server_certificate(authority, many, kNow).error().kind, ErrorKind::Limit);
}

TEST(Certificate, RefusesAnAuthorityThatIsBroken) {
    Identity authority = make_authority("gw-1", kNow).value();
    const std::string other_key = make_authority("gw-1", kNow).value().private_key_pem;
    const auto issue = [](const Identity& from) {
        return issue_server_certificate(from, {"localhost"}, kNow);
    };
    EXPECT_FALSE(issue({authority.certificate_pem, other_key}).has_value());
    EXPECT_FALSE(issue({authority.certificate_pem, "no key"}).has_value());
    EXPECT_FALSE(issue({"no certificate", authority.private_key_pem}).has_value());
    EXPECT_FALSE(make_authority("", kNow).has_value());
    EXPECT_FALSE(make_authority(std::string(65, 'x'), kNow).has_value());
    EXPECT_FALSE(make_authority("\xFF", kNow).has_value());
    EXPECT_EQ(read_certificate("").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(read_certificate(authority.private_key_pem).error().kind, ErrorKind::Malformed);
}

}  // namespace
}  // namespace kith::crypto
