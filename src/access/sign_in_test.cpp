#include "access/sign_in.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"
#include "crypto/password.h"

namespace kith::access {
namespace {

const runtime::SocketAddress kDesk = runtime::SocketAddress::v4({10, 0, 0, 9}, 4000);
const runtime::SocketAddress kElsewhere = runtime::SocketAddress::v4({10, 0, 0, 10}, 4000);

// Of "correct horse", at a cost that a test can afford (N = 2, r = 8).
constexpr const char* kCheapHash =
    "$scrypt$ln=1,r=8,p=1$c29tZSBzYWx0IGhlcmU$jbQ9OiJqhK1N6Gkk+jqYqKofnm+tOxgLj8MezQrcMWM";

class SignInTest : public ::testing::Test {
  protected:
    void add_user(const std::string& name, const std::string& role) {
        ASSERT_TRUE(rig_.store
                        .add_user({.name = name,
                                   .role = role,
                                   .password_hash = kCheapHash,
                                   .created_at = rig_.shard(0).wall_now()})
                        .has_value());
    }
    SignInResult sign_in(const std::string& name, const std::string& password,
                         const runtime::SocketAddress& from = kDesk) {
        return rig_.try_sign_in({.name = name, .password = password, .from = from});
    }
    SignInResult claim(const std::string& code, const std::string& name = "anna",
                       const std::string& password = "correct horse") {
        return rig_.try_claim(
            {.code = code, .user = {.name = name, .password = password, .from = kDesk}});
    }
    const Session* session(const std::string& cookie) {
        return rig_.sessions.find(cookie, rig_.shard(0).now());
    }

    AccessRig rig_;
};

TEST_F(SignInTest, RightPasswordOpensASession) {
    add_user("anna", "operator");
    ASSERT_TRUE(rig_.start().has_value());
    const auto opened = sign_in("anna", "correct horse");
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->session.user, "anna");
    EXPECT_EQ(opened->session.role, bus::Role::Operator);
    ASSERT_NE(session(opened->cookie), nullptr);
    rig_.world.run_for(10ms);
    EXPECT_EQ(rig_.newest_audit(), "user:anna session.open 10.0.0.9");
}

TEST_F(SignInTest, WrongPasswordsAreCountedThenPaused) {
    add_user("anna", "admin");
    ASSERT_TRUE(rig_.start().has_value());
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        const auto refused = sign_in("anna", "wrong horse");
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().error.kind, ErrorKind::Denied);
        EXPECT_EQ(refused.error().tries_left, kTriesMax - 1 - i);
    }
    const auto paused = sign_in("anna", "correct horse");
    ASSERT_FALSE(paused.has_value());
    EXPECT_EQ(paused.error().error.kind, ErrorKind::Limit);
    EXPECT_GT(paused.error().retry_after, 25s);
    EXPECT_LE(paused.error().retry_after, kTriesPause);
    EXPECT_EQ(rig_.newest_audit(), "address:10.0.0.9 session.paused anna 10.0.0.9");
    EXPECT_TRUE(sign_in("anna", "correct horse", kElsewhere).has_value())
        << "who guesses locks himself out, not anna";
    rig_.world.run_for(kTriesPause);
    EXPECT_TRUE(sign_in("anna", "correct horse").has_value());
}

TEST_F(SignInTest, AddressIsPausedWhateverNamesItTries) {
    add_user("anna", "admin");
    ASSERT_TRUE(rig_.start().has_value());
    for (std::uint32_t i = 0; i < kAddressTriesMax; ++i) {
        EXPECT_EQ(sign_in("name " + std::to_string(i), "x").error().error.kind, ErrorKind::Denied);
    }
    EXPECT_EQ(sign_in("anna", "correct horse").error().error.kind, ErrorKind::Limit);
    EXPECT_TRUE(sign_in("anna", "correct horse", kElsewhere).has_value());
}

TEST_F(SignInTest, TriesSideBySideCountToo) {
    add_user("anna", "admin");
    ASSERT_TRUE(rig_.start().has_value());
    int denied = 0;
    int paused = 0;
    rig_.shard(0).post_completion(runtime::make_mail([&](runtime::Shard&) {
        for (int i = 0; i < 20; ++i) {
            rig_.sign_in.sign_in(
                {.name = "anna", .password = "x", .from = kDesk}, [&](const SignInResult& result) {
                    (result.error().error.kind == ErrorKind::Limit ? paused : denied) += 1;
                });
        }
    }));
    rig_.world.run_for(1s);
    EXPECT_EQ(denied, 5);
    EXPECT_EQ(paused, 15);
}

TEST_F(SignInTest, NameThatCannotExistIsRefusedLikeAnother) {
    ASSERT_TRUE(rig_.start().has_value());
    for (const std::string& name : {std::string(), std::string(5000, 'x'), std::string("\xFF")}) {
        EXPECT_EQ(sign_in(name, "x").error().error.kind, ErrorKind::Denied);
    }
}

TEST_F(SignInTest, FullPoolIsSaidAsBusy) {
    add_user("anna", "admin");
    ASSERT_TRUE(rig_.start().has_value());
    rig_.pool.is_full = true;
    EXPECT_EQ(sign_in("anna", "correct horse").error().error.kind, ErrorKind::Unavailable);
}

TEST_F(SignInTest, SessionEndsWhenItsUserChanges) {
    using Users = std::vector<storage::UserRecord>;
    const std::function<void(Users&)> edits[] = {
        [](Users& users) { users.clear(); },
        [](Users& users) { users[0].role = "viewer"; },
        [](Users& users) { users[0].password_hash += "x"; },
    };
    add_user("anna", "admin");
    ASSERT_TRUE(rig_.start().has_value());
    for (const auto& edit : edits) {
        const auto opened = sign_in("anna", "correct horse");
        ASSERT_TRUE(opened.has_value());
        rig_.add_token_outside("viewer");
        rig_.world.run_for(kStoreCheckInterval + 100ms);
        EXPECT_NE(session(opened->cookie), nullptr) << "something else changed";
        rig_.store.edit_users = edit;
        rig_.add_token_outside("viewer");
        rig_.world.run_for(kStoreCheckInterval + 100ms);
        EXPECT_EQ(session(opened->cookie), nullptr);
        rig_.store.edit_users = nullptr;
        rig_.add_token_outside("viewer");
        rig_.world.run_for(kStoreCheckInterval + 100ms);
    }
}

TEST_F(SignInTest, FreshNodeIsClaimedOnce) {
    ASSERT_TRUE(rig_.start().has_value());
    EXPECT_FALSE(rig_.sign_in.is_claimable());
    const std::string code = rig_.sign_in.issue_claim_code();
    EXPECT_TRUE(rig_.sign_in.is_claimable());
    const auto opened = claim(code);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->session.user, "anna");
    EXPECT_EQ(opened->session.role, bus::Role::Admin);
    EXPECT_NE(session(opened->cookie), nullptr);
    EXPECT_FALSE(rig_.sign_in.is_claimable());
    ASSERT_EQ(rig_.registry.users().size(), 1U);
    EXPECT_TRUE(
        crypto::verify_password("correct horse", rig_.registry.users()[0].password_hash).value());
    EXPECT_EQ(claim(code, "mallory").error().error.kind, ErrorKind::Denied);
    EXPECT_TRUE(sign_in("anna", "correct horse").has_value());
}

TEST_F(SignInTest, WrongOrLateCodeClaimsNothing) {
    ASSERT_TRUE(rig_.start().has_value());
    EXPECT_EQ(claim("").error().error.kind, ErrorKind::Denied) << "none was issued";
    const std::string code = rig_.sign_in.issue_claim_code();
    EXPECT_EQ(claim(code + "x").error().error.kind, ErrorKind::Denied);
    rig_.world.run_for(kClaimLifetime);
    EXPECT_FALSE(rig_.sign_in.is_claimable());
    EXPECT_EQ(claim(code).error().error.kind, ErrorKind::Denied);
    EXPECT_TRUE(rig_.registry.users().empty());
}

TEST_F(SignInTest, GuessesAtTheCodeArePaused) {
    ASSERT_TRUE(rig_.start().has_value());
    const std::string code = rig_.sign_in.issue_claim_code();
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_EQ(claim("guess").error().error.kind, ErrorKind::Denied);
    }
    EXPECT_EQ(claim(code).error().error.kind, ErrorKind::Limit);
}

TEST_F(SignInTest, BadNameOrPasswordDoesNotUseTheCodeUp) {
    ASSERT_TRUE(rig_.start().has_value());
    const std::string code = rig_.sign_in.issue_claim_code();
    EXPECT_EQ(claim(code, "").error().error.kind, ErrorKind::Invalid);
    EXPECT_EQ(claim(code, "anna", "short").error().error.kind, ErrorKind::Invalid);
    rig_.pool.is_full = true;
    EXPECT_EQ(claim(code).error().error.kind, ErrorKind::Unavailable);
    rig_.pool.is_full = false;
    rig_.store.is_broken = true;
    EXPECT_EQ(claim(code).error().error.kind, ErrorKind::Unavailable);
    rig_.store.is_broken = false;
    EXPECT_TRUE(rig_.sign_in.is_claimable());
    EXPECT_TRUE(claim(code).has_value());
}

TEST_F(SignInTest, ClaimIsRefusedWhenAToolAddedAUserMeanwhile) {
    ASSERT_TRUE(rig_.start().has_value());
    const std::string code = rig_.sign_in.issue_claim_code();
    add_user("by a tool", "admin");
    EXPECT_EQ(claim(code).error().error.kind, ErrorKind::Denied);
    EXPECT_FALSE(rig_.sign_in.is_claimable());
    EXPECT_EQ(rig_.registry.users().size(), 1U);
}

TEST_F(SignInTest, TwoClaimsAtOnceMakeOneUser) {
    ASSERT_TRUE(rig_.start().has_value());
    const std::string code = rig_.sign_in.issue_claim_code();
    int won = 0;
    int lost = 0;
    rig_.shard(0).post_completion(runtime::make_mail([&](runtime::Shard&) {
        for (const char* name : {"anna", "mallory"}) {
            rig_.sign_in.claim(
                {.code = code, .user = {.name = name, .password = "correct horse", .from = kDesk}},
                [&](const SignInResult& result) { (result ? won : lost) += 1; });
        }
    }));
    rig_.world.run_for(1s);
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 1);
    EXPECT_EQ(rig_.registry.users().size(), 1U);
}

TEST(ThrottleKey, AddressesOfOneIpv6NetworkCountAsOne) {
    const auto key = [](const char* text) {
        return throttle_key(runtime::SocketAddress::parse(text).value());
    };
    EXPECT_EQ(key("10.0.0.1:1"), key("10.0.0.1:2"));
    EXPECT_NE(key("10.0.0.1:1"), key("10.0.0.2:1"));
    EXPECT_EQ(key("[2001:db8:1:2::1]:1"), key("[2001:db8:1:2:ffff::9]:1"));
    EXPECT_NE(key("[2001:db8:1:2::1]:1"), key("[2001:db8:1:3::1]:1"));
}

}  // namespace
}  // namespace kith::access
