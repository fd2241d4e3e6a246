#include "crypto/signing_key.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/hex.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"
#include "crypto/fake_secrets.h"
#include "crypto/signature.h"

namespace kith::crypto {
namespace {

std::vector<std::uint8_t> signature_of(const SigningKey& key, Bytes message) {
    std::vector<std::uint8_t> signature(kEd25519SignatureBytes);
    key.sign(message, signature);
    return signature;
}

struct Vector {
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
};

/// RFC 8032, 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(SigningKey, SignsTheExamplesOfRfc8032) {
    for (const Vector& each : kVectors) {
        const SigningKey key = SigningKey::from_seed(from_hex(each.seed)).value();
        EXPECT_EQ(to_hex(key.public_key()), each.public_key);
        EXPECT_EQ(to_hex(signature_of(key, from_hex(each.message))), each.signature);
    }
}

TEST(SigningKey, WhatItSignsItsPublicKeyVerifies) {
    FakeSecrets secrets(1);
    const SigningKey key = SigningKey::generate(secrets);
    const VerificationKey other = VerificationKey::ed25519(key.public_key()).value();
    const auto signature = signature_of(key, as_bytes("told"));
    EXPECT_TRUE(other.verify(SignatureAlgorithm::EdDsa, as_bytes("told"), signature));
    EXPECT_FALSE(other.verify(SignatureAlgorithm::EdDsa, as_bytes("tolD"), signature));
}

TEST(SigningKey, ASeedMakesOneKey) {
    FakeSecrets one(7);
    FakeSecrets same(7);
    FakeSecrets other(8);
    const auto public_key = SigningKey::generate(one).public_key();
    EXPECT_EQ(public_key, SigningKey::generate(same).public_key());
    EXPECT_NE(public_key, SigningKey::generate(other).public_key());
}

TEST(SigningKey, SurvivesItsFile) {
    const SigningKey key = SigningKey::from_seed(from_hex(kVectors[0].seed)).value();
    const std::string pem = key.to_pem();
    EXPECT_EQ(pem.substr(0, 27), "-----BEGIN PRIVATE KEY-----");
    const SigningKey again = SigningKey::parse(pem).value();
    EXPECT_EQ(again.public_key(), key.public_key());
    EXPECT_EQ(signature_of(again, as_bytes("x")), signature_of(key, as_bytes("x")));
}

TEST(SigningKey, ItsPublicKeyInfoIsTheOneOfRfc8410) {
    const SigningKey key = SigningKey::from_seed(from_hex(kVectors[0].seed)).value();
    const auto info = subject_public_key_info(key.public_key());
    EXPECT_EQ(to_hex(info), std::string("302a300506032b6570032100") + kVectors[0].public_key);
    const std::uint8_t* begin = info.data();
    const detail::KeyPtr read(d2i_PUBKEY(nullptr, &begin, static_cast<long>(info.size())));
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(EVP_PKEY_is_a(read.get(), "ED25519"), 1);
}

TEST(SigningKey, SeedsAndFilesThatAreNoneAreRefused) {
    EXPECT_EQ(SigningKey::from_seed(std::vector<std::uint8_t>(31)).error().kind,
              ErrorKind::Invalid);
    EXPECT_EQ(SigningKey::from_seed(std::vector<std::uint8_t>(33)).error().kind,
              ErrorKind::Invalid);
    EXPECT_EQ(SigningKey::parse("").error().kind, ErrorKind::Malformed);
    const std::string pem = SigningKey::from_seed(from_hex(kVectors[0].seed)).value().to_pem();
    EXPECT_EQ(SigningKey::parse(pem.substr(0, pem.size() / 2)).error().kind, ErrorKind::Malformed);
    const detail::KeyPtr other_kind(EVP_EC_gen("P-256"));
    EXPECT_EQ(SigningKey::parse(detail::to_pem(other_kind.get())).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing is left for who asks next";
}

TEST(SigningKey, AKeyBehindAPassphraseIsRefusedWithoutAsking) {
    const detail::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const detail::BioPtr out(BIO_new(BIO_s_mem()));
    ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), "secret", 6,
                                            nullptr, nullptr),
              1);
    EXPECT_EQ(SigningKey::parse(detail::content_of(out.get())).error().kind, ErrorKind::Malformed);
}

}  // namespace
}  // namespace kith::crypto
