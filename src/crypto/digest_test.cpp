#include "crypto/digest.h"

#include <gtest/gtest.h>

namespace kith::crypto {
namespace {

TEST(Digest, MatchesTheVectorsOfFips180) {
    EXPECT_EQ(to_hex(sha256(as_bytes(""))),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IsTheSameOfPieces) {
    Sha256 digest;
    digest.add(as_bytes("a"));
    digest.add({});
    digest.add(as_bytes("bc"));
    EXPECT_EQ(digest.finish(), sha256(as_bytes("abc")));
}

TEST(Digest, ComparisonKnowsEqualFromDifferent) {
    EXPECT_TRUE(equal_in_constant_time(as_bytes("secret"), as_bytes("secret")));
    EXPECT_TRUE(equal_in_constant_time({}, {}));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secreT")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secre")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), {}));
}

}  // namespace
}  // namespace kith::crypto
