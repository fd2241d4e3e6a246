#include "bus/topic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace kith::bus {
namespace {

bool matches(std::string_view filter, std::string_view topic) {
    return TopicFilter::create(filter).value().matches(TopicName::create(topic).value());
}

TEST(TopicName, RefusesWildcardsAndEmptyNames) {
    EXPECT_TRUE(TopicName::create("a/b"));
    EXPECT_TRUE(TopicName::create("/"));
    EXPECT_FALSE(TopicName::create(""));
    EXPECT_FALSE(TopicName::create("a/+"));
    EXPECT_FALSE(TopicName::create("a#"));
}

TEST(TopicName, RefusesMoreBytesOrLevelsThanTheLimit) {
    EXPECT_TRUE(TopicName::create(std::string(1024, 'a')));
    EXPECT_EQ(TopicName::create(std::string(1025, 'a')).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(TopicName::create(std::string(31, '/')));
    EXPECT_EQ(TopicName::create(std::string(32, '/')).error().kind, ErrorKind::Limit);
}

TEST(TopicName, IsWhatAWalkOverItsCharactersSays) {
    const std::string_view characters =
        "ab/+#\xC3\xA4\xAB\xA3\xAF";  // '+', '#', '/' and a high bit
    Random random(7);
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        const std::size_t size = 1 + random.below(70);
        const std::size_t kinds = 2 + random.below(characters.size() - 1);
        for (std::size_t at = 0; at < size; ++at) {
            text += random.below(9) == 0 ? characters[random.below(kinds)] : 'x';
        }
        const bool is_right = text.find_first_of("+#") == std::string::npos &&
                              std::ranges::count(text, '/') + 1 <=
                                  static_cast<std::ptrdiff_t>(limits::kTopicLevelsMax);
        EXPECT_EQ(TopicName::create(text).has_value(), is_right) << text;
    }
}

TEST(TopicFilter, TakesWildcardsAsWholeLevelsOnly) {
    for (const char* filter : {"#", "+", "+/+", "a/#", "/+", "a/+/b", "$SYS/#"}) {
        EXPECT_TRUE(TopicFilter::create(filter)) << filter;
    }
    for (const char* filter : {"", "a#", "a/#/b", "a+", "+a/b", "a/b#", "##"}) {
        EXPECT_FALSE(TopicFilter::create(filter)) << filter;
    }
}

// The examples of section 4.7.1.
TEST(TopicFilter, MatchesAsTheStandardShows) {
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_TRUE(matches("sport/#", "sport"));
    EXPECT_TRUE(matches("#", "a/b/c"));
    EXPECT_TRUE(matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(matches("sport/+", "sport"));
    EXPECT_TRUE(matches("sport/+", "sport/"));
    EXPECT_TRUE(matches("+/+", "/finance"));
    EXPECT_TRUE(matches("/+", "/finance"));
    EXPECT_FALSE(matches("+", "/finance"));
    EXPECT_TRUE(matches("+/tennis/#", "sport/tennis"));
    EXPECT_FALSE(matches("a/b", "a"));
    EXPECT_FALSE(matches("a", "a/b"));
    EXPECT_FALSE(matches("a/+/#", "a"));
    EXPECT_TRUE(matches("a/+/#", "a/b"));
}

// [MQTT-4.7.2-1]
TEST(TopicFilter, LeadingWildcardDoesNotMatchDollarTopics) {
    EXPECT_FALSE(matches("#", "$SYS/broker"));
    EXPECT_FALSE(matches("+/broker", "$SYS/broker"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS/broker"));
    EXPECT_TRUE(matches("$SYS/+", "$SYS/broker"));
}

// [MQTT-4.7.3-4]: no normalisation, case matters.
TEST(TopicFilter, ComparesLevelsByteByByte) {
    EXPECT_FALSE(matches("ACCOUNTS", "Accounts"));
    EXPECT_FALSE(matches("a", "/a"));
    EXPECT_FALSE(matches("a/", "a"));
    EXPECT_TRUE(matches("a//b", "a//b"));
}

TEST(SubscriptionFilter, TakesApartASharedSubscription) {
    const auto shared = SubscriptionFilter::create("$share/pumps/plant/+/flow").value();
    EXPECT_TRUE(shared.is_shared());
    EXPECT_EQ(shared.share_group, "pumps");
    EXPECT_EQ(shared.filter.text(), "plant/+/flow");
    EXPECT_FALSE(SubscriptionFilter::create("plant/#").value().is_shared());
}

// [MQTT-4.8.2-1], [MQTT-4.8.2-2]
TEST(SubscriptionFilter, RefusesIncompleteOrWildcardShareNames) {
    for (const char* text : {"$share/", "$share/a", "$share//a", "$share/a/", "$share/+/a",
                             "$share/a#/b", "$share/a/b#"}) {
        EXPECT_FALSE(SubscriptionFilter::create(text)) << text;
    }
    // Not a shared subscription, only alike.
    EXPECT_FALSE(SubscriptionFilter::create("$shared/a/b").value().is_shared());
}

TEST(LevelReader, CountsEmptyLevels) {
    std::vector<std::string> levels;
    LevelReader reader("/a//");
    while (!reader.at_end()) {
        levels.emplace_back(reader.next());
    }
    EXPECT_EQ(levels, (std::vector<std::string>{"", "a", "", ""}));
}

TEST(SubscriptionFilter, MakesTheProvidersOfAServiceOneGroup) {
    const auto provider = SubscriptionFilter::create("$to/any/print/#").value();
    EXPECT_EQ(provider.share_group, "any");
    EXPECT_EQ(provider.filter.text(), "$to/any/print/#");
    EXPECT_TRUE(is_shared_text("$to/any/print/#"));
    EXPECT_TRUE(is_shared_text("$share/g/a"));
    EXPECT_FALSE(is_shared_text("$to/anybody/#"));
    for (const char* text :
         {"$to/any/", "$to/any/#", "$to/any/+/#", "$to/any/print", "$to/any/print/jobs",
          "$to/any//#", "$to/any/print/+/#", "$share/g/$to/any/print/#"}) {
        EXPECT_FALSE(SubscriptionFilter::create(text)) << text;
    }
}

TEST(TopicName, NamesTheNodeWhoseInboxItIs) {
    EXPECT_EQ(node_inbox_name("$to/node/cellar/ping"), "cellar");
    EXPECT_EQ(node_inbox_name("$to/node/cellar"), "cellar");
    EXPECT_EQ(node_inbox_name("$to/node"), "");
    EXPECT_EQ(node_inbox_name("$to/nodes/cellar"), "");
}

}  // namespace
}  // namespace kith::bus
