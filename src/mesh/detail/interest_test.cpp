#include "mesh/detail/interest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/random.h"
#include "bus/topic.h"
#include "mesh/limits.h"
#include "mesh/testing/topics.h"
#include "wire/mesh/frames.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

using Nodes = std::vector<NodeId>;
using Body = std::vector<std::uint8_t>;

Body body_of(std::vector<InterestBody::Entry> entries) {
    return encode(InterestBody{.entries = std::move(entries)});
}
Body filter_body(std::string_view filter) {
    return body_of({{.tenant = 0, .share_group = {}, .filter = filter}});
}

TEST(LocalInterest, TellsAFilterOnceHoweverOftenItIsWanted) {
    LocalInterest local;
    EXPECT_EQ(local.add({.filter = "a/b"}), 0);
    EXPECT_EQ(local.add({.filter = "a/b"}), std::nullopt);
    EXPECT_EQ(local.size(), 1U);
    EXPECT_EQ(local.part_of({.filter = "a/b"}), 0);
    EXPECT_EQ(local.body(0), filter_body("a/b"));
    EXPECT_EQ(local.remove({.filter = "a/b"}), std::nullopt);
    EXPECT_EQ(local.body(0), filter_body("a/b"));
    EXPECT_EQ(local.remove({.filter = "a/b"}), 0);
    EXPECT_TRUE(local.body(0).empty());
    EXPECT_EQ(local.size(), 0U);
}

TEST(LocalInterest, TenantAndGroupTellFiltersApart) {
    LocalInterest local;
    EXPECT_TRUE(local.add({.tenant = 0, .filter = "a"}));
    EXPECT_TRUE(local.add({.tenant = 1, .filter = "a"}));
    EXPECT_TRUE(local.add({.tenant = 0, .share_group = "g", .filter = "a"}));
    EXPECT_EQ(local.size(), 3U);
    EXPECT_TRUE(local.remove({.tenant = 1, .filter = "a"}));
    EXPECT_EQ(local.size(), 2U);
}

TEST(LocalInterest, WhoWasNeverThereIsNotRemoved) {
    LocalInterest local;
    EXPECT_TRUE(local.add({.filter = "a"}));
    EXPECT_EQ(local.remove({.filter = "b"}), std::nullopt);
    EXPECT_EQ(local.remove({.share_group = "g", .filter = "a"}), std::nullopt);
    EXPECT_EQ(local.size(), 1U);
}

TEST(LocalInterest, FiltersShareAPartUntilItHasItsUsualSize) {
    LocalInterest local;
    std::set<std::uint16_t> parts;
    for (int i = 0; i < 100; ++i) {
        const std::string filter = "plant/line-" + std::to_string(i);
        parts.insert(*local.add({.filter = filter}));
        EXPECT_LE(local.body(local.part_of({.filter = filter})).size(), kInterestPartBytesUsual);
    }
    EXPECT_LE(parts.size(), 6U);
    EXPECT_EQ(*parts.rbegin(), parts.size() - 1);
}

TEST(LocalInterest, AFilterStaysWhereItIsWhenOthersGo) {
    LocalInterest local;
    for (int i = 0; i < 100; ++i) {
        (void)local.add({.filter = "plant/line-" + std::to_string(i)});
    }
    const std::uint16_t part = local.part_of({.filter = "plant/line-99"});
    for (int i = 0; i < 99; ++i) {
        (void)local.remove({.filter = "plant/line-" + std::to_string(i)});
    }
    EXPECT_EQ(local.part_of({.filter = "plant/line-99"}), part);
    EXPECT_EQ(local.add({.filter = "plant/line-100"}), 0);
}

/// All that one node tells, as others have it.
void tell_all(const LocalInterest& local, InterestTable& table) {
    for (std::uint16_t part = 0; part < kInterestParts; ++part) {
        const Body body = local.body(part);
        EXPECT_LE(body.size(), kInterestPartBytesMax);
        EXPECT_TRUE(table.set(NodeId(1), part, body));
    }
}

TEST(LocalInterest, MoreFiltersThanFitAreToldAsASuperset) {
    LocalInterest local;
    const auto filter = [](int i) {
        return "plant/" + std::to_string(i % 7) + "/line-" + std::to_string(i) + "/temperature";
    };
    constexpr int kCount = 8'000;
    std::set<std::uint16_t> changed;
    for (int i = 0; i < kCount; ++i) {
        if (const auto part = local.add({.filter = filter(i)})) {
            changed.insert(*part);
        }
    }
    EXPECT_EQ(local.size(), static_cast<std::size_t>(kCount));
    EXPECT_EQ(changed.size(), kInterestParts);
    EXPECT_GT(local.coarse_part_count(), 0U);
    InterestTable table;
    tell_all(local, table);
    for (int i = 0; i < kCount; i += 97) {
        EXPECT_TRUE(table.has(NodeId(1), {.filter = filter(i)})) << filter(i);
        EXPECT_EQ(table.match(0, filter(i)).nodes, (Nodes{NodeId(1)})) << filter(i);
    }
    EXPECT_TRUE(table.match(0, "office/door").nodes.empty());
    for (int i = 0; i < kCount; ++i) {
        (void)local.remove({.filter = filter(i)});
    }
    tell_all(local, table);
    EXPECT_EQ(local.coarse_part_count(), 0U);
    EXPECT_EQ(table.size(), InterestTable::Size{.cached_topics = table.size().cached_topics});
}

TEST(LocalInterest, KnowsItsGroupsByTheirIds) {
    LocalInterest local;
    const std::uint64_t id = share_group_id(0, "g", "a");
    EXPECT_FALSE(local.has_group(id));
    (void)local.add({.share_group = "g", .filter = "a"});
    (void)local.add({.share_group = "g", .filter = "a"});
    EXPECT_TRUE(local.has_group(id));
    EXPECT_FALSE(local.has_group(share_group_id(0, "g", "b")));
    (void)local.remove({.share_group = "g", .filter = "a"});
    EXPECT_TRUE(local.has_group(id));
    (void)local.remove({.share_group = "g", .filter = "a"});
    EXPECT_FALSE(local.has_group(id));
}

TEST(LocalInterest, NamesTheGroupsOfWhichOthersDoNotKnow) {
    LocalInterest local;
    const auto group = [](int i) {
        return Interest{.share_group = i % 2 == 0 ? "even" : "odd", .filter = {}};
    };
    std::vector<std::string> filters;
    for (int i = 0; i < 8'000; ++i) {
        filters.push_back("plant/" + std::to_string(i) + "/+");
    }
    (void)local.add({.share_group = "g", .filter = "plant/#"});
    EXPECT_TRUE(local.untold_groups(0, "plant/7/temp").empty()) << "all fit";
    for (int i = 0; i < 8'000; ++i) {
        (void)local.add({.share_group = group(i).share_group, .filter = filters[std::size_t(i)]});
    }
    int untold = 0;
    for (int i = 0; i < 8'000; ++i) {
        const std::string topic = "plant/" + std::to_string(i) + "/temp";
        const LocalInterest::GroupIds ids = local.untold_groups(0, topic);
        const std::uint64_t id = share_group_id(0, group(i).share_group, filters[std::size_t(i)]);
        untold += std::ranges::find(ids, id) == ids.end() ? 0 : 1;
        EXPECT_LE(ids.size(), 2U) << "of those that match";
        i += 400;  // each takes a look at all
    }
    EXPECT_GT(untold, 2);
    EXPECT_TRUE(local.untold_groups(0, "elsewhere").empty());
    EXPECT_TRUE(local.untold_groups(9, "plant/7/temp").empty()) << "another tenant";
    for (int i = 0; i < 8'000; ++i) {
        (void)local.remove(
            {.share_group = group(i).share_group, .filter = filters[std::size_t(i)]});
    }
    EXPECT_TRUE(local.untold_groups(0, "plant/7/temp").empty()) << "all fit again";
}

TEST(InterestTable, FindsWhoWantsATopic) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(3), 0, filter_body("a/+")));
    ASSERT_TRUE(table.set(NodeId(2), 0, filter_body("a/b")));
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("b/#")));
    EXPECT_EQ(table.match(0, "a/b").nodes, (Nodes{NodeId(2), NodeId(3)}));
    EXPECT_EQ(table.match(0, "b").nodes, (Nodes{NodeId(1)}));
    EXPECT_TRUE(table.match(0, "c").nodes.empty());
    EXPECT_TRUE(table.match(1, "a/b").nodes.empty());
}

TEST(InterestTable, AnswersEachNodeOnceHoweverManyOfItsFiltersMatch) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a/b")));
    ASSERT_TRUE(table.set(NodeId(1), 1, filter_body("a/b")));
    ASSERT_TRUE(table.set(NodeId(1), 2, filter_body("a/#")));
    EXPECT_EQ(table.match(0, "a/b").nodes, (Nodes{NodeId(1)}));
    ASSERT_TRUE(table.set(NodeId(1), 1, {}));
    EXPECT_EQ(table.match(0, "a/b").nodes, (Nodes{NodeId(1)}));
}

TEST(InterestTable, AnswersForEachShareGroup) {
    InterestTable table;
    ASSERT_TRUE(
        table.set(NodeId(2), 0, body_of({{0, "g", "a/+"}, {0, "g", "a/b"}, {0, "h", "a/b"}})));
    ASSERT_TRUE(table.set(NodeId(1), 0, body_of({{0, "g", "a/b"}, {0, "h", "c"}})));
    const InterestTable::Match& match = table.match(0, "a/b");
    EXPECT_TRUE(match.nodes.empty());
    ASSERT_EQ(match.groups.size(), 3U);
    std::map<std::uint64_t, Nodes> nodes_of_group;
    for (const InterestTable::Match::Group& group : match.groups) {
        EXPECT_TRUE(nodes_of_group.empty() || nodes_of_group.rbegin()->first < group.id);
        nodes_of_group[group.id] = group.nodes;
    }
    EXPECT_EQ(nodes_of_group[share_group_id(0, "g", "a/+")], (Nodes{NodeId(2)}));
    EXPECT_EQ(nodes_of_group[share_group_id(0, "g", "a/b")], (Nodes{NodeId(1), NodeId(2)}));
    EXPECT_EQ(nodes_of_group[share_group_id(0, "h", "a/b")], (Nodes{NodeId(2)}));
}

TEST(InterestTable, ANewBodyReplacesThePartAndNothingElse) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a")));
    ASSERT_TRUE(table.set(NodeId(1), 1, filter_body("b")));
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("c")));
    EXPECT_TRUE(table.match(0, "a").nodes.empty());
    EXPECT_EQ(table.match(0, "b").nodes, (Nodes{NodeId(1)}));
    EXPECT_EQ(table.match(0, "c").nodes, (Nodes{NodeId(1)}));
}

TEST(InterestTable, AChangeIsSeenByTopicsThatWereAskedForBefore) {
    InterestTable table;
    EXPECT_TRUE(table.match(0, "a").nodes.empty());
    const std::uint64_t before = table.generation();
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a")));
    EXPECT_NE(table.generation(), before);
    EXPECT_EQ(table.match(0, "a").nodes, (Nodes{NodeId(1)}));
    table.remove(NodeId(1));
    EXPECT_TRUE(table.match(0, "a").nodes.empty());
}

TEST(InterestTable, TheSameBodyAgainChangesNothing) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a")));
    const std::uint64_t before = table.generation();
    EXPECT_TRUE(table.set(NodeId(1), 0, filter_body("a")));
    EXPECT_TRUE(table.set(NodeId(1), 7, {}));
    EXPECT_TRUE(table.set(NodeId(2), 0, {}));
    table.remove(NodeId(2));
    EXPECT_EQ(table.generation(), before);
    EXPECT_EQ(table.size().nodes, 1U);
}

TEST(InterestTable, TellsWhichFiltersOneNodeMoreOrLessWants) {
    InterestTable table;
    const auto changes = [&table] {
        std::vector<std::string> told;
        for (const InterestTable::Change& change : table.take_changes()) {
            told.push_back((change.is_wanted ? "+" : "-") + change.filter);
        }
        return told;
    };
    using Told = std::vector<std::string>;
    ASSERT_TRUE(table.set(NodeId(1), 0, body_of({{0, "", "a"}, {0, "", "b"}, {0, "g", "s"}})));
    EXPECT_EQ(changes(), (Told{"+a", "+b", "+s"}));
    ASSERT_TRUE(table.set(NodeId(2), 0, filter_body("a")));
    EXPECT_EQ(changes(), Told{"+a"}) << "counted node by node";
    ASSERT_TRUE(table.set(NodeId(1), 0, body_of({{0, "", "b"}, {0, "", "c"}})));
    EXPECT_EQ(changes(), (Told{"+c", "-a", "-s"})) << "what stays is not told again";
    table.remove(NodeId(1));
    EXPECT_EQ(changes(), (Told{"-b", "-c"}));
    EXPECT_TRUE(changes().empty());
}

TEST(InterestTable, AMalformedBodyChangesNothing) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a")));
    const InterestTable::Size before = table.size();
    Body cut = filter_body("b/c");
    cut.pop_back();
    const std::vector<Body> bodies = {
        cut,
        filter_body("a/b#"),
        filter_body("a/#/b"),
        filter_body("a+"),
        filter_body("$#/a"),
        filter_body(std::string(2000, 'a')),
        filter_body(std::string(40, '/')),
        body_of({{0, "g/h", "a"}}),
        body_of({{0, "+", "a"}}),
        body_of({{0, "", "a/b"}, {0, "", "a/b#"}}),
    };
    for (const Body& body : bodies) {
        const Status status = table.set(NodeId(1), 0, body);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().kind, ErrorKind::Malformed);
        EXPECT_FALSE(table.set(NodeId(2), 0, body));
    }
    EXPECT_EQ(table.size(), before);
    EXPECT_EQ(table.match(0, "a").nodes, (Nodes{NodeId(1)}));
}

TEST(InterestTable, APartBeyondTheLastIsRefused) {
    InterestTable table;
    EXPECT_TRUE(table.set(NodeId(1), kRecordPartsMax - 1, filter_body("a")));
    EXPECT_EQ(table.set(NodeId(1), kRecordPartsMax, filter_body("a")).error().kind,
              ErrorKind::Limit);
    EXPECT_EQ(table.set(NodeId(1), 0, Body(kRecordBodyBytesMax + 1)).error().kind,
              ErrorKind::Limit);
}

TEST(InterestTable, WhoWantsEverythingGetsTheTopicsOfAllTenants) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, body_of({{UINT32_MAX, "", "#"}, {UINT32_MAX, "", "$#"}})));
    ASSERT_TRUE(table.set(NodeId(2), 0, body_of({{5, "", "$#"}})));
    EXPECT_EQ(table.match(5, "a").nodes, (Nodes{NodeId(1)}));
    EXPECT_EQ(table.match(5, "$SYS/a").nodes, (Nodes{NodeId(1), NodeId(2)}));
    EXPECT_EQ(table.match(6, "$").nodes, (Nodes{NodeId(1)}));
}

TEST(InterestTable, ATopicDeeperThanAnyFilterIsStillMatchedByHash) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("a/#")));
    std::string deep = "a";
    for (int i = 0; i < 50; ++i) {
        deep += "/a";
    }
    EXPECT_EQ(table.match(0, deep).nodes, (Nodes{NodeId(1)}));
}

TEST(InterestTable, RemembersNoMoreTopicsThanItsLimit) {
    InterestTable table;
    ASSERT_TRUE(table.set(NodeId(1), 0, filter_body("#")));
    for (std::size_t i = 0; i < 3 * kMatchCacheTopicsMax; ++i) {
        EXPECT_EQ(table.match(0, "topic-" + std::to_string(i)).nodes.size(), 1U);
        EXPECT_EQ(table.match(0, "often").nodes.size(), 1U);
        EXPECT_LE(table.size().cached_topics, kMatchCacheTopicsMax + 1);
    }
}

TEST(InterestTable, LongAnswersCountByTheirBytes) {
    InterestTable table;
    for (std::uint64_t id = 1; id <= 1000; ++id) {
        ASSERT_TRUE(table.set(NodeId(id), 0, filter_body("#")));
    }
    for (std::size_t i = 0; i < 2000; ++i) {
        EXPECT_EQ(table.match(0, "topic-" + std::to_string(i)).nodes.size(), 1000U);
        EXPECT_LE(table.size().cached_topics * 1000 * sizeof(NodeId), kMatchCacheBytesMax);
    }
}

TEST(InterestTable, KeepsNothingOfNodesThatJoinedAndLeft) {
    InterestTable table;
    Random random(1);
    for (std::uint64_t id = 1; id <= 10'000; ++id) {
        ASSERT_TRUE(table.set(NodeId(id), 0, filter_body(testing::random_filter(random))));
        ASSERT_TRUE(table.set(NodeId(id), 1, body_of({{0, "g", testing::random_filter(random)}})));
        (void)table.match(0, testing::random_topic(random));
        if (id > 20) {
            table.remove(NodeId(id - 20));
        }
        EXPECT_LE(table.size().nodes, 20U);
        EXPECT_LE(table.size().parts, 40U);
        EXPECT_LE(table.size().places, 20U * 2 * 7 + 1);
    }
    for (std::uint64_t id = 9'981; id <= 10'000; ++id) {
        table.remove(NodeId(id));
    }
    EXPECT_EQ(table.size(), InterestTable::Size{});
}

/// The table as a list, for comparison.
class NaiveTable {
  public:
    using Told = std::tuple<NodeId, std::uint16_t, std::string, std::string>;

    void set(NodeId node, std::uint16_t part,
             const std::set<std::pair<std::string, std::string>>& filters) {
        std::erase_if(told_, [&](const Told& told) {
            return std::get<0>(told) == node && std::get<1>(told) == part;
        });
        for (const auto& [group, filter] : filters) {
            told_.emplace_back(node, part, group, filter);
        }
    }
    void remove(NodeId node) {
        std::erase_if(told_, [&](const Told& told) { return std::get<0>(told) == node; });
    }
    /// By group; 0 for what is not shared.
    [[nodiscard]] std::map<std::uint64_t, std::set<NodeId>> match(std::string_view topic) const {
        std::map<std::uint64_t, std::set<NodeId>> found;
        for (const auto& [node, part, group, filter] : told_) {
            if (bus::TopicFilter::trusted(filter).matches(bus::TopicName::trusted(topic))) {
                found[group.empty() ? 0 : share_group_id(0, group, filter)].insert(node);
            }
        }
        return found;
    }

  private:
    std::vector<Told> told_;
};

std::map<std::uint64_t, std::set<NodeId>> by_group(const InterestTable::Match& match) {
    std::map<std::uint64_t, std::set<NodeId>> found;
    if (!match.nodes.empty()) {
        found[0] = {match.nodes.begin(), match.nodes.end()};
    }
    for (const InterestTable::Match::Group& group : match.groups) {
        found[group.id] = {group.nodes.begin(), group.nodes.end()};
    }
    return found;
}

class RandomInterest : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomInterest, ::testing::Range<std::uint64_t>(0, 20));

TEST_P(RandomInterest, TheTableAnswersAsAListOfAllFiltersDoes) {
    Random random(GetParam());
    InterestTable table;
    NaiveTable naive;
    for (int round = 0; round < 300; ++round) {
        const NodeId node(1 + random.below(10));
        if (random.chance(0.1)) {
            table.remove(node);
            naive.remove(node);
        } else {
            std::set<std::pair<std::string, std::string>> filters;
            for (std::uint64_t i = random.below(8); i > 0; --i) {
                filters.emplace(random.chance(0.2) ? "g" : "", testing::random_filter(random));
            }
            std::vector<InterestBody::Entry> entries;
            entries.reserve(filters.size());
            for (const auto& [group, filter] : filters) {
                entries.push_back({0, group, filter});
            }
            const auto part = static_cast<std::uint16_t>(random.below(4));
            ASSERT_TRUE(table.set(node, part, entries.empty() ? Body{} : body_of(entries)));
            naive.set(node, part, filters);
        }
        for (int i = 0; i < 5; ++i) {
            const std::string topic = testing::random_topic(random);
            EXPECT_EQ(by_group(table.match(0, topic)), naive.match(topic)) << topic;
        }
    }
}

TEST_P(RandomInterest, ABodyWithMistakesIsTakenWholeOrNotAtAll) {
    Random random(GetParam());
    InterestTable table;
    const Body before = body_of({{0, "", "a/b"}, {0, "g", "a/+"}, {3, "", "plant/#"}});
    for (int round = 0; round < 500; ++round) {
        ASSERT_TRUE(table.set(NodeId(1), 0, before));
        const InterestTable::Size size = table.size();
        Body changed = before;
        for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
            changed[random.below(changed.size())] = static_cast<std::uint8_t>(random.next());
        }
        changed.resize(random.chance(0.2) ? random.below(changed.size()) : changed.size());
        if (table.set(NodeId(1), 0, changed)) {
            ASSERT_TRUE(table.set(NodeId(1), 0, {}));
            EXPECT_EQ(table.size(), InterestTable::Size{});
            continue;
        }
        EXPECT_EQ(table.size(), size);
        EXPECT_EQ(table.match(3, "plant/x").nodes, (Nodes{NodeId(1)}));
        EXPECT_EQ(table.match(0, "a/b").groups.size(), 1U);
    }
}

TEST_P(RandomInterest, WhatIsWantedIsToldHoweverCoarsely) {
    Random random(GetParam());
    LocalInterest local;
    InterestTable table;
    std::vector<std::string> wanted;
    // Long words, so that some parts have to be coarse.
    const auto long_filter = [&random] {
        std::string filter = testing::random_filter(random);
        const std::string number = std::to_string(random.below(100'000));
        return filter.ends_with('#') ? filter : filter + "/" + std::string(300, 'x') + number;
    };
    for (int round = 0; round < 2000; ++round) {
        std::optional<std::uint16_t> part;
        if (!wanted.empty() && random.chance(0.3)) {
            const std::size_t at = random.below(wanted.size());
            part = local.remove({.filter = wanted[at]});
            wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
            wanted.push_back(long_filter());
            part = local.add({.filter = wanted.back()});
        }
        if (part) {
            ASSERT_TRUE(table.set(NodeId(1), *part, local.body(*part)));
        }
        if (!wanted.empty()) {
            const std::string& filter = wanted[random.below(wanted.size())];
            EXPECT_TRUE(table.has(NodeId(1), {.filter = filter})) << filter;
            const std::string topic = testing::random_topic_of(random, filter);
            EXPECT_EQ(table.match(0, topic).nodes, (Nodes{NodeId(1)})) << topic;
        }
    }
    EXPECT_GT(local.coarse_part_count(), 0U);
}

}  // namespace
}  // namespace kith::mesh
