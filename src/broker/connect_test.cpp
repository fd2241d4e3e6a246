// CONNECT: who is let in, how, and with which session; and how connections end.
#include <gtest/gtest.h>

#include "base/hex.h"
#include "broker/testing/shards_test.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::Answered;
using testing::BrokerRig;
using testing::TestClient;

class ConnectTest : public testing::ShardsTest {};
INSTANTIATE_TEST_SUITE_P(Shards, ConnectTest, testing::kShardCounts);

std::vector<std::uint8_t> encoded(const auto& packet, Version version = Version::V5) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, version, writer);
    return bytes;
}

TEST_P(ConnectTest, AcceptsEveryVersion) {
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        TestClient& client = rig.client("press-07");
        client.settings.version = version;
        const Answered connack = client.connect();
        EXPECT_EQ(connack.type, PacketType::Connack);  // [MQTT-3.1.4-5]
        EXPECT_EQ(connack.reason, ReasonCode::Success);
        EXPECT_FALSE(connack.session_present);  // [MQTT-3.2.2-2]
        EXPECT_EQ(client.answers.size(), 1U);   // [MQTT-3.2.0-2]
        client.subscribe("a");
        client.publish("a", "x");
        rig.settle();
        EXPECT_EQ(client.payloads(), std::vector<std::string>{"x"});
    }
}

TEST_P(ConnectTest, SaysItsLimitsInConnack) {
    TestClient& client = rig.client("press-07");
    client.settings.request_response_information = true;
    const Answered connack = client.connect();
    EXPECT_EQ(connack.receive_maximum, 1024);
    EXPECT_EQ(connack.topic_alias_maximum, 64);
    EXPECT_EQ(connack.maximum_packet_size, limits::kPacketBytesMax);
    EXPECT_EQ(connack.response_information, "$to/press-07/");
    EXPECT_FALSE(connack.session_expiry_s);
    EXPECT_EQ(connack.text, "");
}

TEST_P(ConnectTest, GivesNoResponseInformationUnlessAskedOrWithoutAnInbox) {
    TestClient& client = rig.client("press-07");
    EXPECT_EQ(client.connect().response_information, "");  // [MQTT-3.1.2-28]
    TestClient& odd = rig.client("a/+");
    odd.settings.request_response_information = true;
    EXPECT_EQ(odd.connect().response_information, "");
}

TEST_P(ConnectTest, AssignsAClientId) {
    TestClient& client = rig.client("");
    const Answered connack = client.connect();  // [MQTT-3.1.3-6], [MQTT-3.2.2-16]
    EXPECT_EQ(connack.reason, ReasonCode::Success);
    EXPECT_TRUE(connack.text.starts_with("auto-")) << connack.text;
    TestClient& other = rig.client("");
    EXPECT_NE(other.connect().text, connack.text);
    client.subscribe("$to/" + connack.text + "/x");  // [MQTT-3.1.3-7]
    other.publish("$to/" + connack.text + "/x", "hello");
    rig.settle();
    EXPECT_EQ(client.payloads(), std::vector<std::string>{"hello"});
}

TEST_P(ConnectTest, AssignsAClientIdInMqtt311OnlyToACleanSession) {
    TestClient& client = rig.client("");
    client.settings.version = Version::V311;
    EXPECT_EQ(client.connect().reason, ReasonCode::Success);
    TestClient& other = rig.client("");
    other.settings.version = Version::V311;
    other.settings.clean_start = false;
    EXPECT_EQ(other.connect().reason, ReasonCode::ClientIdentifierNotValid);
    EXPECT_TRUE(other.wait_closed());
    TestClient& old = rig.client("");
    old.settings.version = Version::V31;
    EXPECT_EQ(old.connect().reason, ReasonCode::ClientIdentifierNotValid);
    EXPECT_TRUE(old.wait_closed());
}

TEST_P(ConnectTest, TakesClientIdsOfAnyLettersButNotTooLongOrReservedOnes) {
    for (const char* id : {"0", "abcdefghijklmnopqrstuvw", "ABCXYZ0189", "\xC3\xA4/#+ $"}) {
        EXPECT_EQ(rig.client(id).connect().reason, ReasonCode::Success);  // [MQTT-3.1.3-5]
    }
    for (const std::string& id : {std::string(257, 'x'), std::string("node"), std::string("any")}) {
        TestClient& client = rig.client(id);
        EXPECT_EQ(client.connect().reason, ReasonCode::ClientIdentifierNotValid);
        EXPECT_TRUE(client.wait_closed());  // [MQTT-3.1.3-8], [MQTT-3.2.2-7]
    }
    EXPECT_EQ(rig.counters().connects_refused, 3U);
}

TEST_P(ConnectTest, RefusesWhoeverCannotBeAuthenticated) {
    const std::pair<const char*, ReasonCode> cases[] = {
        {"wrong", ReasonCode::BadUserNameOrPassword},
        {"unavailable", ReasonCode::ServerUnavailable},
        {"limit", ReasonCode::ConnectionRateExceeded}};
    for (const auto& [password, reason] : cases) {
        TestClient& client = rig.client("press-07");
        client.settings.user_name = "anna";
        client.settings.password = as_bytes(password);
        EXPECT_EQ(client.connect().reason, reason);
        EXPECT_TRUE(client.wait_closed());  // [MQTT-3.1.4-2]
        EXPECT_EQ(rig.events().last(EventKind::ClientRefused).client_id, "press-07");
    }
    TestClient& old = rig.client("press-07");
    old.settings.version = Version::V311;
    old.settings.user_name = "anna";
    old.settings.password = as_bytes("wrong");
    EXPECT_EQ(old.connect().reason, ReasonCode::BadUserNameOrPassword);
    EXPECT_EQ(rig.counters().connects_refused, 4U);
    EXPECT_EQ(rig.counters().connections, 0U);
    EXPECT_EQ(rig.counters().sessions, 0U);
}

TEST_P(ConnectTest, ClosesWithoutAWordOnWhoeverCannotTakeAConnack) {
    for (const char* password : {"", "wrong"}) {
        TestClient& client = rig.client("press-07");
        client.settings.maximum_packet_size = 4;  // [MQTT-3.1.2-24]
        client.settings.user_name = "anna";
        client.settings.password = as_bytes(password);
        client.connect();
        EXPECT_TRUE(client.wait_closed());
        EXPECT_EQ(client.count(PacketType::Connack), 0U);
        EXPECT_EQ(client.count(PacketType::Disconnect), 0U);  // [MQTT-3.14.0-1]
    }
    EXPECT_EQ(rig.counters().connections, 0U);
}

TEST_P(ConnectTest, WaitsForAnAuthenticatorThatAnswersLater) {
    TestClient& client = rig.client("press-07");
    client.settings.user_name = "anna";
    client.settings.password = as_bytes("later");
    EXPECT_EQ(client.connect().reason, ReasonCode::Success);
    // One that has gone when the answer comes is nobody's business.
    TestClient& gone = rig.client("press-08");
    gone.settings = client.settings;
    gone.settings.client_id = "press-08";
    gone.open_stream();
    gone.send(gone.settings);
    rig.run_for(700us);
    gone.drop();
    rig.settle();
    EXPECT_EQ(rig.counters().connections, 1U);
}

TEST_P(ConnectTest, RefusesAfterATimeWhenAuthenticationNeverAnswers) {
    TestClient& client = rig.client("press-07");
    client.settings.password = as_bytes("never");
    client.settings.user_name = "anna";
    EXPECT_EQ(client.connect().reason, ReasonCode::ServerUnavailable);
    EXPECT_TRUE(client.wait_closed());
}

TEST_P(ConnectTest, RefusesAuthenticationMethods) {
    TestClient& client = rig.client("press-07");
    client.settings.authentication_method = "SCRAM-SHA-256";
    EXPECT_EQ(client.connect().reason, ReasonCode::BadAuthenticationMethod);  // [MQTT-4.12.0-1]
    EXPECT_TRUE(client.wait_closed());
}

TEST_P(ConnectTest, TakesOverTheSessionOfAnOlderConnection) {
    TestClient& old = rig.client("press-07");
    old.connect_durable();
    old.subscribe("a", Qos::AtLeastOnce);
    TestClient& later = rig.client("press-07");
    EXPECT_TRUE(later.connect_durable().session_present);  // [MQTT-3.2.2-3]
    EXPECT_TRUE(old.wait_closed());
    EXPECT_EQ(old.last(PacketType::Disconnect).reason,
              ReasonCode::SessionTakenOver);  // [MQTT-3.1.4-3]
    rig.client("publisher").connect();
    TestClient& publisher = rig.client("other");
    publisher.connect();
    publisher.publish("a", "x", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(later.payloads(), std::vector<std::string>{"x"});
    EXPECT_TRUE(old.received.empty());
    EXPECT_EQ(rig.counters().takeovers, 1U);
    EXPECT_EQ(rig.counters().sessions, 3U);
    EXPECT_EQ(rig.events().last(EventKind::SessionTakenOver).client_id, "press-07");
}

TEST_P(ConnectTest, ClosesAnOldMqtt3ConnectionWithoutAWordOnTakeover) {
    TestClient& old = rig.client("press-07");
    old.settings.version = Version::V311;
    old.connect();
    TestClient& later = rig.client("press-07");
    EXPECT_EQ(later.connect().reason, ReasonCode::Success);
    EXPECT_TRUE(old.wait_closed());
    EXPECT_EQ(old.answers.size(), 1U);
}

TEST_P(ConnectTest, LeavesOneOfManyThatConnectAtOnce) {
    std::vector<TestClient*> clients;
    for (int i = 0; i < 8; ++i) {
        TestClient& client = rig.client("press-07");
        client.settings.client_id = client.client_id;
        client.settings.clean_start = i % 2 == 0;
        client.settings.session_expiry_interval = 100;
        client.settings.user_name = "anna";
        client.settings.password = as_bytes(i % 3 == 0 ? "later" : "right");
        clients.push_back(&client);
        client.open_stream();
    }
    for (TestClient* client : clients) {
        client->send(client->settings);
    }
    rig.settle();
    EXPECT_EQ(std::ranges::count_if(clients, &TestClient::is_open), 1);
    EXPECT_EQ(rig.counters().connections, 1U);
    EXPECT_EQ(rig.counters().sessions, 1U);
}

TEST_P(ConnectTest, KeepsAClientIdForThePrincipalThatHasIt) {
    TestClient& anna = rig.client("press-07");
    anna.settings.user_name = "anna";
    anna.connect_durable();
    TestClient& bert = rig.client("press-07");
    bert.settings.user_name = "bert";
    EXPECT_EQ(bert.connect().reason, ReasonCode::NotAuthorized);
    EXPECT_TRUE(anna.is_open());
    anna.disconnect();
    EXPECT_EQ(bert.connect().reason, ReasonCode::NotAuthorized);
    TestClient& admin = rig.client("press-07");
    admin.settings.user_name = "admin";
    EXPECT_EQ(admin.connect().reason, ReasonCode::Success);
}

TEST_P(ConnectTest, EndsAConnectionThatSendsNoConnect) {
    TestClient& silent = rig.client("");
    TestClient& slow = rig.client("press-07");
    silent.open_stream();
    slow.open_stream();
    slow.send_raw(Bytes(encoded(slow.settings)).first(5));
    rig.run_for(9s);
    EXPECT_TRUE(silent.is_open());
    EXPECT_TRUE(slow.is_open());
    rig.run_for(2s);
    EXPECT_FALSE(silent.is_open());
    EXPECT_FALSE(slow.is_open());
    EXPECT_TRUE(silent.answers.empty());
    EXPECT_EQ(rig.shard(0).connection_count(), 0U);
}

TEST_P(ConnectTest, ClosesWhenTheFirstPacketIsNotConnect) {
    TestClient& client = rig.client("press-07");
    client.open_stream();
    client.publish("a", "x");  // [MQTT-3.1.0-1]
    EXPECT_TRUE(client.wait_closed());
    EXPECT_TRUE(client.answers.empty());  // [MQTT-3.14.0-1]
    EXPECT_EQ(rig.counters().messages_in, 0U);
    EXPECT_EQ(rig.counters().protocol_errors, 1U);
}

TEST_P(ConnectTest, ClosesOnASecondConnect) {
    TestClient& client = rig.client("press-07");
    client.connect();
    client.send(client.settings);  // [MQTT-3.1.0-2]
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
    EXPECT_EQ(client.count(PacketType::Connack), 1U);
}

// MQTT 5, 3.14.2.1: a DISCONNECT has one of its own reasons, not what a CONNACK would have said.
TEST_P(ConnectTest, ClosesOnASecondConnectThatIsWrongToo) {
    TestClient& client = rig.client("press-07");
    client.connect();
    client.send_raw(from_hex("100c00044d51545409000000000000"));  // version 9
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
}

TEST_P(ConnectTest, ClosesOnAuthWithoutAMethod) {
    TestClient& client = rig.client("press-07");
    client.connect();
    client.send(mqtt::Auth{.reason_code = ReasonCode::ReAuthenticate,  // [MQTT-4.12.0-7]
                           .authentication_method = "SCRAM-SHA-256"});
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ProtocolError);
}

TEST_P(ConnectTest, LosesNothingThatCameBehindConnect) {
    for (const char* password : {"right", "later"}) {
        TestClient& client = rig.client("press-07");
        client.settings.client_id = client.client_id;
        client.settings.user_name = "anna";
        client.settings.password = as_bytes(password);
        const mqtt::Subscription wanted{.filter = "a", .maximum_qos = Qos::AtLeastOnce};
        mqtt::Subscribe subscribe{.packet_id = PacketId(1)};
        subscribe.subscriptions = std::span(&wanted, 1);
        const mqtt::Publish publish{.qos = Qos::AtLeastOnce,
                                    .topic = "a",
                                    .packet_id = PacketId(2),
                                    .payload = as_bytes("x")};
        std::vector<std::uint8_t> segment = encoded(client.settings);
        for (const auto& bytes : {encoded(subscribe), encoded(publish), encoded(mqtt::Pingreq{})}) {
            segment.insert(segment.end(), bytes.begin(), bytes.end());
        }
        client.open_stream();
        client.send_raw(segment);
        rig.settle();
        EXPECT_EQ(client.count(PacketType::Connack), 1U);
        EXPECT_EQ(client.count(PacketType::Suback), 1U);
        EXPECT_EQ(client.count(PacketType::Puback), 1U);
        EXPECT_EQ(client.count(PacketType::Pingresp), 1U);
        EXPECT_EQ(client.payloads(), std::vector<std::string>{"x"});
        client.disconnect();
    }
}

TEST_P(ConnectTest, TakesASegmentThatEndsWithDisconnect) {
    TestClient& subscriber = rig.client("subscriber");
    subscriber.connect();
    subscriber.subscribe("a");
    TestClient& client = rig.client("press-07");
    client.settings.client_id = client.client_id;
    std::vector<std::uint8_t> segment = encoded(client.settings);
    for (const auto& bytes : {encoded(mqtt::Publish{.topic = "a", .payload = as_bytes("x")}),
                              encoded(mqtt::Disconnect{})}) {
        segment.insert(segment.end(), bytes.begin(), bytes.end());
    }
    client.open_stream();
    client.send_raw(segment);
    EXPECT_TRUE(client.wait_closed());
    rig.settle();
    EXPECT_EQ(subscriber.payloads(), std::vector<std::string>{"x"});
}

TEST_P(ConnectTest, RefusesMoreConnectionsThanAllowedAndDisturbsNobody) {
    BrokerRig small({.shard_count = GetParam(), .broker = testing::quiet({.connections_max = 3})});
    std::vector<TestClient*> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(&small.client("client-" + std::to_string(i)));
        EXPECT_EQ(clients.back()->connect().reason, ReasonCode::Success);
    }
    TestClient& late = small.client("late");
    EXPECT_NE(late.connect().type, PacketType::Connack);
    EXPECT_FALSE(late.is_open());
    EXPECT_EQ(small.events().last(EventKind::LimitReached).reason,
              "as many connections as allowed");
    EXPECT_EQ(small.counters().connects_refused, 1U);
    clients[0]->disconnect();
    small.settle();
    EXPECT_EQ(late.connect().reason, ReasonCode::Success);
    EXPECT_TRUE(clients[1]->is_open());
}

TEST_P(ConnectTest, RefusesMoreSessionsThanAllowed) {
    BrokerRig small({.shard_count = GetParam(), .broker = testing::quiet({.sessions_max = 1})});
    std::size_t accepted_count = 0;
    for (int i = 0; i < 40; ++i) {
        TestClient& client = small.client("client-" + std::to_string(i));
        const Answered connack = client.connect_durable();
        accepted_count += connack.reason == ReasonCode::Success ? 1U : 0U;
        EXPECT_TRUE(connack.reason == ReasonCode::Success ||
                    connack.reason == ReasonCode::QuotaExceeded);
    }
    EXPECT_EQ(accepted_count, small.counters().sessions);
    EXPECT_LE(accepted_count, std::size_t{GetParam()} + 1);
    // Whoever has a session keeps it, and may begin it anew.
    TestClient& again = small.client("client-0");
    EXPECT_EQ(again.connect().reason, ReasonCode::Success);
}

TEST_P(ConnectTest, EndsASilentClientAfterOneAndAHalfKeepAlives) {
    TestClient& client = rig.client("press-07");
    client.settings.keep_alive = 10;
    client.connect();
    rig.run_for(14s);
    EXPECT_TRUE(client.is_open());
    rig.run_for(2s);  // [MQTT-3.1.2-22]
    EXPECT_FALSE(client.is_open());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::KeepAliveTimeout);
    EXPECT_EQ(rig.counters().keep_alive_timeouts, 1U);
    EXPECT_EQ(rig.events().last(EventKind::ClientDisconnected).reason, "keep alive timeout");
}

// MQTT 5, 3.14.2.1: 0xA0, the maximum connection time authorized for this connection.
TEST_P(ConnectTest, EndsAConnectionWithItsCredential) {
    for (const std::uint16_t keep_alive : {std::uint16_t{0}, std::uint16_t{60}}) {
        TestClient& client = rig.client("press-" + std::to_string(keep_alive));
        client.settings.keep_alive = keep_alive;
        client.settings.user_name = "press";
        client.settings.password = as_bytes("for ten seconds");
        client.connect();
        rig.run_for(9s);
        EXPECT_TRUE(client.is_open());
        rig.run_for(2s);
        EXPECT_FALSE(client.is_open());
        EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::MaximumConnectTime);
    }
    EXPECT_EQ(rig.counters().credentials_expired, 2U);
    EXPECT_EQ(rig.counters().keep_alive_timeouts, 0U);
}

TEST_P(ConnectTest, KeepsAClientThatPingsAndOneWithoutKeepAlive) {
    TestClient& pinging = rig.client("press-07");
    TestClient& silent = rig.client("press-08");
    pinging.settings.keep_alive = 10;
    pinging.connect();
    silent.connect();
    for (int i = 0; i < 10; ++i) {
        rig.run_for(14s);
        EXPECT_EQ(pinging.ask(mqtt::Pingreq{}, PacketType::Pingresp).type,
                  PacketType::Pingresp);  // [MQTT-3.12.4-1]
    }
    EXPECT_TRUE(pinging.is_open());
    EXPECT_TRUE(silent.is_open());
}

TEST_P(ConnectTest, EndsAHalfOpenConnectionByItsKeepAlive) {
    TestClient& client = rig.client("press-07");
    client.settings.keep_alive = 10;
    client.connect();
    rig.clients().cut();
    rig.run_for(16s);
    EXPECT_EQ(rig.counters().connections, 0U);
    rig.run_for(10s);  // it will not even see the end of the connection
    std::size_t connections = 0;
    for (std::uint16_t i = 0; i < GetParam(); ++i) {
        connections += rig.shard(i).connection_count();
    }
    EXPECT_EQ(connections, 0U);
}

TEST_P(ConnectTest, TellsClientsWhenTheNodeStops) {
    TestClient& client = rig.client("press-07");
    TestClient& old = rig.client("press-08");
    old.settings.version = Version::V311;
    client.connect();
    old.connect();
    for (std::uint16_t i = 0; i < GetParam(); ++i) {
        rig.shard(i).disconnect_all();
    }
    EXPECT_TRUE(client.wait_closed());
    EXPECT_TRUE(old.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::ServerShuttingDown);
    EXPECT_EQ(rig.counters().connections, 0U);
    TestClient& late = rig.client("late");
    EXPECT_NE(late.connect().type, PacketType::Connack);
}

TEST_P(ConnectTest, LetsAnAdministratorDisconnectAClient) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    BrokerShard& home = rig.shard(rig.shard(0).home_of("press-07").value());
    EXPECT_TRUE(home.disconnect("press-07", "disconnected by anna"));
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::AdministrativeAction);
    EXPECT_EQ(client.last(PacketType::Disconnect).text, "disconnected by anna");
    EXPECT_FALSE(home.disconnect("press-07", "again"));
    EXPECT_FALSE(home.disconnect("nobody", "again"));
    EXPECT_TRUE(client.connect_durable().session_present);
}

TEST_P(ConnectTest, LetsAnAdministratorRemoveASession) {
    TestClient& client = rig.client("press-07");
    client.connect_durable();
    client.subscribe("a");
    BrokerShard& home = rig.shard(rig.shard(0).home_of("press-07").value());
    EXPECT_TRUE(home.forget("press-07"));
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.last(PacketType::Disconnect).reason, ReasonCode::AdministrativeAction);
    EXPECT_EQ(client.last(PacketType::Disconnect).text, "session removed");
    EXPECT_EQ(rig.events().last(EventKind::SessionEnded).client_id, "press-07");
    EXPECT_FALSE(home.forget("press-07"));
    EXPECT_EQ(rig.counters().takeovers, 0U);
    EXPECT_EQ(rig.counters().sessions, 0U);
    EXPECT_EQ(rig.counters().subscriptions, 0U);
    EXPECT_FALSE(client.connect_durable().session_present);
}

TEST_P(ConnectTest, ShowsAClientInside) {
    TestClient& client = rig.client("press-07");
    client.settings.keep_alive = 30;
    client.settings.receive_maximum = 7;
    client.settings.session_expiry_interval = 60;
    client.settings.user_name = "anna";
    client.connect();
    client.subscribe("a/#", Qos::AtLeastOnce, {.no_local = true, .retain_as_published = true}, 5);
    client.publish("b", "xyz");
    rig.settle();
    BrokerShard& home = rig.shard(rig.shard(0).home_of("press-07").value());
    const std::optional<ClientDetail> detail = home.client("press-07");
    ASSERT_TRUE(detail);
    EXPECT_TRUE(detail->client.is_online);
    EXPECT_EQ(detail->client.principal, "anna");
    EXPECT_EQ(detail->client.transport, "sim");
    EXPECT_EQ(detail->client.protocol_version, 5);
    EXPECT_EQ(detail->client.keep_alive_s, 30);
    EXPECT_EQ(detail->client.receive_maximum, 7);
    EXPECT_EQ(detail->client.session_expiry_interval_s, 60U);
    EXPECT_EQ(detail->client.messages_in, 1U);
    ASSERT_EQ(detail->subscriptions.size(), 1U);
    EXPECT_EQ(detail->subscriptions[0].filter, "a/#");
    EXPECT_TRUE(detail->subscriptions[0].no_local);
    EXPECT_TRUE(detail->subscriptions[0].retain_as_published);
    EXPECT_EQ(detail->subscriptions[0].identifier, 5U);
    client.drop();
    rig.settle();
    EXPECT_FALSE(home.client("press-07")->client.is_online);
    EXPECT_EQ(home.client("press-07")->client.disconnect_reason, "connection lost");
    EXPECT_FALSE(home.client("nobody"));
}

TEST_P(ConnectTest, TellsWhatHappened) {
    TestClient& client = rig.client("press-07");
    client.connect();
    EXPECT_EQ(rig.events().last(EventKind::ClientConnected).client_id, "press-07");
    client.disconnect();
    EXPECT_EQ(rig.events().last(EventKind::ClientDisconnected).client_id, "press-07");
    EXPECT_EQ(rig.events().last(EventKind::ClientDisconnected).reason, "disconnected");
    EXPECT_EQ(rig.counters().disconnects, 1U);
    EXPECT_EQ(rig.counters().connects_accepted, 1U);
}

}  // namespace
}  // namespace kith::broker
