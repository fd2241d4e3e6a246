#include "access/token_table.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"
#include "crypto/token.h"

namespace kith::access {
namespace {

storage::TokenRecord record(const crypto::Token& token, const char* role, std::int64_t created_ms) {
    return {.id = token.id,
            .name = "name of " + token.id,
            .role = role,
            .secret_digest = crypto::token_digest(token.text),
            .created_at = WallTime::from_ms(created_ms),
            .expires_at = WallTime()};
}

TEST(TokenTable, FindsExactlyTheTokensItHolds) {
    crypto::FakeSecrets secrets(1);
    std::vector<crypto::Token> tokens;
    std::vector<storage::TokenRecord> records;
    for (int i = 0; i < 200; ++i) {
        tokens.push_back(crypto::make_token(secrets));
        records.push_back(record(tokens.back(), i % 2 == 0 ? "viewer" : "machine", i));
    }
    const TokenTable table(records);
    EXPECT_EQ(table.size(), 200U);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const TokenEntry* entry = table.find(tokens[i].text);
        ASSERT_NE(entry, nullptr);
        EXPECT_EQ(entry->id, tokens[i].id);
        EXPECT_EQ(entry->role, i % 2 == 0 ? bus::Role::Viewer : bus::Role::Machine);
        EXPECT_EQ(table.find(tokens[i].text + "x"), nullptr);
        EXPECT_EQ(table.find(tokens[i].id), nullptr);
    }
    EXPECT_EQ(table.find(""), nullptr);
    EXPECT_EQ(TokenTable().find(tokens[0].text), nullptr);
}

TEST(TokenTable, ListsInOrderOfCreation) {
    crypto::FakeSecrets secrets(1);
    const auto a = crypto::make_token(secrets);
    const auto b = crypto::make_token(secrets);
    const auto c = crypto::make_token(secrets);
    const TokenTable table({record(c, "admin", 3), record(a, "admin", 1), record(b, "admin", 2)});
    const auto list = table.list();
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0]->id, a.id);
    EXPECT_EQ(list[1]->id, b.id);
    EXPECT_EQ(list[2]->id, c.id);
}

TEST(TokenTable, UnknownRoleOpensNothing) {
    crypto::FakeSecrets secrets(1);
    const auto token = crypto::make_token(secrets);
    EXPECT_EQ(TokenTable({record(token, "emperor", 1)}).find(token.text), nullptr);
}

TEST(TokenTable, ExpiryIsTheFirstMomentAtWhichATokenIsOver) {
    TokenEntry entry;
    EXPECT_FALSE(entry.is_expired(WallTime::from_ms(1)));
    entry.expires_at = WallTime::from_ms(100);
    EXPECT_FALSE(entry.is_expired(WallTime::from_ms(99)));
    EXPECT_TRUE(entry.is_expired(WallTime::from_ms(100)));
}

}  // namespace
}  // namespace kith::access
