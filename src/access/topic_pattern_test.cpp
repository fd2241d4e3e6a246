#include "access/topic_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kith::access {
namespace {

TopicPattern pattern(std::string_view text) {
    auto made = TopicPattern::create(text);
    EXPECT_TRUE(made.has_value()) << text;
    return std::move(*made);
}

bool matches(std::string_view text, std::string_view topic, const bus::TopicSubject& who = {}) {
    return pattern(text).matches(who, TopicLevels(topic));
}

bool covers(std::string_view text, std::string_view filter, const bus::TopicSubject& who = {}) {
    return pattern(text).covers(who, TopicLevels(filter));
}

bool overlaps(std::string_view text, std::string_view filter, const bus::TopicSubject& who = {}) {
    return pattern(text).overlaps(who, TopicLevels(filter));
}

const bus::TopicSubject kPress{.client_id = "press-07", .machine = "press", .tenant = {}};

TEST(TopicPattern, MatchesAsAFilterDoes) {
    EXPECT_TRUE(matches("plant/+/temp", "plant/h2/temp"));
    EXPECT_FALSE(matches("plant/+/temp", "plant/h2/temp/x"));
    EXPECT_FALSE(matches("plant/+/temp", "plant/h2"));
    EXPECT_TRUE(matches("plant/#", "plant"));
    EXPECT_TRUE(matches("plant/#", "plant/a/b"));
    EXPECT_TRUE(matches("a//b", "a//b"));
    EXPECT_FALSE(matches("a/b", "a//b"));
}

TEST(TopicPattern, FirstLevelWildcardsDoNotMatchDollarTopics) {
    EXPECT_FALSE(matches("#", "$SYS/broker"));
    EXPECT_FALSE(matches("+/broker", "$SYS/broker"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS/broker"));
    EXPECT_TRUE(matches("a/+", "a/$b"));
    EXPECT_FALSE(covers("#", "$SYS/broker"));
    EXPECT_FALSE(covers("#", "$SYS/#"));
    EXPECT_FALSE(overlaps("$SYS/#", "#"));
    EXPECT_FALSE(overlaps("#", "$SYS/#"));
    EXPECT_FALSE(overlaps("$SYS/a", "+/a"));
}

TEST(TopicPattern, ValuesStandForWhoeverAsks) {
    EXPECT_TRUE(matches("plant/${machine}/#", "plant/press/temp", kPress));
    EXPECT_FALSE(matches("plant/${machine}/#", "plant/other/temp", kPress));
    EXPECT_TRUE(matches("$to/${client}/#", "$to/press-07/x", kPress));
    EXPECT_TRUE(matches("t/${tenant}", "t/default", kPress));
    EXPECT_TRUE(covers("plant/${machine}/#", "plant/press/+", kPress));
    EXPECT_FALSE(covers("plant/${machine}/#", "plant/+/temp", kPress));
    EXPECT_TRUE(overlaps("plant/${machine}/#", "plant/+/temp", kPress));
    // What is written in a topic is not a value.
    EXPECT_FALSE(matches("plant/${machine}", "plant/${machine}", kPress));
}

TEST(TopicPattern, AValueThatIsNoSingleLevelMatchesNothing) {
    for (const std::string_view value : {"", "+", "#", "a/b", "a+", "/"}) {
        const bus::TopicSubject who{.client_id = value, .machine = value, .tenant = {}};
        EXPECT_FALSE(matches("x/${client}/#", "x/" + std::string(value) + "/y", who)) << value;
        EXPECT_FALSE(matches("x/${client}", "x/a", who)) << value;
        EXPECT_FALSE(covers("x/${machine}/#", "x/" + std::string(value) + "/y", who)) << value;
        EXPECT_FALSE(overlaps("x/${machine}/#", "#", who)) << value;
    }
    EXPECT_FALSE(matches("x/${tenant}", "x/", {.tenant = TenantId(7)}));
}

TEST(TopicPattern, AValueAtTheFirstLevelIsNeverATopicOfTheServer) {
    const bus::TopicSubject who{.client_id = "$SYS", .machine = "$m", .tenant = {}};
    EXPECT_FALSE(matches("${client}/#", "$SYS/broker", who));
    EXPECT_FALSE(covers("${machine}/#", "$m/press/#", who));
    EXPECT_TRUE(matches("x/${client}", "x/$SYS", who));
}

TEST(TopicPattern, SaysWhatItExpectedAndWhere) {
    const auto problem = [](std::string_view text) {
        const auto made = TopicPattern::create(text);
        EXPECT_FALSE(made.has_value()) << text;
        return made.error();
    };
    EXPECT_EQ(problem("").expected, std::string("a topic filter"));
    EXPECT_EQ(problem("a/#/b").offset_bytes, 2U);
    EXPECT_EQ(problem("a/#/b").expected, std::string("# as the last level only"));
    EXPECT_EQ(problem("a/b+").expected, std::string("a wildcard as a whole level"));
    EXPECT_EQ(problem("a/x${client}").offset_bytes, 2U);
    EXPECT_EQ(problem("a/${user}").expected,
              std::string("${client}, ${machine} or ${tenant} as a whole level"));
    EXPECT_EQ(problem("$share/g/a").offset_bytes, 0U);
    EXPECT_EQ(problem(std::string(1025, 'a')).expected,
              std::string("at most 1024 bytes of filter"));
    std::string deep = "a";
    for (std::size_t i = 1; i < limits::kTopicLevelsMax; ++i) {
        deep += "/a";
    }
    EXPECT_TRUE(TopicPattern::create(deep).has_value());
    EXPECT_EQ(problem(deep + "/a").expected, std::string("at most 32 levels"));
}

TEST(TopicPattern, KnowsWhatIsEverything) {
    EXPECT_TRUE(pattern("#").is_everything());
    EXPECT_TRUE(pattern("+/#").is_everything());
    EXPECT_FALSE(pattern("+/+/#").is_everything());
    EXPECT_FALSE(pattern("+").is_everything());
    EXPECT_TRUE(pattern("$m/#").is_reserved());
    EXPECT_FALSE(pattern("${client}/#").is_reserved());
    EXPECT_FALSE(pattern("+/$m").is_reserved());
}

// The differential test: what is decided from the levels is compared with all topics of up to four
// levels over an alphabet that has a level ("z") which no filter names.

void extend(std::vector<std::string>& texts, const std::vector<std::string>& levels,
            std::size_t depth) {
    std::vector<std::string> last = levels;
    texts.insert(texts.end(), last.begin(), last.end());
    for (std::size_t i = 1; i < depth; ++i) {
        std::vector<std::string> next;
        for (const std::string& head : last) {
            for (const std::string& tail : levels) {
                next.push_back(head + "/" + tail);
            }
        }
        texts.insert(texts.end(), next.begin(), next.end());
        last = std::move(next);
    }
}

std::vector<std::string> all_topics() {
    std::vector<std::string> topics;
    extend(topics, {"a", "b", "$s", "", "z"}, 4);
    std::erase(topics, "");  // [MQTT-4.7.3-1]
    return topics;
}

std::vector<std::string> all_filters() {
    std::vector<std::string> texts;
    extend(texts, {"a", "b", "$s", "", "+", "#"}, 3);
    // "/#" would match the parent "", which is no topic [MQTT-4.7.3-1]: there the decisions are on
    // the safe side only.
    std::erase_if(texts, [](const std::string& text) {
        return text.starts_with('/') || !bus::TopicFilter::create(text);
    });
    return texts;
}

/// For each filter, which topics it matches, by the definition in bus/topic.h.
std::vector<std::vector<bool>> all_matches(const std::vector<std::string>& filters,
                                           const std::vector<std::string>& topics) {
    std::vector<std::vector<bool>> matched;
    for (const std::string& filter : filters) {
        std::vector<bool>& row = matched.emplace_back();
        for (const std::string& topic : topics) {
            row.push_back(
                bus::TopicFilter::trusted(filter).matches(bus::TopicName::trusted(topic)));
        }
    }
    return matched;
}

TEST(TopicPatternProperties, CoversAndOverlapsAgreeWithAllTopics) {
    const std::vector<std::string> topics = all_topics();
    const std::vector<std::string> filters = all_filters();
    const std::vector<std::vector<bool>> matched = all_matches(filters, topics);
    std::size_t covered_count = 0;
    std::size_t overlap_count = 0;
    for (std::size_t wide = 0; wide < filters.size(); ++wide) {
        const TopicPattern made = pattern(filters[wide]);
        for (std::size_t narrow = 0; narrow < filters.size(); ++narrow) {
            bool is_covered = true;
            bool does_overlap = false;
            for (std::size_t i = 0; i < topics.size(); ++i) {
                is_covered &= !matched[narrow][i] || matched[wide][i];
                does_overlap |= matched[narrow][i] && matched[wide][i];
            }
            const TopicLevels levels(filters[narrow]);
            ASSERT_EQ(made.covers({}, levels), is_covered)
                << filters[wide] << " covers " << filters[narrow];
            ASSERT_EQ(made.overlaps({}, levels), does_overlap)
                << filters[wide] << " overlaps " << filters[narrow];
            covered_count += is_covered ? 1U : 0U;
            overlap_count += does_overlap ? 1U : 0U;
        }
    }
    EXPECT_GT(covered_count, filters.size());
    EXPECT_GT(overlap_count, covered_count);
}

TEST(TopicPatternProperties, MatchesAgreesWithTheDefinition) {
    const std::vector<std::string> topics = all_topics();
    for (const std::string& filter : all_filters()) {
        const TopicPattern made = pattern(filter);
        for (const std::string& topic : topics) {
            ASSERT_EQ(made.matches({}, TopicLevels(topic)),
                      bus::TopicFilter::trusted(filter).matches(bus::TopicName::trusted(topic)))
                << filter << " and " << topic;
        }
    }
}

}  // namespace
}  // namespace kith::access
