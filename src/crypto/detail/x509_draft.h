// What the certificates that this module makes have in common: how they are begun, named, extended
// and written. Included from .cpp files of this module only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/detail/openssl.h"

namespace kith::crypto::detail {

/// Version, a random serial number, times, and the key: a new one, or that of somebody else.
struct Draft {
    Draft(WallTime now, std::chrono::days lifetime);
    Draft(WallTime now, std::chrono::days lifetime, EVP_PKEY* public_key);

    KeyPtr key;  // null for somebody else's
    X509Ptr certificate{X509_new()};

  private:
    Draft(WallTime now, std::chrono::days lifetime, KeyPtr own_key);
};

/// An authority, ready to sign.
struct Issuer {
    X509Ptr certificate;
    KeyPtr key;
};
/// Errors: Malformed; Invalid if the key is another's.
[[nodiscard]] Result<Issuer> parse_issuer(const Identity& authority);

[[nodiscard]] BioPtr reader(std::string_view text);
[[nodiscard]] std::string content_of(BIO* bio);
/// Errors: Malformed.
[[nodiscard]] Result<X509Ptr> parse_certificate(std::string_view pem);
/// Without a passphrase. Errors: Malformed.
[[nodiscard]] Result<KeyPtr> parse_private_key(std::string_view pem);
/// PKCS #8.
[[nodiscard]] std::string to_pem(EVP_PKEY* key);
[[nodiscard]] std::string to_pem(X509* certificate);
[[nodiscard]] Identity to_pem(X509* certificate, EVP_PKEY* key);

/// False if the text does not fit a name (too long, not UTF-8, empty).
[[nodiscard]] bool set_subject(X509* certificate, std::string_view common_name);
void add_extension(X509* certificate, X509* issuer, int nid, const char* value);

/// RFC 2253.
[[nodiscard]] std::string name_text(const X509_NAME* name);
[[nodiscard]] std::string serial_text(const X509* certificate);
[[nodiscard]] WallTime wall_time(const ASN1_TIME* time);

}  // namespace kith::crypto::detail
