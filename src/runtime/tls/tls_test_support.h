// Test support: certificates made in memory. Not part of the module.
//
//     TestAuthority authority;
//     TlsIdentity server = authority.issue({.common_name = "gw-1", .names = {"localhost"}});
//     options.ca_pem = authority.certificate_pem();
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "runtime/tls.h"
#include "runtime/tls/openssl_pointers.h"

namespace kith::runtime {

struct TestCertificate {
    std::string common_name = "test";
    std::vector<std::string> names;      // DNS names the certificate is valid for
    std::vector<std::string> addresses;  // IP addresses, likewise
    long valid_from_s = -3600;           // relative to now
    long valid_until_s = 3600;
};

/// A certificate authority for one test, and the certificates it signs. ECDSA, P-256.
class TestAuthority {
  public:
    explicit TestAuthority(const std::string& common_name = "test authority")
        : key_(make_key()), certificate_(X509_new()) {
        fill(certificate_.get(), key_.get(), {.common_name = common_name});
        add_extension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
        X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
        sign(certificate_.get());
    }

    [[nodiscard]] std::string certificate_pem() const { return to_pem(certificate_.get()); }

    [[nodiscard]] TlsIdentity issue(const TestCertificate& options) const {
        const KeyPointer key = make_key();
        const CertificatePointer certificate(X509_new());
        fill(certificate.get(), key.get(), options);
        std::string names;
        for (const std::string& name : options.names) {
            names += (names.empty() ? "DNS:" : ",DNS:") + name;
        }
        for (const std::string& address : options.addresses) {
            names += (names.empty() ? "IP:" : ",IP:") + address;
        }
        if (!names.empty()) {
            add_extension(certificate.get(), NID_subject_alt_name, names.c_str());
        }
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
        sign(certificate.get());

        const BioPointer text(BIO_new(BIO_s_mem()));
        PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        return {.certificate_chain_pem = to_pem(certificate.get()),
                .private_key_pem = content(text.get())};
    }

  private:
    static KeyPointer make_key() {
        // EVP_EC_gen() is a macro with a C cast.
        return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    }

    static void fill(X509* certificate, EVP_PKEY* key, const TestCertificate& options) {
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
    static void add_name(X509_NAME* name, const char* field, const std::string& text) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(text.size()),
                                   -1, 0);
    }
    static void add_extension(X509* certificate, int nid, const char* value) {
        const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
        CHECK(extension != nullptr);
        X509_add_ext(certificate, extension.get(), -1);
    }
    void sign(X509* certificate) const {
        CHECK(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
    }
    static std::string to_pem(X509* certificate) {
        const BioPointer text(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(text.get(), certificate);
        return content(text.get());
    }
    static std::string content(BIO* bio) {
        std::string text(BIO_ctrl_pending(bio), '\0');
        BIO_read(bio, text.data(), static_cast<int>(text.size()));
        return text;
    }

    KeyPointer key_;
    CertificatePointer certificate_;
};

}  // namespace kith::runtime
