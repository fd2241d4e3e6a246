#include "runtime/tls/tls_peer.h"

#include <array>
#include <string_view>
#include <vector>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "runtime/tls/openssl_pointers.h"
#include "runtime/tls/tls_context_impl.h"

namespace kith::runtime {
namespace {

/// RFC 5280, 4.1.2.2.
constexpr int kSerialBytesMax = 20;

std::string text_of(const X509_NAME* name) {
    const BioPointer text(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253);
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(text.get(), &bytes);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
}

std::string common_name_of(const X509_NAME* name) {
    // The last one, should there be several: the most specific by X.500.
    int at = -1;
    for (int next = X509_NAME_get_index_by_NID(name, NID_commonName, -1); next >= 0;
         next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) {
        at = next;
    }
    if (at < 0) {
        return {};
    }
    unsigned char* utf8 = nullptr;
    const int count =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (count < 0) {
        return {};
    }
    const std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(count));
    OPENSSL_free(utf8);
    return text;
}

/// The first of this kind; bytes as they stand there, so that whoever uses it checks them.
std::string alternative_name(const X509* certificate, int kind) {
    const std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const int count = names != nullptr ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0; i < count; ++i) {
        int found = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &found);
        if (found == kind) {
            const auto* text = static_cast<const ASN1_STRING*>(value);
            return std::string(as_text(
                {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))}));
        }
    }
    return {};
}

std::string serial_of(const X509* certificate) {
    const std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    if (number == nullptr || BN_num_bytes(number.get()) > kSerialBytesMax) {
        return {};
    }
    char* hex = BN_bn2hex(number.get());
    const std::string text(hex);
    OPENSSL_free(hex);
    return text;
}

WallTime wall_time(const ASN1_TIME* time) {
    const std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
        return {};
    }
    return WallTime::from_ms((std::int64_t{days} * 86'400 + seconds) * 1000);
}

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned bytes = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &bytes) != 1) {
        return {};
    }
    return to_hex(Bytes(digest).first(bytes));
}

/// As certificates have the key, algorithm included.
std::string key_hash_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (count <= 0) {
        return {};
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned bytes = 0;
    const bool is_made = EVP_Digest(der, static_cast<std::size_t>(count), digest.data(), &bytes,
                                    EVP_sha256(), nullptr) == 1;
    OPENSSL_free(der);
    return is_made ? to_hex(Bytes(digest).first(bytes)) : std::string();
}

std::string text_or_empty(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

std::vector<std::uint8_t> der_of(const X509* certificate) {
    const int count = i2d_X509(certificate, nullptr);
    std::vector<std::uint8_t> der(count > 0 ? static_cast<std::size_t>(count) : 0U);
    unsigned char* end = der.data();
    if (count > 0) {
        i2d_X509(certificate, &end);
    }
    return der;
}

/// RFC 9266, 2.
std::vector<std::uint8_t> channel_binding_of(SSL* ssl) {
    constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
    std::vector<std::uint8_t> binding(32);
    const bool is_made =
        SSL_version(ssl) == TLS1_3_VERSION &&
        SSL_export_keying_material(ssl, binding.data(), binding.size(), kLabel.data(),
                                   kLabel.size(), nullptr, 0, 0) == 1;
    return is_made ? binding : std::vector<std::uint8_t>();
}

/// A client's view has the server's own certificate in the chain, a server's has not.
std::vector<std::vector<std::uint8_t>> shown_chain_of(const SSL* ssl) {
    std::vector<std::vector<std::uint8_t>> shown;
    const CertificatePointer own(SSL_get1_peer_certificate(ssl));
    if (own == nullptr) {
        return shown;
    }
    const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
    const int count = chain == nullptr ? 0 : sk_X509_num(chain);
    if (SSL_is_server(ssl) == 1) {
        shown.push_back(der_of(own.get()));
    }
    for (int i = 0; i < count; ++i) {
        shown.push_back(der_of(sk_X509_value(chain, i)));
    }
    return shown;
}

}  // namespace

TlsPeer describe_peer(SSL* ssl, const TlsContextImpl& context) {
    TlsPeer peer;
    peer.version = SSL_get_version(ssl);
    peer.cipher = SSL_get_cipher_name(ssl);
    peer.server_name = text_or_empty(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    const unsigned char* alpn = nullptr;
    unsigned alpn_bytes = 0;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_bytes);
    peer.alpn = std::string(as_text({alpn, alpn_bytes}));
    const CertificatePointer certificate(SSL_get1_peer_certificate(ssl));
    const bool verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0 &&
                          SSL_get_verify_result(ssl) == X509_V_OK;
    if (certificate != nullptr && verified) {
        const X509_NAME* name = X509_get_subject_name(certificate.get());
        peer.subject = text_of(name);
        peer.common_name = common_name_of(name);
        peer.dns_name = alternative_name(certificate.get(), GEN_DNS);
        peer.uri_name = alternative_name(certificate.get(), GEN_URI);
        peer.issuer = text_of(X509_get_issuer_name(certificate.get()));
        peer.serial = serial_of(certificate.get());
        peer.fingerprint = fingerprint_of(certificate.get());
        peer.key_hash = key_hash_of(certificate.get());
        peer.not_before = wall_time(X509_get0_notBefore(certificate.get()));
        peer.not_after = wall_time(X509_get0_notAfter(certificate.get()));
        peer.is_own_authority = context.is_own(certificate.get());
    }
    if (context.describes_channel()) {
        peer.channel_binding = channel_binding_of(ssl);
        peer.shown_chain = shown_chain_of(ssl);
    }
    return peer;
}

}  // namespace kith::runtime
