#include "mesh/detail/wanted_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/random.h"
#include "mesh/detail/filter_superset.h"
#include "mesh/testing/topics.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {
namespace {

InterestBody::Entry entry(std::string_view filter, std::uint32_t tenant = 0) {
    return {.tenant = tenant, .share_group = {}, .filter = filter};
}

std::set<NodeId> found(const WantedTree& tree, std::uint32_t tenant, std::string_view text) {
    std::set<NodeId> nodes;
    for (const WantedTree::Wanted* wanted : tree.find(tenant, text)) {
        nodes.insert(wanted->nodes.begin(), wanted->nodes.end());
    }
    return nodes;
}

TEST(WantedTree, OfNothingFindsNothing) {
    const WantedTree tree;
    EXPECT_TRUE(tree.find(0, "a").empty());
    EXPECT_EQ(tree.place_count(), 0U);
}

TEST(WantedTree, FiltersShareTheirLevels) {
    WantedTree tree;
    tree.add(entry("a/b/c"), NodeId(1));
    EXPECT_EQ(tree.place_count(), 4U);  // the tenant and three levels
    tree.add(entry("a/b/d"), NodeId(1));
    tree.add(entry("a/b/#"), NodeId(1));
    EXPECT_EQ(tree.place_count(), 5U);
    tree.remove(entry("a/b/c"), NodeId(1));
    EXPECT_EQ(tree.place_count(), 4U);
    tree.remove(entry("a/b/d"), NodeId(1));
    EXPECT_EQ(tree.place_count(), 3U);
    tree.remove(entry("a/b/#"), NodeId(1));
    EXPECT_EQ(tree.place_count(), 0U);
}

TEST(WantedTree, ATellingIsTakenBackAsOftenAsItWasAdded) {
    WantedTree tree;
    tree.add(entry("a"), NodeId(2));
    tree.add(entry("a"), NodeId(1));
    tree.add(entry("a"), NodeId(2));
    tree.remove(entry("a"), NodeId(2));
    EXPECT_EQ(found(tree, 0, "a"), (std::set{NodeId(1), NodeId(2)}));
    tree.remove(entry("a"), NodeId(2));
    EXPECT_EQ(found(tree, 0, "a"), (std::set{NodeId(1)}));
}

TEST(WantedTree, APlusThatWentIsNotFollowedAnyMore) {
    WantedTree tree;
    tree.add(entry("a/+/c"), NodeId(1));
    tree.add(entry("a/b"), NodeId(2));
    EXPECT_EQ(found(tree, 0, "a/b/c"), (std::set{NodeId(1)}));
    tree.remove(entry("a/+/c"), NodeId(1));
    EXPECT_TRUE(found(tree, 0, "a/b/c").empty());
    tree.add(entry("a/+"), NodeId(3));
    EXPECT_EQ(found(tree, 0, "a/b"), (std::set{NodeId(2), NodeId(3)}));
}

TEST(WantedTree, GroupsStandBesideThoseWhoDoNotShare) {
    WantedTree tree;
    const InterestBody::Entry shared{.tenant = 0, .share_group = "g", .filter = "a/b"};
    tree.add(shared, NodeId(1));
    tree.add(entry("a/b"), NodeId(2));
    const auto wanted = tree.find(0, "a/b");
    ASSERT_EQ(wanted.size(), 1U);
    EXPECT_EQ(wanted[0]->nodes.size(), 1U);
    ASSERT_EQ(wanted[0]->groups().size(), 1U);
    EXPECT_EQ(wanted[0]->groups()[0].id, share_group_id(0, "g", "a/b"));
    tree.remove(entry("a/b"), NodeId(2));
    EXPECT_EQ(tree.find(0, "a/b").size(), 1U);
    tree.remove(shared, NodeId(1));
    EXPECT_EQ(tree.place_count(), 0U);
}

TEST(WantedTree, TheDeepestFiltersAreFound) {
    WantedTree tree;
    std::string deepest = "a";
    std::string wildcards = "+";
    for (std::size_t i = 1; i < limits::kTopicLevelsMax; ++i) {
        deepest += "/a";
        wildcards += "/+";
    }
    tree.add(entry(deepest), NodeId(1));
    tree.add(entry(wildcards), NodeId(2));
    EXPECT_EQ(found(tree, 0, deepest), (std::set{NodeId(1), NodeId(2)}));
    EXPECT_TRUE(found(tree, 0, deepest + "/a").empty());
}

TEST(WantedTree, ATopicFollowsAllBranchesOfEveryLevel) {
    // All filters of "a" and "+" in ten levels: each topic of "a" matches all of them.
    constexpr std::uint64_t kFilters = 1U << 10U;
    WantedTree tree;
    for (std::uint64_t bits = 0; bits < kFilters; ++bits) {
        std::string filter;
        for (std::uint64_t bit = 1; bit < kFilters; bit <<= 1U) {
            filter += (bits & bit) != 0 ? "/+" : "/a";
        }
        tree.add(entry(filter.substr(1)), NodeId(bits + 1));
    }
    EXPECT_EQ(found(tree, 0, "a/a/a/a/a/a/a/a/a/a").size(), kFilters);
    EXPECT_EQ(found(tree, 0, "b/a/a/a/a/a/a/a/a/a").size(), kFilters / 2);
}

class RandomTree : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTree, ::testing::Range<std::uint64_t>(0, 20));

TEST_P(RandomTree, AFilterFindsThoseThatCoverIt) {
    Random random(GetParam());
    WantedTree tree;
    std::vector<std::pair<std::string, std::uint32_t>> told;
    for (std::uint64_t node = 1; node <= 200; ++node) {
        const std::uint32_t tenant = random.chance(0.1) ? kEveryTenant : random.chance(0.5) ? 1 : 0;
        told.emplace_back(random.chance(0.05) ? kReservedTopics : testing::random_filter(random),
                          tenant);
        tree.add(entry(told.back().first, tenant), NodeId(node));
    }
    for (int round = 0; round < 200; ++round) {
        const std::string filter = testing::random_filter(random);
        std::set<NodeId> expected;
        for (std::size_t i = 0; i < told.size(); ++i) {
            if (told[i].second != 1 && covers(told[i].first, filter)) {
                expected.insert(NodeId(i + 1));
            }
        }
        EXPECT_EQ(found(tree, 0, filter), expected) << filter;
    }
    for (std::size_t i = 0; i < told.size(); ++i) {
        tree.remove(entry(told[i].first, told[i].second), NodeId(i + 1));
    }
    EXPECT_EQ(tree.place_count(), 0U);
}

}  // namespace
}  // namespace kith::mesh
