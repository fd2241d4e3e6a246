// What a trace shows of a message: every step that it takes, and why it goes no further.
#include "broker/trace.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/limits.h"
#include "broker/testing/broker_rig.h"

namespace kith::broker {
namespace {

using testing::BrokerRig;
using testing::quiet;
using testing::RigOptions;
using testing::TestClient;

class Recorder final : public TraceSink {
  public:
    void on_trace_events(std::uint8_t slot, std::vector<TraceEvent> noted, bool is_full) override {
        slots.push_back(slot);
        was_full |= is_full;
        events.insert(events.end(), noted.begin(), noted.end());
        std::ranges::stable_sort(events, {}, &TraceEvent::sequence);
    }
    [[nodiscard]] std::vector<std::string> stages() const {
        std::vector<std::string> words;
        for (const TraceEvent& event : events) {
            words.emplace_back(to_string(event.stage));
        }
        return words;
    }
    /// "STAGE CLIENT: TEXT" of each event.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        for (const TraceEvent& event : events) {
            lines.push_back(std::string(to_string(event.stage)) + " " + event.client_id + ": " +
                            event.text);
        }
        return lines;
    }
    [[nodiscard]] bool has(const std::string& line) const {
        const std::vector<std::string> all = lines();
        return std::ranges::find(all, line) != all.end();
    }

    std::vector<TraceEvent> events;
    std::vector<std::uint8_t> slots;
    bool was_full = false;
};

using Words = std::vector<std::string>;

void trace_on_all(BrokerRig& rig, std::uint16_t shard_count, const TraceSpec& spec,
                  TraceSink& sink) {
    for (std::uint16_t i = 0; i < shard_count; ++i) {
        rig.shard(i).start_trace(spec, sink);
    }
}

TraceSpec of_topic(const std::string& filter) {
    return {.filter = filter, .client_id = {}, .event_count_max = 100};
}

TraceSpec of_client(const std::string& client_id) {
    return {.filter = {}, .client_id = client_id, .event_count_max = 100};
}

TEST(Trace, ShowsTheStepsOfAQos0Message) {
    BrokerRig rig;
    Recorder trace;
    TestClient& sensor = rig.client("sensor");
    TestClient& dash = rig.client("dash");
    sensor.connect();
    dash.connect();
    dash.subscribe("plant/#");
    trace_on_all(rig, 1, of_topic("plant/+/temp"), trace);

    sensor.publish("plant/a/temp", "96.5");
    sensor.publish("plant/a/other", "1");
    rig.settle();

    EXPECT_EQ(trace.lines(), (Words{"publish sensor: published", "acl sensor: allowed",
                                    "match : 1 client: dash", "deliver dash: sent"}));
    for (const TraceEvent& event : trace.events) {
        EXPECT_EQ(event.topic, "plant/a/temp");
        EXPECT_EQ(event.payload_bytes, 4U);
        EXPECT_EQ(event.message, trace.events.front().message);
        EXPECT_EQ(event.payload, "");
    }
    EXPECT_NE(trace.events.front().message, 0);
}

TEST(Trace, ShowsQueueCommitAndAcknowledgementsOfAQos1Message) {
    BrokerRig rig;
    Recorder trace;
    TestClient& sensor = rig.client("sensor");
    TestClient& historian = rig.client("historian");
    sensor.connect();
    historian.connect_durable();
    historian.subscribe("plant/#", Qos::AtLeastOnce);
    trace_on_all(rig, 1, of_topic("plant/temp"), trace);

    const PacketId id = sensor.publish("plant/temp", "1", Qos::AtLeastOnce);
    rig.settle();

    EXPECT_EQ(
        trace.lines(),
        (Words{"publish sensor: published", "acl sensor: allowed", "match : 1 client: historian",
               "queue historian: queued, the first; sent when it is on disk",
               "commit : on disk for 1 session", "deliver historian: sent",
               "ack sensor: PUBACK to the publisher: success", "ack historian: PUBACK: success"}));
    EXPECT_EQ(trace.events.front().packet_id, id);
    EXPECT_EQ(trace.events[5].qos, Qos::AtLeastOnce);
}

TEST(Trace, FollowsTheMessagesOfAClientToOtherShards) {
    BrokerRig rig({.shard_count = 3, .broker = quiet()});
    Recorder trace;
    TestClient& sensor = rig.client(rig.id_on(0, "sensor"));
    TestClient& far = rig.client(rig.id_on(2, "far"));
    sensor.connect();
    far.connect();
    far.subscribe("a/b", Qos::AtLeastOnce);
    trace_on_all(rig, 3, of_client(sensor.client_id), trace);

    sensor.publish("a/b", "1", Qos::AtLeastOnce);
    rig.settle();

    ASSERT_EQ(trace.stages(),
              (Words{"publish", "acl", "match", "ack", "match", "queue", "deliver", "ack"}));
    EXPECT_EQ(trace.events[2].text, "0 clients; more on other shards");
    EXPECT_EQ(trace.events[6].client_id, far.client_id);
    EXPECT_EQ(trace.events[6].shard, ShardId(2));
    EXPECT_EQ(trace.events[6].message, trace.events[0].message);
}

TEST(Trace, ShowsTheWayInAndOutOfAClient) {
    BrokerRig rig;
    Recorder trace;
    trace_on_all(rig, 1, of_client("press"), trace);
    TestClient& press = rig.client("press");
    press.settings.user_name = "anna";
    press.settings.password = as_bytes("a secret");
    press.connect();
    press.subscribe("a/b", Qos::AtLeastOnce);
    press.subscribe("$to/other/x");
    press.disconnect();
    rig.settle();

    ASSERT_EQ(trace.stages(),
              (Words{"connect", "auth", "connect", "subscribe", "subscribe", "connect"}));
    EXPECT_NE(trace.events[0].text.find(
                  "over sim, MQTT 5.0, clean start, keep alive 0 s, with a user name, "
                  "with a password"),
              std::string::npos)
        << trace.events[0].text;
    EXPECT_EQ(trace.events[1].text, "let in as anna");
    EXPECT_EQ(trace.events[2].text, "session begun on shard 0, 0 wait in it");
    EXPECT_EQ(trace.events[3].topic, "a/b");
    EXPECT_EQ(trace.events[3].text, "granted with QoS 1");
    EXPECT_EQ(trace.events[4].text, "refused: not authorized");
    EXPECT_EQ(trace.events[5].text, "connection ended: disconnected");
    for (const TraceEvent& event : trace.events) {
        EXPECT_EQ(event.text.find("secret"), std::string::npos);
    }
}

TEST(Trace, SaysWhySomebodyWasRefused) {
    BrokerRig rig;
    Recorder trace;
    trace_on_all(rig, 1, of_client("press"), trace);
    TestClient& press = rig.client("press");
    press.settings.user_name = "anna";
    press.settings.password = as_bytes("wrong");
    press.connect();
    ASSERT_EQ(trace.stages(), (Words{"connect", "auth"}));
    EXPECT_EQ(trace.events[1].text.substr(0, 9), "refused: ");
    EXPECT_NE(trace.events[1].text.find("bad user name or password"), std::string::npos);
}

TEST(Trace, SaysThatNobodySubscribed) {
    BrokerRig rig;
    Recorder trace;
    trace_on_all(rig, 1, of_topic("#"), trace);
    TestClient& sensor = rig.client("sensor");
    sensor.connect();
    sensor.publish("a/b", "1");
    rig.settle();
    EXPECT_TRUE(trace.has("drop : no subscription matches"));
}

TEST(Trace, SaysThatAPublishIsNotAllowed) {
    BrokerRig rig;
    Recorder trace;
    trace_on_all(rig, 1, of_client("sensor"), trace);
    TestClient& sensor = rig.client("sensor");
    sensor.connect();
    sensor.publish("$SYS/x", "1", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_TRUE(trace.has("acl sensor: denied"));
    EXPECT_TRUE(trace.has("drop sensor: not authorised to publish to this topic"));
}

TEST(Trace, SaysWhyAReceiverDoesNotGetAMessage) {
    BrokerRig rig({.broker = quiet({.session_queue_messages_max = 1})});
    Recorder trace;
    TestClient& sensor = rig.client("sensor");
    TestClient& sleeper = rig.client("sleeper");
    TestClient& tiny = rig.client("tiny");
    sensor.connect();
    sensor.subscribe("a/b", Qos::AtMostOnce, {.no_local = true});
    sleeper.connect_durable();
    sleeper.subscribe("a/b", Qos::AtLeastOnce);
    sleeper.subscribe("a/zero", Qos::AtMostOnce);
    sleeper.drop();
    tiny.settings.maximum_packet_size = 40;
    tiny.connect();
    tiny.subscribe("a/b");
    trace_on_all(rig, 1, of_topic("a/#"), trace);

    sensor.publish("a/b", std::string(50, 'x'), Qos::AtLeastOnce);
    sensor.publish("a/b", "2", Qos::AtLeastOnce);
    sensor.publish("a/zero", "3");
    rig.settle();

    EXPECT_TRUE(trace.has("drop sensor: no local: it is its own message"));
    EXPECT_TRUE(trace.has("drop tiny: larger than the largest packet that the client takes"));
    EXPECT_TRUE(
        trace.has("queue sleeper: queued, the first; not connected; sent when it is on "
                  "disk"));
    EXPECT_TRUE(trace.has("drop sleeper: the queue of the session is full"));
    EXPECT_TRUE(trace.has("drop sleeper: not connected, and QoS 0 is not kept"));
}

TEST(Trace, ShowsAnExpiredMessageAsDropped) {
    BrokerRig rig;
    Recorder trace;
    TestClient& sensor = rig.client("sensor");
    TestClient& sleeper = rig.client("sleeper");
    sensor.connect();
    sleeper.connect_durable();
    sleeper.subscribe("a/b", Qos::AtLeastOnce);
    sleeper.drop();
    trace_on_all(rig, 1, of_topic("a/b"), trace);
    sensor.send(mqtt::Publish{.qos = Qos::AtLeastOnce,
                              .topic = "a/b",
                              .packet_id = PacketId(7),
                              .message_expiry_interval = 1});
    rig.run_for(3s);
    sleeper.connect_durable();
    rig.settle();
    EXPECT_TRUE(trace.has("drop sleeper: expired before it could be sent"));
}

TEST(Trace, ShowsAWillAsTheClientsOwn) {
    BrokerRig rig;
    Recorder trace;
    trace_on_all(rig, 1, of_client("press"), trace);
    TestClient& press = rig.client("press");
    press.settings.will = mqtt::Will{.topic = "gone/press"};
    press.connect();
    press.drop();
    rig.settle();
    EXPECT_TRUE(trace.has("publish press: published as its will"));
}

TEST(Trace, ShowsPayloadsOnlyIfAsked) {
    BrokerRig rig;
    Recorder trace;
    TraceSpec spec = of_topic("a/b");
    spec.with_payload = true;
    trace_on_all(rig, 1, spec, trace);
    TestClient& sensor = rig.client("sensor");
    sensor.connect();
    sensor.publish("a/b", std::string(1000, 'x'));
    rig.settle();
    EXPECT_EQ(trace.events.at(0).payload, std::string(kTracePayloadBytes, 'x'));
    EXPECT_EQ(trace.events.at(0).payload_bytes, 1000U);
    EXPECT_EQ(trace.events.at(1).payload, "");
}

TEST(Trace, EndsByItselfWhenItHasEnough) {
    BrokerRig rig;
    Recorder trace;
    TraceSpec spec = of_topic("a/b");
    spec.event_count_max = 5;
    trace_on_all(rig, 1, spec, trace);
    TestClient& sensor = rig.client("sensor");
    sensor.connect();
    for (int i = 0; i < 10; ++i) {
        sensor.publish("a/b", "1");
    }
    rig.settle();
    EXPECT_EQ(trace.events.size(), 5U);
    EXPECT_TRUE(trace.was_full);
    rig.shard(0).stop_trace(0);
    trace_on_all(rig, 1, spec, trace);  // the slot is free again
    sensor.publish("a/b", "1");
    rig.settle();
    EXPECT_EQ(trace.events.size(), 9U);
}

TEST(Trace, SeveralAtATimeEachGetWhatConcernsThem) {
    BrokerRig rig;
    Recorder by_topic;
    Recorder by_client;
    TraceSpec second = of_client("dash");
    second.slot = 3;
    trace_on_all(rig, 1, of_topic("a/b"), by_topic);
    TestClient& sensor = rig.client("sensor");
    TestClient& dash = rig.client("dash");
    sensor.connect();
    dash.connect();
    dash.subscribe("#");
    trace_on_all(rig, 1, second, by_client);
    sensor.publish("a/b", "1");
    sensor.publish("c/d", "1");
    rig.settle();
    EXPECT_EQ(by_topic.stages(), (Words{"publish", "acl", "match", "deliver"}));
    EXPECT_EQ(by_client.stages(), (Words{"deliver", "deliver"}));
    EXPECT_EQ(by_client.slots, (std::vector<std::uint8_t>{3}));
    EXPECT_EQ(by_client.events[0].sequence, by_topic.events[3].sequence);
}

TEST(Trace, AnEarlierTracesMarkMeansNothingToALaterOne) {
    BrokerRig rig;
    Recorder first;
    Recorder later;
    TestClient& sensor = rig.client("sensor");
    TestClient& sleeper = rig.client("sleeper");
    sensor.connect();
    sleeper.connect_durable();
    sleeper.subscribe("a/b", Qos::AtLeastOnce);
    sleeper.drop();
    trace_on_all(rig, 1, of_client("sensor"), first);
    sensor.publish("a/b", "1", Qos::AtLeastOnce);
    rig.settle();
    rig.shard(0).stop_trace(0);
    rig.run_for(1s);
    TraceSpec spec = of_client("somebody else");
    spec.started_at = rig.node().shard(ShardId(0)).wall_now();
    trace_on_all(rig, 1, spec, later);
    sleeper.connect_durable();
    rig.settle();
    EXPECT_EQ(sleeper.received.size(), 1U);
    EXPECT_TRUE(later.events.empty());
}

}  // namespace
}  // namespace kith::broker
