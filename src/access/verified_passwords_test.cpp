#include "access/verified_passwords.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"

namespace kith::access {
namespace {

class VerifiedPasswordsTest : public ::testing::Test {
  protected:
    crypto::FakeSecrets secrets_{1};
    VerifiedPasswords verified_{secrets_};
    Instant now_ = Instant() + 1min;
    bus::Principal press_{.name = "machine:press", .machine = "press", .topic_roles = {"own"}};
};

TEST_F(VerifiedPasswordsTest, KnowsTheOnePasswordThatWasRight) {
    EXPECT_EQ(verified_.find("press", "secret", now_), nullptr);
    verified_.add("press", "secret", press_, now_);
    ASSERT_NE(verified_.find("press", "secret", now_), nullptr);
    EXPECT_EQ(verified_.find("press", "secret", now_)->name, "machine:press");
    EXPECT_EQ(verified_.find("press", "secret", now_)->topic_roles,
              std::vector<std::string>{"own"});
    EXPECT_EQ(verified_.find("press", "secre", now_), nullptr);
    EXPECT_EQ(verified_.find("press", "", now_), nullptr);
    EXPECT_EQ(verified_.find("pres", "ssecret", now_), nullptr);
    verified_.add("press", "other", press_, now_);
    EXPECT_EQ(verified_.find("press", "secret", now_), nullptr);
    EXPECT_EQ(verified_.size(), 1U);
}

TEST_F(VerifiedPasswordsTest, OnePasswordOfTwoMachinesOpensEachAsItself) {
    verified_.add("press", "secret", press_, now_);
    EXPECT_EQ(verified_.find("oven", "secret", now_), nullptr);
}

TEST_F(VerifiedPasswordsTest, ForgetsWhatItIsToldToAndWhatIsOld) {
    verified_.add("press", "secret", press_, now_);
    EXPECT_NE(verified_.find("press", "secret", now_ + kVerifiedMemory), nullptr);
    EXPECT_EQ(verified_.find("press", "secret", now_ + kVerifiedMemory + 1ms), nullptr);
    verified_.forget("oven");
    verified_.forget("press");
    EXPECT_EQ(verified_.find("press", "secret", now_), nullptr);
    verified_.add("press", "secret", press_, now_);
    verified_.forget_all();
    EXPECT_EQ(verified_.find("press", "secret", now_), nullptr);
}

TEST_F(VerifiedPasswordsTest, TheOldestMakesRoom) {
    for (std::size_t i = 0; i <= kVerifiedMax; ++i) {
        verified_.add(std::to_string(i), "secret", press_, now_);
    }
    EXPECT_EQ(verified_.size(), kVerifiedMax);
    EXPECT_EQ(verified_.find("0", "secret", now_), nullptr);
    EXPECT_NE(verified_.find("1", "secret", now_), nullptr);
}

}  // namespace
}  // namespace kith::access
