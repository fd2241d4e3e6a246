#include "broker/detail/filter_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "broker/testing/random_path.h"

namespace kith::broker {
namespace {

using testing::random_path;
using testing::Wildcards;

using Numbers = std::vector<std::uint32_t>;

Numbers matching(const FilterTree& tree, std::string_view topic) {
    Numbers found;
    tree.match(bus::TopicName::create(topic).value(),
               [&](std::uint32_t number) { found.push_back(number); });
    std::ranges::sort(found);
    return found;
}

FilterPlace put(FilterTree& tree, std::string_view filter, std::uint32_t number) {
    const FilterPlace place = tree.insert(filter);
    tree.value(place) = number;
    return place;
}

void drop(FilterTree& tree, std::string_view filter) {
    const FilterPlace place = tree.find(filter);
    tree.value(place) = 0;
    tree.prune(place);
}

TEST(FilterTree, HashWildcardDoesNotMatchDollarTopics) {
    FilterTree tree;
    put(tree, "#", 1);
    put(tree, "+/x", 2);
    put(tree, "$SYS/#", 3);
    EXPECT_EQ(matching(tree, "$SYS/x"), Numbers{3});
    EXPECT_EQ(matching(tree, "a/x"), (Numbers{1, 2}));
}

TEST(FilterTree, HashWildcardMatchesItsParentAndAllBelow) {
    FilterTree tree;
    put(tree, "a/#", 1);
    put(tree, "a", 2);
    EXPECT_EQ(matching(tree, "a"), (Numbers{1, 2}));
    EXPECT_EQ(matching(tree, "a/b"), Numbers{1});
    EXPECT_EQ(matching(tree, "a/b/c"), Numbers{1});
    EXPECT_EQ(matching(tree, "b"), Numbers{});
}

TEST(FilterTree, TellsEmptyLevelsFromNone) {
    FilterTree tree;
    put(tree, "#", 1);
    put(tree, "/#", 2);
    put(tree, "/", 3);
    put(tree, "a/", 4);
    EXPECT_EQ(matching(tree, "a"), Numbers{1});
    EXPECT_EQ(matching(tree, "a/"), (Numbers{1, 4}));
    EXPECT_EQ(matching(tree, "/"), (Numbers{1, 2, 3}));
    EXPECT_EQ(matching(tree, "/a"), (Numbers{1, 2}));
}

// The last but one of the levels below fits into a node, the last does not.
TEST(FilterTree, GivesTheTextBackThatItWasGiven) {
    FilterTree tree;
    for (const char* filter : {"a", "#", "/#", "/", "//", "+", "+/+/#", "a/b/#", "$share/group/a/#",
                               "14-bytes--long", "15-bytes---long/14-bytes--long/+"}) {
        const FilterPlace place = tree.insert(filter);
        EXPECT_EQ(tree.text(place), filter);
        EXPECT_EQ(tree.find(filter), place) << filter;
    }
}

TEST(FilterTree, KnowsNothingThatIsNoFilter) {
    FilterTree tree;
    put(tree, "a/#", 1);
    for (const char* text : {"", "b", "a/#/b", "##", "a/b", "a/+"}) {
        EXPECT_EQ(tree.find(text), FilterTree::kNone) << text;
    }
}

TEST(FilterTree, ForgetsPathsThatHoldNothing) {
    FilterTree tree;
    put(tree, "a/15-bytes---long/c", 1);
    put(tree, "a", 2);
    put(tree, "a/#", 3);
    drop(tree, "a/15-bytes---long/c");
    EXPECT_EQ(tree.node_count(), 1U);
    drop(tree, "a");
    EXPECT_EQ(tree.node_count(), 1U);
    EXPECT_EQ(matching(tree, "a"), Numbers{3});
    drop(tree, "a/#");
    EXPECT_EQ(tree.node_count(), 0U);
    EXPECT_EQ(tree.find("a"), FilterTree::kNone);
}

TEST(FilterTree, ForgetsThatALevelHadAPlus) {
    FilterTree tree;
    put(tree, "a/+", 1);
    put(tree, "a/b", 2);
    drop(tree, "a/+");
    EXPECT_EQ(matching(tree, "a/b"), Numbers{2});
    EXPECT_EQ(matching(tree, "a/c"), Numbers{});
}

TEST(FilterTree, TakesTheDeepestTopicAllowed) {
    FilterTree tree;
    std::string deep = "a";
    for (std::size_t i = 1; i < limits::kTopicLevelsMax; ++i) {
        deep += "/+";
    }
    put(tree, deep, 1);
    std::string topic = deep;
    std::ranges::replace(topic, '+', 'a');
    put(tree, topic, 2);
    EXPECT_EQ(matching(tree, topic), (Numbers{1, 2}));
    const std::string shared = "$share/group/" + deep;
    EXPECT_EQ(tree.text(tree.insert(shared)), shared);
}

constexpr std::string_view kLevels[] = {"a", "b", "c", "", "$x", "a-level-of-21-bytes-x"};

// Against the definition: random inserts and removals, every lookup compared with the naive
// matcher. Edges come and go, so that holes are closed and the table grows.
TEST(FilterTree, AgreesWithTheNaiveMatcher) {
    Random random(7);
    FilterTree tree;
    std::map<std::string, std::uint32_t> known;
    for (std::uint32_t round = 1; round < 4000; ++round) {
        const std::string filter = random_path(random, kLevels, Wildcards::Yes);
        if (known.erase(filter) > 0) {
            drop(tree, filter);
        } else {
            put(tree, filter, round);
            known[filter] = round;
        }
        const std::string topic = random_path(random, kLevels, Wildcards::No);
        Numbers wanted;
        for (const auto& [each, number] : known) {
            if (bus::TopicFilter::create(each)->matches(bus::TopicName::create(topic).value())) {
                wanted.push_back(number);
            }
        }
        std::ranges::sort(wanted);
        ASSERT_EQ(matching(tree, topic), wanted) << topic;
    }
    EXPECT_GT(known.size(), 100U);
    for (const auto& [filter, number] : known) {
        ASSERT_EQ(tree.text(tree.find(filter)), filter);
        drop(tree, filter);
    }
    EXPECT_EQ(tree.node_count(), 0U);
}

// Many leaves below one node, as machines have them: some go, the others stay.
TEST(FilterTree, FindsTheOthersWhenSomeHaveGone) {
    constexpr std::uint32_t kCount = 3000;
    FilterTree tree;
    const auto name = [](std::uint32_t i) { return "site/" + std::to_string(i) + "/state"; };
    for (std::uint32_t i = 1; i <= kCount; ++i) {
        put(tree, name(i), i);
    }
    for (std::uint32_t i = 1; i <= kCount; i += 3) {
        drop(tree, name(i));
    }
    for (std::uint32_t i = 1; i <= kCount; ++i) {
        ASSERT_EQ(matching(tree, name(i)), i % 3 == 1 ? Numbers{} : Numbers{i}) << i;
    }
}

}  // namespace
}  // namespace kith::broker
