#include "crypto/certificate.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/bytes.h"
#include "base/check.h"
#include "base/narrow.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"

namespace kith::crypto {
namespace {

using detail::add_extension;
using detail::Draft;
using detail::GeneralNamePtr;
using detail::GeneralNamesPtr;
using detail::name_text;
using detail::parse_certificate;
using detail::set_subject;
using detail::to_pem;
using detail::X509Ptr;

constexpr std::size_t kDnsNameBytesMax = 253;

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
    TRY_ASSIGN(const detail::Issuer from, detail::parse_issuer(authority));
    X509* issuer = from.certificate.get();
    const Draft draft(now, kServerLifetime);
    X509* certificate = draft.certificate.get();
    // Clients look at the names below; the common name is for people.
    CHECK(set_subject(certificate, "Kith node"));
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    TRY(add_names(certificate, names));
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    CHECK(X509_sign(certificate, from.key.get(), EVP_sha256()) > 0);
    return to_pem(certificate, draft.key.get());
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
    TRY_ASSIGN(const X509Ptr certificate, parse_certificate(pem));
    CertificateFacts facts;
    facts.subject = name_text(X509_get_subject_name(certificate.get()));
    facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
    facts.names = names_of(certificate.get());
    facts.not_before = detail::wall_time(X509_get0_notBefore(certificate.get()));
    facts.not_after = detail::wall_time(X509_get0_notAfter(certificate.get()));
    std::array<std::uint8_t, 32> fingerprint{};
    unsigned int size = 0;
    CHECK(X509_digest(certificate.get(), EVP_sha256(), fingerprint.data(), &size) == 1);
    facts.fingerprint = to_hex(fingerprint);
    facts.serial = detail::serial_text(certificate.get());
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
