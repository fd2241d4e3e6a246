#include "access/jwk_set.h"

#include <gtest/gtest.h>

#include <string>

#include "access/limits.h"

namespace kith::access {
namespace {

using Algorithm = crypto::SignatureAlgorithm;

const std::string kEd = R"("kty":"OKP","crv":"Ed25519",)"
                        R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")";
const std::string kEc = R"("kty":"EC","crv":"P-256",)"
                        R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                        R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")";

std::string set_of(const std::vector<std::string>& keys) {
    std::string text = R"({"keys":[)";
    for (const std::string& key : keys) {
        text += (text.ends_with('[') ? "{" : ",{") + key + "}";
    }
    return text + "]}";
}

ErrorKind refusal(const std::vector<std::string>& keys) {
    const auto set = JwkSet::parse(set_of(keys));
    EXPECT_FALSE(set);
    return set ? ErrorKind::Closed : set.error().kind;
}

TEST(JwkSet, GivesTheKeyThatATokenNames) {
    const auto set =
        JwkSet::parse(set_of({R"("kid":"a",)" + kEd, R"("kid":"b",)" + kEd, R"("kid":"c",)" + kEc}))
            .value();
    EXPECT_EQ(set.size(), 3U);
    EXPECT_EQ(set.choose("b", Algorithm::EdDsa)->kid, "b");
    EXPECT_EQ(set.choose("d", Algorithm::EdDsa), nullptr);
    EXPECT_EQ(set.choose("c", Algorithm::EdDsa), nullptr) << "that key has another algorithm";
    EXPECT_EQ(set.choose("../../../dev/null", Algorithm::EdDsa), nullptr);
    EXPECT_EQ(set.choose("a' OR '1'='1", Algorithm::EdDsa), nullptr);
    EXPECT_EQ(set.choose("", Algorithm::Es256), nullptr);
}

TEST(JwkSet, WithoutANameOnlyTheOneKeyThatFits) {
    const auto set = JwkSet::parse(set_of({R"("kid":"a",)" + kEd, R"("kid":"c",)" + kEc, kEd}));
    EXPECT_EQ(set->choose(std::nullopt, Algorithm::Es256)->kid, "c");
    EXPECT_EQ(set->choose(std::nullopt, Algorithm::EdDsa), nullptr) << "two fit";
    EXPECT_EQ(set->choose(std::nullopt, Algorithm::Hs256), nullptr);
}

TEST(JwkSet, SkipsKeysThatAreNotForVerifyingHere) {
    const auto set = JwkSet::parse(set_of({
        kEd,
        R"("kty":"OKP","crv":"X25519","x":"AA")",
        R"("kty":"EC","crv":"P-384","x":"AA","y":"AA")",
        R"("kty":"new","z":[1,2]")",
    }));
    EXPECT_FALSE(set) << "the last one is not JSON";
    const auto good = JwkSet::parse(set_of({
        kEd,
        R"("kty":"OKP","crv":"X25519","x":"AA")",
        R"("kty":"EC","crv":"P-384","x":"AA","y":"AA")",
        R"("kty":"new","z":[1,2])",
        R"("use":"enc",)" + kEd,
        R"("key_ops":["sign"],)" + kEd,
        R"("alg":"ES512",)" + kEc,
    }));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->size(), 1U);
    EXPECT_EQ(JwkSet::parse(set_of({R"("use":"sig","key_ops":["sign","verify"],)" + kEd}))->size(),
              1U);
}

TEST(JwkSet, AKeyThatNamesItsAlgorithmHasNoOther) {
    const auto set = JwkSet::parse(set_of({R"("alg":"ES256",)" + kEc}));
    EXPECT_NE(set->choose(std::nullopt, Algorithm::Es256), nullptr);
    EXPECT_EQ(refusal({R"("alg":"EdDSA",)" + kEc}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({R"("alg":"HS256",)" + kEc}), ErrorKind::Invalid);
}

TEST(JwkSet, RefusesASetThatIsBrokenInPart) {
    EXPECT_EQ(refusal({kEd, R"("kty":"OKP","crv":"Ed25519")"}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({kEd, R"("kty":"OKP","crv":"Ed25519","x":"AA")"}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({kEd, R"("kty":"oct","k":"c2hvcnQ")"}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({R"("kid":7,)" + kEd}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({R"("kid":"",)" + kEd}), ErrorKind::Invalid);
    EXPECT_EQ(refusal({R"("kid":")" + std::string(kKidBytesMax + 1, 'k') + R"(",)" + kEd}),
              ErrorKind::Invalid);
    EXPECT_EQ(refusal({R"("kid":"a",)" + kEd, R"("kid":"a",)" + kEc}), ErrorKind::Conflict);
    EXPECT_EQ(refusal({kEd + R"(,"kty":"EC")"}), ErrorKind::Malformed) << "a member twice";
    EXPECT_EQ(refusal({}), ErrorKind::Invalid);
    EXPECT_EQ(refusal(std::vector<std::string>(kJwksMax + 1, kEd)), ErrorKind::Limit);
    for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[1]})", "nonsense"}) {
        EXPECT_FALSE(JwkSet::parse(text)) << text;
    }
    EXPECT_EQ(JwkSet::parse(std::string(kJwkSetBytesMax + 1, ' ')).error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::access
