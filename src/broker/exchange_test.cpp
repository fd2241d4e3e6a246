// Enhanced authentication (MQTT 5, section 4.12): what may be sent when, and what it ends in.
#include <gtest/gtest.h>

#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::Answered;
using testing::TestClient;

class ExchangeTest : public testing::ShardsTest {
  protected:
    /// A client that will say `first` in its CONNECT.
    TestClient& client(const char* first) {
        TestClient& made = rig.client("press-07");
        made.settings.authentication_method = "TEST";
        made.settings.authentication_data = as_bytes(first);
        return made;
    }
    static mqtt::Auth auth(const char* bytes,
                           ReasonCode reason = ReasonCode::ContinueAuthentication) {
        return {.reason_code = reason,
                .authentication_method = "TEST",
                .authentication_data = as_bytes(bytes)};
    }
    /// Connects up to the first AUTH of the server.
    TestClient& asked() {
        TestClient& made = client("ask");
        made.open_stream();
        const Answered question = made.ask(made.settings, PacketType::Auth);
        EXPECT_EQ(question.reason, ReasonCode::ContinueAuthentication);  // [MQTT-4.12.0-2]
        EXPECT_EQ(question.authentication_method, "TEST");               // [MQTT-4.12.0-5]
        EXPECT_EQ(question.authentication_data, "who?");
        return made;
    }
    TestClient& let_in(const char* principal = "right anna") {
        TestClient& made = client(principal);
        EXPECT_EQ(made.connect().reason, ReasonCode::Success);
        return made;
    }
    void expect_refused(TestClient& refused, const mqtt::Auth& packet, ReasonCode reason) {
        EXPECT_EQ(refused.ask(packet, PacketType::Connack).reason, reason);
        EXPECT_TRUE(refused.wait_closed());
        EXPECT_EQ(rig.counters().connections, 0U);
    }
    void expect_ended(TestClient& ended, ReasonCode reason) {
        EXPECT_TRUE(ended.wait_closed());
        EXPECT_EQ(ended.last(PacketType::Disconnect).reason, reason);
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, ExchangeTest, testing::kShardCounts);

TEST_P(ExchangeTest, LetsInAfterOneMessage) {
    const Answered connack = client("right anna").connect();
    EXPECT_EQ(connack.reason, ReasonCode::Success);
    EXPECT_EQ(connack.authentication_method, "TEST");  // [MQTT-4.12.0-5]
    EXPECT_EQ(connack.authentication_data, "welcome");
}

TEST_P(ExchangeTest, LetsInAfterAsManyMessagesAsTheMethodWants) {
    TestClient& press = asked();
    EXPECT_EQ(press.ask(auth("ask"), PacketType::Auth).authentication_data, "who?");
    EXPECT_EQ(press.count(PacketType::Connack), 0U);
    const Answered connack = press.ask(auth("later anna"), PacketType::Connack);
    EXPECT_EQ(connack.reason, ReasonCode::Success);
    EXPECT_EQ(connack.authentication_data, "welcome");
    press.subscribe("a");
    press.publish("a", "x");
    rig.settle();
    EXPECT_EQ(press.payloads(), std::vector<std::string>{"x"});
}

TEST_P(ExchangeTest, SaysNoMethodToWhoHasNone) {
    EXPECT_EQ(rig.client("press-07").connect().authentication_method, "");  // [MQTT-4.12.0-6]
}

TEST_P(ExchangeTest, RefusesAsTheMethodSays) {
    expect_refused(asked(), auth("wrong"), ReasonCode::NotAuthorized);  // [MQTT-4.12.0-4]
    expect_refused(asked(), auth("limit"), ReasonCode::ConnectionRateExceeded);
    expect_refused(asked(), auth("unavailable"), ReasonCode::ServerBusy);
    EXPECT_EQ(client("wrong").connect().reason, ReasonCode::NotAuthorized);
    EXPECT_EQ(client("").connect().reason, ReasonCode::NotAuthorized);
}

TEST_P(ExchangeTest, RefusesWhatMayNotComeBeforeConnack) {
    expect_refused(asked(), auth("right anna", ReasonCode::ReAuthenticate),
                   ReasonCode::ProtocolError);  // [MQTT-4.12.0-3]
    mqtt::Auth other = auth("right anna");
    other.authentication_method = "OTHER";
    expect_refused(asked(), other, ReasonCode::BadAuthenticationMethod);  // [MQTT-4.12.0-5]
    TestClient& publisher = asked();
    publisher.publish("a", "x");
    EXPECT_EQ(publisher.wait_for(PacketType::Connack).reason, ReasonCode::ProtocolError);
    EXPECT_TRUE(publisher.wait_closed());
    EXPECT_EQ(rig.counters().messages_in, 0U);
}

TEST_P(ExchangeTest, AClientMayGoInTheMiddle) {
    TestClient& polite = asked();
    polite.disconnect();
    EXPECT_TRUE(polite.wait_closed());
    EXPECT_EQ(polite.count(PacketType::Connack), 0U);
    TestClient& rude = client("never");
    rude.open_stream();
    rude.send(rude.settings);
    rig.run_for(1ms);
    rude.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().connections, 0U);
}

TEST_P(ExchangeTest, AnExchangeTakesNoLongerThanConnecting) {
    TestClient& press = asked();
    EXPECT_EQ(press.wait_for(PacketType::Connack).reason, ReasonCode::ServerUnavailable);
    EXPECT_TRUE(press.wait_closed());
}

TEST_P(ExchangeTest, AuthenticatesAnewWhileMessagesGoOn) {
    TestClient& press = let_in();
    press.subscribe("a");
    EXPECT_EQ(press.ask(auth("ask", ReasonCode::ReAuthenticate), PacketType::Auth).reason,
              ReasonCode::ContinueAuthentication);
    press.publish("a", "x");
    const Answered done = press.ask(auth("later anna"), PacketType::Auth);
    EXPECT_EQ(done.reason, ReasonCode::Success);
    EXPECT_EQ(done.authentication_method, "TEST");
    EXPECT_EQ(done.authentication_data, "welcome");
    EXPECT_EQ(press.ask(auth("right anna", ReasonCode::ReAuthenticate), PacketType::Auth).reason,
              ReasonCode::Success)
        << "as often as it likes";
    rig.settle();
    EXPECT_EQ(press.payloads(), std::vector<std::string>{"x"});
    EXPECT_TRUE(press.is_open());
}

TEST_P(ExchangeTest, EndsWhenAuthenticatingAnewFails) {  // [MQTT-4.12.1-2]
    const std::pair<const char*, ReasonCode> answers[] = {
        {"wrong", ReasonCode::NotAuthorized},
        {"limit", ReasonCode::ConnectionRateExceeded},
        {"unavailable", ReasonCode::ServerBusy},
        {"right mallory", ReasonCode::NotAuthorized},  // somebody else
    };
    for (const auto& [answer, reason] : answers) {
        TestClient& press = let_in();
        press.send(auth(answer, ReasonCode::ReAuthenticate));
        expect_ended(press, reason);
    }
}

TEST_P(ExchangeTest, EndsOnAnAuthThatIsNotDue) {
    TestClient& goes_on = let_in();
    goes_on.send(auth("right anna"));
    expect_ended(goes_on, ReasonCode::ProtocolError);
    TestClient& twice = let_in();
    twice.send(auth("ask", ReasonCode::ReAuthenticate));
    twice.send(auth("ask", ReasonCode::ReAuthenticate));
    expect_ended(twice, ReasonCode::ProtocolError);
    TestClient& hasty = let_in();
    hasty.send(auth("never", ReasonCode::ReAuthenticate));
    hasty.send(auth("right anna"));
    expect_ended(hasty, ReasonCode::ProtocolError);
    TestClient& other = let_in();  // [MQTT-4.12.1-1]
    mqtt::Auth packet = auth("right anna", ReasonCode::ReAuthenticate);
    packet.authentication_method = "OTHER";
    other.send(packet);
    expect_ended(other, ReasonCode::BadAuthenticationMethod);
    TestClient& without = rig.client("press-07");  // [MQTT-4.12.0-7]
    without.connect();
    without.send(auth("right anna", ReasonCode::ReAuthenticate));
    expect_ended(without, ReasonCode::ProtocolError);
}

TEST_P(ExchangeTest, SendsNoAuthThatIsTooLarge) {  // [MQTT-3.15.2-2]
    TestClient& press = client("ask");
    press.settings.maximum_packet_size = 10;
    press.connect();
    EXPECT_TRUE(press.wait_closed());
    EXPECT_EQ(press.count(PacketType::Auth), 0U);
}

}  // namespace
}  // namespace kith::broker
