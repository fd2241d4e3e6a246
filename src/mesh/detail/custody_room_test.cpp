// Messages that wait for room to a neighbour.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "mesh/testing/custody_rig.h"

namespace kith::mesh::testing {
namespace {

TEST_F(CustodyTest, WhatHasNoRoomWaitsInOrder) {
    around.ways = {{kFar, {kRight}}};
    around.room[{kRight, Priority::Default}] = 1;
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        custody.relay(foreign(sequence, {kFar}), kLeft, now);
    }
    EXPECT_EQ(around.sent.size(), 1U);
    EXPECT_TRUE(custody.is_congested(Priority::Default));
    EXPECT_FALSE(custody.is_congested(Priority::Alarm));
    Data alarm = foreign(5, {kFar});
    alarm.priority = Priority::Alarm;
    custody.relay(alarm, kLeft, now);
    EXPECT_EQ(around.sent.size(), 2U) << "another class";
    custody.send_waiting(now);
    EXPECT_EQ(around.sent.size(), 2U);
    around.room[{kRight, Priority::Default}] = 2;
    custody.relay(foreign(6, {kFar}), kLeft, now);
    EXPECT_EQ(around.sent.size(), 2U) << "others wait";
    custody.send_waiting(now);
    ASSERT_EQ(around.sent.size(), 4U);
    EXPECT_EQ(around.sent[2].id.sequence, 2U);
    EXPECT_EQ(around.sent[3].id.sequence, 3U);
    around.room.clear();
    custody.send_waiting(now);
    ASSERT_EQ(around.sent.size(), 6U);
    EXPECT_EQ(around.sent[4].id.sequence, 4U);
    EXPECT_EQ(around.sent[5].id.sequence, 6U);
    EXPECT_FALSE(custody.is_congested(Priority::Default));
}

TEST_F(CustodyTest, WhatWaitsForRoomIsNotGivenBackNorSentAgain) {
    around.ways = {{kFar, {kRight}}};
    around.room[{kRight, Priority::Default}] = 0;
    custody.relay(foreign(4, {kFar}), kLeft, now);
    custody.on_routes(now);
    now = now + kCustodyRetransmitIntervalMax;
    custody.on_timer(now);
    EXPECT_TRUE(around.answers.empty());
    EXPECT_TRUE(around.sent.empty());
    around.room.clear();
    custody.send_waiting(now);
    EXPECT_EQ(around.sent.size(), 1U);
}

TEST_F(CustodyTest, WhatWaitsForRoomGoesAnotherWayWhenTheNeighborIsDown) {
    around.ways = {{kFar, {kRight, kThird}}};
    around.room[{kRight, Priority::Default}] = 0;
    custody.relay(foreign(4, {kFar}), kLeft, now);
    around.ways = {{kFar, {kThird}}};
    custody.on_neighbor_down(kRight, now);
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].neighbor, kThird);
    EXPECT_FALSE(custody.is_congested(Priority::Default));
}

TEST_F(CustodyTest, WhatWaitsForRoomIsGivenBackWhenThereIsNoWayAnyMore) {
    around.ways = {{kFar, {kRight}}};
    around.room[{kRight, Priority::Default}] = 0;
    custody.relay(foreign(4, {kFar}), kLeft, now);
    around.ways.clear();
    custody.on_routes(now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
    EXPECT_EQ(custody.held_count(), 0U);
    around.room.clear();
    custody.send_waiting(now);
    EXPECT_TRUE(around.sent.empty());
    EXPECT_FALSE(custody.is_congested(Priority::Default));
}

}  // namespace
}  // namespace kith::mesh::testing
