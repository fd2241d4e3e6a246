#include "crypto/password.h"

#include <gtest/gtest.h>

#include "crypto/base64.h"
#include "crypto/fake_secrets.h"

namespace kith::crypto {
namespace {

// Goal: the derivation is scrypt and not something alike. RFC 7914, section 12, third vector with
// its 64-byte result: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1).
TEST(Password, MatchesTheVectorOfRfc7914) {
    const std::string salt = to_base64(as_bytes("SodiumChloride"), Base64::Unpadded);
    const std::uint8_t expected[] = {
        0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81,
        0xfd, 0x38, 0xeb, 0xfd, 0xa8, 0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e, 0xa9, 0xb5,
        0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2, 0xd5, 0x43, 0x29, 0x55, 0x61, 0x3f, 0x0f,
        0xcf, 0x62, 0xd4, 0x97, 0x05, 0x24, 0x2a, 0x9a, 0xf9, 0xe6, 0x1e, 0x85, 0xdc,
        0x0d, 0x65, 0x1e, 0x40, 0xdf, 0xcf, 0x01, 0x7b, 0x45, 0x57, 0x58, 0x87};
    const std::string hash =
        "$scrypt$ln=14,r=8,p=1$" + salt + "$" + to_base64(expected, Base64::Unpadded);
    EXPECT_TRUE(verify_password("pleaseletmein", hash).value());
    EXPECT_FALSE(verify_password("pleaseletmeIn", hash).value());
}

TEST(Password, HashVerifiesItsOwnPasswordOnly) {
    FakeSecrets secrets(1);
    const std::string hash = hash_password("correct horse", secrets).value();
    EXPECT_TRUE(hash.starts_with("$scrypt$ln=15,r=8,p=1$"));
    EXPECT_TRUE(verify_password("correct horse", hash).value());
    EXPECT_FALSE(verify_password("correct horse ", hash).value());
    EXPECT_NE(hash, hash_password("correct horse", secrets).value()) << "the salt repeats";
}

TEST(Password, RefusesAHashThatIsNotOne) {
    const std::string good = "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA";
    ASSERT_TRUE(verify_password("x", good).has_value());
    for (const char* hash : {"", "plain", "$scrypt$", "$scrypt$ln=1,r=8,p=1",
                             "$scrypt$ln=1,r=8,p=1$", "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHQ",
                             "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
                             "$scrypt$ln=1,r=8,p=1$c2Fs$c2FsdHNhbHRzYWx0c2FsdA",
                             "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHQ$c2Fs",
                             "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA==",
                             "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA"}) {
        const auto checked = verify_password("x", hash);
        ASSERT_FALSE(checked.has_value()) << hash;
        EXPECT_EQ(checked.error().kind, ErrorKind::Malformed);
    }
}

TEST(Password, RefusesAHashThatWouldTakeTheMachine) {
    for (const char* cost : {"ln=18,r=8,p=1", "ln=63,r=1,p=1", "ln=20,r=32,p=1", "ln=10,r=8,p=99",
                             "ln=4294967295,r=8,p=1"}) {
        const auto hash = std::string("$scrypt$") + cost + "$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA";
        EXPECT_FALSE(verify_password("x", hash).has_value()) << cost;
    }
}

TEST(Password, LongPasswordIsRefusedBothWays) {
    FakeSecrets secrets(1);
    const std::string longest(kPasswordBytesMax, 'x');
    EXPECT_TRUE(hash_password(longest, secrets).has_value());
    EXPECT_EQ(hash_password(longest + "x", secrets).error().kind, ErrorKind::Limit);
    EXPECT_EQ(verify_password(longest + "x", hash_password("y", secrets).value()).error().kind,
              ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::crypto
