#include "crypto/client_certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

#include "base/check.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"
#include "crypto/signature.h"

namespace kith::crypto {
namespace {

using detail::add_extension;
using detail::Draft;
using detail::Issuer;
using detail::KeyPtr;
using RequestPtr = std::unique_ptr<X509_REQ, detail::Free<X509_REQ_free>>;

constexpr std::string_view kRequestEnd = "-----END CERTIFICATE REQUEST-----";
constexpr std::string_view kOldRequestEnd = "-----END NEW CERTIFICATE REQUEST-----";

/// Names, uses and signature: what makes a draft a client's certificate.
Status finish(const Draft& draft, const Issuer& issuer, const ClientCertificateOptions& options) {
    X509* certificate = draft.certificate.get();
    X509* authority = issuer.certificate.get();
    if (options.machine.empty() || !detail::set_subject(certificate, options.machine)) {
        ERR_clear_error();
        return fail(ErrorKind::Invalid, "the machine's name does not fit a certificate");
    }
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(authority)) == 1);
    add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, authority, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, authority, NID_ext_key_usage, "critical,clientAuth");
    add_extension(certificate, authority, NID_subject_key_identifier, "hash");
    add_extension(certificate, authority, NID_authority_key_identifier, "keyid:always");
    CHECK(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);
    return {};
}

/// The issuer, if it can issue what is asked for.
Result<Issuer> issuer_for(const Identity& authority, const ClientCertificateOptions& options) {
    if (options.lifetime < std::chrono::days(1) || options.lifetime > kClientLifetimeMax) {
        return fail(ErrorKind::Invalid, "a certificate is valid for 1 to 3650 days");
    }
    TRY_ASSIGN(Issuer issuer, detail::parse_issuer(authority));
    const WallTime end = detail::wall_time(X509_get0_notAfter(issuer.certificate.get()));
    if (options.now + options.lifetime > end) {
        return fail(ErrorKind::Limit, "the node's authority for clients ends before that");
    }
    return issuer;
}

/// One request and nothing behind it.
Result<RequestPtr> parse_request(std::string_view pem) {
    if (pem.size() > kSigningRequestBytesMax) {
        return fail(ErrorKind::Limit, "a signing request has 16 KiB at most");
    }
    std::string_view text = pem;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    const bool is_one = text.starts_with("-----BEGIN ") &&
                        (text.ends_with(kRequestEnd) || text.ends_with(kOldRequestEnd)) &&
                        text.find("-----BEGIN ", 1) == std::string_view::npos;
    RequestPtr request(
        is_one ? PEM_read_bio_X509_REQ(detail::reader(text).get(), nullptr, nullptr, nullptr)
               : nullptr);
    ERR_clear_error();
    if (request == nullptr) {
        return fail(ErrorKind::Malformed, "not a certificate signing request in PEM");
    }
    return request;
}

bool is_strong(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) {
        return true;
    }
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(key);
        return bits >= kRsaBitsMin && bits <= kRsaBitsMax;
    }
    std::array<char, 32> group{};
    std::size_t length = 0;
    if (EVP_PKEY_is_a(key, "EC") != 1 ||
        EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) {
        return false;
    }
    const std::string_view name(group.data(), length);
    return name == "prime256v1" || name == "secp384r1";
}

}  // namespace

Result<Identity> make_client_authority(std::string_view node_name, WallTime now) {
    const Draft draft(now, kAuthorityLifetime);
    X509* certificate = draft.certificate.get();
    const std::string name = std::string(node_name) + " clients";
    if (node_name.empty() || !detail::set_subject(certificate, name)) {
        ERR_clear_error();
        return fail(ErrorKind::Invalid, "the node's name does not fit a certificate");
    }
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, certificate, NID_ext_key_usage, "clientAuth");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    CHECK(X509_sign(certificate, draft.key.get(), EVP_sha256()) > 0);
    return detail::to_pem(certificate, draft.key.get());
}

Result<Identity> issue_client_certificate(const Identity& authority,
                                          const ClientCertificateOptions& options) {
    TRY_ASSIGN(const Issuer issuer, issuer_for(authority, options));
    const Draft draft(options.now, options.lifetime);
    TRY(finish(draft, issuer, options));
    return detail::to_pem(draft.certificate.get(), draft.key.get());
}

Result<std::string> sign_client_request(const Identity& authority, std::string_view request_pem,
                                        const ClientCertificateOptions& options) {
    TRY_ASSIGN(const RequestPtr request, parse_request(request_pem));
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr || !is_strong(key)) {
        ERR_clear_error();
        return fail(ErrorKind::Invalid,
                    "the request's key is none of: EC P-256 or P-384, Ed25519, RSA of 2048 to 4096 "
                    "bits");
    }
    const bool is_possessed = X509_REQ_verify(request.get(), key) == 1;
    ERR_clear_error();
    if (!is_possessed) {
        return fail(ErrorKind::Denied, "the request is not signed with its own key");
    }
    TRY_ASSIGN(const Issuer issuer, issuer_for(authority, options));
    const Draft draft(options.now, options.lifetime, key);
    TRY(finish(draft, issuer, options));
    return detail::to_pem(draft.certificate.get());
}

}  // namespace kith::crypto
