#include "mesh/detail/interest_part.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "mesh/detail/filter_superset.h"
#include "mesh/detail/wanted_tree.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

using Entry = InterestBody::Entry;

/// What a part tells, as "tenant group filter".
std::vector<std::string> told(const InterestPart& part) {
    std::vector<std::string> result;
    const std::vector<std::uint8_t> bytes = part.body();
    if (bytes.empty()) {
        return result;
    }
    const InterestBody body = decode_interest(bytes).value();
    for (const Entry& entry : body.entries) {
        result.push_back(std::to_string(entry.tenant) + " " + std::string(entry.share_group) + " " +
                         std::string(entry.filter));
    }
    return result;
}

/// Keeps the texts that a part borrows.
class Filters {
  public:
    Entry entry(std::uint32_t tenant, std::string group, std::string filter) {
        return {tenant, texts_.emplace_back(std::move(group)),
                texts_.emplace_back(std::move(filter))};
    }
    /// One of a long family.
    Entry sibling(int number) {
        return entry(0, "", "plant/line-" + std::to_string(number) + "/temperature");
    }

  private:
    std::deque<std::string> texts_;
};

constexpr int kMany = 100;  // siblings that do not fit

TEST(InterestPart, OfNothingHasNoBody) {
    EXPECT_TRUE(InterestPart().body().empty());
}

TEST(InterestPart, TellsItsFiltersInOrder) {
    Filters filters;
    InterestPart part;
    EXPECT_TRUE(part.add(filters.entry(2, "", "a")));
    EXPECT_TRUE(part.add(filters.entry(1, "g", "a")));
    EXPECT_TRUE(part.add(filters.entry(1, "", "b")));
    EXPECT_EQ(told(part), (std::vector<std::string>{"1  b", "1 g a", "2  a"}));
    EXPECT_TRUE(part.remove(filters.entry(1, "g", "a")));
    EXPECT_EQ(told(part), (std::vector<std::string>{"1  b", "2  a"}));
    EXPECT_FALSE(part.is_coarse());
}

TEST(InterestPart, TellsASupersetWhenItsFiltersDoNotFit) {
    Filters filters;
    InterestPart part;
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.sibling(i));
    }
    EXPECT_TRUE(part.is_coarse());
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  plant/+/temperature"}));
}

TEST(InterestPart, WhatASupersetHasChangesNothing) {
    Filters filters;
    InterestPart part;
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.sibling(i));
    }
    EXPECT_FALSE(part.add(filters.sibling(kMany)));
    EXPECT_TRUE(part.add(filters.entry(0, "", "office/door")));
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  office/door", "0  plant/+/temperature"}));
    EXPECT_FALSE(part.remove(filters.entry(0, "", "office/door")));
}

TEST(InterestPart, TellsItsFiltersAgainWhenTheyFit) {
    Filters filters;
    InterestPart part;
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.sibling(i));
    }
    bool has_changed = false;
    for (int i = kMany; i-- > 1;) {
        has_changed = part.remove(filters.sibling(i)) || has_changed;
    }
    EXPECT_TRUE(has_changed);
    EXPECT_FALSE(part.is_coarse());
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  plant/line-0/temperature"}));
}

TEST(InterestPart, MakesItsSupersetAnewWhenHalfOfTheFiltersHaveGone) {
    Filters filters;
    InterestPart part;
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.sibling(i));
        (void)part.add(filters.entry(0, "", "office/" + std::to_string(i) + "/door-and-window"));
    }
    ASSERT_EQ(told(part).size(), 2U);
    for (int i = 0; i < kMany; ++i) {
        (void)part.remove(filters.sibling(i));
    }
    EXPECT_TRUE(part.is_coarse());
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  office/+/door-and-window"}));
}

TEST(InterestPart, KeepsShareGroupsApartAsLongAsItCan) {
    Filters filters;
    InterestPart part;
    (void)part.add(filters.entry(0, "g", "plant/shared"));
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.sibling(i));
    }
    EXPECT_TRUE(part.tells_groups());
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  plant/+/temperature", "0 g plant/shared"}));
    // Another group is not what the superset has, however its filter is.
    EXPECT_TRUE(part.add(filters.entry(0, "h", "plant/x/temperature")));
}

TEST(InterestPart, TellsSharedFiltersAsIfTheyWereNotWhenThereAreTooMany) {
    Filters filters;
    InterestPart part;
    for (int i = 0; i < kMany; ++i) {
        (void)part.add(filters.entry(0, "g" + std::to_string(i), "plant/shared/filter"));
    }
    EXPECT_FALSE(part.tells_groups());
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  plant/shared/filter"}));
    EXPECT_FALSE(part.add(filters.entry(0, "another", "plant/shared/filter")));
    EXPECT_TRUE(part.add(filters.entry(0, "another", "office")));
    EXPECT_EQ(told(part), (std::vector<std::string>{"0  office", "0  plant/shared/filter"}));
}

TEST(InterestPart, WantsEverythingWhenThereAreTooManyTenants) {
    Filters filters;
    InterestPart part;
    for (std::uint32_t tenant = 0; tenant < 1000; ++tenant) {
        (void)part.add(filters.entry(tenant, "", "a/b"));
    }
    EXPECT_EQ(told(part), (std::vector<std::string>{"4294967295  #", "4294967295  $#"}));
    EXPECT_FALSE(part.add(filters.entry(5000, "", "$SYS/x")));
}

TEST(InterestPart, NeverExceedsItsLimit) {
    Filters filters;
    InterestPart part;
    for (std::size_t i = 0; i < 300; ++i) {
        const std::string level(5 + i * 3 % 900, 'x');
        (void)part.add(filters.entry(0, "", level + std::to_string(i)));
        EXPECT_LE(part.body().size(), kInterestPartBytesMax);
    }
}

}  // namespace
}  // namespace kith::mesh
