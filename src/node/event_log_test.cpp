#include "node/event_log.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

class RecordingBus final : public bus::Bus {
  public:
    void publish(const bus::Message& message,
                 std::function<void(const bus::PublishOutcome&)>) override {
        topics.emplace_back(message.topic.text());
        payloads.emplace_back(as_text(message.payload));
    }
    std::unique_ptr<bus::Subscription> subscribe(TenantId, bus::TopicFilter,
                                                 bus::Subscriber&) override {
        return nullptr;
    }
    std::vector<std::string> topics;
    std::vector<std::string> payloads;
};

TEST(EventLog, SaysInWordsWhatHappened) {
    const NodeEvent event = to_node_event({.kind = broker::EventKind::ClientConnected,
                                           .at = WallTime::from_ms(1),
                                           .client_id = "press-07",
                                           .transport = "tcp",
                                           .protocol_version = 5});
    EXPECT_EQ(event.text, "press-07 connected over MQTT 5.0, TCP");
    EXPECT_EQ(event.kind, "client_connected");
    EXPECT_EQ(to_node_event({.kind = broker::EventKind::ClientConnected,
                             .client_id = "hmi-1",
                             .transport = "wss",
                             .protocol_version = 4})
                  .text,
              "hmi-1 connected over MQTT 3.1.1, WebSocket over TLS");
    EXPECT_EQ(to_node_event({.kind = broker::EventKind::ClientDisconnected,
                             .client_id = "press-07",
                             .reason = "keep alive timeout"})
                  .text,
              "press-07 left: keep alive timeout");
}

TEST(EventLog, KeepsTheNewestAndForgetsTheOldest) {
    EventLog log;
    for (std::size_t i = 0; i < kEventsMax + 5; ++i) {
        log.add({.at = WallTime::from_ms(static_cast<std::int64_t>(i))});
    }
    ASSERT_EQ(log.events().size(), kEventsMax);
    EXPECT_EQ(log.events().front().at.ms(), 5);
}

class RecordingLog final : public LogSink {
  public:
    void write(LogLevel, std::string_view event, std::span<const LogField> fields) override {
        const auto* text = std::get_if<std::string_view>(&fields.front().value);
        lines.push_back(std::string(event) + (text == nullptr ? "" : " " + std::string(*text)));
    }
    std::vector<std::string> lines;
};

// A client chooses its id: it must not choose what the log says.
TEST(EventLog, LogsAnEventOnceByItsName) {
    RecordingLog sink;
    const Log sink_log(sink, LogLevel::Info);
    EventLog log;
    log.set_log(sink_log);
    log.add(to_node_event({.kind = broker::EventKind::ClientRefused,
                           .client_id = "a\n2026 error",
                           .reason = "wrong password"}));
    EXPECT_EQ(sink.lines, std::vector<std::string>{"client refused a\n2026 error"});
}

TEST(EventLog, LogsAFewOfAStormAndSaysHowManyItLeftOut) {
    RecordingLog sink;
    const Log sink_log(sink, LogLevel::Info);
    EventLog log;
    log.set_log(sink_log);
    for (std::size_t i = 0; i < kLoggedEventsPerSecondMax + 7; ++i) {
        log.add({.at = WallTime::from_ms(5'500), .kind = "client_connected", .client_id = "a"});
    }
    EXPECT_EQ(sink.lines.size(), kLoggedEventsPerSecondMax);
    EXPECT_EQ(log.events().size(), kLoggedEventsPerSecondMax + 7);
    log.add({.at = WallTime::from_ms(6'000), .kind = "client_connected", .client_id = "b"});
    ASSERT_EQ(sink.lines.size(), kLoggedEventsPerSecondMax + 2);
    EXPECT_EQ(sink.lines[kLoggedEventsPerSecondMax], "events not logged");
    EXPECT_EQ(sink.lines.back(), "client connected b");
}

// A client chooses its id: it must not choose the topic.
TEST(EventLog, PublishesUnderOneLevelWhateverTheClientIsCalled) {
    RecordingBus bus;
    EventLog log;
    log.set_bus(bus);
    log.add({.kind = "client_connected", .client_id = "a/+/#"});
    log.add({.kind = "store_degraded"});
    EXPECT_EQ(bus.topics, (std::vector<std::string>{"$events/client_connected/a____",
                                                    "$events/store_degraded"}));
    EXPECT_NE(bus.payloads[0].find(R"("client":"a/+/#")"), std::string::npos);
}

TEST(EventLog, PublishesWhatHappensToANodeUnderItsId) {
    RecordingBus bus;
    EventLog log;
    log.set_bus(bus);
    log.add({.kind = "mesh", .reason = "node_gone", .node = "0000000000000002"});
    EXPECT_EQ(bus.topics, std::vector<std::string>{"$events/mesh/0000000000000002"});
    EXPECT_NE(bus.payloads[0].find(R"("reason":"node_gone","node":"0000000000000002")"),
              std::string::npos);
}

}  // namespace
}  // namespace kith::node
