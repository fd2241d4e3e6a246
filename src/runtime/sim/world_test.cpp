#include "runtime/sim/world.h"

#include <cerrno>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/limits.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"

namespace kith::runtime::sim {
namespace {

/// Two hosts, a server on the one and a client on the other.
struct TwoHosts {
    explicit TwoHosts(const WorldOptions& options)
        : world(options), a(world.add_host("a", 1, log)), b(world.add_host("b", 1, log)) {
        acceptor.when_accepted = [this](std::unique_ptr<Stream> stream) {
            server.take(std::move(stream));
        };
    }
    void connect() {
        acceptor.listen(a.shard(ShardId(0)), {.address = a.address(1883)});
        client.connect(b.shard(ShardId(0)), a.address(1883));
        ASSERT_TRUE(world.run_until(
            [&] { return client.connected.is_set() && acceptor.accepted.is_set(); }, 10s));
    }

    Log log;
    World world;
    Host& a;
    Host& b;
    Acceptor acceptor;
    Peer server;
    Peer client;
};

TEST(World, HasVirtualTimeOnly) {
    World world({.seed = 1});
    const Instant start = world.now();
    world.run_for(24h);
    EXPECT_EQ(world.now() - start, 24h);
    EXPECT_FALSE(world.run_until([] { return false; }, 1h));
    EXPECT_EQ(world.now() - start, 25h);
}

TEST(World, WallTimeFollowsVirtualTime) {
    Log log;
    World world({.seed = 1, .wall_start = WallTime::from_ms(5'000)});
    Host& host = world.add_host("a", 1, log);
    EXPECT_EQ(host.shard(ShardId(0)).wall_now(), WallTime::from_ms(5'000));
    world.run_for(2500ms);
    EXPECT_EQ(host.shard(ShardId(0)).wall_now(), WallTime::from_ms(7'500));
}

TEST(World, TimersFireInVirtualTime) {
    Log log;
    World world({.seed = 1});
    Host& host = world.add_host("a", 1, log);
    Shard& shard = host.shard(ShardId(0));
    Instant fired_at;
    CallbackTimer timer([&](Instant now) { fired_at = now; });
    const Instant armed_at = shard.now();
    shard.arm_after(timer, 3h);
    world.run_for(2h);
    EXPECT_TRUE(timer.is_armed());
    world.run_for(2h);
    EXPECT_GE(fired_at - armed_at, 3h);
    EXPECT_LT(fired_at - armed_at, 3h + 10ms);
}

TEST(World, HostsHaveAddressesOfTheirOwn) {
    Log log;
    World world({.seed = 1});
    EXPECT_EQ(world.add_host("a", 1, log).address(80).to_string(), "10.0.0.1:80");
    EXPECT_EQ(world.add_host("b", 1, log).address(81).to_string(), "10.0.0.2:81");
}

/// A run with traffic, moves, mail and chance on three hosts; its trace hash.
std::uint64_t busy_run(const WorldOptions& options, const std::string& message = "message") {
    Log log;
    World world(options);
    Host& server_host = world.add_host("server", 3, log);
    std::vector<std::unique_ptr<Peer>> servers;
    std::vector<std::unique_ptr<Peer>> clients;
    Acceptor acceptor;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        Peer& server = *servers.emplace_back(std::make_unique<Peer>());
        server.take(std::move(stream));
        server.stream->detach();
        const ShardId to(static_cast<std::uint16_t>(servers.size() % 3));
        server_host.shard(ShardId(0)).post(to, [&server](Shard& there) {
            server.stream->attach(there);
            server.when_data = [&server] {
                server.stream->send(as_bytes(std::to_string(server.received.size())));
            };
        });
    };
    acceptor.listen(server_host.shard(ShardId(0)), {.address = server_host.address(1883)});
    for (int i = 0; i < 2; ++i) {
        Host& host = world.add_host("client", 2, log);
        for (std::uint16_t shard = 0; shard < 2; ++shard) {
            Peer& client = *clients.emplace_back(std::make_unique<Peer>());
            client.when_connected = [&client, &message] {
                for (int k = 0; k < 50; ++k) {
                    client.stream->send(as_bytes(message));
                }
            };
            client.connect(host.shard(ShardId(shard)), server_host.address(1883));
        }
    }
    world.run_for(10s);
    EXPECT_EQ(servers.size(), 4U);
    for (const auto& server : servers) {
        EXPECT_EQ(server->received.size(), 50 * message.size());
    }
    return world.trace_hash();
}

TEST(World, TheSameSeedIsTheSameRun) {
    for (const std::size_t piece_bytes_max : {std::size_t{0}, std::size_t{9}}) {
        std::map<std::uint64_t, std::uint64_t> seed_by_hash;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            const WorldOptions options{
                .seed = seed, .piece_bytes_max = piece_bytes_max, .window_bytes = 100};
            const std::uint64_t hash = busy_run(options);
            EXPECT_EQ(busy_run(options), hash) << "seed " << seed;
            EXPECT_TRUE(seed_by_hash.emplace(hash, seed).second) << "two seeds, one run";
        }
    }
}

TEST(World, OtherBytesAreAnotherTrace) {
    EXPECT_NE(busy_run({.seed = 1}, "message"), busy_run({.seed = 1}, "massage"));
}

TEST(World, ShardsOfOneHostRunInAnOrderThatTheSeedDraws) {
    std::map<std::string, int> orders;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Log log;
        World world({.seed = seed});
        Host& host = world.add_host("a", 3, log);
        std::string order;
        for (std::uint16_t i = 0; i < 3; ++i) {
            host.shard(ShardId(i)).post(ShardId(i), [&order](Shard& shard) {
                order += std::to_string(shard.id().value());
            });
        }
        world.run_for(1s);
        ++orders[order];
    }
    EXPECT_EQ(orders.size(), 6U) << "every order of three shards comes up";
}

TEST(World, DelaysStayWithinTheirLimits) {
    TwoHosts hosts({.seed = 3, .delay_min = 10ms, .delay_max = 12ms});
    hosts.connect();
    const Instant sent = hosts.world.now();
    hosts.client.stream->send(as_bytes("x"));
    ASSERT_TRUE(hosts.world.run_until([&] { return !hosts.server.received.empty(); }, 1s));
    EXPECT_GE(hosts.world.now() - sent, 10ms);
    EXPECT_LE(hosts.world.now() - sent, 13ms);
}

TEST(World, AFullWindowMakesTheWriterWait) {
    TwoHosts hosts({.seed = 1, .window_bytes = 1000});
    hosts.connect();
    hosts.server.stream->pause_reading();
    hosts.client.stream->send(as_bytes(std::string(5000, 'x')));
    hosts.world.run_for(10s);
    EXPECT_EQ(hosts.client.stream->sent_bytes(), 1000U);
    EXPECT_EQ(hosts.client.stream->unsent_bytes(), 4000U);
    hosts.server.stream->resume_reading();
    hosts.world.run_for(10s);
    EXPECT_EQ(hosts.client.stream->unsent_bytes(), 0U);
    EXPECT_EQ(hosts.server.received.size(), 5000U);
}

TEST(World, ResetStreamsBreaksBothEnds) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.reset_streams();
    hosts.world.run_for(1s);
    ASSERT_TRUE(hosts.server.closed_reason.has_value());
    ASSERT_TRUE(hosts.client.closed_reason.has_value());
    EXPECT_EQ(hosts.server.closed_reason->code, ECONNRESET);
    EXPECT_EQ(hosts.client.closed_reason->code, ECONNRESET);
}

TEST(World, ACutCableDelaysEverythingUntilItIsMended) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.client.stream->send(as_bytes("before "));
    hosts.world.run_for(1s);
    hosts.b.cut();
    hosts.client.stream->send(as_bytes("during"));
    hosts.server.stream->send(as_bytes("answer"));
    Peer late;
    late.connect(hosts.b.shard(ShardId(0)), hosts.a.address(1883));
    hosts.world.run_for(60s);
    EXPECT_EQ(hosts.server.received, "before ");
    EXPECT_EQ(hosts.client.received, "");
    EXPECT_FALSE(late.connected.is_set());
    EXPECT_FALSE(hosts.client.closed_reason.has_value());
    hosts.acceptor.when_accepted = [](std::unique_ptr<Stream>) {};
    hosts.b.mend();
    hosts.world.run_for(2s);
    EXPECT_EQ(hosts.server.received, "before during");
    EXPECT_EQ(hosts.client.received, "answer");
    EXPECT_TRUE(late.connected.is_set());
}

TEST(World, ACutThatLastsTimesConnectingOut) {
    TwoHosts hosts({.seed = 1});
    hosts.acceptor.listen(hosts.a.shard(ShardId(0)), {.address = hosts.a.address(1883)});
    hosts.a.cut();
    hosts.client.connect(hosts.b.shard(ShardId(0)), hosts.a.address(1883));
    hosts.world.run_for(5min);
    ASSERT_TRUE(hosts.client.closed_reason.has_value());
    EXPECT_EQ(hosts.client.closed_reason->code, ETIMEDOUT);
}

TEST(World, NobodyAtAnAddressIsNoRoute) {
    TwoHosts hosts({.seed = 1});
    hosts.client.connect(hosts.b.shard(ShardId(0)), *SocketAddress::parse("10.9.9.9:1"));
    hosts.world.run_for(5s);
    ASSERT_TRUE(hosts.client.closed_reason.has_value());
    EXPECT_EQ(hosts.client.closed_reason->code, EHOSTUNREACH);
}

TEST(World, AFrozenHostIsSilentAndThenCatchesUp) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.freeze();
    hosts.client.stream->send(as_bytes("are you there?"));
    hosts.world.run_for(60s);
    EXPECT_EQ(hosts.server.received, "");
    EXPECT_EQ(hosts.client.stream->unsent_bytes(), 0U) << "the kernel of a frozen process answers";
    hosts.a.thaw();
    hosts.world.run_for(1s);
    EXPECT_EQ(hosts.server.received, "are you there?");
}

// Goal: in one turn, timers come before mail; freezing makes both wait for the same turn.
TEST(World, TimersComeBeforeMail) {
    Log log;
    World world({.seed = 1});
    Host& host = world.add_host("a", 1, log);
    Shard& shard = host.shard(ShardId(0));
    std::string order;
    CallbackTimer timer([&](Instant) { order += "timer "; });
    host.freeze();
    shard.post(ShardId(0), [&](Shard&) { order += "mail "; });
    shard.arm_after(timer, 10ms);
    world.run_for(1s);
    EXPECT_EQ(order, "");
    host.thaw();
    world.run_for(1s);
    EXPECT_EQ(order, "timer mail ");
}

TEST(World, ACrashedHostVanishesWithoutAWord) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.crash();
    hosts.client.stream->send(as_bytes("hello?"));
    hosts.world.run_for(10min);
    EXPECT_FALSE(hosts.client.closed_reason.has_value());
    EXPECT_FALSE(hosts.server.closed_reason.has_value());
    EXPECT_EQ(hosts.server.received, "");
    // What the test destroys now sends nothing.
    hosts.server.stream.reset();
    hosts.acceptor.listener.reset();
    hosts.world.run_for(10min);
    EXPECT_FALSE(hosts.client.closed_reason.has_value());
}

TEST(World, ARestartedHostKnowsNoOldConnections) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.crash();
    hosts.world.run_for(1s);
    hosts.a.restart();
    hosts.client.stream->send(as_bytes("hello?"));
    hosts.world.run_for(10s);
    ASSERT_TRUE(hosts.client.closed_reason.has_value());
    EXPECT_EQ(hosts.client.closed_reason->code, ECONNRESET);
    EXPECT_FALSE(hosts.server.closed_reason.has_value()) << "dead shards run no turns";

    // Its fresh shards serve again, on the port that the dead ones held.
    hosts.acceptor.listener.reset();
    Acceptor again;
    Peer server;
    Peer client;
    again.when_accepted = [&](std::unique_ptr<Stream> stream) { server.take(std::move(stream)); };
    again.listen(hosts.a.shard(ShardId(0)), {.address = hosts.a.address(1883)});
    client.connect(hosts.b.shard(ShardId(0)), hosts.a.address(1883));
    EXPECT_TRUE(hosts.world.run_until([&] { return again.accepted.is_set(); }, 10s));
    client.stream.reset();
    server.stream.reset();
}

TEST(World, ConnectingToACrashedHostWaitsForItsRestart) {
    TwoHosts hosts({.seed = 1});
    hosts.a.crash();
    hosts.client.connect(hosts.b.shard(ShardId(0)), hosts.a.address(1883));
    hosts.world.run_for(10s);
    EXPECT_FALSE(hosts.client.closed_reason.has_value());
    hosts.a.restart();
    hosts.acceptor.listen(hosts.a.shard(ShardId(0)), {.address = hosts.a.address(1883)});
    EXPECT_TRUE(hosts.world.run_until([&] { return hosts.client.connected.is_set(); }, 10s));
}

TEST(World, ACrashTakesTimersMailAndCompletionsAlong) {
    Log log;
    World world({.seed = 1});
    Host& host = world.add_host("a", 2, log);
    Shard& shard = host.shard(ShardId(0));
    int calls = 0;
    CallbackTimer timer([&](Instant) { ++calls; });
    shard.arm_after(timer, 1ms);
    shard.post(ShardId(1), [&](Shard&) { ++calls; });
    ASSERT_TRUE(
        host.blocking_pool().submit(shard, [&] { return make_mail([&](Shard&) { ++calls; }); }));
    host.crash();
    world.run_for(10s);
    host.restart();
    world.run_for(10s);
    EXPECT_EQ(calls, 0);
}

// Goal: the other side neither closes nor reads; close() ends all the same.
TEST(World, ClosingEndsAfterItsGrace) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.freeze();
    const Instant closed_at = hosts.world.now();
    hosts.client.stream->send(as_bytes(std::string(1'000'000, 'x')));
    hosts.client.stream->close();
    ASSERT_TRUE(hosts.world.run_until([&] { return hosts.client.closed.is_set(); }, 1min));
    EXPECT_EQ(hosts.client.closed_reason->kind, ErrorKind::Closed);
    EXPECT_GE(hosts.world.now() - closed_at, kCloseGrace);
    EXPECT_LT(hosts.world.now() - closed_at, kCloseGrace + 100ms);
}

TEST(World, AbortDuringTheGraceEndsItSilently) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.freeze();
    hosts.client.stream->close();
    hosts.world.run_for(1s);
    hosts.client.stream->abort();
    hosts.world.run_for(1min);
    EXPECT_FALSE(hosts.client.closed_reason.has_value());
}

// Goal: a peer that closed its side and reads no more cannot hold this side for ever.
TEST(World, AHalfClosedPeerThatDoesNotReadIsGivenUp) {
    TwoHosts hosts({.seed = 1, .window_bytes = 100});
    hosts.connect();
    hosts.server.stream->send(as_bytes(std::string(10'000, 'x')));
    hosts.client.stream->close();
    hosts.world.run_for(100ms);
    hosts.b.freeze();
    hosts.server.stream->send(as_bytes(std::string(10'000, 'x')));
    hosts.world.run_for(1min);
    EXPECT_TRUE(hosts.server.closed_reason.has_value());
}

TEST(World, APausedStreamStillLearnsOfAReset) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.server.stream->pause_reading();
    hosts.client.stream->send(as_bytes("unread"));
    hosts.world.run_for(1s);
    hosts.client.stream->abort();
    hosts.world.run_for(1s);
    ASSERT_TRUE(hosts.server.closed_reason.has_value());
    EXPECT_EQ(hosts.server.closed_reason->code, ECONNRESET);
}

// Goal: a write that fails does not swallow the peer's last words.
TEST(World, InputBeforeAFailureIsReadFirst) {
    TwoHosts hosts({.seed = 1});
    hosts.connect();
    hosts.a.freeze();
    hosts.client.stream->send(as_bytes("last words"));
    hosts.world.run_for(1s);
    hosts.client.stream->abort();
    hosts.world.run_for(1s);
    hosts.server.stream->send(as_bytes("to nobody"));
    hosts.a.thaw();
    hosts.world.run_for(1s);
    EXPECT_EQ(hosts.server.received, "last words");
    ASSERT_TRUE(hosts.server.closed_reason.has_value());
    EXPECT_EQ(hosts.server.closed_reason->code, ECONNRESET);
}

// Goal: likewise if the write fails while more input waits than a turn may read.
TEST(World, AllInputBeforeAFailedWriteIsRead) {
    TwoHosts hosts({.seed = 1, .window_bytes = 4 * kReadBytesPerTurnMax});
    hosts.connect();
    hosts.a.freeze();
    const std::string text = pattern(3 * kReadBytesPerTurnMax, 1);
    hosts.client.stream->send(as_bytes(text));
    hosts.world.run_for(1s);
    hosts.client.stream->abort();
    hosts.world.run_for(1s);
    hosts.server.when_data = [&] { hosts.server.stream->send(as_bytes("to nobody")); };
    hosts.a.thaw();
    hosts.world.run_for(1s);
    EXPECT_TRUE(hosts.server.received == text);
    ASSERT_TRUE(hosts.server.closed_reason.has_value());
    EXPECT_EQ(hosts.server.closed_reason->code, ECONNRESET);
}

TEST(World, ABacklogThatIsFullMakesConnectingWait) {
    Log log;
    World world({.seed = 1});
    Host& a = world.add_host("a", 1, log);
    Host& b = world.add_host("b", 1, log);
    Acceptor acceptor;
    std::vector<std::unique_ptr<Stream>> accepted;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        accepted.push_back(std::move(stream));
    };
    acceptor.listen(a.shard(ShardId(0)), {.address = a.address(5), .backlog = 2});
    a.freeze();
    std::array<Peer, 3> clients;
    for (Peer& client : clients) {
        client.connect(b.shard(ShardId(0)), a.address(5));
    }
    world.run_for(500ms);
    int connected = 0;
    for (Peer& client : clients) {
        connected += client.connected_count;
    }
    EXPECT_EQ(connected, 2);
    a.thaw();
    world.run_for(5s);
    EXPECT_EQ(accepted.size(), 3U);
}

class DatagramCounter final : public DatagramHandler {
  public:
    void on_datagram(const SocketAddress&, Bytes) override { ++count; }
    int count = 0;
};

enum class Cable { Whole, Cut };

/// How many of 1,000 datagrams from one host arrive at another.
int datagrams_arrived(const WorldOptions& options, Cable cable) {
    TwoHosts hosts(options);
    DatagramCounter counter;
    const auto to = hosts.a.shard(ShardId(0))
                        .network()
                        .open_datagram({.local = hosts.a.address(5)}, counter)
                        .value();
    const auto from = hosts.b.shard(ShardId(0))
                          .network()
                          .open_datagram({.local = hosts.b.address(5)}, counter)
                          .value();
    if (cable == Cable::Cut) {
        hosts.b.cut();
    }
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(from->send_to(hosts.a.address(5), as_bytes("x")).has_value());
        hosts.world.run_for(1ms);
    }
    hosts.b.mend();
    hosts.world.run_for(1s);
    return counter.count;
}

TEST(World, DatagramsAreLostAndDoubledAsOftenAsAsked) {
    EXPECT_EQ(datagrams_arrived({.seed = 1}, Cable::Whole), 1000);
    EXPECT_NEAR(datagrams_arrived({.seed = 1, .datagram_loss = 0.3}, Cable::Whole), 700, 60);
    EXPECT_NEAR(datagrams_arrived({.seed = 1, .datagram_double = 0.3}, Cable::Whole), 1300, 60);
    EXPECT_EQ(datagrams_arrived({.seed = 1}, Cable::Cut), 0) << "a cut cable loses datagrams";
}

TEST(World, ADatagramPortThatIsFullDropsAndCounts) {
    TwoHosts hosts({.seed = 1});
    DatagramCounter counter;
    Shard& shard = hosts.a.shard(ShardId(0));
    const auto port = shard.network().open_datagram({.local = hosts.a.address(5)}, counter).value();
    hosts.a.freeze();
    for (std::size_t i = 0; i < kDatagramsPerTurnMax + 10; ++i) {
        EXPECT_TRUE(port->send_to(port->local(), as_bytes("x")).has_value());
    }
    hosts.world.run_for(1s);
    hosts.a.thaw();
    hosts.world.run_for(1s);
    EXPECT_EQ(counter.count, static_cast<int>(kDatagramsPerTurnMax));
    EXPECT_EQ(shard.counters().datagrams_dropped, 10U);
}

TEST(World, DatagramsOfACrashedHostGoNowhere) {
    TwoHosts hosts({.seed = 1});
    DatagramCounter counter;
    const auto a = hosts.a.shard(ShardId(0))
                       .network()
                       .open_datagram({.local = hosts.a.address(5)}, counter)
                       .value();
    const auto b = hosts.b.shard(ShardId(0))
                       .network()
                       .open_datagram({.local = hosts.b.address(5)}, counter)
                       .value();
    hosts.a.crash();
    EXPECT_TRUE(a->send_to(hosts.b.address(5), as_bytes("x")).has_value());
    EXPECT_TRUE(b->send_to(hosts.a.address(5), as_bytes("x")).has_value());
    hosts.world.run_for(1s);
    EXPECT_EQ(counter.count, 0);
}

TEST(World, StoppedShardsRunNoFurtherTurns) {
    Log log;
    World world({.seed = 1});
    Host& host = world.add_host("a", 1, log);
    int calls = 0;
    Shard& shard = host.shard(ShardId(0));
    shard.post(ShardId(0), [&](Shard& here) {
        ++calls;
        here.stop();
        here.post(ShardId(0), [&](Shard&) { ++calls; });
    });
    world.run_for(1s);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace kith::runtime::sim
