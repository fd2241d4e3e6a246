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

std::string alternative_names(const TestCertificate& options) {
    std::string names;
    for (const std::string& name : options.names) {
        names += (names.empty() ? "DNS:" : ",DNS:") + name;
    }
    for (const std::string& address : options.addresses) {
        names += (names.empty() ? "IP:" : ",IP:") + address;
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
    keys_->sign(certificate.get());
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.certificate_chain_pem = to_pem(certificate.get()),
            .private_key_pem = content(text.get())};
}

}  // namespace kith::runtime
