#include "runtime/testing/test_authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "runtime/tls/openssl_pointers.h"

namespace kith::runtime {
namespace {

KeyPointer make_key() {
    return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
}

void add_name(X509_NAME* name, const char* field, const std::string& text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(text.size()), -1,
                               0);
}

void fill(X509* certificate, EVP_PKEY* key, const TestCertificate& options) {
    static long serial = 1;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), options.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), options.valid_until_s);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    add_name(name, "O", "Kith");
    add_name(name, "CN", options.common_name);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    CHECK(extension != nullptr);
    X509_add_ext(certificate, extension.get(), -1);
}

/// Which key signed it: authorities may share a name.
void add_key_identifier(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    CHECK(extension != nullptr);
    X509_add_ext(certificate, extension.get(), -1);
}

std::string alternative_names(const TestCertificate& options) {
    std::string names;
    for (const std::string& name : options.names) {
        names += (names.empty() ? "DNS:" : ",DNS:") + name;
    }
    for (const std::string& address : options.addresses) {
        names += (names.empty() ? "IP:" : ",IP:") + address;
    }
    for (const std::string& uri : options.uris) {
        names += (names.empty() ? "URI:" : ",URI:") + uri;
    }
    return names;
}

std::string content(BIO* bio) {
    std::string text(BIO_ctrl_pending(bio), '\0');
    BIO_read(bio, text.data(), static_cast<int>(text.size()));
    return text;
}

std::string to_pem(X509* certificate) {
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(text.get(), certificate);
    return content(text.get());
}

}  // namespace

struct TestAuthority::Keys {
    KeyPointer key;
    CertificatePointer certificate;

    void sign(X509* subject) const {
        X509_set_issuer_name(subject, X509_get_subject_name(certificate.get()));
        CHECK(X509_sign(subject, key.get(), EVP_sha256()) > 0);
    }
};

TestAuthority::TestAuthority(const std::string& common_name)
    : keys_(new Keys{make_key(), CertificatePointer(X509_new())}) {
    X509* certificate = keys_->certificate.get();
    fill(certificate, keys_->key.get(), {.common_name = common_name});
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_key_identifier(certificate, certificate, NID_subject_key_identifier, "hash");
    keys_->sign(certificate);
}

TestAuthority::~TestAuthority() = default;

std::string TestAuthority::certificate_pem() const {
    return to_pem(keys_->certificate.get());
}

TlsIdentity TestAuthority::issue(const TestCertificate& options) const {
    const KeyPointer key = make_key();
    const CertificatePointer certificate(X509_new());
    fill(certificate.get(), key.get(), options);
    if (const std::string names = alternative_names(options); !names.empty()) {
        add_extension(certificate.get(), NID_subject_alt_name, names);
    }
    add_key_identifier(certificate.get(), keys_->certificate.get(), NID_authority_key_identifier,
                       "keyid:always");
    if (!options.usage.empty()) {
        add_extension(certificate.get(), NID_ext_key_usage, options.usage);
    }
    keys_->sign(certificate.get());
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.certificate_chain_pem = to_pem(certificate.get()),
            .private_key_pem = content(text.get())};
}

std::string TestAuthority::revocation_list(const std::vector<TlsIdentity>& revoked,
                                           long valid_until_s) const {
    const CrlPointer list(X509_CRL_new());
    const auto time_from_now = [](long seconds) {
        return std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>>(
            X509_gmtime_adj(nullptr, seconds));
    };
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(keys_->certificate.get()));
    X509_CRL_set1_lastUpdate(list.get(), time_from_now(-3600).get());
    X509_CRL_set1_nextUpdate(list.get(), time_from_now(valid_until_s).get());
    for (const TlsIdentity& identity : revoked) {
        const std::string& pem = identity.certificate_chain_pem;
        const BioPointer reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        const CertificatePointer certificate(
            PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
        X509_REVOKED_set_revocationDate(entry, time_from_now(-60).get());
        X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_sort(list.get());
    CHECK(X509_CRL_sign(list.get(), keys_->key.get(), EVP_sha256()) > 0);
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(text.get(), list.get());
    return content(text.get());
}

}  // namespace kith::runtime
