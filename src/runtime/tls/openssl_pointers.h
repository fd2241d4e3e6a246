// Owners for what OpenSSL allocates. Included from this folder's .cpp files and headers only.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace kith::runtime {

template <auto kFree>
struct OpensslFree {
    template <typename T>
    void operator()(T* object) const {
        kFree(object);
    }
};

using BioPointer = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using CrlPointer = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;
using CertificatePointer = std::unique_ptr<X509, OpensslFree<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using SslPointer = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

}  // namespace kith::runtime
