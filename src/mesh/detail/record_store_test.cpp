#include "mesh/detail/record_store.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

StoredRecord make(const RecordKey& key, std::uint32_t counter, std::size_t told_bytes = 100) {
    const std::vector<std::uint8_t> told(told_bytes);
    return {.key = key,
            .version = {.epoch = 1, .counter = counter},
            .expires_at = kStart + 1h,
            .told = SharedBytes::copy_of(told),
            .body_bytes = 0};
}

RecordKey key_of(std::uint64_t node, RecordKind kind = RecordKind::Interest,
                 std::uint16_t part = 0) {
    return {.origin = NodeId(node), .kind = kind, .part = part};
}

TEST(RecordStore, ARecordIsSmall) {
    static_assert(sizeof(StoredRecord) <= 48, "everybody keeps those of everybody");
}

TEST(RecordStore, WhatIsPutIsFoundUntilItIsRemoved) {
    RecordStore store;
    store.put(make(key_of(5), 1));
    ASSERT_NE(store.find(key_of(5)), nullptr);
    EXPECT_EQ(store.find(key_of(5, RecordKind::Identity)), nullptr);
    EXPECT_EQ(store.find(key_of(4)), nullptr);
    EXPECT_EQ(store.record_bytes(), 100U);
    store.erase(key_of(4));
    store.erase(key_of(5, RecordKind::Identity));
    store.erase(key_of(5));
    EXPECT_EQ(store.find(key_of(5)), nullptr);
    EXPECT_EQ(store.record_bytes(), 0U);
    EXPECT_EQ(store.digests(), Digests{});
}

TEST(RecordStore, AllOfAKindAreInOrderOfKey) {
    RecordStore store;
    for (const std::uint64_t node : {9U, 2U, 5U}) {
        for (const std::uint16_t part : std::array<std::uint16_t, 2>{7, 3}) {
            store.put(make(key_of(node, RecordKind::Interest, part), 1));
            store.put(make(key_of(node, RecordKind::Directory, part), 1));
        }
    }
    std::vector<RecordKey> keys;
    for (const StoredRecord* record : store.all(RecordKind::Interest)) {
        keys.push_back(record->key);
    }
    EXPECT_EQ(keys.size(), 6U);
    EXPECT_TRUE(std::ranges::is_sorted(keys));
}

// Goal: the digests that follow every change are those that a count of all would give.
TEST(RecordStore, DigestsAreThoseOfWhatIsThere) {
    Random random(7);
    RecordStore store;
    std::map<RecordKey, Version> naive;
    for (int step = 0; step < 5000; ++step) {
        const RecordKey key =
            key_of(1 + random.below(20), static_cast<RecordKind>(1 + random.below(5)),
                   static_cast<std::uint16_t>(random.below(6)));
        if (random.chance(0.4)) {
            store.erase(key);
            naive.erase(key);
        } else {
            const auto counter = static_cast<std::uint32_t>(random.below(100));
            store.put(make(key, counter));
            naive[key] = {.epoch = 1, .counter = counter};
        }
    }
    Digests digests;
    std::array<RecordBuckets, kRecordKindCount> buckets{};
    for (const auto& [key, version] : naive) {
        const std::uint64_t hash = record_hash(key, version);
        digests.of_kind[index_of(key.kind)] ^= hash;
        buckets[index_of(key.kind)][record_bucket(key)] ^= hash;
        ASSERT_NE(store.find(key), nullptr);
        EXPECT_EQ(store.find(key)->version, version);
    }
    EXPECT_EQ(store.digests(), digests);
    std::size_t count = 0;
    for (std::size_t kind = 1; kind <= kRecordKindCount; ++kind) {
        EXPECT_EQ(store.buckets(static_cast<RecordKind>(kind)), buckets[kind - 1]);
        count += store.all(static_cast<RecordKind>(kind)).size();
    }
    EXPECT_EQ(count, naive.size());
    EXPECT_EQ(store.record_bytes(), naive.size() * 100);
}

TEST(RecordStore, ARecordStaysWhereItLiesUntilItIsRemoved) {
    RecordStore store;
    const RecordSlot first = store.put(make(key_of(1), 1));
    const RecordSlot second = store.put(make(key_of(2), 1));
    EXPECT_EQ(store.put(make(key_of(1), 2)), first);
    EXPECT_EQ(store.slot_of(key_of(1)), first);
    EXPECT_EQ(store.at(first).version.counter, 2U);
    store.erase(key_of(1));
    EXPECT_EQ(store.slot_of(key_of(1)), kNoSlot);
    EXPECT_EQ(store.slot_of(key_of(2)), second);
    EXPECT_EQ(store.put(make(key_of(3), 1)), first);
}

TEST(RecordStore, RoomIsCountedByOrigin) {
    RecordStore store;
    store.put(make(key_of(1), 1, kOriginRecordBytesMax - 50));
    EXPECT_TRUE(store.has_room(key_of(1, RecordKind::Identity), 50));
    EXPECT_FALSE(store.has_room(key_of(1, RecordKind::Identity), 51));
    EXPECT_TRUE(store.has_room(key_of(1), kOriginRecordBytesMax));  // in place of what is there
    EXPECT_TRUE(store.has_room(key_of(2), kOriginRecordBytesMax));
}

TEST(RecordStore, OriginsAreCounted) {
    RecordStore store;
    for (std::uint64_t node = 1; node <= kNodesMax; ++node) {
        ASSERT_TRUE(store.has_room(key_of(node), 100));
        store.put(make(key_of(node), 1));
    }
    EXPECT_FALSE(store.has_room(key_of(kNodesMax + 1), 100));
    EXPECT_TRUE(store.has_room(key_of(1), 100));
    store.erase(key_of(7));
    EXPECT_TRUE(store.has_room(key_of(kNodesMax + 1), 100));
}

TEST(RecordStore, TheNextExpiryIsNeverLate) {
    RecordStore store;
    EXPECT_EQ(store.next_expiry(), Instant::never());
    StoredRecord sooner = make(key_of(1), 1);
    sooner.expires_at = kStart + 1min;
    store.put(std::move(sooner));
    store.put(make(key_of(2), 1));
    EXPECT_EQ(store.next_expiry(), kStart + 1min);
    EXPECT_EQ(store.find_expired(kStart + 1min), std::vector<RecordKey>{key_of(1)});
    store.erase(key_of(1));
    EXPECT_EQ(store.next_expiry(), kStart + 1h);
    EXPECT_TRUE(store.find_expired(kStart + 1h - 1ns).empty());
}

}  // namespace
}  // namespace kith::mesh
