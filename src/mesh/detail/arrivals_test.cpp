#include "mesh/detail/arrivals.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kith::mesh {
namespace {

constexpr NodeId kSelf{1};
constexpr NodeId kOrigin{5};
constexpr NodeId kLeft{2};
constexpr NodeId kRight{3};

class Around final : public ArrivalListener {
  public:
    std::vector<std::pair<std::string, std::uint64_t>> delivered;  // payload and token
    std::vector<std::pair<NodeId, CustodyEntry>> answers;
    std::vector<DropReason> drops;

    void deliver(const Data& data, const StreamProgress&, std::uint64_t token) override {
        delivered.emplace_back(as_text(data.payload), token);
    }
    void send_custody(NodeId neighbor, CustodyEntry entry) override {
        answers.emplace_back(neighbor, std::move(entry));
    }
    void on_arrival_drop(DropReason reason, const Data&) override { drops.push_back(reason); }
};

class ArrivalsTest : public testing::Test {
  protected:
    Instant now = Instant::from_ns(0) + 1h;
    MeshOptions options{.self = kSelf, .name = {}};
    Around around;
    Arrivals arrivals{options, around};

    ArrivalsTest() { arrivals.set_epoch(kOrigin, 1, now); }

    void take(std::uint64_t place, NodeId from, std::string_view payload = "on") {
        Data data;
        data.id = {kOrigin, 1, 100 + place};
        data.qos = 1;
        data.topic = "plant/pump";
        data.payload = as_bytes(payload);
        data.destinations.push_back(
            {.node = kSelf, .stream_sequence = place, .stream_first = 1, .groups = {}});
        arrivals.take(data, data.destinations[0], from, now);
    }
    void take_qos0(std::uint64_t sequence, std::uint64_t flow) {
        Data data;
        data.id = {kOrigin, 1, sequence};
        data.flow = flow;
        data.topic = "plant/pump";
        data.destinations.push_back({.node = kSelf, .groups = {}});
        arrivals.take(data, data.destinations[0], kLeft, now);
    }
};

TEST_F(ArrivalsTest, SaysThatItHasWhatNobodyTakesForLong) {
    take(1, kLeft);
    take(2, kLeft);
    take(2, kRight);
    ASSERT_EQ(around.delivered.size(), 2U);
    arrivals.on_delivered(around.delivered[0].second, now);
    around.answers.clear();
    EXPECT_EQ(arrivals.deadline(), now + kDeliveryPatience);
    now = now + kDeliveryPatience;
    arrivals.on_timer(now);
    ASSERT_EQ(around.answers.size(), 2U);
    for (const auto& [neighbor, entry] : around.answers) {
        EXPECT_EQ(entry.id, (DataId{kOrigin, 1, 102}));
        EXPECT_EQ(entry.verdict, CustodyVerdict::Waiting);
    }
    EXPECT_EQ(around.answers[0].first, kLeft);
    EXPECT_EQ(around.answers[1].first, kRight);
    around.answers.clear();
    EXPECT_EQ(arrivals.deadline(), Instant::never()) << "it says so once";
    arrivals.on_delivered(around.delivered[1].second, now);
    ASSERT_EQ(around.answers.size(), 2U);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Accepted);
}

TEST_F(ArrivalsTest, SaysNothingOfWhatIsTakenInTime) {
    take(1, kLeft);
    arrivals.on_delivered(around.delivered.at(0).second, now);
    around.answers.clear();
    EXPECT_EQ(arrivals.deadline(), Instant::never());
    now = now + kDeliveryPatience;
    arrivals.on_timer(now);
    EXPECT_TRUE(around.answers.empty());
}

TEST_F(ArrivalsTest, AcknowledgesWhenTheSessionsHaveIt) {
    take(1, kLeft);
    ASSERT_EQ(around.delivered.size(), 1U);
    EXPECT_TRUE(around.answers.empty());
    arrivals.on_delivered(around.delivered[0].second, now);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].first, kLeft);
    EXPECT_EQ(around.answers[0].second.verdict, CustodyVerdict::Accepted);
    EXPECT_EQ(around.answers[0].second.destinations.front(), kSelf);
}

TEST_F(ArrivalsTest, TellsEverybodyWhoSentACopy) {
    take(1, kLeft);
    take(1, kRight);
    take(1, kRight);
    EXPECT_EQ(around.delivered.size(), 1U);
    EXPECT_TRUE(around.answers.empty());
    arrivals.on_delivered(around.delivered[0].second, now);
    ASSERT_EQ(around.answers.size(), 2U);
    EXPECT_EQ(around.answers[0].first, kLeft);
    EXPECT_EQ(around.answers[1].first, kRight);
}

TEST_F(ArrivalsTest, AcknowledgesAtOnceWhatWasDeliveredBefore) {
    take(1, kLeft);
    arrivals.on_delivered(around.delivered[0].second, now);
    around.answers.clear();
    take(1, kRight);
    EXPECT_EQ(around.delivered.size(), 1U);
    ASSERT_EQ(around.answers.size(), 1U);
    EXPECT_EQ(around.answers[0].first, kRight);
    EXPECT_EQ(around.drops, std::vector{DropReason::Duplicate});
}

TEST_F(ArrivalsTest, DeliversInTheOrderOfTheStream) {
    take(2, kLeft, "second");
    take(3, kRight, "third");
    EXPECT_TRUE(around.delivered.empty());
    take(1, kRight, "first");
    ASSERT_EQ(around.delivered.size(), 3U);
    EXPECT_EQ(around.delivered[0].first, "first");
    EXPECT_EQ(around.delivered[1].first, "second");
    EXPECT_EQ(around.delivered[2].first, "third");
}

TEST_F(ArrivalsTest, GoesOnAfterARestartWhereTheStoreSays) {
    arrivals.restore({kOrigin, 1, Priority::Default}, {.delivered = 7, .given_up = {}});
    take(7, kLeft);
    EXPECT_TRUE(around.delivered.empty());
    EXPECT_EQ(around.answers.size(), 1U);
    take(8, kLeft);
    EXPECT_EQ(around.delivered.size(), 1U);
}

TEST_F(ArrivalsTest, DropsQos0ThatALaterOneOfItsFlowHasOvertaken) {
    take_qos0(5, 1);
    take_qos0(4, 1);
    take_qos0(4, 2);
    take_qos0(6, 1);
    EXPECT_EQ(around.delivered.size(), 3U);
    EXPECT_EQ(around.drops, std::vector{DropReason::Overtaken});
    EXPECT_TRUE(around.answers.empty());
}

TEST_F(ArrivalsTest, DropsQos0ThatAReliableOneOfItsFlowHasOvertaken) {
    take(1, kLeft);  // number 101 of flow 0
    take_qos0(100, 0);
    EXPECT_EQ(around.drops, std::vector{DropReason::Overtaken});
    take_qos0(102, 0);
    take(2, kLeft);  // number 102 too, and never dropped
    EXPECT_EQ(around.delivered.size(), 3U);
}

TEST_F(ArrivalsTest, IgnoresTokensThatItNeverGave) {
    arrivals.on_delivered(99, now);
    take(1, kLeft);
    arrivals.on_delivered(around.delivered[0].second, now);
    arrivals.on_delivered(around.delivered[0].second, now);
    EXPECT_EQ(around.answers.size(), 1U);
}

}  // namespace
}  // namespace kith::mesh
