#include "storage/sqlite/detail/delivery_counts.h"

#include <gtest/gtest.h>

namespace kith::storage::detail {
namespace {

constexpr MessageId kMessage{7};

TEST(DeliveryCounts, AnUnknownMessageHasOneDelivery) {
    DeliveryCounts counts;
    EXPECT_TRUE(counts.take_one(kMessage));
    EXPECT_EQ(counts.shared_count(), 0U);
}

TEST(DeliveryCounts, TheLastDeliveryTakesTheMessage) {
    DeliveryCounts counts;
    counts.set(kMessage, 2);
    counts.add_one(kMessage);
    EXPECT_EQ(counts.shared_count(), 1U);
    EXPECT_FALSE(counts.take_one(kMessage));
    EXPECT_FALSE(counts.take_one(kMessage));
    EXPECT_EQ(counts.shared_count(), 0U);
    EXPECT_TRUE(counts.take_one(kMessage));
}

TEST(DeliveryCounts, SingleReceiversCostNothing) {
    DeliveryCounts counts;
    counts.set(kMessage, 1);
    EXPECT_EQ(counts.shared_count(), 0U);
}

TEST(DeliveryCounts, UndoesAllChangesSinceTheLastKept) {
    DeliveryCounts counts;
    counts.set(kMessage, 3);
    counts.keep_changes();
    EXPECT_FALSE(counts.take_one(kMessage));
    EXPECT_FALSE(counts.take_one(kMessage));
    counts.add_one(MessageId(8));
    counts.undo_changes();
    EXPECT_EQ(counts.shared_count(), 1U);
    EXPECT_FALSE(counts.take_one(kMessage));
    EXPECT_FALSE(counts.take_one(kMessage));
    EXPECT_TRUE(counts.take_one(kMessage));
    EXPECT_TRUE(counts.take_one(MessageId(8)));
}

TEST(DeliveryCounts, StaysRightWhenItGivesMemoryBack) {
    constexpr std::uint64_t kCount = 100'000;
    DeliveryCounts counts;
    for (std::uint64_t id = 1; id <= kCount; ++id) {
        counts.set(MessageId(id), 2);
    }
    counts.keep_changes();
    for (std::uint64_t id = 2; id <= kCount; ++id) {
        EXPECT_FALSE(counts.take_one(MessageId(id)));
    }
    counts.keep_changes();
    EXPECT_EQ(counts.shared_count(), 1U);
    EXPECT_FALSE(counts.take_one(MessageId(1)));
    EXPECT_TRUE(counts.take_one(MessageId(1)));
}

}  // namespace
}  // namespace kith::storage::detail
