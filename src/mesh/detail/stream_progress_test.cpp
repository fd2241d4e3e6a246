#include "mesh/detail/stream_progress.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

StreamProgress at(std::uint64_t delivered) {
    return {.delivered = delivered, .given_up = {}};
}

TEST(StreamProgress, WhatWasGivenUpComesLateOnce) {
    StreamProgress progress = at(2);
    give_up_to(progress, 6);
    EXPECT_EQ(progress, (StreamProgress{.delivered = 6, .given_up = {{3, 6}}}));
    EXPECT_EQ(take_late(progress, 4), Lateness::Late);
    EXPECT_EQ(progress.given_up, (StreamProgress{.given_up = {{3, 3}, {5, 6}}}.given_up));
    EXPECT_EQ(take_late(progress, 4), Lateness::NotAwaited);
    EXPECT_EQ(take_late(progress, 6), Lateness::Late);
    EXPECT_EQ(take_late(progress, 3), Lateness::Late);
    EXPECT_EQ(take_late(progress, 5), Lateness::Late);
    EXPECT_EQ(progress, at(6));
    EXPECT_EQ(take_late(progress, 2), Lateness::NotAwaited);
}

TEST(StreamProgress, WhatTheOriginIsDoneWithDoesNotComeAnyMore) {
    StreamProgress progress{.delivered = 9, .given_up = {{2, 4}, {6, 7}}};
    forget_before(progress, 4);
    EXPECT_EQ(progress.given_up, (StreamProgress{.given_up = {{4, 4}, {6, 7}}}.given_up));
    forget_before(progress, 5);
    EXPECT_EQ(progress.given_up, (StreamProgress{.given_up = {{6, 7}}}.given_up));
    forget_before(progress, 100);
    EXPECT_EQ(progress, at(9));
}

TEST(StreamProgress, WithTooManyRangesTheOldestIsForgotten) {
    StreamProgress progress;
    for (std::uint64_t i = 0; i <= kStreamRangesMax; ++i) {
        give_up_to(progress, 2 * i + 1);
        ++progress.delivered;
    }
    EXPECT_TRUE(is_sound(progress));
    EXPECT_EQ(progress.given_up.size(), kStreamRangesMax);
    EXPECT_EQ(take_late(progress, 1), Lateness::NotAwaited);
    EXPECT_EQ(take_late(progress, 3), Lateness::Late);
}

TEST(StreamProgress, WhatWouldMakeOneRangeTooManyWaits) {
    StreamProgress progress;
    give_up_to(progress, 1000);
    std::uint64_t place = 2;
    for (; progress.given_up.size() < kStreamRangesMax; place += 2) {
        ASSERT_EQ(take_late(progress, place), Lateness::Late);
    }
    EXPECT_EQ(take_late(progress, 500), Lateness::NoRoom);
    EXPECT_EQ(take_late(progress, 1), Lateness::Late);
    EXPECT_EQ(take_late(progress, 500), Lateness::Late);
    EXPECT_TRUE(is_sound(progress));
}

TEST(StreamProgress, FromADiskItMayBeUnsound) {
    EXPECT_TRUE(is_sound({.delivered = 9, .given_up = {{1, 1}, {3, 4}, {5, 9}}}));
    EXPECT_FALSE(is_sound({.delivered = 9, .given_up = {{0, 1}}}));
    EXPECT_FALSE(is_sound({.delivered = 9, .given_up = {{4, 3}}}));
    EXPECT_FALSE(is_sound({.delivered = 9, .given_up = {{3, 4}, {4, 5}}}));
    EXPECT_FALSE(is_sound({.delivered = 9, .given_up = {{3, 10}}}));
    StreamProgress progress = at(1000);
    for (std::uint64_t i = 0; i <= kStreamRangesMax; ++i) {
        EXPECT_TRUE(is_sound(progress));
        progress.given_up.push_back({2 * i + 1, 2 * i + 1});
    }
    EXPECT_FALSE(is_sound(progress));
}

class StreamProgressSeeds : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, StreamProgressSeeds, ::testing::Range<std::uint64_t>(0, 20));

/// Against a set of places.
TEST_P(StreamProgressSeeds, IsAsASetOfPlaces) {
    Random random(GetParam());
    StreamProgress progress;
    std::set<std::uint64_t> missing;
    for (int step = 0; step < 500; ++step) {
        const std::uint64_t dice = random.below(10);
        if (dice < 2 && progress.given_up.size() < kStreamRangesMax) {
            const std::uint64_t last = progress.delivered + 1 + random.below(8);
            for (std::uint64_t place = progress.delivered + 1; place <= last; ++place) {
                missing.insert(place);
            }
            give_up_to(progress, last);
            progress.delivered += 1 + random.below(2);
        } else if (dice < 3) {
            const std::uint64_t place = random.below(progress.delivered + 2);
            forget_before(progress, place);
            missing.erase(missing.begin(), missing.lower_bound(place));
        } else {
            const std::uint64_t place = 1 + random.below(progress.delivered + 1);
            const Lateness lateness = take_late(progress, place);
            const bool is_missing = missing.contains(place);
            EXPECT_EQ(lateness == Lateness::NotAwaited, !is_missing);
            if (lateness == Lateness::Late) {
                missing.erase(place);
            }
        }
        ASSERT_TRUE(is_sound(progress));
        std::size_t count = 0;
        for (const PlaceRange& range : progress.given_up) {
            count += range.last - range.first + 1;
        }
        ASSERT_EQ(count, missing.size());
    }
}

}  // namespace
}  // namespace kith::mesh
