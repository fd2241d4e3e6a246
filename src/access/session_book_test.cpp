#include "access/session_book.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "crypto/fake_secrets.h"

namespace kith::access {
namespace {

const Instant kStart = Instant::from_ns(1'000'000'000'000);

class SessionBookTest : public ::testing::Test {
  protected:
    std::string open(const std::string& user, Instant now) {
        return book_
            .open({.user = user, .role = bus::Role::Admin, .csrf_token = {}, .password_hash = {}},
                  now)
            .cookie;
    }

    crypto::FakeSecrets secrets_{1};
    SessionBook book_{secrets_};
};

TEST_F(SessionBookTest, CookieLeadsToItsSessionUntilItIsClosed) {
    const auto anna = book_.open(
        {.user = "anna", .role = bus::Role::Operator, .csrf_token = {}, .password_hash = "h"},
        kStart);
    const std::string bert = open("bert", kStart);
    EXPECT_EQ(anna.cookie.size(), 43U) << "256 bits";
    EXPECT_EQ(anna.session.csrf_token.size(), 43U);
    const Session* session = book_.find(anna.cookie, kStart);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->user, "anna");
    EXPECT_EQ(session->role, bus::Role::Operator);
    EXPECT_EQ(session->csrf_token, anna.session.csrf_token);
    EXPECT_EQ(session->password_hash, "h");
    EXPECT_EQ(book_.find("", kStart), nullptr);
    EXPECT_EQ(book_.find(anna.cookie + "x", kStart), nullptr);
    book_.close(anna.cookie);
    EXPECT_EQ(book_.find(anna.cookie, kStart), nullptr);
    EXPECT_NE(book_.find(bert, kStart), nullptr);
}

TEST_F(SessionBookTest, SessionEndsWhenNobodyUsesIt) {
    const std::string cookie = open("anna", kStart);
    EXPECT_NE(book_.find(cookie, kStart + kSessionIdle), nullptr);
    EXPECT_NE(book_.find(cookie, kStart + 2 * kSessionIdle), nullptr) << "was used in between";
    EXPECT_EQ(book_.find(cookie, kStart + 3 * kSessionIdle + 1ns), nullptr);
    EXPECT_EQ(book_.session_count(), 0U);
}

TEST_F(SessionBookTest, AskingWhetherItIsOpenDoesNotKeepItOpen) {
    const std::string cookie = open("anna", kStart);
    EXPECT_TRUE(book_.is_open(cookie, kStart + kSessionIdle));
    EXPECT_FALSE(book_.is_open(cookie, kStart + kSessionIdle + 1ns));
    EXPECT_EQ(book_.find(cookie, kStart + kSessionIdle + 1ns), nullptr);
    EXPECT_FALSE(book_.is_open(cookie + "x", kStart));
}

TEST_F(SessionBookTest, SessionEndsAfterItsLifetimeInAnyCase) {
    const std::string cookie = open("anna", kStart);
    for (Instant now = kStart; now < kStart + kSessionLifetime; now = now + 6h) {
        ASSERT_NE(book_.find(cookie, now), nullptr);
    }
    EXPECT_EQ(book_.find(cookie, kStart + kSessionLifetime + 1ns), nullptr);
}

TEST_F(SessionBookTest, OldestSessionOfAUserMakesRoom) {
    const std::string other = open("bert", kStart);
    const std::string first = open("anna", kStart);
    const std::string second = open("anna", kStart + 1s);
    for (std::size_t i = 2; i < kSessionsPerUserMax; ++i) {
        open("anna", kStart + 2s);
    }
    EXPECT_NE(book_.find(first, kStart + 3s), nullptr) << "is the newest from here on";
    open("anna", kStart + 4s);
    EXPECT_EQ(book_.session_count(), kSessionsPerUserMax + 1);
    EXPECT_NE(book_.find(first, kStart + 5s), nullptr);
    EXPECT_EQ(book_.find(second, kStart + 5s), nullptr);
    EXPECT_NE(book_.find(other, kStart + 5s), nullptr);
}

TEST_F(SessionBookTest, NumberOfSessionsIsBounded) {
    const std::string first = open("first", kStart);
    for (std::size_t i = 1; i <= kSessionsMax; ++i) {
        open("user " + std::to_string(i), kStart + 1s);
    }
    EXPECT_EQ(book_.session_count(), kSessionsMax);
    EXPECT_EQ(book_.find(first, kStart + 1s), nullptr);
}

TEST_F(SessionBookTest, ForgottenSessionsMakeRoomBeforeLiveOnes) {
    open("anna", kStart);
    open("bert", kStart + kSessionIdle + 1s);
    EXPECT_EQ(book_.session_count(), 1U);
}

TEST_F(SessionBookTest, RetainEndsWhatItIsToldTo) {
    const std::string anna = open("anna", kStart);
    const std::string bert = open("bert", kStart);
    book_.retain([](const Session& session) { return session.user != "anna"; });
    EXPECT_EQ(book_.find(anna, kStart), nullptr);
    EXPECT_NE(book_.find(bert, kStart), nullptr);
}

}  // namespace
}  // namespace kith::access
