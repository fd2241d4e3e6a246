#include "broker/detail/topic_trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "broker/testing/random_path.h"

namespace kith::broker {
namespace {

using testing::random_path;
using testing::Wildcards;

struct Mark {
    std::string path;
    [[nodiscard]] bool empty() const { return path.empty(); }
};

std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::ranges::sort(texts);
    return texts;
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

constexpr std::string_view kLevels[] = {"a", "b", "c", "", "$x", "dd"};

// Against the definition: random inserts and removals, every lookup compared with the naive
// matcher.
TEST(TopicTrie, AgreesWithTheNaiveMatcher) {
    Random random(7);
    TopicTrie<Mark> topics;
    std::set<std::string> topic_set;
    for (int round = 0; round < 3000; ++round) {
        const std::string path = random_path(random, kLevels, Wildcards::No);
        if (topic_set.erase(path) > 0) {
            drop(topics, path);
        } else {
            put(topics, path);
            topic_set.insert(path);
        }
        const std::string filter = random_path(random, kLevels, Wildcards::Yes);
        std::vector<std::string> wanted;
        for (const std::string& each : topic_set) {
            if (bus::TopicFilter::create(filter)->matches(bus::TopicName::create(each).value())) {
                wanted.push_back(each);
            }
        }
        ASSERT_EQ(topics_for(topics, filter), sorted(wanted)) << filter;
    }
    EXPECT_GT(topic_set.size(), 100U);
}

}  // namespace
}  // namespace kith::broker
