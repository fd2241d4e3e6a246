// What the broker shows of slow clients, and of the packets of those that somebody asked for.
#include "broker/observe.h"

#include <gtest/gtest.h>

#include "broker/testing/broker_rig.h"

namespace kith::broker {
namespace {

using testing::BrokerRig;
using testing::quiet;
using testing::RigOptions;
using testing::TestClient;

std::vector<SlowClientView> slow_clients(BrokerRig& rig) {
    std::vector<SlowClientView> views;
    rig.shard(0).for_each_slow_client([&](const SlowClientView& view) { views.push_back(view); });
    return views;
}

/// A subscriber that stops to read, and a publisher that goes on.
class SlowClient : public ::testing::Test {
  protected:
    SlowClient() : rig_({.window_bytes = 16 * 1024}) {
        slow_.connect();
        slow_.subscribe("#");
        fast_.connect();
    }
    void flood() {
        const std::string payload(8 * 1024, 'x');
        for (int i = 0; i < 400; ++i) {
            fast_.publish("a/b", payload);
            rig_.run_for(1ms);
        }
    }

    BrokerRig rig_;
    TestClient& slow_ = rig_.client("slow");
    TestClient& fast_ = rig_.client("fast");
};

TEST_F(SlowClient, IsShownWithWhatWaitsForIt) {
    slow_.pause_reading();
    flood();
    rig_.run_for(3s);
    const std::vector<SlowClientView> views = slow_clients(rig_);
    ASSERT_EQ(views.size(), 1U);
    EXPECT_EQ(views[0].client_id, "slow");
    EXPECT_GT(views[0].unsent_bytes, 0U);
    EXPECT_GT(views[0].dropped, 0U);
    EXPECT_GT(views[0].publishers_held, 0U);
    EXPECT_GE(views[0].waits_for, Duration(2s));
    EXPECT_GE(views[0].no_progress_for, Duration(1s));
    EXPECT_EQ(rig_.counters().slow_clients, 1U);
    EXPECT_EQ(rig_.counters().slow_episodes, 1U);
    const auto event = rig_.events().last(EventKind::ClientSlow);
    EXPECT_EQ(event.client_id, "slow");
    EXPECT_NE(event.reason.find("bytes"), std::string::npos);
}

TEST_F(SlowClient, IsToldOfAgainWhenItRecovers) {
    slow_.pause_reading();
    flood();
    rig_.run_for(3s);
    slow_.resume_reading();
    rig_.run_for(3s);
    EXPECT_TRUE(slow_clients(rig_).empty());
    EXPECT_EQ(rig_.counters().slow_clients, 0U);
    EXPECT_EQ(rig_.events().last(EventKind::ClientRecovered).client_id, "slow");
}

TEST_F(SlowClient, IsToldOfOnceAMinute) {
    for (int i = 0; i < 3; ++i) {
        slow_.pause_reading();
        flood();
        rig_.run_for(3s);
        slow_.resume_reading();
        rig_.run_for(3s);
    }
    EXPECT_EQ(rig_.counters().slow_episodes, 3U);
    EXPECT_EQ(rig_.events().count(EventKind::ClientSlow), 1U);
    EXPECT_EQ(rig_.events().count(EventKind::ClientRecovered), 1U);
    rig_.run_for(60s);
    slow_.pause_reading();
    flood();
    rig_.run_for(3s);
    EXPECT_EQ(rig_.events().count(EventKind::ClientSlow), 2U);
}

TEST_F(SlowClient, IsNoMoreWhenItGoes) {
    slow_.pause_reading();
    flood();
    rig_.run_for(3s);
    slow_.drop();
    rig_.run_for(3s);
    EXPECT_TRUE(slow_clients(rig_).empty());
    EXPECT_EQ(rig_.counters().slow_clients, 0U);
    EXPECT_EQ(rig_.events().count(EventKind::ClientRecovered), 0U);
}

TEST(SlowClients, OneThatDoesNotAcknowledgeIsSlow) {
    BrokerRig rig;
    TestClient& slow = rig.client("slow");
    TestClient& fast = rig.client("fast");
    slow.settings.receive_maximum = 2;
    slow.acknowledges = false;
    slow.connect();
    slow.subscribe("#", Qos::AtLeastOnce);
    fast.connect();
    for (int i = 0; i < 5; ++i) {
        fast.publish("a/b", "1", Qos::AtLeastOnce);
    }
    rig.run_for(4s);
    const std::vector<SlowClientView> views = slow_clients(rig);
    ASSERT_EQ(views.size(), 1U);
    EXPECT_EQ(views[0].inflight_messages, 2U);
    EXPECT_EQ(views[0].inflight_messages_max, 2U);
    EXPECT_EQ(views[0].queued_messages, 5U);
}

TEST(SlowClients, OneThatTakesAllAtTimesIsNotSlow) {
    BrokerRig rig;
    TestClient& client = rig.client("client");
    TestClient& fast = rig.client("fast");
    client.settings.receive_maximum = 1;
    client.connect();
    client.subscribe("#", Qos::AtLeastOnce);
    fast.connect();
    for (int i = 0; i < 30; ++i) {
        fast.publish("a/b", "1", Qos::AtLeastOnce);
        fast.publish("a/b", "2", Qos::AtLeastOnce);
        rig.run_for(200ms);
    }
    EXPECT_TRUE(slow_clients(rig).empty());
    EXPECT_EQ(rig.counters().slow_episodes, 0U);
}

class PacketRecorder final : public PacketLogSink {
  public:
    void on_packet(const std::string& client_id, const PacketNote& note) override {
        lines.push_back(client_id + (note.is_from_client ? " in " : " out ") +
                        std::string(note.type) + " " + std::to_string(note.packet_id.value()) +
                        " " + note.text);
    }
    std::vector<std::string> lines;
};

TEST(PacketLog, ShowsThePacketsOfOneClientInBothDirections) {
    BrokerRig rig;
    PacketRecorder log;
    rig.shard(0).log_packets("press", log);
    TestClient& press = rig.client("press");
    TestClient& other = rig.client("other");
    other.connect();
    other.subscribe("#");
    press.connect();
    press.subscribe("a/b", Qos::AtLeastOnce);
    const PacketId id = press.publish("a/b", "secret", Qos::AtLeastOnce);
    rig.settle();
    press.disconnect();
    rig.settle();
    const std::string number = std::to_string(id.value());
    EXPECT_EQ(
        log.lines,
        (std::vector<std::string>{
            "press in CONNECT 0 ", "press out CONNACK 0 success", "press in SUBSCRIBE 1 ",
            "press out SUBACK 1 qos 1", "press in PUBLISH " + number + " qos 1, 6 bytes to a/b",
            "press out PUBLISH 1 qos 1, 6 bytes to a/b", "press out PUBACK " + number + " success",
            "press in PUBACK 1 success", "press in DISCONNECT 0 success"}));
    log.lines.clear();
    rig.shard(0).end_packet_log("press");
    rig.shard(0).end_packet_log("press");
    press.connect();
    EXPECT_TRUE(log.lines.empty());
}

}  // namespace
}  // namespace kith::broker
