#include "crypto/mac.h"

#include <gtest/gtest.h>

#include <vector>

namespace kith::crypto {
namespace {

TEST(Mac, AnswersTheTestVectorsOfRfc4231) {
    const std::vector<std::uint8_t> key(20, 0x0B);
    EXPECT_EQ(to_hex(Bytes(hmac_sha256(key, as_bytes("Hi There")))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(
        to_hex(Bytes(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")))),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Mac, WipesBytes) {
    std::vector<std::uint8_t> bytes(40, 0xAA);
    wipe(bytes);
    EXPECT_EQ(bytes, std::vector<std::uint8_t>(40, 0));
}

TEST(SecretText, MovesAndLeavesNothing) {
    SecretText from("correct horse");
    SecretText to = std::move(from);
    EXPECT_EQ(to.view(), "correct horse");
    SecretText third;
    third = std::move(to);
    EXPECT_EQ(third.view(), "correct horse");
}

}  // namespace
}  // namespace kith::crypto
