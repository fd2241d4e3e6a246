#include "mesh/detail/custody.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "mesh/testing/custody_rig.h"

namespace kith::mesh::testing {
namespace {

TEST_F(CustodyTest, SendsOneCopyToEachNeighborWithTheDestinationsBehindIt) {
    around.ways = {{kFar, {kLeft}}, {kFurther, {kLeft}}, {kRight, {kRight}}};
    custody.publish(message(1, {kFar, kFurther, kRight}), {}, now);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[0].neighbor, kLeft);
    EXPECT_EQ(around.sent[0].destinations, (std::vector{kFar, kFurther}));
    EXPECT_EQ(around.sent[1].neighbor, kRight);
    EXPECT_EQ(around.sent[1].destinations, std::vector{kRight});
    EXPECT_EQ(around.sent[1].payload, "on");
}

TEST_F(CustodyTest, IsTheOriginsUntilEachDestinationHasIt) {
    around.ways = {{kFar, {kLeft}}, {kFurther, {kRight}}};
    custody.publish(message(1, {kFar, kFurther}), {}, now);
    EXPECT_EQ(around.stored.begin()->second, 2U);
    acknowledge(kLeft, own(1), CustodyVerdict::Accepted);
    EXPECT_EQ(custody.held_count(), 1U);
    EXPECT_EQ(around.stored.begin()->second, 1U);
    acknowledge(kRight, own(1), CustodyVerdict::Accepted);
    EXPECT_EQ(custody.held_count(), 0U);
    EXPECT_EQ(custody.held_bytes(), 0U);
    EXPECT_TRUE(around.stored.empty());
}

TEST_F(CustodyTest, CountsWhatEachNeighborHasNotAcknowledged) {
    around.ways = {{kFar, {kLeft, kRight}}, {kFurther, {kLeft}}};
    custody.publish(message(1, {kFar, kFurther}), {}, now);
    EXPECT_EQ(custody.handed_count(kLeft), 2U);
    EXPECT_EQ(custody.handed_count(kRight), 0U);
    around.suspects = {kLeft};
    custody.on_neighbor_suspect(kLeft, now);
    EXPECT_EQ(custody.handed_count(kLeft), 1U);
    EXPECT_EQ(custody.handed_count(kRight), 1U);
    acknowledge(kRight, own(1), CustodyVerdict::Accepted);
    EXPECT_EQ(custody.handed_count(kRight), 0U);
    custody.on_neighbor_down(kLeft, now);
    EXPECT_EQ(custody.handed_count(kLeft), 0U);  // it waits here
    EXPECT_EQ(custody.held_count(), 1U);
}

TEST_F(CustodyTest, TellsThePublisherWhenTheDiskHasIt) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {.token = 5, .level = PublishLevel::Local}, now);
    EXPECT_TRUE(around.published.empty());
    custody.on_stored(around.stored.begin()->first, now);
    EXPECT_EQ(around.published, std::vector<std::uint64_t>{5});
    acknowledge(kLeft, own(1), CustodyVerdict::Accepted);
    EXPECT_EQ(around.published.size(), 1U);
}

TEST_F(CustodyTest, TellsThePublisherOfTheNextHopWhenASecondDiskHasIt) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {.token = 5, .level = PublishLevel::NextHop}, now);
    custody.on_stored(around.stored.begin()->first, now);
    EXPECT_TRUE(around.published.empty());
    custody.on_custody(kLeft, {own(1), CustodyVerdict::Held, {kFar}}, now);
    EXPECT_EQ(around.published, std::vector<std::uint64_t>{5});
    EXPECT_EQ(custody.held_count(), 1U);
}

TEST_F(CustodyTest, TellsThePublisherOfReachableWhenAllThatCanBeReachedHaveIt) {
    around.ways = {{kFar, {kLeft}}};  // and none to kFurther
    custody.publish(message(1, {kFar, kFurther}), {.token = 5, .level = PublishLevel::Reachable},
                    now);
    custody.on_stored(around.stored.begin()->first, now);
    EXPECT_TRUE(around.published.empty());
    acknowledge(kLeft, own(1), CustodyVerdict::Accepted);
    EXPECT_EQ(around.published, std::vector<std::uint64_t>{5});
    EXPECT_EQ(custody.held_count(), 1U);  // kept for who cannot be reached
}

TEST_F(CustodyTest, TellsThePublisherOfReachableWhenTheLastWayIsLost) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {.token = 5, .level = PublishLevel::Reachable}, now);
    custody.on_stored(around.stored.begin()->first, now);
    EXPECT_TRUE(around.published.empty());
    around.ways.clear();
    custody.on_neighbor_down(kLeft, now);
    EXPECT_EQ(around.published, std::vector<std::uint64_t>{5});
}

TEST_F(CustodyTest, GoesTheOtherWayAtOnceWhenANeighborIsSuspect) {
    around.ways = {{kFar, {kLeft, kRight}}};
    custody.publish(message(1, {kFar}), {}, now);
    around.suspects = {kLeft};
    custody.on_neighbor_suspect(kLeft, now);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[1].neighbor, kRight);
    // Whoever of the two acknowledges, it has arrived.
    custody.on_custody(kLeft, {own(1), CustodyVerdict::Accepted, {kFar}}, now);
    EXPECT_EQ(custody.held_count(), 0U);
}

TEST_F(CustodyTest, StaysWithASuspectNeighborThatIsTheOnlyWay) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {}, now);
    around.suspects = {kLeft};
    custody.on_neighbor_suspect(kLeft, now);
    EXPECT_EQ(around.sent.size(), 1U);
}

TEST_F(CustodyTest, WaitsWithoutAWayAndGoesWhenThereIsOne) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {}, now);
    around.ways.clear();
    custody.on_neighbor_down(kLeft, now);
    custody.on_routes(now);
    EXPECT_EQ(around.sent.size(), 1U);
    around.ways = {{kFar, {kRight}}};
    custody.on_routes(now);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[1].neighbor, kRight);
    EXPECT_EQ(around.sent[1].place, around.sent[0].place);
}

TEST_F(CustodyTest, SendsAgainWhatNobodyAcknowledged) {
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {}, now);
    EXPECT_EQ(custody.deadline(), now + kCustodyRetransmitInterval);
    now = custody.deadline();
    custody.on_timer(now);
    EXPECT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(custody.deadline(), now + 2 * kCustodyRetransmitInterval);
}

TEST_F(CustodyTest, ARelayAnswersForItsNeighborsWhenThoseBehindHaveIt) {
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_TRUE(around.answers.empty());
    EXPECT_TRUE(around.stored.empty());
    custody.on_custody(kRight, {foreign(4, {}).id, CustodyVerdict::Accepted, {kFar}}, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].first, kLeft);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Accepted);
    EXPECT_EQ(custody.held_count(), 0U);
}

TEST_F(CustodyTest, ARelayNeverSendsBackToWhereItCameFrom) {
    around.ways = {{kFar, {kLeft}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    EXPECT_TRUE(around.sent.empty());
}

TEST_F(CustodyTest, ARelayGivesBackWhatHasNoWayOnceRoutesAreKnown) {
    custody.relay(foreign(4, {kFar}), kLeft, now);
    EXPECT_TRUE(around.answers.empty());
    custody.on_routes(now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
    EXPECT_EQ(custody.held_count(), 0U);
    EXPECT_EQ(custody.held_bytes(), 0U);
}

TEST_F(CustodyTest, ARelayGivesBackWhatHasNoWayInTimeToo) {
    custody.relay(foreign(4, {kFar}), kLeft, now);
    now = custody.deadline();
    custody.on_timer(now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
}

TEST_F(CustodyTest, HoweverOftenAMessageWasTriedARelayGivesItBack) {
    // Each try leaves an entry in the queue of retries; none of them may put off the others.
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    const CustodyEntry returned{foreign(4, {}).id, CustodyVerdict::Returned, {kFar}};
    for (int i = 0; i < 5; ++i) {
        custody.on_custody(kRight, returned, now);  // no other way
        custody.on_routes(now);
        around.ways = {{kFar, {kRight}}};
        custody.relay(foreign(4, {kFar}), kLeft, now);
    }
    custody.on_neighbor_suspect(kRight, now);
    now = now + kCustodyRetransmitInterval / 2;
    custody.on_custody(kRight, returned, now);
    around.ways.clear();
    around.answers.clear();
    const Instant waits_since = now;
    while (around.answers.empty() && now - waits_since < 2 * kCustodyRetransmitIntervalMax) {
        now = custody.deadline();
        custody.on_timer(now);
    }
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
    EXPECT_EQ(custody.held_count(), 0U);
}

TEST_F(CustodyTest, OneDestinationThatAnswersSlowlyDoesNotKeepAnotherWaiting) {
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar, kFurther}), kLeft, now);
    const Instant waits_since = now;
    while (around.answers.empty() && now - waits_since < 2 * kCustodyRetransmitIntervalMax) {
        now = custody.deadline();
        custody.on_timer(now);
    }
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.destinations.front(), kFurther);
    EXPECT_EQ(now - waits_since, kCustodyRetransmitInterval);
}

TEST_F(CustodyTest, WhatItsDestinationHasIsNotSentAgainSoon) {
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    ASSERT_EQ(around.sent.size(), 1U);
    custody.on_custody(kThird, {foreign(4, {}).id, CustodyVerdict::Waiting, {kFar}}, now);
    EXPECT_TRUE(around.answers.empty()) << "who does not have it from here";
    custody.on_custody(kRight, {foreign(4, {}).id, CustodyVerdict::Waiting, {kFar}}, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].first, kLeft);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Waiting);
    const Instant told_at = now;
    while (around.sent.size() == 1 && now - told_at < 2 * kCustodyRetransmitIntervalMax) {
        now = custody.deadline();
        custody.on_timer(now);
    }
    EXPECT_EQ(now - told_at, kCustodyRetransmitIntervalMax);
    custody.on_custody(kRight, {foreign(4, {}).id, CustodyVerdict::Waiting, {kFar}}, now);
    around.ways = {{kFar, {kThird}}};
    custody.on_neighbor_down(kRight, now);
    ASSERT_EQ(around.sent.size(), 3U) << "but at once when the way is gone";
    EXPECT_EQ(around.sent[2].neighbor, kThird);
}

TEST_F(CustodyTest, ACopyOfOneMomentIsNotSentWithAnother) {
    around.ways = {{kFar, {kRight}}, {kFurther, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    custody.relay(foreign(4, {kFurther}), kLeft, now);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[1].destinations, std::vector<NodeId>{kFurther});
}

TEST_F(CustodyTest, ARelaySendsACopyThatCameTwiceOnlyOnce) {
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    custody.relay(foreign(4, {kFar}), kThird, now);
    EXPECT_EQ(around.sent.size(), 1U);
    custody.on_custody(kRight, {foreign(4, {}).id, CustodyVerdict::Accepted, {kFar}}, now);
    EXPECT_EQ(around.answers.size(), 2U);
}

TEST_F(CustodyTest, ARelayNamesDestinationsInOrderHoweverTheyCame) {
    around.ways = {{kFar, {}}, {kFurther, {}}};
    custody.relay(foreign(4, {kFurther}), kLeft, now);
    custody.relay(foreign(4, {kFar}), kLeft, now);
    EXPECT_TRUE(around.sent.empty());
    around.ways = {{kFar, {kRight}}, {kFurther, {kRight}}};
    custody.on_routes(now);
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].destinations, (std::vector{kFar, kFurther}));
}

TEST_F(CustodyTest, SaysNoToALoop) {
    around.ways = {{kFar, {kRight}}};
    custody.relay(foreign(4, {kFar}), kLeft, now);
    custody.relay(foreign(4, {kFar}), kRight, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].first, kRight);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
}

TEST_F(CustodyTest, SendsItsOwnAwayWhenItComesBack) {
    around.ways = {{kFar, {kLeft}}, {kFurther, {kLeft}}};
    custody.publish(message(1, {kFar, kFurther}), {}, now);
    custody.on_custody(kLeft, {own(1), CustodyVerdict::Accepted, {kFar}}, now);
    Data again = message(1, {kFar, kFurther});
    again.id = own(1);
    custody.relay(again, kRight, now);
    ASSERT_EQ(around.answers.size(), 2U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Accepted) << "it has arrived";
    EXPECT_EQ(around.answers[1].second.verdict, CustodyVerdict::Returned);
    EXPECT_EQ(around.sent.size(), 1U);
}

TEST_F(CustodyTest, TriesTheNextBestWhenANeighborGivesItBack) {
    around.ways = {{kFar, {kLeft, kRight}}};
    custody.publish(message(1, {kFar}), {}, now);
    acknowledge(kLeft, own(1), CustodyVerdict::Returned);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[1].neighbor, kRight);
}

TEST_F(CustodyTest, AReplicaSaysThatItHoldsAndKeepsWhenTheOriginIsGone) {
    Data data = foreign(4, {kFar});
    data.wants_replica = true;
    custody.relay(data, kLeft, now);
    ASSERT_EQ(around.stored.size(), 1U);
    custody.on_stored(around.stored.begin()->first, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Held);
    custody.on_neighbor_down(kLeft, now);
    custody.on_routes(now);
    EXPECT_EQ(custody.held_count(), 1U);
    around.ways = {{kFar, {kRight}}};
    custody.on_routes(now);
    EXPECT_EQ(around.sent.size(), 1U);
}

TEST_F(CustodyTest, KeepsAnExpiredMessagesPlaceWithoutItsContent) {
    Data data = message(1, {kFar});
    data.expires_after_ms = 500;
    custody.publish(data, {}, now);
    now = now + 600ms;
    around.ways = {{kFar, {kLeft}}};
    custody.on_routes(now);
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].kind, DataKind::Void);
    EXPECT_EQ(around.sent[0].place, 1U);
    EXPECT_EQ(around.drops, std::vector{DropReason::Expired});
}

TEST_F(CustodyTest, GoesOnAfterACrashWithWhatWasNotSettled) {
    around.ways = {{kFar, {kLeft}}};
    Data old = message(30, {kFar});
    old.destinations[0].stream_sequence = 12;
    options.epoch = 2;
    custody.restore(CustodyTicket(8), old, now);
    custody.publish(message(1, {kFar}), {}, now);
    EXPECT_TRUE(around.sent.empty());
    custody.on_timer(now);
    ASSERT_EQ(around.sent.size(), 1U);
    EXPECT_EQ(around.sent[0].place, 12U);
    EXPECT_EQ(around.sent[0].first, 12U);
    acknowledge(kLeft, old.id, CustodyVerdict::Accepted);
    ASSERT_EQ(around.sent.size(), 2U);
    EXPECT_EQ(around.sent[1].place, 1U);
    EXPECT_EQ(around.sent[1].id, own(1));
}

TEST_F(CustodyTest, AGroupDoesNotWaitBehindOlderMessagesOfAMemberThatIsGone) {
    restore_one_of_the_life_before();
    Data shared = message(1, {kFar});
    shared.destinations.front().for_all = false;
    shared.destinations.front().groups = {5};
    custody.publish(shared, {}, now);  // its stream waits for that of the life before
    for (int i = 0; i < 6; ++i) {
        now = now + 1s;
        custody.on_timer(now);
    }
    EXPECT_TRUE(around.waiting.empty());
    now = now + 1s;
    custody.on_timer(now);
    EXPECT_EQ(around.waiting, (std::vector{std::pair(own(1), kFar)}));
}

TEST_F(CustodyTest, AGroupWaitsForAMemberThatCanBeReached) {
    restore_one_of_the_life_before();
    around.ways = {{kFar, {kLeft}}};
    Data shared = message(1, {kFar});
    shared.destinations.front().groups = {5};
    custody.publish(shared, {}, now);
    for (int i = 0; i < 20; ++i) {
        now = now + 1s;
        custody.on_timer(now);
    }
    EXPECT_TRUE(around.waiting.empty());
}

class SharedTest : public CustodyTest {
  protected:
    void publish(std::uint8_t qos) {
        Data shared = message(1, {kFar});
        shared.qos = qos;
        shared.destinations.front().for_all = false;
        shared.destinations.front().groups = {5};
        custody.publish(shared, {}, now);
    }
    void lose_the_way() {
        around.ways.clear();
        custody.on_neighbor_down(kLeft, now);
        custody.on_routes(now);
    }
    void wait_for_tries() {
        for (int i = 0; i < 60; ++i) {
            now = now + 1s;
            custody.on_timer(now);
        }
    }
};

TEST_F(SharedTest, AnotherMemberMayGetWhatWasSentToOneAtQos1) {
    around.ways = {{kFar, {kLeft}}};
    publish(1);
    lose_the_way();
    wait_for_tries();
    EXPECT_FALSE(around.waiting.empty());
}

TEST_F(SharedTest, OfQos2OnlyWhatCannotBeThere) {
    publish(2);
    wait_for_tries();
    EXPECT_FALSE(around.waiting.empty());
}

TEST_F(SharedTest, WhatMayBeThereAtQos2WaitsForTheMemberUnlessItIsForgotten) {
    around.ways = {{kFar, {kLeft}}};
    publish(2);
    lose_the_way();
    wait_for_tries();
    EXPECT_TRUE(around.waiting.empty());
    around.forgotten = {kFar};
    wait_for_tries();
    EXPECT_FALSE(around.waiting.empty());
}

TEST_F(SharedTest, WhatALifeBeforeSentIsNotKnown) {
    Data old = message(30, {kFar});
    old.qos = 2;
    old.destinations[0].stream_sequence = 12;
    old.destinations[0].for_all = false;
    old.destinations[0].groups = {5};
    options.epoch = 2;
    custody.restore(CustodyTicket(8), old, now);
    wait_for_tries();
    EXPECT_TRUE(around.waiting.empty());
}

TEST_F(CustodyTest, ARelayThatIsFullGivesBackAtOnce) {
    around.ways = {{kFar, {kRight}}};
    const std::string large(1U << 20U, 'x');
    std::uint64_t sequence = 0;
    while (custody.held_bytes() < kRelayBytesMax) {
        Data data = foreign(++sequence, {kFar});
        data.payload = as_bytes(large);
        custody.relay(data, kLeft, now);
    }
    EXPECT_TRUE(around.answers.empty());
    custody.relay(foreign(++sequence, {kFar}), kLeft, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Returned);
    EXPECT_EQ(around.drops, std::vector{DropReason::Congestion});
    // What has arrived makes room.
    custody.on_custody(kRight, {foreign(1, {}).id, CustodyVerdict::Accepted, {kFar}}, now);
    around.answers.clear();
    custody.relay(foreign(sequence, {kFar}), kLeft, now);
    EXPECT_TRUE(around.answers.empty());
    // Messages of this node have a spool of their own.
    custody.publish(message(1, {kFar}), {}, now);
    EXPECT_EQ(around.sent.back().id, own(1));
}

TEST_F(CustodyTest, IgnoresAnswersThatFitNothing) {
    acknowledge(kLeft, own(99), CustodyVerdict::Accepted);
    around.ways = {{kFar, {kLeft}}};
    custody.publish(message(1, {kFar}), {}, now);
    custody.on_custody(kRight, {own(1), CustodyVerdict::Returned, {kFar}}, now);
    custody.on_custody(kLeft, {own(1), CustodyVerdict::Accepted, {kFurther}}, now);
    EXPECT_EQ(custody.held_count(), 1U);
    EXPECT_EQ(around.sent.size(), 1U);
}

}  // namespace
}  // namespace kith::mesh::testing
