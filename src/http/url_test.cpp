#include "http/url.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "http/limits.h"

namespace kith::http {
namespace {

TEST(Url, DecodesEscapesOnce) {
    EXPECT_EQ(percent_decode("a%20b%2Fc%2f", Plus::Literal).value(), "a b/c/");
    EXPECT_EQ(percent_decode("%2541", Plus::Literal).value(), "%41");
    EXPECT_EQ(percent_decode("gr%C3%BCn", Plus::Literal).value(), "grün");
    EXPECT_EQ(percent_decode("a+b", Plus::Literal).value(), "a+b");
    EXPECT_EQ(percent_decode("a+b", Plus::Space).value(), "a b");
}

TEST(Url, RefusesBrokenEscapesAndBytesThatAreNoText) {
    for (const char* text : {"%", "%2", "%zz", "%2g", "a%", "%00", "%C3", "%FF", "%ED%A0%80"}) {
        const auto decoded = percent_decode(text, Plus::Literal);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().kind, ErrorKind::Malformed);
    }
}

TEST(Url, EncodingIsUndoneByDecoding) {
    EXPECT_EQ(percent_encode("a/b c+ü"), "a%2Fb%20c%2B%C3%BC");
    Random random(5);
    for (int round = 0; round < 200; ++round) {
        std::string text;
        for (int i = 0; i < 8; ++i) {
            text.push_back(static_cast<char>(1 + random.below(127)));
        }
        EXPECT_EQ(percent_decode(percent_encode(text), Plus::Space).value(), text);
    }
}

TEST(Url, PathIsSplitBeforeItIsDecoded) {
    using Segments = std::vector<std::string>;
    EXPECT_EQ(split_path("/").value(), (Segments{""}));
    EXPECT_EQ(split_path("/a/b").value(), (Segments{"a", "b"}));
    EXPECT_EQ(split_path("/a%2Fb//c/").value(), (Segments{"a/b", "", "c", ""}));
    EXPECT_EQ(split_path("/../x").value(), (Segments{"..", "x"}));
    EXPECT_FALSE(split_path("").has_value());
    EXPECT_FALSE(split_path("a/b").has_value());
    EXPECT_FALSE(split_path("/%").has_value());
}

TEST(Url, PathHasALimitOfSegments) {
    std::string path;
    for (std::size_t i = 0; i < kPathSegmentsMax; ++i) {
        path += "/x";
    }
    EXPECT_TRUE(split_path(path).has_value());
    EXPECT_EQ(split_path(path + "/x").error().kind, ErrorKind::Limit);
}

TEST(Url, QueryGivesTheFirstParameterOfAName) {
    const Query query = Query::parse("q=temp+%3E+60&limit=200&flag&q=2&&empty=").value();
    EXPECT_EQ(query.find("q"), "temp > 60");
    EXPECT_EQ(query.find("limit"), "200");
    EXPECT_EQ(query.find("flag"), "");
    EXPECT_EQ(query.find("empty"), "");
    EXPECT_EQ(query.find("none"), std::nullopt);
    EXPECT_EQ(query.parameters().size(), 5U);
    EXPECT_EQ(Query::parse("a=b=c").value().find("a"), "b=c");
    EXPECT_TRUE(Query::parse("").value().parameters().empty());
    EXPECT_FALSE(Query::parse("a=%").has_value());
    EXPECT_FALSE(Query::parse("%=a").has_value());
}

TEST(Url, QueryHasALimitOfParameters) {
    std::string text;
    for (std::size_t i = 0; i < kQueryParametersMax; ++i) {
        text += "a=1&";
    }
    EXPECT_TRUE(Query::parse(text).has_value());
    EXPECT_EQ(Query::parse(text + "a=1").error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::http
