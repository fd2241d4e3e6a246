// What waits for long: in memory, on disk alone, given up.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "mesh/testing/custody_rig.h"

namespace kith::mesh::testing {
namespace {

TEST_F(CustodyTest, GivesUpTheOldestThatWaitsBeyondTheSpool) {
    options.spool_memory_bytes_max = 3 * (std::string("plant/pump").size() + 2);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        custody.publish(message(i, {kFar}), {}, now);
    }
    EXPECT_EQ(around.drops.size(), 2U);
    EXPECT_LE(custody.held_bytes(), options.spool_memory_bytes_max);
    around.ways = {{kFar, {kLeft}}};
    custody.on_routes(now);
    ASSERT_EQ(around.sent.size(), 3U);
    EXPECT_EQ(around.sent[0].kind, DataKind::Publication);
    EXPECT_EQ(around.sent[0].place, 3U);
    EXPECT_EQ(around.sent[0].first, 3U);
}

class SpoolTest : public CustodyTest {
  protected:
    SpoolTest() { around.has_disk = true; }

    /// Messages of 12 bytes, stored.
    void publish(int count) {
        for (int i = 0; i < count; ++i) {
            custody.publish(message(++last, {kFar}), {}, now);
            custody.on_stored(CustodyTicket(last), now);
        }
        custody.send_waiting(now);
    }
    /// There is a way, and the disk answers all that it is asked for.
    void come_back() {
        around.ways = {{kFar, {kLeft}}};
        custody.on_routes(now);
        custody.send_waiting(now);
    }
    void answer_all() {
        const Data content = message(0, {});
        while (!around.fetched.empty()) {
            const std::vector<CustodyTicket> asked = std::exchange(around.fetched, {});
            for (const CustodyTicket ticket : asked) {
                custody.on_fetched(ticket, &content, now);
            }
            custody.send_waiting(now);
        }
    }
    std::uint64_t last = 0;
};

TEST_F(SpoolTest, WhatIsFetchedForTwoGroupsStaysUntilBothHaveBeenSeenTo) {
    options.spool_memory_bytes_max = 12;
    Data shared = message(++last, {kFar, kFurther});
    for (Destination& destination : shared.destinations) {
        destination.for_all = false;
        destination.groups = {destination.node.value()};
    }
    custody.publish(shared, {}, now);
    custody.on_stored(CustodyTicket(last), now);
    publish(2);  // and the first one leaves memory
    for (int i = 0; i < 60 && around.fetched.empty(); ++i) {
        now = now + 1s;
        custody.on_timer(now);
        custody.send_waiting(now);
    }
    ASSERT_EQ(around.fetched, std::vector{CustodyTicket(1)});
    const Data content = message(0, {});
    custody.on_fetched(CustodyTicket(1), &content, now);
    EXPECT_EQ(around.waiting.size(), 2U);
    // Another member gets a copy of its own, for which something has to leave memory.
    custody.publish(message(++last, {kFar}), {}, now);
    custody.on_stored(CustodyTicket(last), now);
    EXPECT_TRUE(custody.find(own(1), now));
    custody.send_waiting(now);
    EXPECT_LE(custody.held_bytes(), options.spool_memory_bytes_max);
}

TEST_F(SpoolTest, WhatIsBeyondMemoryComesBackFromTheDiskInOrder) {
    options.spool_memory_bytes_max = 24;
    publish(5);
    EXPECT_EQ(custody.held_bytes(), 24U);
    EXPECT_EQ(custody.spooled().count, 3U);
    EXPECT_EQ(custody.spooled().bytes, 36U);
    EXPECT_TRUE(around.fetched.empty()) << "nobody can be sent it";
    EXPECT_TRUE(around.drops.empty());
    come_back();
    EXPECT_EQ(around.fetched, (std::vector{CustodyTicket(1), CustodyTicket(2), CustodyTicket(3)}));
    answer_all();
    ASSERT_EQ(around.sent.size(), 5U);
    EXPECT_EQ(around.sent[2].id, own(1));
    EXPECT_EQ(around.sent[2].payload, "on");
    EXPECT_EQ(custody.spooled().count, 0U);
    EXPECT_EQ(custody.spooled().bytes, 0U);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        acknowledge(kLeft, own(i), CustodyVerdict::Accepted);
    }
    EXPECT_EQ(custody.held_count(), 0U);
    EXPECT_EQ(custody.held_bytes(), 0U);
}

TEST_F(SpoolTest, WhatIsNotStoredYetStaysInMemory) {
    options.spool_memory_bytes_max = 12;
    custody.publish(message(1, {kFar}), {}, now);
    custody.publish(message(2, {kFar}), {}, now);
    EXPECT_EQ(custody.spooled().count, 0U);
    custody.on_stored(CustodyTicket(1), now);
    EXPECT_EQ(custody.spooled().count, 1U);
}

TEST_F(SpoolTest, AsksForALittleAtATime) {
    options.spool_memory_bytes_max = 0;
    publish(static_cast<int>(kFetchesMax) + 10);
    come_back();
    EXPECT_EQ(around.fetched.size(), kFetchesMax);
    const std::vector<CustodyTicket> asked = std::exchange(around.fetched, {});
    const Data content = message(0, {});
    custody.on_fetched(asked[0], &content, now);
    custody.on_fetched(asked[0], &content, now);  // once is enough
    custody.send_waiting(now);
    EXPECT_EQ(around.fetched.size(), 1U);
}

TEST_F(SpoolTest, WhatLostItsWayWhileItWasReadLeavesMemoryAgain) {
    options.spool_memory_bytes_max = 0;
    publish(1);
    come_back();
    around.ways.clear();
    answer_all();
    EXPECT_TRUE(around.sent.empty());
    EXPECT_EQ(custody.held_bytes(), 0U);
    EXPECT_EQ(custody.spooled().count, 1U);
}

TEST_F(SpoolTest, WhatTheDiskHasLostOnlyKeepsItsPlace) {
    options.spool_memory_bytes_max = 0;
    publish(1);
    come_back();
    custody.on_fetched(CustodyTicket(1), nullptr, now);
    EXPECT_EQ(around.drops, std::vector{DropReason::StoreLost});
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].kind, DataKind::Void);
    EXPECT_EQ(custody.spooled().count, 0U);
}

TEST_F(SpoolTest, BeyondTheDisksBoundsTheOldestIsDropped) {
    options.spool_memory_bytes_max = 0;
    options.spool_messages_max = 3;
    publish(4);
    EXPECT_EQ(around.drops, std::vector{DropReason::SpoolFull});
    EXPECT_EQ(custody.held_count(), 3U);
    EXPECT_FALSE(around.stored.contains(CustodyTicket(1))) << "the disk is told";
    options.spool_disk_bytes_max = 12;
    publish(1);
    EXPECT_EQ(custody.held_count(), 1U);
    come_back();
    answer_all();
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].first, 5U) << "nobody waits for those before";
}

TEST_F(SpoolTest, WhatIsRestoredStaysWithinMemory) {
    options.spool_memory_bytes_max = 12;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        Data old = message(i, {kFar});
        old.destinations[0].stream_sequence = i;
        custody.restore(CustodyTicket(i), old, now);
    }
    EXPECT_EQ(custody.held_bytes(), 12U);
    EXPECT_EQ(custody.spooled().count, 2U);
}

}  // namespace
}  // namespace kith::mesh::testing
