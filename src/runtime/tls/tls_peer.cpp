#include "runtime/tls/tls_peer.h"

#include <array>

#include <openssl/x509.h>

#include "base/bytes.h"
#include "runtime/tls/openssl_pointers.h"

namespace kith::runtime {
namespace {

std::string subject_of(const X509_NAME* name) {
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

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned bytes = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &bytes) != 1) {
        return {};
    }
    return to_hex(Bytes(digest).first(bytes));
}

std::string text_or_empty(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

TlsPeer describe_peer(const SSL* ssl) {
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
        peer.subject = subject_of(name);
        peer.common_name = common_name_of(name);
        peer.fingerprint = fingerprint_of(certificate.get());
    }
    return peer;
}

}  // namespace kith::runtime
