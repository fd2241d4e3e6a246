#include "crypto/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/bytes.h"
#include "base/check.h"
#include "base/narrow.h"
#include "crypto/detail/openssl.h"
#include "crypto/secrets.h"

namespace kith::crypto {
namespace {

using detail::BioPtr;
using detail::ExtensionPtr;
using detail::GeneralNamePtr;
using detail::GeneralNamesPtr;
using detail::KeyPtr;
using detail::TimePtr;
using detail::X509Ptr;

constexpr std::size_t kDnsNameBytesMax = 253;
constexpr std::size_t kSerialBytes = 16;

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

Identity to_pem(X509* certificate, EVP_PKEY* key) {
    BioPtr out(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_X509(out.get(), certificate) == 1);
    Identity identity{.certificate_pem = content_of(out.get()), .private_key_pem = {}};
    out.reset(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
    identity.private_key_pem = content_of(out.get());
    return identity;
}

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

/// False if the text does not fit a name (too long, not UTF-8, empty).
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

bool is_dns_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= kDnsNameBytesMax && std::ranges::all_of(name, allowed) &&
           name.front() != '.' && name.front() != '-' && name.find("..") == std::string_view::npos;
}

Result<GeneralNamePtr> general_name(const std::string& text) {
    ASN1_STRING* value = a2i_IPADDRESS(text.c_str());
    int type = GEN_IPADD;
    if (value == nullptr) {
        if (!is_dns_name(text)) {
            return fail(ErrorKind::Invalid, "a name for the certificate is no host name");
        }
        type = GEN_DNS;
        value = ASN1_IA5STRING_new();
        CHECK(ASN1_STRING_set(value, text.data(), narrow<int>(text.size())) == 1);
    }
    GeneralNamePtr name(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name.get(), type, value);
    return name;
}

Status add_names(X509* certificate, const std::vector<std::string>& names) {
    const GeneralNamesPtr list(GENERAL_NAMES_new());
    for (const std::string& text : names) {
        TRY_ASSIGN(GeneralNamePtr name, general_name(text));
        CHECK(sk_GENERAL_NAME_push(list.get(), name.release()) > 0);
    }
    CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1);
    return {};
}

/// Key, version, serial and times: what both kinds have in common.
struct Draft {
    KeyPtr key{EVP_EC_gen("P-256")};
    X509Ptr certificate{X509_new()};

    Draft(WallTime now, std::chrono::days lifetime) {
        CHECK(key != nullptr);
        CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
        CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
        set_serial(certificate.get());
        set_lifetime(certificate.get(), now, lifetime);
    }
};

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

/// "127.0.0.1", or eight groups without the short form "::": one text for one address.
std::string address_text(Bytes address) {
    std::string text;
    if (address.size() == 4) {
        for (const std::uint8_t byte : address) {
            text += (text.empty() ? "" : ".") + std::to_string(byte);
        }
        return text;
    }
    const std::string hex = to_hex(address);
    for (std::size_t at = 0; at + 4 <= hex.size(); at += 4) {
        const std::string group = hex.substr(at, 4);
        const std::size_t digit = group.find_first_not_of('0');
        text +=
            (text.empty() ? "" : ":") + (digit == std::string::npos ? "0" : group.substr(digit));
    }
    return text;
}

std::vector<std::string> names_of(X509* certificate) {
    std::vector<std::string> names;
    const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const int count = list ? sk_GENERAL_NAME_num(list.get()) : 0;
    for (int i = 0; i < count; ++i) {
        int type = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &type);
        if (type != GEN_DNS && type != GEN_IPADD) {
            continue;
        }
        const auto* string = static_cast<const ASN1_STRING*>(value);
        const Bytes bytes(ASN1_STRING_get0_data(string),
                          narrow<std::size_t>(ASN1_STRING_length(string)));
        names.push_back(type == GEN_DNS ? std::string(as_text(bytes)) : address_text(bytes));
    }
    return names;
}

/// The form in which names_of() shows a name.
std::string normal_name(const std::string& name) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
    if (address == nullptr) {
        return name;
    }
    std::string text = address_text(
        Bytes(ASN1_STRING_get0_data(address), narrow<std::size_t>(ASN1_STRING_length(address))));
    ASN1_OCTET_STRING_free(address);
    return text;
}

}  // namespace

Result<Identity> make_authority(std::string_view node_name, WallTime now) {
    const Draft draft(now, kAuthorityLifetime);
    X509* certificate = draft.certificate.get();
    if (!set_subject(certificate, node_name)) {
        return fail(ErrorKind::Invalid, "the node's name does not fit a certificate");
    }
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, certificate, NID_ext_key_usage, "serverAuth");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    CHECK(X509_sign(certificate, draft.key.get(), EVP_sha256()) > 0);
    return to_pem(certificate, draft.key.get());
}

std::vector<std::string> server_names(std::string_view host_name,
                                      const std::vector<std::string>& extra) {
    std::vector<std::string> names;
    const auto add = [&names](std::string_view name) {
        if (!name.empty() && std::ranges::find(names, name) == names.end()) {
            names.emplace_back(name);
        }
    };
    add("localhost");
    add(host_name);
    add("127.0.0.1");
    add("::1");
    std::ranges::for_each(extra, add);
    return names;
}

Result<Identity> issue_server_certificate(const Identity& authority,
                                          const std::vector<std::string>& names, WallTime now) {
    if (names.empty()) {
        return fail(ErrorKind::Invalid, "a server certificate needs a name");
    }
    if (names.size() > kServerNamesMax) {
        return fail(ErrorKind::Limit, "more than 64 names for one certificate");
    }
    TRY_ASSIGN(const X509Ptr issuer, parse_certificate(authority.certificate_pem));
    const KeyPtr issuer_key(PEM_read_bio_PrivateKey(reader(authority.private_key_pem).get(),
                                                    nullptr, nullptr, nullptr));
    if (!issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
        return fail(ErrorKind::Invalid, "the authority's key does not belong to its certificate");
    }
    const Draft draft(now, kServerLifetime);
    X509* certificate = draft.certificate.get();
    // Clients look at the names below; the common name is for people.
    CHECK(set_subject(certificate, "Kith node"));
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get())) == 1);
    TRY(add_names(certificate, names));
    add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer.get(), NID_ext_key_usage, "serverAuth");
    add_extension(certificate, issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid:always");
    CHECK(X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0);
    return to_pem(certificate, draft.key.get());
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
    TRY_ASSIGN(const X509Ptr certificate, parse_certificate(pem));
    CertificateFacts facts;
    facts.subject = name_text(X509_get_subject_name(certificate.get()));
    facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
    facts.names = names_of(certificate.get());
    facts.not_before = wall_time(X509_get0_notBefore(certificate.get()));
    facts.not_after = wall_time(X509_get0_notAfter(certificate.get()));
    std::array<std::uint8_t, 32> fingerprint{};
    unsigned int size = 0;
    CHECK(X509_digest(certificate.get(), EVP_sha256(), fingerprint.data(), &size) == 1);
    facts.fingerprint = to_hex(fingerprint);
    facts.is_authority = X509_check_ca(certificate.get()) == 1;
    return facts;
}

bool needs_renewal(const CertificateFacts& certificate, const std::vector<std::string>& names,
                   WallTime now) {
    const auto is_missing = [&certificate](const std::string& name) {
        return std::ranges::find(certificate.names, normal_name(name)) == certificate.names.end();
    };
    return now + kRenewBefore > certificate.not_after || std::ranges::any_of(names, is_missing);
}

}  // namespace kith::crypto
