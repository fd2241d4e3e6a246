#include "crypto/client_certificate.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <set>

#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"

namespace kith::crypto {
namespace {

using detail::KeyPtr;
using RequestPtr = std::unique_ptr<X509_REQ, detail::Free<X509_REQ_free>>;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

const Identity& authority() {
    static const Identity made = make_client_authority("gw-1", kNow).value();
    return made;
}

/// What a TLS peer does with a leaf: X509_V_OK, or why it is refused for this purpose.
int verify(const std::string& trusted_pem, const std::string& leaf_pem, int purpose) {
    X509_STORE* store = X509_STORE_new();
    const auto trusted = detail::parse_certificate(trusted_pem).value().release();
    const auto leaf = detail::parse_certificate(leaf_pem).value();
    X509_STORE_add_cert(store, trusted);
    X509_free(trusted);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(parameters, purpose);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(kNow.ms() / 1000));
    X509_verify_cert(context);
    const int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

int as_client(const std::string& leaf) {
    return verify(authority().certificate_pem, leaf, X509_PURPOSE_SSL_CLIENT);
}

std::string request_of(EVP_PKEY* key, EVP_PKEY* signer) {
    const RequestPtr request(X509_REQ_new());
    X509_REQ_set_version(request.get(), 0);
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("admin"), 5, -1, 0);
    X509_REQ_set_pubkey(request.get(), key);
    const EVP_MD* digest = EVP_PKEY_is_a(signer, "ED25519") == 1 ? nullptr : EVP_sha256();
    EXPECT_GT(X509_REQ_sign(request.get(), signer, digest), 0);
    const detail::BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(out.get(), request.get());
    return detail::content_of(out.get());
}

std::string request_of(const KeyPtr& key) {
    return request_of(key.get(), key.get());
}

ErrorKind refusal(const std::string& request) {
    const auto issued = sign_client_request(authority(), request, {.machine = "m", .now = kNow});
    EXPECT_FALSE(issued);
    ERR_clear_error();
    return issued ? ErrorKind::Closed : issued.error().kind;
}

TEST(ClientCertificate, LetsAMachineInAndNobodyPoseAsANode) {
    const Identity machine =
        issue_client_certificate(authority(), {.machine = "press-07", .now = kNow}).value();
    EXPECT_EQ(as_client(machine.certificate_pem), X509_V_OK);
    EXPECT_NE(verify(authority().certificate_pem, machine.certificate_pem, X509_PURPOSE_SSL_SERVER),
              X509_V_OK);
    const auto facts = read_certificate(machine.certificate_pem).value();
    EXPECT_EQ(facts.subject, "CN=press-07,O=Kith");
    EXPECT_FALSE(facts.is_authority);
    EXPECT_EQ(facts.not_after, kNow + kClientLifetimeDefault);
    EXPECT_EQ(facts.serial.size(), 32U) << "128 bits";
}

TEST(ClientCertificate, TheTwoAuthoritiesCannotDoEachOthersWork) {
    const Identity servers = make_authority("gw-1", kNow).value();
    const Identity machine =
        issue_client_certificate(servers, {.machine = "press-07", .now = kNow}).value();
    EXPECT_NE(verify(servers.certificate_pem, machine.certificate_pem, X509_PURPOSE_SSL_CLIENT),
              X509_V_OK);
    const Identity node = issue_server_certificate(authority(), {"localhost"}, kNow).value();
    EXPECT_NE(verify(authority().certificate_pem, node.certificate_pem, X509_PURPOSE_SSL_SERVER),
              X509_V_OK);
    EXPECT_NE(as_client(node.certificate_pem), X509_V_OK);
}

TEST(ClientCertificate, OfARequestOnlyTheKeyIsTaken) {
    const auto make = [](const char* type, const char* group) {
        return KeyPtr(group == nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, type)
                                       : EVP_PKEY_Q_keygen(nullptr, nullptr, type, group));
    };
    for (const KeyPtr& key : {make("EC", "P-256"), make("EC", "P-384"), make("ED25519", nullptr),
                              KeyPtr(EVP_RSA_gen(2048))}) {
        const auto issued =
            sign_client_request(authority(), request_of(key), {.machine = "press-07", .now = kNow});
        ASSERT_TRUE(issued) << issued.error().text;
        EXPECT_EQ(as_client(*issued), X509_V_OK);
        EXPECT_EQ(read_certificate(*issued)->subject, "CN=press-07,O=Kith");
        const auto leaf = detail::parse_certificate(*issued).value();
        EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(leaf.get()), key.get()), 1);
    }
}

TEST(ClientCertificate, WhoAsksProvesThatTheKeyIsTheirs) {
    const KeyPtr mine(EVP_EC_gen("P-256"));
    const KeyPtr yours(EVP_EC_gen("P-256"));
    EXPECT_EQ(refusal(request_of(yours.get(), mine.get())), ErrorKind::Denied);
}

TEST(ClientCertificate, WeakAndStrangeKeysAreRefused) {
    EXPECT_EQ(refusal(request_of(KeyPtr(EVP_RSA_gen(1024)))), ErrorKind::Invalid);
    EXPECT_EQ(refusal(request_of(KeyPtr(EVP_EC_gen("secp256k1")))), ErrorKind::Invalid);
    EXPECT_EQ(refusal(request_of(KeyPtr(EVP_EC_gen("P-224")))), ErrorKind::Invalid);
}

TEST(ClientCertificate, RequestsThatAreNoneAreRefused) {
    const std::string good = request_of(KeyPtr(EVP_EC_gen("P-256")));
    EXPECT_EQ(refusal(""), ErrorKind::Malformed);
    EXPECT_EQ(refusal("nonsense"), ErrorKind::Malformed);
    EXPECT_EQ(refusal(authority().certificate_pem), ErrorKind::Malformed);
    EXPECT_EQ(refusal(good + good), ErrorKind::Malformed) << "which one?";
    EXPECT_EQ(refusal(good + "x"), ErrorKind::Malformed);
    EXPECT_EQ(refusal("x" + good), ErrorKind::Malformed);
    EXPECT_EQ(refusal(good.substr(0, good.size() / 2)), ErrorKind::Malformed);
    EXPECT_EQ(refusal(std::string(kSigningRequestBytesMax + 1, 'x')), ErrorKind::Limit);
    std::string damaged = good;
    damaged[good.size() / 2] = damaged[good.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sign_client_request(authority(), damaged, {.machine = "m", .now = kNow}));
    ERR_clear_error();
}

TEST(ClientCertificate, NamesAndTimesHaveBounds) {
    const auto issue = [](std::string_view machine, int days) {
        const auto made = issue_client_certificate(
            authority(), {.machine = machine, .lifetime = std::chrono::days(days), .now = kNow});
        return made ? std::string("issued") : std::string(to_string(made.error().kind));
    };
    EXPECT_EQ(issue(std::string(64, 'm'), 1), "issued");
    EXPECT_EQ(issue(std::string(65, 'm'), 1), "invalid");
    EXPECT_EQ(issue("", 1), "invalid");
    EXPECT_EQ(issue("\xFF", 1), "invalid");
    EXPECT_EQ(issue("m", 0), "invalid");
    EXPECT_EQ(issue("m", 3651), "invalid");
    EXPECT_EQ(issue("m", 3650), "issued");
    const auto late = issue_client_certificate(
        authority(), {.machine = "m", .lifetime = std::chrono::days(3650), .now = kNow + 48h});
    EXPECT_EQ(late.error().kind, ErrorKind::Limit);
    EXPECT_FALSE(make_client_authority("", kNow));
    EXPECT_FALSE(make_client_authority(std::string(60, 'n'), kNow));
    ERR_clear_error();
}

TEST(ClientCertificate, SerialsAreNotRepeated) {
    std::set<std::string> serials;
    for (int i = 0; i < 50; ++i) {
        const auto issued = issue_client_certificate(authority(), {.machine = "m", .now = kNow});
        serials.insert(read_certificate(issued->certificate_pem)->serial);
    }
    EXPECT_EQ(serials.size(), 50U);
}

TEST(ClientCertificate, AnAuthorityWithAnotherKeySignsNothing) {
    const Identity other = make_client_authority("gw-2", kNow).value();
    const Identity mixed{.certificate_pem = authority().certificate_pem,
                         .private_key_pem = other.private_key_pem};
    EXPECT_EQ(issue_client_certificate(mixed, {.machine = "m", .now = kNow}).error().kind,
              ErrorKind::Invalid);
}

}  // namespace
}  // namespace kith::crypto
