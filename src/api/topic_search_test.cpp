#include "api/topic_search.h"

#include <gtest/gtest.h>

#include "api/limits.h"

namespace kith::api {
namespace {

bool matches(std::string_view search, std::string_view topic, std::string_view payload,
             bool is_whole = true) {
    const auto parsed = TopicSearch::parse(search);
    EXPECT_TRUE(parsed.has_value()) << search;
    return parsed && parsed->matches(topic, payload, is_whole);
}

TEST(TopicSearch, AllWordsMustOccurInTheTopic) {
    EXPECT_TRUE(matches("oven temp", "plant/h2/oven-3/temp_c", ""));
    EXPECT_TRUE(matches("  TEMP   Oven ", "plant/h2/oven-3/temp_c", ""));
    EXPECT_TRUE(matches("h2/oven", "plant/h2/oven-3/temp_c", ""));
    EXPECT_FALSE(matches("oven press", "plant/h2/oven-3/temp_c", ""));
    EXPECT_FALSE(matches("oven", "plant/h2", "oven"));
}

TEST(TopicSearch, ComparisonLooksAtTheNumberOfTheNamedTopic) {
    EXPECT_TRUE(matches("temp > 60", "oven/temp_c", "60.5"));
    EXPECT_TRUE(matches("temp>60", "oven/temp_c", "61"));
    EXPECT_FALSE(matches("temp > 60", "oven/temp_c", "60"));
    EXPECT_FALSE(matches("temp > 60", "oven/speed", "61"));
    EXPECT_FALSE(matches("temp > 60", "oven/temp_c", "hot"));
    EXPECT_TRUE(matches("> 60", "oven/speed", "61"));
    EXPECT_FALSE(matches("> 60", "oven/speed", "{\"v\":61}"));
}

TEST(TopicSearch, ComparisonLooksAtTheMemberOfThatName) {
    EXPECT_TRUE(matches("v>60", "oven/state", R"({"v":61})"));
    EXPECT_TRUE(matches("oven v > 60", "oven/state", R"({"v":61})"));
    EXPECT_FALSE(matches("v>60", "oven/state", R"({"w":61})"));
    EXPECT_FALSE(matches("V>60", "oven/state", R"({"v":61})")) << "members have their case";
    EXPECT_TRUE(matches("v>60", "oven/state", R"({"v":61,"text":"cut o)", false));
}

TEST(TopicSearch, KnowsEveryOperator) {
    const auto with = [](const char* op, const char* payload) {
        return matches(std::string("t ") + op + " 5", "t", payload);
    };
    for (const char* payload : {"4", "5", "6"}) {
        const int value = payload[0] - '0';
        EXPECT_EQ(with(">", payload), value > 5);
        EXPECT_EQ(with("<", payload), value < 5);
        EXPECT_EQ(with(">=", payload), value >= 5);
        EXPECT_EQ(with("<=", payload), value <= 5);
        EXPECT_EQ(with("=", payload), value == 5);
        EXPECT_EQ(with("==", payload), value == 5);
        EXPECT_EQ(with("!=", payload), value != 5);
    }
}

TEST(TopicSearch, SeveralComparisonsAllCount) {
    EXPECT_TRUE(matches("v>=10 v<20", "t", R"({"v":10})"));
    EXPECT_FALSE(matches("v>=10 v<20", "t", R"({"v":20})"));
    EXPECT_TRUE(matches("v > -1.5e1 w = 2", "t", R"({"v":-14,"w":2})"));
}

TEST(TopicSearch, CutOffNumberIsNotCompared) {
    EXPECT_FALSE(matches("> 1", "t", "1234", false));
    EXPECT_TRUE(matches("> 1", "t", "1234", true));
}

TEST(TopicSearch, ComparisonWithoutANumberIsAWord) {
    EXPECT_TRUE(matches("a=b", "x/a=b/y", ""));
    EXPECT_FALSE(matches("a=b", "x/a/b", ""));
    EXPECT_TRUE(matches("> x", "a>b/x", ""));
}

TEST(TopicSearch, HasLimitsAndNeedsATerm) {
    EXPECT_EQ(TopicSearch::parse("").error().kind, ErrorKind::Invalid);
    EXPECT_EQ(TopicSearch::parse("   ").error().kind, ErrorKind::Invalid);
    EXPECT_TRUE(TopicSearch::parse(std::string(kSearchBytesMax, 'x')).has_value());
    EXPECT_EQ(TopicSearch::parse(std::string(kSearchBytesMax + 1, 'x')).error().kind,
              ErrorKind::Limit);
    EXPECT_TRUE(TopicSearch::parse("a b c d e f g h").has_value());
    EXPECT_EQ(TopicSearch::parse("a b c d e f g h i").error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::api
