#include "http/headers.h"

#include <gtest/gtest.h>

namespace kith::http {
namespace {

TEST(Headers, NamesCompareWithoutCaseAndTheFirstCounts) {
    Headers headers;
    headers.add("Host", "a");
    headers.add("X-Kith-Token", "b");
    headers.add("host", "c");
    EXPECT_EQ(headers.find("HOST"), "a");
    EXPECT_EQ(headers.count("host"), 2U);
    EXPECT_EQ(headers.find("x-kith-token"), "b");
    EXPECT_EQ(headers.find("x-kith"), std::nullopt);
}

TEST(Headers, ListsAreSearchedByWholeTokens) {
    EXPECT_TRUE(list_contains("keep-alive, Upgrade", "upgrade"));
    EXPECT_TRUE(list_contains("mqtt", "mqtt"));
    EXPECT_FALSE(list_contains("mqttv3.1", "mqtt"));
    EXPECT_FALSE(list_contains("", "mqtt"));
}

TEST(Headers, CookieIsFoundByItsWholeName) {
    EXPECT_EQ(find_cookie("a=1; kith_session=xyz; b=2", "kith_session"), "xyz");
    EXPECT_EQ(find_cookie("kith_session=xyz", "kith_session"), "xyz");
    EXPECT_EQ(find_cookie("not_kith_session=xyz", "kith_session"), std::nullopt);
    EXPECT_EQ(find_cookie("kith_session", "kith_session"), std::nullopt);
    EXPECT_EQ(find_cookie("kith_session=", "kith_session"), "");
    EXPECT_EQ(find_cookie("", "kith_session"), std::nullopt);
}

TEST(Headers, GzipIsAcceptedWhereTheClientSaysSo) {
    EXPECT_TRUE(accepts_gzip("gzip, deflate, br"));
    EXPECT_TRUE(accepts_gzip("br;q=1.0, GZIP;q=0.8"));
    EXPECT_TRUE(accepts_gzip("*"));
    EXPECT_FALSE(accepts_gzip(""));
    EXPECT_FALSE(accepts_gzip("identity"));
    EXPECT_FALSE(accepts_gzip("gzip;q=0"));
    EXPECT_FALSE(accepts_gzip("*, gzip; q=0.000"));
    EXPECT_FALSE(accepts_gzip("*;q=0"));
}

TEST(Headers, EtagsCompareWeakly) {
    EXPECT_TRUE(matches_etag("\"a\", W/\"b\"", "\"b\""));
    EXPECT_TRUE(matches_etag("*", "\"b\""));
    EXPECT_FALSE(matches_etag("\"ab\"", "\"b\""));
    EXPECT_FALSE(matches_etag("", "\"b\""));
}

TEST(Headers, BearerTokenIsWhatFollowsTheScheme) {
    EXPECT_EQ(bearer_token("Bearer kk_1"), "kk_1");
    EXPECT_EQ(bearer_token("bearer  kk_1 "), "kk_1");
    EXPECT_EQ(bearer_token("Basic a2s6"), std::nullopt);
    EXPECT_EQ(bearer_token("Bearer"), std::nullopt);
    EXPECT_EQ(bearer_token(""), std::nullopt);
}

}  // namespace
}  // namespace kith::http
