#include "mesh/detail/filter_superset.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "bus/topic.h"
#include "mesh/testing/topics.h"

namespace kith::mesh {
namespace {

using Texts = std::vector<std::string>;

Texts superset_of(const std::vector<std::string_view>& filters, std::size_t bytes_max) {
    return superset(filters, {.bytes_max = bytes_max, .overhead_bytes = 0});
}

TEST(FilterSuperset, IsTheFiltersIfTheyFit) {
    EXPECT_EQ(superset_of({"b/c", "a", "b/c"}, 4), (Texts{"a", "b/c"}));
    EXPECT_EQ(superset_of({}, 0), Texts{});
}

TEST(FilterSuperset, MergesSiblingsAtTheLastLevelFirst) {
    EXPECT_EQ(superset_of({"a/x", "a/y", "b/z"}, 6), (Texts{"a/+", "b/z"}));
}

TEST(FilterSuperset, MergesSiblingsThatGoOnAlike) {
    EXPECT_EQ(superset_of({"dev/1/cmd", "dev/2/cmd"}, 10), (Texts{"dev/+/cmd"}));
}

TEST(FilterSuperset, MergesLargeFamiliesBeforeSmallOnes) {
    Texts filters = {"a/x", "a/y"};
    for (int i = 0; i < 64; ++i) {
        filters.push_back("b/" + std::to_string(i));
    }
    EXPECT_EQ(superset_of({filters.begin(), filters.end()}, 10), (Texts{"a/x", "a/y", "b/+"}));
}

TEST(FilterSuperset, ASiblingThatIsHashStaysOne) {
    EXPECT_EQ(superset_of({"a/#", "a/b", "a/c"}, 6), (Texts{"a/#", "a/+"}));
}

TEST(FilterSuperset, CutsWhatIsDeep) {
    EXPECT_EQ(superset_of({"a/b/c", "a/d/e/f", "g"}, 5), (Texts{"a/#", "g"}));
}

TEST(FilterSuperset, EndsWithEverything) {
    EXPECT_EQ(superset_of({"a/b", "c"}, 1), (Texts{"#"}));
    EXPECT_EQ(superset_of({"a/b", "$SYS/x"}, 0), (Texts{"#", "$#"}));
}

TEST(FilterSuperset, LeavesTheServersOwnTopicsTheirFirstLevel) {
    EXPECT_EQ(superset_of({"$a/x", "$b/x", "c/x", "d/x"}, 11), (Texts{"$a/x", "$b/x", "+/x"}));
    EXPECT_EQ(superset_of({"$SYS/a", "$SYS/b", "$SYS/c/d"}, 7), (Texts{"$SYS/#"}));
}

TEST(Covers, IsByLevels) {
    EXPECT_TRUE(covers("a/b", "a/b"));
    EXPECT_TRUE(covers("a/+", "a/b"));
    EXPECT_TRUE(covers("a/+", "a/+"));
    EXPECT_TRUE(covers("a/#", "a"));
    EXPECT_TRUE(covers("a/#", "a/#"));
    EXPECT_TRUE(covers("a/#", "a/+/c"));
    EXPECT_TRUE(covers("a/+/#", "a/+"));
    EXPECT_TRUE(covers("#", "+/b/#"));
    EXPECT_FALSE(covers("a/b", "a/+"));
    EXPECT_FALSE(covers("a/+", "a/#"));
    EXPECT_FALSE(covers("a/+", "a"));
    EXPECT_FALSE(covers("a", "a/b"));
    EXPECT_FALSE(covers("a/b/#", "a"));
    EXPECT_FALSE(covers("+", "#"));
}

TEST(Covers, KeepsTheServersOwnTopicsApart) {
    EXPECT_FALSE(covers("#", "$SYS/a"));
    EXPECT_FALSE(covers("+/a", "$SYS/a"));
    EXPECT_TRUE(covers("$SYS/#", "$SYS/a"));
    EXPECT_TRUE(covers(kReservedTopics, "$SYS/a"));
    EXPECT_TRUE(covers(kReservedTopics, kReservedTopics));
    EXPECT_FALSE(covers(kReservedTopics, "a"));
    EXPECT_FALSE(covers(kReservedTopics, "#"));
    EXPECT_FALSE(covers("$SYS/#", kReservedTopics));
}

class RandomFilters : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomFilters, ::testing::Range<std::uint64_t>(0, 20));

bool matches(std::string_view told, std::string_view topic) {
    return told == kReservedTopics
               ? topic.starts_with('$')
               : bus::TopicFilter::trusted(told).matches(bus::TopicName::trusted(topic));
}

TEST_P(RandomFilters, ASupersetMatchesWhateverTheFiltersDo) {
    Random random(GetParam());
    for (int round = 0; round < 50; ++round) {
        Texts filters;
        for (std::uint64_t i = random.below(60); i > 0; --i) {
            filters.push_back(testing::random_filter(random));
        }
        const Texts told = superset_of({filters.begin(), filters.end()}, random.below(300));
        for (const std::string& filter : filters) {
            EXPECT_TRUE(std::ranges::any_of(told, [&](const std::string& one) {
                return covers(one, filter);
            })) << filter;
            const std::string topic = testing::random_topic_of(random, filter);
            EXPECT_TRUE(std::ranges::any_of(told, [&](const std::string& one) {
                return matches(one, topic);
            })) << topic;
        }
    }
}

TEST_P(RandomFilters, ASupersetIsAsSmallAsWasAsked) {
    Random random(GetParam());
    Texts filters;
    for (int i = 0; i < 200; ++i) {
        filters.push_back(testing::random_filter(random));
    }
    for (std::size_t bytes_max = 3; bytes_max < 600; bytes_max += 71) {
        std::size_t bytes = 0;
        for (const std::string& told : superset_of({filters.begin(), filters.end()}, bytes_max)) {
            bytes += told.size();
        }
        EXPECT_LE(bytes, bytes_max);
    }
}

TEST_P(RandomFilters, WhatCoversAnotherMatchesAllThatItDoes) {
    Random random(GetParam());
    for (int round = 0; round < 2000; ++round) {
        const std::string told = testing::random_filter(random);
        const std::string wanted = testing::random_filter(random);
        const std::string topic = testing::random_topic_of(random, wanted);
        if (covers(told, wanted)) {
            EXPECT_TRUE(matches(told, topic)) << told << " " << wanted << " " << topic;
        }
    }
}

}  // namespace
}  // namespace kith::mesh
