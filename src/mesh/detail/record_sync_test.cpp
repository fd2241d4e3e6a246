#include "mesh/detail/record_sync.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

Digests digests_of(std::uint64_t interest) {
    Digests digests;
    digests.of_kind[index_of(RecordKind::Interest)] = interest;
    return digests;
}

using Kinds = std::vector<RecordKind>;
const Kinds kInterest{RecordKind::Interest};

TEST(RecordSync, WhoMeetsComparesAtOnce) {
    RecordSync sync(BeginsSync::Second);
    EXPECT_EQ(sync.on_digests(digests_of(1), digests_of(2), kStart), kInterest);
}

TEST(RecordSync, ADifferenceMustLastForTwoHellos) {
    RecordSync sync(BeginsSync::First);
    EXPECT_TRUE(sync.on_digests({}, {}, kStart).empty());
    EXPECT_TRUE(sync.on_digests(digests_of(1), digests_of(2), kStart + 1s).empty());
    EXPECT_EQ(sync.on_digests(digests_of(1), digests_of(2), kStart + 2s), kInterest);
}

TEST(RecordSync, WhatChangesInBetweenIsOnItsWay) {
    RecordSync sync(BeginsSync::First);
    EXPECT_TRUE(sync.on_digests({}, {}, kStart).empty());
    Instant now = kStart;
    for (std::uint64_t i = 1; i < 8; ++i) {
        now = now + 1s;
        EXPECT_TRUE(sync.on_digests(digests_of(i), digests_of(i + 1), now).empty()) << i;
    }
    now = now + 1s;  // 8 in a row: compared all the same
    EXPECT_EQ(sync.on_digests(digests_of(8), digests_of(9), now), kInterest);
}

TEST(RecordSync, OfTwoTheOtherBeginsLater) {
    RecordSync sync(BeginsSync::Second);
    EXPECT_TRUE(sync.on_digests({}, {}, kStart).empty());
    Instant now = kStart;
    for (int hello = 1; hello <= 3; ++hello) {
        now = now + 1s;
        EXPECT_TRUE(sync.on_digests(digests_of(1), digests_of(2), now).empty());
    }
    EXPECT_EQ(sync.on_digests(digests_of(1), digests_of(2), now + 1s), kInterest);
}

TEST(RecordSync, WhatStaysDifferentIsComparedMoreAndMoreSeldom) {
    RecordSync sync(BeginsSync::First);
    Instant now = kStart;
    std::vector<std::int64_t> compared_s;
    for (int i = 0; i < 600; ++i) {
        if (!sync.on_digests(digests_of(1), digests_of(2), now).empty()) {
            compared_s.push_back(to_ms(now - kStart) / 1000);
            sync.on_answer();
        }
        now = now + 1s;
    }
    EXPECT_GT(compared_s.size(), 10U);
    EXPECT_LT(compared_s.size(), 20U);
    EXPECT_EQ(compared_s.back() - compared_s[compared_s.size() - 2], 60);
}

TEST(RecordSync, WhatIsNotAnsweredIsAskedAgainSoon) {
    RecordSync sync(BeginsSync::First);
    Instant now = kStart;
    std::size_t count = 0;
    for (int i = 0; i < 100; ++i) {
        count += sync.on_digests(digests_of(1), digests_of(2), now).size();
        now = now + 1s;
    }
    EXPECT_GE(count, 98U);
}

TEST(RecordSync, BucketsThatTheOtherSideLacksAreSentTheOthersListed) {
    RecordBuckets own{};
    RecordBuckets theirs{};
    own[0] = 1;
    own[5] = theirs[5] = 7;
    own[6] = 7;
    theirs[6] = 8;
    theirs[63] = 9;
    const BucketDifference difference = compare_buckets(own, theirs);
    EXPECT_EQ(difference.to_send, 1U);
    EXPECT_EQ(difference.to_list, (1ULL << 6U) | (1ULL << 63U));
}

RecordStore random_store(Random& random, std::size_t record_count) {
    RecordStore store;
    for (std::size_t i = 0; i < record_count; ++i) {
        store.put({.key = {.origin = NodeId(1 + random.below(300)),
                           .kind = RecordKind::Interest,
                           .part = static_cast<std::uint16_t>(random.below(4))},
                   .version = {.epoch = 1, .counter = static_cast<std::uint32_t>(random.below(3))},
                   .expires_at = kStart,
                   .told = SharedBytes::copy_of(as_bytes("told")),
                   .body_bytes = 0});
    }
    return store;
}

// Goal: one comparison, as frames bring it, finds exactly what either side lacks.
TEST(RecordSync, AComparisonFindsExactlyWhatIsMissing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        const RecordStore here = random_store(random, random.below(1500));
        const RecordStore there = random_store(random, random.below(1500));
        const RecordKind kind = RecordKind::Interest;
        const auto all_here = here.all(kind);
        const auto all_there = there.all(kind);

        std::set<RecordKey> sent_there;  // from here to there
        std::set<RecordKey> requested;   // by here
        // `here` sends its buckets, `there` sends records and lists, `here` compares the lists.
        const BucketDifference difference =
            compare_buckets(there.buckets(kind), here.buckets(kind));
        std::set<RecordKey> sent_here;
        for (const StoredRecord* record : in_buckets(all_there, difference.to_send)) {
            sent_here.insert(record->key);
        }
        const auto listed = in_buckets(all_there, difference.to_list);
        for (const DigestList& list : make_lists(kind, difference.to_list, listed)) {
            EXPECT_LE(list.records.size(), kListEntriesMax);
            const ListDifference found = compare_list(list, all_here);
            for (const StoredRecord* record : found.to_send) {
                EXPECT_TRUE(sent_there.insert(record->key).second) << "sent twice";
            }
            for (const RecordVersion& record : found.to_request) {
                EXPECT_TRUE(requested.insert(record.key).second) << "asked for twice";
            }
        }
        sent_here.insert(requested.begin(), requested.end());
        for (const StoredRecord* record : all_here) {
            const StoredRecord* other = there.find(record->key);
            const bool is_lacking = other == nullptr || other->version < record->version;
            EXPECT_EQ(sent_there.contains(record->key), is_lacking);
        }
        for (const StoredRecord* record : all_there) {
            const StoredRecord* other = here.find(record->key);
            const bool is_lacking = other == nullptr || other->version < record->version;
            EXPECT_EQ(sent_here.contains(record->key), is_lacking);
        }
    }
}

TEST(RecordSync, AnEmptyListSaysThatThereIsNothing) {
    const auto lists = make_lists(RecordKind::Interest, ~0ULL, {});
    ASSERT_EQ(lists.size(), 1U);
    EXPECT_EQ(lists[0].first.origin, NodeId(0));
    EXPECT_EQ(lists[0].last.origin, NodeId(UINT64_MAX));
    Random random(1);
    const RecordStore store = random_store(random, 50);
    const auto all = store.all(RecordKind::Interest);
    EXPECT_EQ(compare_list(lists[0], all).to_send.size(), all.size());
}

}  // namespace
}  // namespace kith::mesh
