#include "mesh/trust/join_token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/base64.h"

namespace kith::mesh {
namespace {

JoinToken some_token() {
    JoinToken token{.role = NodeRole::Leaf,
                    .expires_at = WallTime::from_ms(1'790'000'900'000),
                    .invite = InviteId(0x0123456789ABCDEF),
                    .locators = {"10.0.0.7:7883", "[fd00::7]:7883"}};
    token.root_fingerprint.fill(0xA5);
    token.secret.fill(0x5A);
    return token;
}

/// A token of these bytes, with a right check behind them.
std::string token_of(std::vector<std::uint8_t> bytes) {
    const crypto::Digest check = crypto::sha256(bytes);
    bytes.insert(bytes.end(), check.begin(), check.begin() + 4);
    return "kith1." + crypto::to_base64(bytes, crypto::Base64::Url);
}

/// The bytes of some_token() without their check.
std::vector<std::uint8_t> some_bytes() {
    auto bytes = crypto::from_base64(to_text(some_token()).substr(6), crypto::Base64::Url).value();
    bytes.resize(bytes.size() - 4);
    return bytes;
}

TEST(JoinToken, IsReadAsItWasWritten) {
    const std::string text = to_text(some_token());
    EXPECT_TRUE(text.starts_with("kith1."));
    EXPECT_EQ(parse_join_token(text).value(), some_token());
    JoinToken least = some_token();
    least.locators.clear();
    least.role = NodeRole::Router;
    EXPECT_EQ(parse_join_token(to_text(least)).value(), least);
}

TEST(JoinToken, OfFullLengthFits) {
    JoinToken token = some_token();
    token.locators.assign(kLocatorsMax, std::string(kLocatorBytesMax - 5, 'h') + ":7883");
    const std::string text = to_text(token);
    EXPECT_LE(text.size(), kJoinTokenBytesMax);
    EXPECT_EQ(parse_join_token(text).value(), token);
}

TEST(JoinToken, WithAnyCharacterAlteredIsRefused) {
    const std::string good = to_text(some_token());
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char other : {'A', 'z', '7', '-', '_', '.', ' ', '\0'}) {
            std::string bad = good;
            bad[at] = other;
            EXPECT_TRUE(bad == good || !parse_join_token(bad)) << at << other;
        }
    }
}

TEST(JoinToken, CutOrExtendedIsRefused) {
    const std::string good = to_text(some_token());
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(parse_join_token(good.substr(0, size)).error().kind, ErrorKind::Malformed);
    }
    for (const char* more : {"A", "AAAA", "=", "\n", "."}) {
        EXPECT_EQ(parse_join_token(good + more).error().kind, ErrorKind::Malformed) << more;
    }
    EXPECT_EQ(parse_join_token(std::string(5000, 'k')).error().kind, ErrorKind::Malformed);
}

TEST(JoinToken, OfALaterVersionSaysSo) {
    std::vector<std::uint8_t> bytes = some_bytes();
    bytes[0] = 2;
    EXPECT_EQ(parse_join_token(token_of(bytes)).error().kind, ErrorKind::Unsupported);
}

TEST(JoinToken, WithAFieldThatCannotBeIsRefused) {
    const std::vector<std::uint8_t> good = some_bytes();
    ASSERT_TRUE(parse_join_token(token_of(good)));
    const auto refused = [&good](std::size_t at, std::uint8_t value) {
        std::vector<std::uint8_t> bad = good;
        bad[at] = value;
        return !parse_join_token(token_of(bad));
    };
    EXPECT_TRUE(refused(1, 2));     // role
    EXPECT_TRUE(refused(2, 0x80));  // a time before 1970
    EXPECT_TRUE(refused(66, 3));    // more locators than there are
    EXPECT_TRUE(refused(66, 1));    // fewer
    EXPECT_TRUE(refused(66, 9));    // too many
    EXPECT_TRUE(refused(67, 0));    // an empty one
    EXPECT_TRUE(refused(68, ' '));  // not plain text
    EXPECT_TRUE(refused(67, 255));  // longer than the rest
}

TEST(JoinToken, LocatorsAreHostAndPort) {
    for (const char* good : {"a:1", "gw-1.local:65535", "10.0.0.7:7883", "[::1]:7883"}) {
        EXPECT_TRUE(check_locator(good)) << good;
    }
    for (const char* bad : {"", "a", ":1", "a:", "a:0", "a:65536", "a:+1", "a:1x", "a b:1",
                            "::1:7883", "[]:1", "a\n:1", "\xC3\xA4:1"}) {
        EXPECT_EQ(check_locator(bad).error().kind, ErrorKind::Invalid) << bad;
    }
    EXPECT_EQ(check_locator(std::string(61, 'a') + ":7883").error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::mesh
