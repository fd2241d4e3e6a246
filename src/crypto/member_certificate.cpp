#include "crypto/member_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/narrow.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"

namespace kith::crypto {
namespace {

using detail::add_extension;
using detail::Draft;
using detail::Free;
using detail::GeneralNamesPtr;
using detail::Issuer;
using detail::KeyPtr;
using detail::X509Ptr;
using StorePtr = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

using DigestPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;

constexpr const char* kUses = "serverAuth,clientAuth";

/// Uses and signature of an authority.
Status finish_authority(const Draft& draft, std::string_view name, const Issuer* root) {
    X509* certificate = draft.certificate.get();
    X509* issuer = root == nullptr ? certificate : root->certificate.get();
    if (!detail::set_subject(certificate, name)) {
        ERR_clear_error();
        return fail(ErrorKind::Invalid, "the name does not fit a certificate");
    }
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    add_extension(certificate, issuer, NID_basic_constraints,
                  root == nullptr ? "critical,CA:TRUE,pathlen:1" : "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, issuer, NID_ext_key_usage, kUses);
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (root != nullptr) {
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    }
    EVP_PKEY* key = root == nullptr ? draft.key.get() : root->key.get();
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    return {};
}

bool is_uri(std::string_view uri) {
    const auto is_printable = [](char c) { return c > ' ' && c < '\x7F'; };
    return !uri.empty() && uri.size() <= kMemberUriBytesMax &&
           std::ranges::all_of(uri, is_printable);
}

/// Requires: is_uri().
void add_uri(X509* certificate, std::string_view uri) {
    const GeneralNamesPtr list(GENERAL_NAMES_new());
    detail::GeneralNamePtr name(GENERAL_NAME_new());
    ASN1_STRING* value = ASN1_IA5STRING_new();
    CHECK(ASN1_STRING_set(value, uri.data(), narrow<int>(uri.size())) == 1);
    GENERAL_NAME_set0_value(name.get(), GEN_URI, value);
    CHECK(sk_GENERAL_NAME_push(list.get(), name.release()) > 0);
    CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1);
}

/// What is wrong with what is asked for, before any key is used.
Status check_options(const MemberOptions& options) {
    if (!is_uri(options.uri)) {
        return fail(ErrorKind::Invalid, "the URI does not fit a certificate");
    }
    if (options.lifetime < std::chrono::days(1) || options.lifetime > kAuthorityLifetime) {
        return fail(ErrorKind::Invalid, "a certificate is valid for 1 to 3650 days");
    }
    return {};
}

std::vector<std::uint8_t> to_der(X509* certificate) {
    std::vector<std::uint8_t> der(narrow<std::size_t>(i2d_X509(certificate, nullptr)));
    unsigned char* end = der.data();
    CHECK(i2d_X509(certificate, &end) == narrow<int>(der.size()));
    return der;
}

/// All certificates of a chain, the member's own first.
Result<std::vector<X509Ptr>> parse_chain(Bytes chain) {
    std::vector<X509Ptr> certificates;
    const unsigned char* at = chain.data();
    const unsigned char* const end = at + chain.size();
    while (at != end) {
        if (certificates.size() == kMemberChainMax) {
            return fail(ErrorKind::Limit, "chain of certificates is too long");
        }
        X509Ptr certificate(d2i_X509(nullptr, &at, end - at));
        ERR_clear_error();
        if (certificate == nullptr) {
            return fail(ErrorKind::Malformed, "not a certificate in DER");
        }
        certificates.push_back(std::move(certificate));
    }
    if (certificates.empty()) {
        return fail(ErrorKind::Malformed, "not a certificate in DER");
    }
    return certificates;
}

/// Whether this root, or a holder among `chain`, has signed the first of it.
bool is_signed(X509* root, const std::vector<X509Ptr>& chain, std::optional<WallTime> now) {
    const StorePtr store(X509_STORE_new());
    const StackPtr holders(sk_X509_new_null());
    const StoreContextPtr context(X509_STORE_CTX_new());
    CHECK(store != nullptr && holders != nullptr && context != nullptr);
    CHECK(X509_STORE_add_cert(store.get(), root) == 1);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        CHECK(X509_up_ref(chain[i].get()) == 1);
        CHECK(sk_X509_push(holders.get(), chain[i].get()) > 0);
    }
    CHECK(X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), holders.get()) == 1);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_depth(parameters, narrow<int>(kMemberChainMax - 1));
    unsigned long flags = X509_V_FLAG_X509_STRICT;
    if (now) {
        X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(now->ms() / 1000));
    } else {
        flags |= X509_V_FLAG_NO_CHECK_TIME;
    }
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    const bool is_good = X509_verify_cert(context.get()) == 1;
    ERR_clear_error();
    return is_good;
}

/// The only URI that the certificate has; empty if it has another number of them.
std::string uri_of(X509* certificate) {
    const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (list == nullptr || sk_GENERAL_NAME_num(list.get()) != 1) {
        return {};
    }
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), 0), &type);
    if (type != GEN_URI) {
        return {};
    }
    const auto* string = static_cast<const ASN1_STRING*>(value);
    const Bytes bytes(ASN1_STRING_get0_data(string),
                      narrow<std::size_t>(ASN1_STRING_length(string)));
    return std::string(as_text(bytes));
}

/// The key of Ed25519 in a certificate. Errors: Denied for one of another kind.
Result<Ed25519PublicKey> key_of(X509* certificate) {
    EVP_PKEY* key = X509_get0_pubkey(certificate);
    Ed25519PublicKey bytes{};
    std::size_t size = bytes.size();
    if (key == nullptr || EVP_PKEY_is_a(key, "ED25519") != 1 ||
        EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1) {
        ERR_clear_error();
        return fail(ErrorKind::Denied, "key of a member is not of Ed25519");
    }
    return bytes;
}

}  // namespace

Result<Identity> make_mesh_root(std::string_view mesh_name, WallTime now) {
    const Draft draft(now, kAuthorityLifetime);
    TRY(finish_authority(draft, mesh_name, nullptr));
    return detail::to_pem(draft.certificate.get(), draft.key.get());
}

Result<Identity> delegate_mesh_authority(const Identity& root, std::string_view holder_name,
                                         WallTime now) {
    TRY_ASSIGN(const Issuer issuer, detail::parse_issuer(root));
    // It ends with the root: who renews the root renews its holders.
    const WallTime end = detail::wall_time(X509_get0_notAfter(issuer.certificate.get()));
    const auto lifetime = std::chrono::floor<std::chrono::days>(end - now);
    if (lifetime < std::chrono::days(1)) {
        return fail(ErrorKind::Limit, "the mesh's authority ends before that");
    }
    const Draft draft(now, lifetime);
    TRY(finish_authority(draft, holder_name, &issuer));
    return detail::to_pem(draft.certificate.get(), draft.key.get());
}

Status check_mesh_authority(const Identity& authority) {
    const Result<Issuer> issuer = detail::parse_issuer(authority);
    ERR_clear_error();
    if (!issuer) {
        return tl::unexpected(issuer.error());
    }
    if (X509_check_ca(issuer->certificate.get()) != 1) {
        return fail(ErrorKind::Invalid, "not the certificate of an authority");
    }
    return {};
}

Result<std::vector<std::uint8_t>> sign_as_authority(const Identity& authority, Bytes statement) {
    const Result<Issuer> issuer = detail::parse_issuer(authority);
    ERR_clear_error();
    if (!issuer) {
        return tl::unexpected(issuer.error());
    }
    const DigestPtr context(EVP_MD_CTX_new());
    std::size_t size = 0;
    CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, issuer->key.get()) ==
          1);
    CHECK(EVP_DigestSign(context.get(), nullptr, &size, statement.data(), statement.size()) == 1);
    std::vector<std::uint8_t> signature(size);
    CHECK(EVP_DigestSign(context.get(), signature.data(), &size, statement.data(),
                         statement.size()) == 1);
    signature.resize(size);
    return signature;
}

Result<std::vector<std::uint8_t>> issue_member_certificate(const Identity& authority,
                                                           const MemberOptions& options) {
    TRY(check_options(options));
    TRY_ASSIGN(const Issuer issuer, detail::parse_issuer(authority));
    const WallTime end = detail::wall_time(X509_get0_notAfter(issuer.certificate.get()));
    if (options.now + options.lifetime > end) {
        return fail(ErrorKind::Limit, "the mesh's authority ends before that");
    }
    const KeyPtr key(EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, options.public_key.data(), options.public_key.size()));
    CHECK(key != nullptr);
    const Draft draft(options.now, options.lifetime, key.get());
    X509* certificate = draft.certificate.get();
    X509* from = issuer.certificate.get();
    if (options.since) {
        const auto seconds = static_cast<time_t>(options.since->ms() / 1000);
        CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds) != nullptr);
    }
    if (!detail::set_subject(certificate, options.name)) {
        ERR_clear_error();
        return fail(ErrorKind::Invalid, "the name does not fit a certificate");
    }
    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(from)) == 1);
    add_extension(certificate, from, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, from, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, from, NID_ext_key_usage, kUses);
    add_uri(certificate, options.uri);
    add_extension(certificate, from, NID_subject_key_identifier, "hash");
    add_extension(certificate, from, NID_authority_key_identifier, "keyid:always");
    CHECK(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);
    return to_der(certificate);
}

Result<MemberVerifier> MemberVerifier::create(std::string_view root_pem) {
    Result<X509Ptr> root = detail::parse_certificate(root_pem);
    ERR_clear_error();
    if (!root) {
        return tl::unexpected(root.error());
    }
    if (X509_check_ca(root->get()) != 1) {
        return fail(ErrorKind::Invalid, "not the certificate of an authority");
    }
    return MemberVerifier(std::shared_ptr<void>(
        root->release(), [](void* each) { X509_free(static_cast<X509*>(each)); }));
}

Result<Member> MemberVerifier::verify(Bytes chain, std::optional<WallTime> now) const {
    TRY_ASSIGN(const std::vector<X509Ptr> certificates, parse_chain(chain));
    X509* own = certificates[0].get();
    if (!is_signed(static_cast<X509*>(root_.get()), certificates, now)) {
        return fail(ErrorKind::Denied, "certificate is not one of this mesh, or not valid now");
    }
    if (X509_check_ca(own) != 0) {
        return fail(ErrorKind::Denied, "certificate is that of an authority");
    }
    TRY_ASSIGN(const Ed25519PublicKey public_key, key_of(own));
    TRY_ASSIGN(VerificationKey key, VerificationKey::ed25519(public_key));
    return Member{.key = std::move(key),
                  .public_key = public_key,
                  .uri = uri_of(own),
                  .not_before = detail::wall_time(X509_get0_notBefore(own)),
                  .not_after = detail::wall_time(X509_get0_notAfter(own))};
}

Status MemberVerifier::verify_statement(Bytes signer, Bytes statement, Bytes signature) const {
    auto* const root = static_cast<X509*>(root_.get());
    std::vector<X509Ptr> holder;
    if (!signer.empty()) {
        TRY_ASSIGN(holder, parse_chain(signer));
        const bool is_holder = holder.size() == 1 && X509_check_ca(holder[0].get()) == 1 &&
                               X509_check_issued(root, holder[0].get()) == X509_V_OK &&
                               X509_verify(holder[0].get(), X509_get0_pubkey(root)) == 1;
        ERR_clear_error();
        if (!is_holder) {
            return fail(ErrorKind::Denied, "who signed it is no holder of this mesh");
        }
    }
    EVP_PKEY* key = X509_get0_pubkey(holder.empty() ? root : holder[0].get());
    const DigestPtr context(EVP_MD_CTX_new());
    const bool is_signed =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), statement.data(),
                         statement.size()) == 1;
    ERR_clear_error();
    return is_signed ? Status()
                     : fail(ErrorKind::Denied, "no authority of this mesh has signed it");
}

Result<std::vector<std::uint8_t>> certificate_der(std::string_view pem) {
    const Result<X509Ptr> certificate = detail::parse_certificate(pem);
    ERR_clear_error();
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    return to_der(certificate->get());
}

Result<std::string> chain_to_pem(Bytes chain) {
    TRY_ASSIGN(const std::vector<X509Ptr> certificates, parse_chain(chain));
    std::string pem;
    for (const X509Ptr& certificate : certificates) {
        pem += detail::to_pem(certificate.get());
    }
    return pem;
}

Result<std::vector<std::uint8_t>> chain_from_pem(std::string_view pem) {
    const detail::BioPtr in = detail::reader(pem);
    std::vector<std::uint8_t> chain;
    for (std::size_t i = 0; i <= kMemberChainMax; ++i) {
        const X509Ptr certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
        if (certificate == nullptr) {
            break;
        }
        const std::vector<std::uint8_t> der = to_der(certificate.get());
        chain.insert(chain.end(), der.begin(), der.end());
    }
    ERR_clear_error();
    TRY(parse_chain(chain));
    return chain;
}

}  // namespace kith::crypto
