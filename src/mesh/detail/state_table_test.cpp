#include "mesh/detail/state_table.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace kith::mesh {
namespace {

StateEntry entry_of(std::uint64_t hash, std::uint64_t time, std::uint32_t forget_h = 0) {
    return {.key = {.hash = hash, .kind = StateKind::Retained},
            .stamp = {.time = time, .writer = NodeId(1)},
            .forget_h = forget_h};
}

TEST(StateTable, IsEmptyAtFirst) {
    StateTable table;
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.digest(), 0U);
    EXPECT_EQ(table.find(entry_of(1, 1).key), nullptr);
    EXPECT_TRUE(table.bucket(0).empty());
    table.erase(entry_of(1, 1).key);
    EXPECT_TRUE(table.forget(1).empty());
}

TEST(StateTable, KindsAreApart) {
    StateTable table;
    table.put(entry_of(7, 1));
    EXPECT_EQ(table.find({.hash = 7, .kind = StateKind::Session}), nullptr);
    EXPECT_NE(table.find({.hash = 7, .kind = StateKind::Retained}), nullptr);
}

TEST(StateTable, ForgetsWhatIsDue) {
    StateTable table;
    table.put(entry_of(1, 1, 10));
    table.put(entry_of(2, 1, 11));
    table.put(entry_of(3, 1));
    EXPECT_EQ(table.forget(10), std::vector<StateKey>{entry_of(1, 1).key});
    EXPECT_EQ(table.size(), 2U);
    EXPECT_EQ(table.forget(1000).size(), 1U);
    table.erase(entry_of(3, 1).key);
    EXPECT_EQ(table.digest(), 0U);
}

/// Against a map, and digests against what is there.
TEST(StateTable, KeepsWhatWasPutAndItsDigests) {
    Random random(1);
    StateTable table;
    std::map<StateKey, Stamp> expected;
    for (std::uint64_t step = 1; step <= 5000; ++step) {
        const StateEntry entry = entry_of(random.below(500) << 55U, step);
        if (random.chance(0.3)) {
            table.erase(entry.key);
            expected.erase(entry.key);
        } else {
            table.put(entry);
            expected[entry.key] = entry.stamp;
        }
    }
    ASSERT_EQ(table.size(), expected.size());
    std::uint64_t digest = 0;
    StateDigest digests;
    for (const auto& [key, stamp] : expected) {
        ASSERT_NE(table.find(key), nullptr);
        EXPECT_EQ(table.find(key)->stamp, stamp);
        digest ^= state_digest(key, stamp);
        digests.buckets[state_bucket(key)] ^= state_digest(key, stamp);
    }
    EXPECT_EQ(table.digest(), digest);
    EXPECT_EQ(table.digests().buckets, digests.buckets);
}

}  // namespace
}  // namespace kith::mesh
