// MQTT over WebSocket, from the handshake to the stream that the broker gets.
#include "api/web_socket_stream.h"

#include <gtest/gtest.h>

#include "api/limits.h"
#include "api/testing/api_rig.h"
#include "runtime/limits.h"

namespace kith::api {
namespace {

using bus::Role;

/// The broker's side: keeps what it gets.
class Receiver final : public runtime::StreamHandler {
  public:
    void on_data(MutableBytes bytes) override {
        received.append(as_text(bytes));
        ++call_count;
        if (when_data) {
            when_data();
        }
    }
    void on_drained() override { ++drained_count; }
    void on_closed(const Error& reason) override {
        EXPECT_FALSE(closed.has_value()) << "closed twice";
        closed = reason;
    }

    std::string received;
    int call_count = 0;
    int drained_count = 0;
    std::optional<Error> closed;
    std::function<void()> when_data;
};

class MqttOverWebSocket : public ::testing::Test {
  protected:
    MqttOverWebSocket() {
        rig_.when_mqtt = [this](runtime::Stream& stream) { stream.set_handler(&receiver_); };
    }
    void open(const Credential& who) {
        socket_ = std::make_unique<TestSocket>(rig_, handshake("/mqtt", who, "mqtt"));
        ASSERT_EQ(socket_->status, 101);
        ASSERT_EQ(rig_.accepted_mqtt.size(), 1U);
    }
    runtime::Stream& stream() { return *rig_.accepted_mqtt.at(0).stream; }
    void send_up(std::string_view bytes) { socket_->send(websocket::MessageType::Binary, bytes); }
    void send_down(std::string_view bytes) {
        rig_.run_on(rig_.shard(), [&] { stream().send(as_bytes(bytes)); });
    }
    static std::string pattern(std::size_t size) {
        std::string text(size, '\0');
        for (std::size_t i = 0; i < size; ++i) {
            text[i] = static_cast<char>((i * 7 + i / 251) % 256);
        }
        return text;
    }

    ApiRig rig_;
    Receiver receiver_;
    std::unique_ptr<TestSocket> socket_;
};

TEST_F(MqttOverWebSocket, BytesGoBothWaysWhateverTheFrames) {
    open(rig_.session(Role::Operator));
    send_up("\x10");
    send_up(std::string("\x00\x04", 2) + "MQTT");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received.size() == 7; }));
    EXPECT_EQ(receiver_.received, std::string("\x10\x00\x04MQTT", 7));
    send_down(std::string("\x20\x02\x00\x00", 4));
    send_down("more");
    EXPECT_TRUE(rig_.run_until([&] { return socket_->binary.size() == 8; }));
    EXPECT_EQ(socket_->binary, std::string("\x20\x02\x00\x00more", 8));
    EXPECT_EQ(socket_->refusal.headers.at("sec-websocket-protocol"), "mqtt");
    EXPECT_STREQ(stream().info().transport, "ws");
}

// Goal: Paho C, which looks at one packet a message, sees every packet.
TEST_F(MqttOverWebSocket, PacketsOfOneTurnLeaveInMessagesOfTheirOwn) {
    open(rig_.session(Role::Operator));
    const std::string connack("\x20\x02\x01\x00", 4);
    const std::string publish(
        "\x30\x05\x00\x01"
        "abc",
        7);
    send_down(connack + publish + publish);
    EXPECT_TRUE(rig_.run_until([&] { return socket_->binary.size() == 18; }));
    EXPECT_EQ(socket_->binary, connack + publish + publish);
    EXPECT_EQ(socket_->binary_ends, (std::vector<std::size_t>{4, 11, 18}));
}

TEST_F(MqttOverWebSocket, CallerComesAlong) {
    open(rig_.session(Role::Operator, "anna"));
    EXPECT_EQ(rig_.accepted_mqtt[0].options.session_principal, "user:anna");
    EXPECT_EQ(rig_.accepted_mqtt[0].options.session_role, Role::Operator);
    EXPECT_FALSE(rig_.accepted_mqtt[0].options.allow_anonymous);
    const Credential machine = rig_.token("machine");
    TestSocket by_token(rig_, handshake("/mqtt", machine, "mqtt"));
    EXPECT_TRUE(rig_.accepted_mqtt.at(1).options.session_principal.starts_with("token:"));
    EXPECT_EQ(rig_.accepted_mqtt[1].options.session_role, Role::Machine);
}

TEST_F(MqttOverWebSocket, WithoutCredentialsTheBrokerMustAskForThem) {
    open({});
    EXPECT_EQ(rig_.accepted_mqtt[0].options.session_principal, "");
    EXPECT_FALSE(rig_.accepted_mqtt[0].options.allow_anonymous);
}

TEST_F(MqttOverWebSocket, HandshakeIsCheckedLikeEveryRequest) {
    Credential stranger;
    stranger.token = "kk_nonsense";
    EXPECT_EQ(TestSocket(rig_, handshake("/mqtt", stranger, "mqtt")).status, 401);
    EXPECT_EQ(TestSocket(rig_, handshake("/mqtt", {}, "")).status, 400) << "no subprotocol";
    EXPECT_EQ(rig_.ask({.target = "/mqtt"}).status, 426);
    EXPECT_TRUE(rig_.accepted_mqtt.empty());
}

// Goal: answers are memory of the node, and whoever does not read them cannot ask for more.
TEST_F(MqttOverWebSocket, PingsWhosePongsNobodyReadsEndIt) {
    open(rig_.session(Role::Operator));
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->pause_reading(); });
    // A masked ping with the longest payload.
    std::string ping(6 + 125, '\0');
    ping[0] = static_cast<char>(0x89);
    ping[1] = static_cast<char>(0x80 | 125);
    std::string some;
    for (int i = 0; i < 500; ++i) {
        some += ping;
    }
    std::size_t unsent_max = 0;
    for (int i = 0; i < 200 && !receiver_.closed; ++i) {
        rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->send(as_bytes(some)); });
        rig_.world().run_for(100ms);
        if (!receiver_.closed) {
            unsent_max = std::max(unsent_max, stream().unsent_bytes());
        }
    }
    EXPECT_LT(unsent_max, kUnansweredBytesMax + 256 * 1024);
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed.has_value(); }));
    EXPECT_EQ(receiver_.closed->kind, ErrorKind::Limit);
}

// Goal: a client that sends CONNECT, SUBSCRIBE and PUBLISH right behind its handshake loses
// nothing.
TEST_F(MqttOverWebSocket, FramesBehindTheHandshakeAreNotLost) {
    const auto client = rig_.connect();
    std::string text = to_text(handshake("/mqtt", {}, "mqtt"), "gw-1:8080");
    for (const char* packet : {"connect", "subscribe", "publish"}) {
        const std::string payload = packet;
        text += "\x82";
        text.push_back(static_cast<char>(0x80U | payload.size()));
        text += std::string(4, '\0') + payload;
    }
    rig_.run_on(rig_.client_shard(), [&] { client->send(text); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received.size() == 23; }));
    EXPECT_EQ(receiver_.received, "connectsubscribepublish");
}

TEST_F(MqttOverWebSocket, StreamMovesToAnotherShardWithItsBytes) {
    open({});
    send_up("before ");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "before "; }));
    std::unique_ptr<runtime::Stream> moving;
    rig_.run_on(rig_.shard(), [&] {
        stream().send(as_bytes("queued "));
        stream().detach();
        moving = std::move(rig_.accepted_mqtt[0].stream);
    });
    send_up("between ");
    rig_.world().run_for(100ms);
    EXPECT_EQ(receiver_.received, "before ");
    rig_.run_on(rig_.access.shard(1), [&] { moving->attach(rig_.access.shard(1)); });
    send_up("after");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "before between after"; }));
    rig_.run_on(rig_.access.shard(1), [&] { moving->send(as_bytes("moved")); });
    EXPECT_TRUE(rig_.run_until([&] { return socket_->binary == "queued moved"; }));
    rig_.run_on(rig_.access.shard(1), [&] { moving.reset(); });
    rig_.accepted_mqtt.clear();
}

TEST_F(MqttOverWebSocket, FramesBehindTheHandshakeMoveAlong) {
    std::unique_ptr<runtime::Stream> moving;
    rig_.when_mqtt = [&](runtime::Stream& accepted) {
        accepted.set_handler(&receiver_);
        accepted.detach();
        rig_.shard().post(ShardId(1), [&](runtime::Shard& shard) {
            moving = std::move(rig_.accepted_mqtt[0].stream);
            moving->attach(shard);
        });
    };
    const auto client = rig_.connect();
    std::string text = to_text(handshake("/mqtt", {}, "mqtt"), "gw-1:8080");
    text += std::string("\x82\x87\0\0\0\0connect", 13);
    rig_.run_on(rig_.client_shard(), [&] { client->send(text); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "connect"; }));
    rig_.run_on(rig_.access.shard(1), [&] { moving.reset(); });
    rig_.accepted_mqtt.clear();
}

TEST_F(MqttOverWebSocket, StreamMovesFromInsideItsCallback) {
    std::unique_ptr<runtime::Stream> moving;
    receiver_.when_data = [&] {
        if (moving == nullptr && !rig_.accepted_mqtt.empty()) {
            stream().detach();
            moving = std::move(rig_.accepted_mqtt[0].stream);
            rig_.shard().post(ShardId(1), [&](runtime::Shard& shard) { moving->attach(shard); });
        }
    };
    open({});
    send_up("first");
    send_up("second");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "firstsecond"; }));
    rig_.run_on(rig_.access.shard(1), [&] { moving.reset(); });
    rig_.accepted_mqtt.clear();
}

TEST_F(MqttOverWebSocket, PausedReaderGetsNothingUntilItResumes) {
    open({});
    receiver_.when_data = [&] { stream().pause_reading(); };
    send_up("one");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "one"; }));
    send_up("two");
    send_up("three");
    rig_.world().run_for(1s);
    EXPECT_EQ(receiver_.received, "one");
    receiver_.when_data = nullptr;
    rig_.run_on(rig_.shard(), [&] { stream().resume_reading(); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received == "onetwothree"; }));
}

TEST_F(MqttOverWebSocket, LargeTransfersAreHeldUpByASlowReader) {
    open({});
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->pause_reading(); });
    const std::string content = pattern(8 * 1024 * 1024);
    std::size_t sent = 0;
    const auto send_some = [&] {
        while (sent < content.size() && !stream().is_congested()) {
            const std::size_t step = std::min<std::size_t>(50'000, content.size() - sent);
            stream().send(as_bytes(std::string_view(content).substr(sent, step)));
            sent += step;
        }
    };
    for (int i = 0; i < 50; ++i) {
        rig_.run_on(rig_.shard(), send_some);
    }
    EXPECT_TRUE(stream().is_congested());
    EXPECT_LT(sent, 4U * 1024 * 1024);
    EXPECT_GT(stream().unsent_bytes(), runtime::kOutputHighBytes);
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->resume_reading(); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.drained_count > 0; }));
    while (sent < content.size()) {
        rig_.run_on(rig_.shard(), send_some);
    }
    EXPECT_TRUE(rig_.run_until([&] { return socket_->binary.size() == content.size(); }));
    EXPECT_EQ(socket_->binary, content);
    EXPECT_GT(stream().sent_bytes(), content.size());
}

TEST_F(MqttOverWebSocket, LargeUploadsArriveWhole) {
    open({});
    const std::string content = pattern(1'500'000);
    send_up(content);
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.received.size() == content.size(); }));
    EXPECT_EQ(receiver_.received, content);
}

// [MQTT-6.0.0-1] "MQTT Control Packets MUST be sent in WebSocket binary data frames. If any other
// type of data frame is received the recipient MUST close the Network Connection."
TEST_F(MqttOverWebSocket, TextFrameClosesTheConnection) {
    open({});
    socket_->send("text");
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed && socket_->client->is_closed; }));
    EXPECT_EQ(receiver_.closed->kind, ErrorKind::Protocol);
    EXPECT_EQ(socket_->close_code, websocket::kUnsupportedData);
    EXPECT_EQ(receiver_.received, "");
}

TEST_F(MqttOverWebSocket, WrongFramesCloseTheConnection) {
    open({});
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->send("\xFF\xFF\xFF"); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed && socket_->client->is_closed; }));
    EXPECT_EQ(receiver_.closed->kind, ErrorKind::Protocol);
}

TEST_F(MqttOverWebSocket, ClosingSendsWhatIsQueuedFirst) {
    open({});
    rig_.run_on(rig_.shard(), [&] {
        stream().send(as_bytes("disconnect"));
        stream().close();
    });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed && socket_->client->is_closed; }));
    EXPECT_EQ(socket_->binary, "disconnect");
    EXPECT_EQ(socket_->close_code, websocket::kNormalClosure);
    EXPECT_EQ(receiver_.closed->kind, ErrorKind::Closed);
}

TEST_F(MqttOverWebSocket, ClosingAConnectionThatNobodyReadsEnds) {
    open({});
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->pause_reading(); });
    rig_.run_on(rig_.shard(), [&] {
        stream().send(as_bytes(pattern(3 * 1024 * 1024)));
        stream().close();
    });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed.has_value(); }));
}

TEST_F(MqttOverWebSocket, PeerThatClosesIsSeen) {
    open({});
    socket_->close();
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed && socket_->client->is_closed; }));
    EXPECT_EQ(receiver_.closed->kind, ErrorKind::Closed);
}

TEST_F(MqttOverWebSocket, PeerThatVanishesIsSeen) {
    open({});
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->abort(); });
    EXPECT_TRUE(rig_.run_until([&] { return receiver_.closed.has_value(); }));
}

TEST_F(MqttOverWebSocket, AbortSaysNothingMore) {
    open({});
    rig_.run_on(rig_.shard(), [&] {
        stream().send(as_bytes("lost"));
        stream().abort();
    });
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_FALSE(receiver_.closed.has_value());
    EXPECT_EQ(socket_->binary, "");
}

}  // namespace
}  // namespace kith::api
