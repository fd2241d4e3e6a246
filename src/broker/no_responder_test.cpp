// Requests that nobody is there to answer (MQTT 5.0, section 4.10).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "broker/testing/broker_rig.h"
#include "wire/mqtt/encoder.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::BrokerRig;
using testing::TestClient;

using UserProperties = std::vector<std::pair<std::string, std::string>>;

class NoResponder : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    NoResponder() {
        asker.connect();
        asker.subscribe("$to/asker/answers", Qos::ExactlyOnce, {}, 7);
    }
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    void ask(std::string_view topic, Qos qos = Qos::AtMostOnce,
             std::string_view response_topic = "$to/asker/answers", bool tells = false) {
        constexpr mqtt::UserProperty kTell{"no-responder", "tell"};
        const auto properties = mqtt::encode_message_properties(
            {.response_topic = response_topic, .correlation_data = as_bytes("17")},
            tells ? std::span(&kTell, 1) : std::span<const mqtt::UserProperty>());
        mqtt::Publish packet;
        packet.topic = topic;
        packet.payload = as_bytes("question");
        packet.qos = qos;
        packet.packet_id = PacketId(qos == Qos::AtMostOnce ? std::uint16_t{0} : ++last_id_);
        packet.properties = {properties};
        asker.send(packet);
        rig.settle();
    }

    BrokerRig rig{{.shard_count = GetParam()}};
    TestClient& asker = rig.client("asker");

  private:
    std::uint16_t last_id_ = 100;
};
INSTANTIATE_TEST_SUITE_P(Shards, NoResponder, ::testing::Values(1, 3));

TEST_P(NoResponder, IsAnsweredToWhoAsksANodeAServiceAClientOrAMachine) {
    const std::array topics{"$to/node/cellar/ping", "$to/any/print", "$to/nobody/x",
                            "$m/oven/command/start"};
    for (const char* topic : topics) {
        asker.received.clear();
        ask(topic);
        ASSERT_EQ(asker.received.size(), 1U) << topic;
        EXPECT_EQ(asker.received[0].topic, "$to/asker/answers");
        EXPECT_EQ(asker.received[0].payload, "");
        EXPECT_EQ(asker.received[0].correlation, "17");
        EXPECT_EQ(asker.received[0].user_properties, (UserProperties{{"error", "no-responder"}}));
        EXPECT_EQ(asker.received[0].identifiers, std::vector<std::uint32_t>{7});
    }
    EXPECT_EQ(rig.counters().no_responders, topics.size());
}

TEST_P(NoResponder, ComesWithTheQosOfTheRequestAndBesidesItsAcknowledgement) {
    ask("$to/any/print", Qos::AtLeastOnce);
    ask("$to/any/print", Qos::ExactlyOnce);
    ASSERT_EQ(asker.received.size(), 2U);
    EXPECT_EQ(asker.received[0].qos, Qos::AtLeastOnce);
    EXPECT_EQ(asker.received[1].qos, Qos::ExactlyOnce);
    EXPECT_EQ(asker.last(PacketType::Puback).reason, ReasonCode::NoMatchingSubscribers);
    EXPECT_EQ(asker.last(PacketType::Pubrec).reason, ReasonCode::NoMatchingSubscribers);
}

TEST_P(NoResponder, OfOtherTopicsIsToldToWhoAsksForIt) {
    ask("plant/question");
    EXPECT_TRUE(asker.received.empty()) << "a client that does not know of it";
    ask("plant/question", Qos::AtMostOnce, "$to/asker/answers", true);
    EXPECT_EQ(asker.received.size(), 1U);
}

TEST_P(NoResponder, IsSaidToNobodyElseWhateverTheResponseTopicIs) {
    TestClient& other = connected("other");
    other.subscribe("#", Qos::ExactlyOnce);
    other.subscribe("$m/#", Qos::ExactlyOnce);
    ask("$to/any/print", Qos::AtLeastOnce, "plant/alarm");
    ask("$to/any/print", Qos::AtLeastOnce, "$m/oven/presence");
    ask("$to/any/print", Qos::AtLeastOnce, "$to/other/x");
    EXPECT_TRUE(other.received.empty());
    EXPECT_TRUE(asker.received.empty());
}

TEST_P(NoResponder, IsNotSaidWhenSomebodyIsThereOrNothingIsAsked) {
    TestClient& printer = connected("printer");
    printer.subscribe("$to/any/print/#", Qos::AtLeastOnce);
    ask("$to/any/print", Qos::AtLeastOnce);
    EXPECT_EQ(printer.received.size(), 1U);
    asker.publish("$to/any/scan", "no response topic", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_TRUE(asker.received.empty());
    printer.disconnect();
    rig.settle();
    ask("$to/any/print", Qos::AtLeastOnce);
    EXPECT_EQ(asker.received.size(), 1U);
}

}  // namespace
}  // namespace kith::broker
