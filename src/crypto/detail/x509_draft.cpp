#include "crypto/detail/x509_draft.h"

#include <openssl/pem.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/narrow.h"
#include "crypto/secrets.h"

namespace kith::crypto::detail {
namespace {

constexpr std::size_t kSerialBytes = 16;
/// RFC 5280, 4.1.2.2.
constexpr int kSerialBytesMax = 20;

void set_serial(X509* certificate) {
    std::array<std::uint8_t, kSerialBytes> serial{};
    SystemSecrets().fill(serial);
    serial[0] &= 0x7FU;  // positive
    serial[0] |= 0x40U;  // of one length
    BIGNUM* number = BN_bin2bn(serial.data(), narrow<int>(serial.size()), nullptr);
    CHECK(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
    BN_free(number);
}

void set_lifetime(X509* certificate, WallTime now, std::chrono::days lifetime) {
    const auto seconds = [](WallTime time) { return static_cast<time_t>(time.ms() / 1000); };
    CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now + -kBackdate)) != nullptr);
    CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + lifetime)) != nullptr);
}

/// Keys with a passphrase are refused: OpenSSL would ask for it on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

KeyPtr new_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    CHECK(key != nullptr);
    return key;
}

}  // namespace

Draft::Draft(WallTime now, std::chrono::days lifetime, EVP_PKEY* public_key) {
    CHECK(public_key != nullptr);
    CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    CHECK(X509_set_pubkey(certificate.get(), public_key) == 1);
    set_serial(certificate.get());
    set_lifetime(certificate.get(), now, lifetime);
}

Draft::Draft(WallTime now, std::chrono::days lifetime) : Draft(now, lifetime, new_key()) {}

Draft::Draft(WallTime now, std::chrono::days lifetime, KeyPtr own_key)
    : Draft(now, lifetime, own_key.get()) {
    key = std::move(own_key);
}

Result<Issuer> parse_issuer(const Identity& authority) {
    TRY_ASSIGN(X509Ptr certificate, parse_certificate(authority.certificate_pem));
    Result<KeyPtr> key = parse_private_key(authority.private_key_pem);
    if (!key || X509_check_private_key(certificate.get(), key->get()) != 1) {
        return fail(ErrorKind::Invalid, "the authority's key does not belong to its certificate");
    }
    return Issuer{.certificate = std::move(certificate), .key = std::move(*key)};
}

Result<KeyPtr> parse_private_key(std::string_view pem) {
    KeyPtr key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
        return fail(ErrorKind::Malformed, "not a private key in PEM");
    }
    return key;
}

BioPtr reader(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), narrow<int>(text.size())));
}

std::string content_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, narrow<std::size_t>(size)};
}

Result<X509Ptr> parse_certificate(std::string_view pem) {
    X509Ptr certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        return fail(ErrorKind::Malformed, "not a certificate in PEM");
    }
    return certificate;
}

std::string to_pem(X509* certificate) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_X509(out.get(), certificate) == 1);
    return content_of(out.get());
}

std::string to_pem(EVP_PKEY* key) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
    return content_of(out.get());
}

Identity to_pem(X509* certificate, EVP_PKEY* key) {
    return {.certificate_pem = to_pem(certificate), .private_key_pem = to_pem(key)};
}

bool set_subject(X509* certificate, std::string_view common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto add = [name](const char* field, std::string_view text) {
        return X509_NAME_add_entry_by_txt(
                   name, field, MBSTRING_UTF8,
                   reinterpret_cast<const unsigned char*>(text.data()),  // style: OpenSSL's type
                   narrow<int>(text.size()), -1, 0) == 1;
    };
    return !common_name.empty() && add("O", "Kith") && add("CN", common_name);
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    CHECK(extension != nullptr);
    CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string name_text(const X509_NAME* name) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return content_of(out.get());
}

WallTime wall_time(const ASN1_TIME* time) {
    const TimePtr epoch(ASN1_TIME_set(nullptr, 0));
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
        return {};
    }
    return WallTime::from_ms((std::int64_t{days} * 86'400 + seconds) * 1000);
}

std::string serial_text(const X509* certificate) {
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    if (number == nullptr || BN_num_bytes(number.get()) > kSerialBytesMax) {
        return {};
    }
    char* hex = BN_bn2hex(number.get());
    std::string text(hex);
    OPENSSL_free(hex);
    return text;
}

}  // namespace kith::crypto::detail
