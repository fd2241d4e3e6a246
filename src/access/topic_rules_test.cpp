#include "access/topic_rules.h"

#include <gtest/gtest.h>

#include "access/limits.h"

namespace kith::access {
namespace {

std::string problem_of(std::string_view text) {
    const auto rules = parse_topic_rules(text);
    EXPECT_FALSE(rules.has_value()) << text;
    return rules ? "" : to_string(rules.error());
}

TEST(TopicRules, ReadsOneRuleALineAndKeepsItsNumber) {
    const auto rules = parse_topic_rules(
        "# A press.\n"
        "\n"
        "allow publish   plant/${machine}/#\r\n"
        "\tallow subscribe plant/hall 2/alarms  \n"
        "  # between\n"
        "deny both $m/#");
    ASSERT_TRUE(rules.has_value());
    ASSERT_EQ(rules->size(), 3U);
    EXPECT_EQ(to_string((*rules)[0]), "allow publish plant/${machine}/#");
    EXPECT_EQ((*rules)[0].line, 3U);
    EXPECT_TRUE((*rules)[0].is_for(bus::TopicAction::Publish));
    EXPECT_FALSE((*rules)[0].is_for(bus::TopicAction::Subscribe));
    EXPECT_EQ(to_string((*rules)[1]), "allow subscribe plant/hall 2/alarms");
    EXPECT_EQ((*rules)[1].line, 4U);
    EXPECT_EQ(to_string((*rules)[2]), "deny both $m/#");
    EXPECT_EQ((*rules)[2].effect, RuleEffect::Deny);
    EXPECT_TRUE((*rules)[2].is_for(bus::TopicAction::Subscribe));
    EXPECT_EQ((*rules)[2].line, 6U);
}

TEST(TopicRules, NothingIsAListWithoutRules) {
    for (const std::string_view text : {"", "\n", "   ", "# only a comment", "\r\n\r\n"}) {
        const auto rules = parse_topic_rules(text);
        ASSERT_TRUE(rules.has_value()) << text;
        EXPECT_TRUE(rules->empty()) << text;
    }
}

TEST(TopicRules, SaysLineColumnAndWhatItExpected) {
    EXPECT_EQ(problem_of("permit publish a"), "line 1, column 1: expected allow or deny");
    EXPECT_EQ(problem_of("\n  Allow publish a"), "line 2, column 3: expected allow or deny");
    EXPECT_EQ(problem_of("allow"), "line 1, column 6: expected publish, subscribe or both");
    EXPECT_EQ(problem_of("allow read a"), "line 1, column 7: expected publish, subscribe or both");
    EXPECT_EQ(problem_of("deny both"), "line 1, column 10: expected a topic filter");
    EXPECT_EQ(problem_of("deny both a/#/b"),
              "line 1, column 13: expected # as the last level only");
    EXPECT_EQ(problem_of("allow both a\xff"), "line 1, column 1: expected UTF-8 without U+0000");
}

TEST(TopicRules, HasLimits) {
    std::string text;
    for (std::size_t i = 0; i < kRulesPerRoleMax; ++i) {
        text += "allow both a\n";
    }
    EXPECT_TRUE(parse_topic_rules(text).has_value());
    EXPECT_EQ(problem_of(text + "allow both b"), "line 257, column 1: expected at most 256 rules");
    EXPECT_TRUE(parse_topic_rules(std::string(kRuleTextBytesMax, '\n')).has_value());
    EXPECT_EQ(problem_of(std::string(kRuleTextBytesMax + 1, '\n')),
              "line 1, column 1: expected at most 32 KiB of rules");
}

}  // namespace
}  // namespace kith::access
