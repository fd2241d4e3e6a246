#include "crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "base/narrow.h"
#include "crypto/detail/openssl.h"
#include "crypto/digest.h"

namespace kith::crypto {
namespace {

using detail::Free;
using detail::KeyPtr;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using ParametersPtr = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

constexpr std::size_t kCoordinateBytes = 32;
constexpr std::size_t kExponentBytesMax = 4;

constexpr std::pair<std::string_view, SignatureAlgorithm> kNames[] = {
    {"EdDSA", SignatureAlgorithm::EdDsa}, {"ES256", SignatureAlgorithm::Es256},
    {"RS256", SignatureAlgorithm::Rs256}, {"PS256", SignatureAlgorithm::Ps256},
    {"HS256", SignatureAlgorithm::Hs256},
};

std::shared_ptr<void> shared(KeyPtr key) {
    return {key.release(), [](void* each) { EVP_PKEY_free(static_cast<EVP_PKEY*>(each)); }};
}

NumberPtr number_of(Bytes bytes) {
    return NumberPtr(BN_bin2bn(bytes.data(), narrow<int>(bytes.size()), nullptr));
}

/// A public key of the parameters that the builder has; null if OpenSSL refuses them.
KeyPtr build_key(const char* type, OSSL_PARAM_BLD* builder) {
    const ParametersPtr parameters(OSSL_PARAM_BLD_to_param(builder));
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    CHECK(parameters != nullptr && context != nullptr);
    EVP_PKEY* made = nullptr;
    const bool is_built =
        EVP_PKEY_fromdata_init(context.get()) == 1 &&
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
    KeyPtr key(is_built ? made : nullptr);
    if (key != nullptr) {
        const KeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
        if (EVP_PKEY_public_check(check.get()) != 1) {
            key.reset();
        }
    }
    ERR_clear_error();
    return key;
}

/// RFC 7518, 3.4: r and s, 32 bytes each; as OpenSSL wants them. Empty if they are not that.
std::vector<std::uint8_t> to_der(Bytes signature) {
    if (signature.size() != 2 * kCoordinateBytes) {
        return {};
    }
    const EcdsaPtr pair(ECDSA_SIG_new());
    NumberPtr r = number_of(signature.first(kCoordinateBytes));
    NumberPtr s = number_of(signature.subspan(kCoordinateBytes));
    CHECK(pair != nullptr && ECDSA_SIG_set0(pair.get(), r.get(), s.get()) == 1);
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    std::vector<std::uint8_t> der(narrow<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
    unsigned char* end = der.data();
    i2d_ECDSA_SIG(pair.get(), &end);
    return der;
}

bool verify_with(EVP_PKEY* key, SignatureAlgorithm algorithm, Bytes message, Bytes signature) {
    const DigestContextPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    // Ed25519 hashes by itself.
    const EVP_MD* digest = algorithm == SignatureAlgorithm::EdDsa ? nullptr : EVP_sha256();
    bool is_good = context != nullptr &&
                   EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, key) == 1;
    if (is_good && algorithm == SignatureAlgorithm::Ps256) {
        // RFC 7518, 3.5: MGF1 with the same hash, salt as long as the hash.
        is_good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    is_good = is_good && EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                          message.data(), message.size()) == 1;
    ERR_clear_error();
    return is_good;
}

bool verify_hmac(Bytes secret, Bytes message, Bytes signature) {
    std::array<std::uint8_t, 32> expected{};
    unsigned int size = 0;
    CHECK(HMAC(EVP_sha256(), secret.data(), narrow<int>(secret.size()), message.data(),
               message.size(), expected.data(), &size) != nullptr);
    return size == expected.size() && equal_in_constant_time(expected, signature);
}

}  // namespace

std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) {
    for (const auto& [text, algorithm] : kNames) {
        if (name == text) {
            return algorithm;
        }
    }
    return std::nullopt;
}

Result<VerificationKey> VerificationKey::ed25519(Bytes x) {
    KeyPtr key(x.size() == kCoordinateBytes
                   ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size())
                   : nullptr);
    ERR_clear_error();
    if (key == nullptr) {
        return fail(ErrorKind::Invalid, "not a public key of Ed25519");
    }
    return VerificationKey(Kind::Ed25519, shared(std::move(key)));
}

Result<VerificationKey> VerificationKey::p256(Bytes x, Bytes y) {
    const auto refused = fail(ErrorKind::Invalid, "not a public key of the curve P-256");
    if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
        return refused;
    }
    std::vector<std::uint8_t> point{0x04};  // not compressed
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());
    const BuilderPtr builder(OSSL_PARAM_BLD_new());
    CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ==
          1);
    CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                           point.size()) == 1);
    KeyPtr key = build_key("EC", builder.get());
    if (key == nullptr) {
        return refused;
    }
    return VerificationKey(Kind::P256, shared(std::move(key)));
}

Result<VerificationKey> VerificationKey::rsa(Bytes modulus, Bytes exponent) {
    const auto refused = fail(ErrorKind::Invalid, "not an RSA key of 2048 to 4096 bits");
    const bool is_plausible = modulus.size() <= kRsaBitsMax / 8 + 1 && !exponent.empty() &&
                              exponent.size() <= kExponentBytesMax;
    if (!is_plausible) {
        return refused;
    }
    const NumberPtr n = number_of(modulus);
    const NumberPtr e = number_of(exponent);
    const int bits = BN_num_bits(n.get());
    if (bits < kRsaBitsMin || bits > kRsaBitsMax || BN_is_odd(n.get()) == 0 ||
        BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1) {
        return refused;
    }
    const BuilderPtr builder(OSSL_PARAM_BLD_new());
    CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
    CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
    KeyPtr key = build_key("RSA", builder.get());
    if (key == nullptr) {
        return refused;
    }
    return VerificationKey(Kind::Rsa, shared(std::move(key)));
}

Result<VerificationKey> VerificationKey::shared_secret(Bytes secret) {
    if (secret.size() < kSharedSecretBytesMin) {
        return fail(ErrorKind::Invalid, "a shared secret has 32 bytes at least");
    }
    return VerificationKey(std::vector<std::uint8_t>(secret.begin(), secret.end()));
}

bool VerificationKey::fits(SignatureAlgorithm algorithm) const {
    switch (kind_) {
        case Kind::Ed25519:
            return algorithm == SignatureAlgorithm::EdDsa;
        case Kind::P256:
            return algorithm == SignatureAlgorithm::Es256;
        case Kind::Rsa:
            return algorithm == SignatureAlgorithm::Rs256 || algorithm == SignatureAlgorithm::Ps256;
        case Kind::SharedSecret:
            return algorithm == SignatureAlgorithm::Hs256;
    }
    return false;
}

bool VerificationKey::verify(SignatureAlgorithm algorithm, Bytes message, Bytes signature) const {
    if (!fits(algorithm)) {
        return false;
    }
    if (kind_ == Kind::SharedSecret) {
        return verify_hmac(secret_, message, signature);
    }
    auto* key = static_cast<EVP_PKEY*>(key_.get());
    if (kind_ == Kind::P256) {
        const std::vector<std::uint8_t> der = to_der(signature);
        return !der.empty() && verify_with(key, algorithm, message, der);
    }
    return verify_with(key, algorithm, message, signature);
}

}  // namespace kith::crypto
