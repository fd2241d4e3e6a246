#include "node/proxy_gate.h"

#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

using runtime::ShardCounters;

const std::string kHeader = "PROXY TCP4 192.0.2.7 192.0.2.1 50123 1883\r\n";

/// A gate on one host, and clients on another, which is a trusted proxy or not.
class ProxyGateTest : public ::testing::Test {
  protected:
    void open(const char* trusted) {
        gate_ = std::make_unique<ProxyGate>(
            server_.shard(ShardId(0)), address_ranges({trusted}),
            [this](std::unique_ptr<runtime::Stream> stream) { through_.take(std::move(stream)); });
        acceptor_.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            gate_->accept(std::move(stream));
        };
        acceptor_.listen(server_.shard(ShardId(0)), {.address = server_.address(1883)});
    }
    void send(const std::string& text) {
        client_.when_connected = [this, text] { client_.stream->send(as_bytes(text)); };
        client_.connect(host_.shard(ShardId(0)), server_.address(1883));
    }
    bool run_until(const std::function<bool()>& done) { return world_.run_until(done, 1min); }
    ShardCounters& counters() { return server_.shard(ShardId(0)).counters(); }

    Log log_;
    runtime::sim::World world_{{.seed = 3}};
    runtime::sim::Host& server_ = world_.add_host("server", 1, log_);
    runtime::sim::Host& host_ = world_.add_host("client", 1, log_);
    std::unique_ptr<ProxyGate> gate_;
    runtime::Acceptor acceptor_;
    runtime::Peer through_;
    runtime::Peer client_;
};

TEST_F(ProxyGateTest, LetsAClientThroughUnderItsOwnAddress) {
    open("10.0.0.0/8");
    send(kHeader + "hello");
    ASSERT_TRUE(run_until([&] { return through_.received == "hello"; }));
    EXPECT_EQ(through_.stream->info().remote.to_string(), "192.0.2.7:50123");
    EXPECT_TRUE(through_.stream->info().is_proxied);
    EXPECT_EQ(counters().proxy_headers, 1U);
    EXPECT_EQ(gate_->pending_count(), 0U);
    through_.stream->send(as_bytes("back"));
    ASSERT_TRUE(run_until([&] { return client_.received == "back"; }));
}

TEST_F(ProxyGateTest, AHeaderMayComeInPieces) {
    open("10.0.0.0/8");
    send(kHeader.substr(0, 9));
    ASSERT_TRUE(
        run_until([&] { return gate_->pending_count() == 1 && client_.connected.is_set(); }));
    client_.stream->send(as_bytes(kHeader.substr(9, 5)));
    ASSERT_TRUE(run_until([&] { return client_.stream->unsent_bytes() == 0; }));
    client_.stream->send(as_bytes(kHeader.substr(14) + "hello"));
    ASSERT_TRUE(run_until([&] { return through_.received == "hello"; }));
}

TEST_F(ProxyGateTest, AClientThatSaysItIsLocalIsProxiedAllTheSame) {
    open("10.0.0.0/8");
    send("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nhello");
    ASSERT_TRUE(run_until([&] { return through_.received == "hello"; }));
    EXPECT_TRUE(through_.stream->info().remote.is_loopback());
    EXPECT_TRUE(through_.stream->info().is_proxied);
}

TEST_F(ProxyGateTest, AProxyMaySpeakForItself) {
    open("10.0.0.0/8");
    send("PROXY UNKNOWN\r\nhello");
    ASSERT_TRUE(run_until([&] { return through_.received == "hello"; }));
    EXPECT_EQ(through_.stream->info().remote.host_to_string(), host_.address(1).host_to_string());
    EXPECT_TRUE(through_.stream->info().is_proxied);
}

TEST_F(ProxyGateTest, WhoIsNoProxyIsRefusedWhateverItSends) {
    open("172.16.0.0/12");
    send(kHeader);
    ASSERT_TRUE(run_until([&] { return client_.closed.is_set(); }));
    EXPECT_EQ(counters().proxy_refused_untrusted, 1U);
    EXPECT_EQ(through_.stream, nullptr);
}

TEST_F(ProxyGateTest, AClientWithoutAHeaderIsRefused) {
    open("10.0.0.0/8");
    send(std::string("\x10\x0C\0\x04MQTT\x04\x02\0\0\0\0", 14));
    ASSERT_TRUE(run_until([&] { return client_.closed.is_set(); }));
    EXPECT_EQ(counters().proxy_refused_header, 1U);
    EXPECT_EQ(through_.stream, nullptr);
    EXPECT_EQ(gate_->pending_count(), 0U);
}

TEST_F(ProxyGateTest, AHeaderThatDoesNotComeIsNotWaitedForLong) {
    open("10.0.0.0/8");
    send("PROXY");
    ASSERT_TRUE(run_until([&] { return client_.closed.is_set(); }));
    EXPECT_EQ(counters().proxy_refused_timeout, 1U);
}

TEST_F(ProxyGateTest, AnEndBeforeTheHeaderIsCounted) {
    open("10.0.0.0/8");
    client_.when_connected = [this] { client_.stream->close(); };
    client_.connect(host_.shard(ShardId(0)), server_.address(1883));
    ASSERT_TRUE(run_until([&] { return counters().proxy_refused_header == 1; }));
    EXPECT_EQ(gate_->pending_count(), 0U);
}

}  // namespace
}  // namespace kith::node
