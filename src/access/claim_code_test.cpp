#include "access/claim_code.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "crypto/fake_secrets.h"

namespace kith::access {
namespace {

const Instant kStart = Instant::from_ns(1'000'000'000'000);

TEST(ClaimCode, OpensOnceWithinItsTime) {
    crypto::FakeSecrets secrets(1);
    ClaimCode claim;
    EXPECT_FALSE(claim.is_open(kStart));
    EXPECT_FALSE(claim.matches("", kStart));
    const std::string code = claim.issue(secrets, kStart);
    EXPECT_EQ(code.size(), 22U) << "128 bits";
    EXPECT_TRUE(claim.matches(code, kStart));
    EXPECT_TRUE(claim.matches(code, kStart + kClaimLifetime - 1ns));
    EXPECT_FALSE(claim.matches(code, kStart + kClaimLifetime));
    EXPECT_FALSE(claim.matches(code + "x", kStart));
    EXPECT_FALSE(claim.matches("", kStart));
    claim.close();
    EXPECT_FALSE(claim.matches(code, kStart));
}

TEST(ClaimCode, NewCodeReplacesTheOldOne) {
    crypto::FakeSecrets secrets(1);
    ClaimCode claim;
    const std::string first = claim.issue(secrets, kStart);
    const std::string second = claim.issue(secrets, kStart);
    EXPECT_FALSE(claim.matches(first, kStart));
    EXPECT_TRUE(claim.matches(second, kStart));
}

}  // namespace
}  // namespace kith::access
