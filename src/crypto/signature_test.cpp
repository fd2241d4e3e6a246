#include "crypto/signature.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <string>

#include "crypto/base64.h"
#include "crypto/detail/openssl.h"

namespace kith::crypto {
namespace {

using Algorithm = SignatureAlgorithm;

std::vector<std::uint8_t> decoded(std::string_view base64url) {
    return from_base64(base64url, Base64::Url).value();
}

/// What the examples of RFC 7515 sign, but for the header.
constexpr std::string_view kPayload =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr std::string_view kEd25519 = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
constexpr std::string_view kSecret =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

struct Example {
    const char* clause;
    Algorithm algorithm;
    VerificationKey key;
    std::string signed_text;
    std::vector<std::uint8_t> signature;
};

std::vector<Example> examples() {
    return {
        {"RFC 7515, A.1", Algorithm::Hs256,
         VerificationKey::shared_secret(decoded(kSecret)).value(),
         "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + std::string(kPayload),
         decoded("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")},
        {"RFC 7515, A.2", Algorithm::Rs256,
         VerificationKey::rsa(decoded(kModulus), decoded("AQAB")).value(),
         "eyJhbGciOiJSUzI1NiJ9" + std::string(kPayload),
         decoded(
             "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt"
             "_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArL"
             "IARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7no"
             "OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
             "Ge77Rw")},
        {"RFC 7515, A.3", Algorithm::Es256, VerificationKey::p256(decoded(kX), decoded(kY)).value(),
         "eyJhbGciOiJFUzI1NiJ9" + std::string(kPayload),
         decoded("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-K"
                 "g6NU1Q")},
        {"RFC 8037, A.4", Algorithm::EdDsa, VerificationKey::ed25519(decoded(kEd25519)).value(),
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_M"
                 "uM0KAg")},
    };
}

TEST(Signature, VerifiesTheExamplesOfTheRfcs) {
    for (const Example& each : examples()) {
        EXPECT_TRUE(each.key.verify(each.algorithm, as_bytes(each.signed_text), each.signature))
            << each.clause;
    }
}

TEST(Signature, EveryChangedBitIsNoticed) {
    for (const Example& each : examples()) {
        for (std::size_t bit = 0; bit < each.signature.size() * 8; bit += 37) {
            std::vector<std::uint8_t> changed = each.signature;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            EXPECT_FALSE(each.key.verify(each.algorithm, as_bytes(each.signed_text), changed))
                << each.clause << " bit " << bit;
        }
        std::string text = each.signed_text;
        text.back() = text.back() == 'A' ? 'B' : 'A';
        EXPECT_FALSE(each.key.verify(each.algorithm, as_bytes(text), each.signature));
    }
}

TEST(Signature, NothingButTheSignatureItselfIsTaken) {
    for (const Example& each : examples()) {
        const auto is_taken = [&](const std::vector<std::uint8_t>& signature) {
            return each.key.verify(each.algorithm, as_bytes(each.signed_text), signature);
        };
        std::vector<std::uint8_t> longer = each.signature;
        longer.push_back(0);
        std::vector<std::uint8_t> shorter = each.signature;
        shorter.pop_back();
        EXPECT_FALSE(is_taken(longer)) << each.clause;
        EXPECT_FALSE(is_taken(shorter)) << each.clause;
        EXPECT_FALSE(is_taken({})) << each.clause;
        EXPECT_FALSE(is_taken(std::vector<std::uint8_t>(each.signature.size(), 0)))
            << each.clause << " of zeros (CVE-2022-21449)";
    }
}

TEST(Signature, AKeyVerifiesWithTheAlgorithmsOfItsKindAlone) {
    for (const Example& each : examples()) {
        for (const Algorithm other : {Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256,
                                      Algorithm::Ps256, Algorithm::Hs256}) {
            const bool is_rsa_pair =
                each.algorithm == Algorithm::Rs256 && other == Algorithm::Ps256;
            EXPECT_EQ(each.key.fits(other), other == each.algorithm || is_rsa_pair);
            if (other != each.algorithm) {
                EXPECT_FALSE(each.key.verify(other, as_bytes(each.signed_text), each.signature))
                    << each.clause;
            }
        }
    }
}

TEST(Signature, VerifiesPs256WithTheSaltThatTheRfcAsksFor) {
    using ContextPtr = std::unique_ptr<EVP_MD_CTX, detail::Free<EVP_MD_CTX_free>>;
    const detail::KeyPtr key(EVP_RSA_gen(2048));
    const auto number = [&key](const char* name) {
        BIGNUM* value = nullptr;
        EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), name, &value), 1);
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(BN_num_bytes(value)));
        BN_bn2bin(value, bytes.data());
        BN_free(value);
        return bytes;
    };
    const auto public_key =
        VerificationKey::rsa(number(OSSL_PKEY_PARAM_RSA_N), number(OSSL_PKEY_PARAM_RSA_E)).value();
    const std::string text = "header.claims";
    const auto sign = [&](int salt_bytes) {
        const ContextPtr context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* options = nullptr;
        EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key.get());
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt_bytes);
        std::vector<std::uint8_t> signature(256);
        std::size_t size = signature.size();
        EVP_DigestSign(context.get(), signature.data(), &size, as_bytes(text).data(), text.size());
        signature.resize(size);
        return signature;
    };
    EXPECT_TRUE(public_key.verify(Algorithm::Ps256, as_bytes(text), sign(32)));
    EXPECT_FALSE(public_key.verify(Algorithm::Ps256, as_bytes(text), sign(20)));
    EXPECT_FALSE(public_key.verify(Algorithm::Rs256, as_bytes(text), sign(32)));
}

TEST(Signature, RefusesKeysThatAreNone) {
    const auto x = decoded(kX);
    const auto y = decoded(kY);
    EXPECT_FALSE(VerificationKey::p256(y, x)) << "not on the curve";
    EXPECT_FALSE(VerificationKey::p256(x, Bytes(y).first(31)));
    EXPECT_FALSE(
        VerificationKey::p256(std::vector<std::uint8_t>(32), std::vector<std::uint8_t>(32)));
    EXPECT_FALSE(VerificationKey::ed25519(Bytes(x).first(31)));
    EXPECT_FALSE(VerificationKey::shared_secret(Bytes(x).first(31)));
    const auto n = decoded(kModulus);
    const auto e = decoded("AQAB");
    EXPECT_FALSE(VerificationKey::rsa(Bytes(n).first(128), e)) << "1024 bits";
    EXPECT_FALSE(VerificationKey::rsa(std::vector<std::uint8_t>(2048, 0xFF), e)) << "too long";
    EXPECT_FALSE(VerificationKey::rsa(n, decoded("AQ"))) << "exponent 1 signs everything";
    EXPECT_FALSE(VerificationKey::rsa(n, decoded("Ag"))) << "even";
    EXPECT_FALSE(VerificationKey::rsa(n, {}));
    EXPECT_FALSE(VerificationKey::rsa({}, e));
}

TEST(Signature, KnowsFiveAlgorithmsByTheirExactNames) {
    for (const char* name : {"EdDSA", "ES256", "RS256", "PS256", "HS256"}) {
        EXPECT_TRUE(parse_signature_algorithm(name)) << name;
    }
    for (const char* name : {"none", "None", "NONE", "", "hs256", "HS512", "ES256K", "RS256 "}) {
        EXPECT_FALSE(parse_signature_algorithm(name)) << name;
    }
}

}  // namespace
}  // namespace kith::crypto
