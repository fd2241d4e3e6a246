#include "broker/detail/topic_trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace kith::broker {
namespace {

struct Mark {
    std::string path;
    [[nodiscard]] bool empty() const { return path.empty(); }
};

std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::ranges::sort(texts);
    return texts;
}

std::vector<std::string> filters_for(TopicTrie<Mark>& trie, std::string_view topic) {
    std::vector<std::string> found;
    trie.match_topic(bus::TopicName::create(topic).value(),
                     [&](Mark& mark) { found.push_back(mark.path); });
    return sorted(found);
}

std::vector<std::string> topics_for(TopicTrie<Mark>& trie, std::string_view filter) {
    std::vector<std::string> found;
    trie.match_filter(bus::TopicFilter::create(filter).value(),
                      [&](Mark& mark) { found.push_back(mark.path); });
    return sorted(found);
}

void put(TopicTrie<Mark>& trie, std::string_view path) {
    trie.insert(path).path = path;
}

void drop(TopicTrie<Mark>& trie, std::string_view path) {
    trie.find(path)->path.clear();
    trie.prune(path);
}

TEST(TopicTrie, HashWildcardDoesNotMatchDollarTopics) {
    TopicTrie<Mark> trie;
    put(trie, "#");
    put(trie, "+/x");
    put(trie, "$SYS/#");
    EXPECT_EQ(filters_for(trie, "$SYS/x"), std::vector<std::string>{"$SYS/#"});
    EXPECT_EQ(filters_for(trie, "a/x"), (std::vector<std::string>{"#", "+/x"}));
}

TEST(TopicTrie, FindsTopicsBelowAHashAndAtItsParent) {
    TopicTrie<Mark> trie;
    for (const char* topic : {"a", "a/b", "a/b/c", "b", "$SYS/a"}) {
        put(trie, topic);
    }
    EXPECT_EQ(topics_for(trie, "a/#"), (std::vector<std::string>{"a", "a/b", "a/b/c"}));
    EXPECT_EQ(topics_for(trie, "#"), (std::vector<std::string>{"a", "a/b", "a/b/c", "b"}));
    EXPECT_EQ(topics_for(trie, "+"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(topics_for(trie, "$SYS/+"), std::vector<std::string>{"$SYS/a"});
}

TEST(TopicTrie, ForgetsPathsThatHoldNothing) {
    TopicTrie<Mark> trie;
    put(trie, "a/b/c");
    put(trie, "a");
    drop(trie, "a/b/c");
    EXPECT_EQ(trie.node_count(), 1U);
    drop(trie, "a");
    EXPECT_EQ(trie.node_count(), 0U);
    EXPECT_EQ(trie.find("a"), nullptr);
}

TEST(TopicTrie, TakesTheDeepestTopicAllowed) {
    TopicTrie<Mark> trie;
    std::string deep = "a";
    for (std::size_t i = 1; i < limits::kTopicLevelsMax; ++i) {
        deep += "/+";
    }
    put(trie, deep);
    std::string topic = deep;
    std::ranges::replace(topic, '+', 'a');
    EXPECT_EQ(filters_for(trie, topic).size(), 1U);
    put(trie, topic);
    EXPECT_EQ(filters_for(trie, topic).size(), 2U);
}

std::string random_path(Random& random, bool wildcards) {
    static constexpr std::string_view kLevels[] = {"a", "b", "c", "", "$x", "dd"};
    std::string path;
    const std::uint64_t count = 1 + random.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i > 0) {
            path += '/';
        }
        if (wildcards && i + 1 == count && random.chance(0.2)) {
            path += '#';
        } else if (wildcards && random.chance(0.25)) {
            path += '+';
        } else {
            path += kLevels[random.below(std::size(kLevels))];
        }
    }
    return path.empty() ? "a" : path;
}

// Against the definition: random inserts and removals, every lookup compared with the naive
// matcher.
TEST(TopicTrie, AgreesWithTheNaiveMatcherInBothDirections) {
    Random random(7);
    TopicTrie<Mark> filters;
    TopicTrie<Mark> topics;
    std::set<std::string> filter_set;
    std::set<std::string> topic_set;
    const auto change = [&](TopicTrie<Mark>& trie, std::set<std::string>& set, bool wildcards) {
        const std::string path = random_path(random, wildcards);
        if (set.contains(path)) {
            drop(trie, path);
            set.erase(path);
        } else {
            put(trie, path);
            set.insert(path);
        }
    };
    for (int round = 0; round < 3000; ++round) {
        change(filters, filter_set, true);
        change(topics, topic_set, false);
        const std::string topic = random_path(random, false);
        const std::string filter = random_path(random, true);
        std::vector<std::string> want_filters;
        for (const std::string& each : filter_set) {
            if (bus::TopicFilter::create(each)->matches(bus::TopicName::create(topic).value())) {
                want_filters.push_back(each);
            }
        }
        std::vector<std::string> want_topics;
        for (const std::string& each : topic_set) {
            if (bus::TopicFilter::create(filter)->matches(bus::TopicName::create(each).value())) {
                want_topics.push_back(each);
            }
        }
        ASSERT_EQ(filters_for(filters, topic), sorted(want_filters)) << topic;
        ASSERT_EQ(topics_for(topics, filter), sorted(want_topics)) << filter;
    }
    EXPECT_GT(filter_set.size(), 100U);
}

}  // namespace
}  // namespace kith::broker
