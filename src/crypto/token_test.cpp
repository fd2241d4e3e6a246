#include "crypto/token.h"

#include <gtest/gtest.h>

#include <set>

namespace kith::crypto {
namespace {

TEST(Token, CarriesItsIdAndIsSafeInAUrl) {
    SystemSecrets secrets;
    const Token token = make_token(secrets);
    EXPECT_EQ(token.text.size(), kTokenLength);
    EXPECT_EQ(token.text.substr(0, 3), "kk_");
    EXPECT_EQ(token.text.substr(3, 8), token.id);
    EXPECT_EQ(token_id(token.text).value(), token.id);
    EXPECT_EQ(token.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
              std::string::npos);
}

TEST(Token, NoTwoAreAlike) {
    SystemSecrets secrets;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        seen.insert(make_token(secrets).text);
    }
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Token, WhatIsNotShapedLikeOneHasNoId) {
    const std::string good = "kk_0123abcdABCDEFGHIJKLMNOPQRSTUVW-";
    ASSERT_TRUE(token_id(good).has_value());
    for (std::string bad : {std::string(), std::string("kk_"), good + "x", good.substr(1),
                            "KK_" + good.substr(3), "kk_0123abcD" + good.substr(11),
                            "kk_0123abco" + good.substr(11), good.substr(0, 34) + "+"}) {
        EXPECT_FALSE(token_id(bad).has_value()) << bad;
    }
}

TEST(Token, RandomTextHasTheEntropyThatWasAskedFor) {
    SystemSecrets secrets;
    EXPECT_EQ(random_text(secrets, 16).size(), 22U);
    EXPECT_EQ(random_text(secrets, 32).size(), 43U);
    EXPECT_NE(random_text(secrets, 16), random_text(secrets, 16));
}

}  // namespace
}  // namespace kith::crypto
