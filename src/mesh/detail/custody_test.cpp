#include "mesh/detail/custody.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kith::mesh {
namespace {

constexpr NodeId kSelf{1};
constexpr NodeId kLeft{2};  // neighbours
constexpr NodeId kRight{3};
constexpr NodeId kThird{4};
constexpr NodeId kFar{9};  // behind them
constexpr NodeId kFurther{10};

struct Sent {
    NodeId neighbor;
    DataId id;
    DataKind kind;
    std::string payload;
    std::vector<NodeId> destinations;
    std::uint64_t place = 0;
    std::uint64_t first = 0;
};

/// The node around it: ways as the test says, everything that leaves written down.
class Around final : public CustodyListener, public CustodyPort {
  public:
    std::map<NodeId, std::vector<NodeId>> ways;  // best first
    std::set<NodeId> suspects;
    std::map<std::pair<NodeId, Priority>, int> room;  // messages; any number if it is not there
    std::vector<Sent> sent;
    std::vector<std::pair<NodeId, CustodyEntry>> answers;
    std::vector<std::uint64_t> published;
    std::vector<DropReason> drops;
    std::map<CustodyTicket, std::size_t> stored;  // destinations left

    NodeId way_to(NodeId destination, const NodeIds& avoid) const override {
        NodeId suspect;
        const auto found = ways.find(destination);
        for (const NodeId way : found == ways.end() ? std::vector<NodeId>{} : found->second) {
            if (std::ranges::find(avoid, way) != avoid.end()) {
                continue;
            }
            if (!suspects.contains(way)) {
                return way;
            }
            suspect = suspect == NodeId() ? way : suspect;
        }
        return suspect;
    }
    bool is_suspect(NodeId neighbor) const override { return suspects.contains(neighbor); }
    bool has_room(NodeId neighbor, Priority priority) const override {
        const auto found = room.find({neighbor, priority});
        return found == room.end() || found->second > 0;
    }
    void send_data(NodeId neighbor, const Data& data, const SharedBytes&, Instant) override {
        Sent frame{neighbor, data.id, data.kind, std::string(as_text(data.payload)), {}};
        for (const Destination& destination : data.destinations) {
            frame.destinations.push_back(destination.node);
            frame.place = destination.stream_sequence;
            frame.first = destination.stream_first;
        }
        sent.push_back(std::move(frame));
        if (const auto found = room.find({neighbor, data.priority}); found != room.end()) {
            --found->second;
        }
    }
    void send_custody(NodeId neighbor, CustodyEntry entry) override {
        answers.emplace_back(neighbor, std::move(entry));
    }
    void on_published(std::uint64_t token, PublishLevel) override { published.push_back(token); }
    void on_custody_drop(DropReason reason, const Data&) override { drops.push_back(reason); }
    void on_groups_waiting(const DataId& id, NodeId destination) override {
        waiting.emplace_back(id, destination);
    }
    std::vector<std::pair<DataId, NodeId>> waiting;  // for a member of a group
    void store(CustodyTicket ticket, const Data& data) override {
        stored[ticket] = data.destinations.size();
    }
    bool can_fetch() const override { return has_disk; }
    void fetch(CustodyTicket ticket) override { fetched.push_back(ticket); }
    bool has_disk = false;
    std::vector<CustodyTicket> fetched;
    void settle(CustodyTicket ticket, const Destinations& left) override {
        stored[ticket] = left.size();
        if (left.empty()) {
            stored.erase(ticket);
        }
    }
};

class CustodyTest : public testing::Test {
  protected:
    Instant now = Instant::from_ns(0) + 1h;
    MeshOptions options{.self = kSelf, .name = {}};
    Around around;
    Custody custody{options, around, around};

    static Data message(std::uint64_t sequence, std::initializer_list<NodeId> destinations) {
        Data data;
        data.id = {kSelf, 1, sequence};
        data.qos = 1;
        data.topic = "plant/pump";
        data.payload = as_bytes("on");
        for (const NodeId node : destinations) {
            data.destinations.push_back({.node = node, .groups = {}});
        }
        return data;
    }
    static Data foreign(std::uint64_t sequence, std::initializer_list<NodeId> destinations) {
        Data data = message(sequence, destinations);
        data.id.origin = NodeId(77);
        return data;
    }
    void acknowledge(NodeId neighbor, const DataId& id, CustodyVerdict verdict) {
        custody.on_custody(neighbor, {id, verdict, {}}, now);
    }
    void restore_one_of_the_life_before() {
        Data old = message(30, {kFar});
        old.destinations[0].stream_sequence = 12;
        options.epoch = 2;
        custody.restore(CustodyTicket(8), old, now);
        custody.on_timer(now);
    }
    DataId own(std::uint64_t sequence) const { return {kSelf, options.epoch, sequence}; }
};

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
}  // namespace kith::mesh
