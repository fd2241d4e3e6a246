// One suite for both backends, plain and under TLS: streams that go away or move to another shard,
// from wherever they may.

#include <algorithm>
#include <cerrno>

#include "runtime/testing/stream_pair.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class StreamDeparture : public testing::Test {};
TYPED_TEST_SUITE(StreamDeparture, StreamRigs, StreamRigNames);

enum class Gone { Aborted, Destroyed };

void go(Peer& peer, Gone how) {
    if (how == Gone::Aborted) {
        peer.stream->abort();
    } else {
        peer.stream.reset();
    }
}

TYPED_TEST(StreamDeparture, MayGoWithinOnData) {
    for (const Gone how : {Gone::Aborted, Gone::Destroyed}) {
        for_each_seed<TypeParam>(1, [how](TypeParam& rig) {
            Pair pair(rig);
            int calls = 0;
            pair.server.when_data = [&] {
                ++calls;
                go(pair.server, how);
            };
            pair.connect_and_wait();
            rig.call(0, [&](Shard&) { pair.client.send_all(pattern(3'000'000, 7)); });
            ASSERT_TRUE(rig.wait(pair.client.closed));
            rig.stop();
            EXPECT_EQ(calls, 1);
            EXPECT_FALSE(pair.server.closed_reason.has_value());
            EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Io);
        });
    }
}

TYPED_TEST(StreamDeparture, MayGoWithinOnConnected) {
    for (const Gone how : {Gone::Aborted, Gone::Destroyed}) {
        for_each_seed<TypeParam>(1, [how](TypeParam& rig) {
            Pair pair(rig);
            pair.client.when_connected = [&] {
                pair.client.stream->send(as_bytes("never sent"));
                go(pair.client, how);
            };
            pair.connect();
            ASSERT_TRUE(rig.wait(pair.server.closed));
            rig.stop();
            EXPECT_TRUE(pair.server.received.empty());
            EXPECT_FALSE(pair.client.closed_reason.has_value());
        });
    }
}

TYPED_TEST(StreamDeparture, MayGoWithinOnDrained) {
    for (const Gone how : {Gone::Aborted, Gone::Destroyed}) {
        for_each_seed<TypeParam>(1, [how](TypeParam& rig) {
            Pair pair(rig);
            pair.client.when_drained = [&] { go(pair.client, how); };
            pair.connect_and_wait();
            rig.call(0, [&](Shard&) {
                pair.client.stream->send(as_bytes(pattern(3 * kOutputHighBytes, 8)));
            });
            ASSERT_TRUE(rig.wait(pair.server.closed));
            rig.stop();
            EXPECT_EQ(pair.client.drained_count, 1);
            EXPECT_FALSE(pair.client.closed_reason.has_value());
        });
    }
}

TYPED_TEST(StreamDeparture, MayGoWithinOnClosed) {
    for (const Gone how : {Gone::Aborted, Gone::Destroyed}) {
        for_each_seed<TypeParam>(1, [how](TypeParam& rig) {
            Pair pair(rig);
            pair.server.when_closed = [&] { go(pair.server, how); };
            pair.client.when_closed = [&] { go(pair.client, how); };
            pair.client.when_connected = [&] { pair.client.stream->close(); };
            pair.connect();
            expect_orderly_end(pair);
        });
    }
}

TYPED_TEST(StreamDeparture, AStreamMayDestroyAnotherOneThatIsReadyToo) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Acceptor acceptor;
        std::array<Peer, 2> servers;
        std::array<Peer, 2> clients;
        Signal both_accepted;
        acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            Peer& server = servers[acceptor.accepted_count == 1 ? 0 : 1];
            server.take(std::move(stream));
            if (acceptor.accepted_count == 2) {
                both_accepted.set();
            }
        };
        int calls = 0;
        servers[0].when_data = [&] {
            ++calls;
            servers[1].stream.reset();
        };
        servers[1].when_data = [&] {
            ++calls;
            servers[0].stream.reset();
        };
        rig.call(0, [&](Shard& shard) {
            acceptor.listen(shard, {.address = rig.address()});
            clients[0].connect(shard, acceptor.address);
            clients[1].connect(shard, acceptor.address);
        });
        ASSERT_TRUE(rig.wait(both_accepted));
        ASSERT_TRUE(rig.wait(clients[0].connected));
        ASSERT_TRUE(rig.wait(clients[1].connected));
        Signal one_closed;
        rig.call(0, [&](Shard&) {
            for (Peer& client : clients) {
                client.when_closed = [&] { one_closed.set(); };
                client.stream->send(as_bytes("now"));
            }
        });
        ASSERT_TRUE(rig.wait(one_closed));
        rig.stop();
        EXPECT_EQ(calls, 1);
    });
}

TYPED_TEST(StreamDeparture, AListenerMayGoWithinOnAccept) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Acceptor acceptor;
        Peer server;
        std::array<Peer, 3> clients;
        acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            server.take(std::move(stream));
            acceptor.listener.reset();
        };
        rig.call(0, [&](Shard& shard) {
            acceptor.listen(shard, {.address = rig.address()});
            for (Peer& client : clients) {
                client.connect(shard, acceptor.address);
            }
        });
        ASSERT_TRUE(rig.wait(acceptor.accepted));
        rig.call(0, [&](Shard&) { server.stream->send(as_bytes("still served")); });
        rig.stop();
        EXPECT_EQ(acceptor.accepted_count, 1);
    });
}

TYPED_TEST(StreamDeparture, AStreamMayBeDroppedWithinOnAccept) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        pair.acceptor.when_accepted = [](std::unique_ptr<Stream>) {};
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.client.closed));
        rig.stop();
    });
}

TYPED_TEST(StreamDeparture, AbortWhileConnectingSaysNothing) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        rig.call(0, [&](Shard& shard) {
            pair.acceptor.listen(shard, {.address = rig.address()});
            pair.connect_client(shard);
            pair.client.stream->abort();
        });
        for (int turn = 0; turn < 10; ++turn) {
            rig.call(0, [](Shard&) {});
        }
        rig.stop();
        EXPECT_EQ(pair.client.connected_count, 0);
        EXPECT_FALSE(pair.client.closed_reason.has_value());
    });
}

/// Moves the server's stream round the shards while both sides send.
template <typename Rig>
class Wanderer {
  public:
    Wanderer(Rig& rig, Peer& server, std::uint16_t shard_count)
        : rig_(rig), server_(server), shard_count_(shard_count) {}

    /// On the stream's shard, as the last thing there.
    void move_on(Shard& here) {
        const auto next = static_cast<std::uint16_t>((here.id().value() + 1) % shard_count_);
        server_.stream->detach();
        here.post(ShardId(next), [this](Shard& there) {
            server_.stream->attach(there);
            at = there.id().value();
            ++move_count;
            server_.send_more();
        });
    }

    std::uint16_t at = 0;
    int move_count = 0;

  private:
    Rig& rig_;
    Peer& server_;
    std::uint16_t shard_count_;
};

TYPED_TEST(StreamDeparture, MovesBetweenShardsUnderTraffic) {
    for_each_seed<TypeParam>(3, [](TypeParam& rig) {
        const std::string up = pattern(3'000'000, 9);
        const std::string down = pattern(3'000'000, 10);
        Pair pair(rig, 2);
        Wanderer wanderer(rig, pair.server, 3);
        pair.acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            pair.accept(std::move(stream));
            pair.server.send_all(down);
        };
        pair.server.when_data = [&] { wanderer.move_on(rig.shard(wanderer.at)); };
        pair.server.when_drained = [&] { pair.server.send_more(); };
        pair.server.expected_bytes = up.size();
        pair.client.expected_bytes = down.size();
        pair.client.when_connected = [&] { pair.client.send_all(up); };
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        ASSERT_TRUE(rig.wait(pair.client.all_received));
        rig.stop();
        EXPECT_GT(wanderer.move_count, 10);
        EXPECT_TRUE(pair.server.received == up);
        EXPECT_TRUE(pair.client.received == down);
    });
}

// Goal: what the kernel has buffered, what the queue holds and the paused state survive a move.
TYPED_TEST(StreamDeparture, AMovedStreamKeepsItsBuffersAndItsPause) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Pair pair(rig);
        Signal first_bytes;
        pair.server.when_data = [&] {
            pair.server.stream->pause_reading();
            first_bytes.set();
        };
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) { pair.client.stream->send(as_bytes("one ")); });
        ASSERT_TRUE(rig.wait(first_bytes));
        rig.call(0, [&](Shard&) {
            pair.client.expected_bytes = 5007;
            pair.client.stream->send(as_bytes("two"));
        });
        Signal arrived;
        rig.call(0, [&](Shard& here) {
            const SharedBytes shared = SharedBytes::copy_of(as_bytes(std::string(5000, 's')));
            pair.server.stream->output().append(as_bytes("queued "));
            pair.server.stream->output().append(shared);
            pair.server.stream->request_flush();
            pair.server.stream->detach();
            EXPECT_EQ(shared.owner_count(), 1U);
            here.post(ShardId(1), [&](Shard& there) {
                pair.server.stream->attach(there);
                arrived.set();
            });
        });
        ASSERT_TRUE(rig.wait(arrived));
        ASSERT_TRUE(rig.wait(pair.client.all_received));
        rig.call(1, [&](Shard&) {
            EXPECT_TRUE(pair.server.received == "one ") << "reading is still paused";
            pair.server.expected_bytes = 7;
            pair.server.stream->resume_reading();
        });
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        rig.stop();
        EXPECT_EQ(pair.server.received, "one two");
        EXPECT_EQ(pair.client.received, "queued " + std::string(5000, 's'));
    });
}

TYPED_TEST(StreamDeparture, AnEndThatCameBetweenTwoShardsIsSeenOnTheSecond) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Pair pair(rig);
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) {
            pair.server.stream->detach();
            pair.client.stream->send(as_bytes("last words"));
            pair.client.stream->close();
        });
        rig.call(1, [&](Shard& there) { pair.server.stream->attach(there); });
        expect_orderly_end(pair);
        EXPECT_EQ(pair.server.received, "last words");
    });
}

TYPED_TEST(StreamDeparture, AStreamMayBeDestroyedBetweenTwoShards) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) {
            pair.server.stream->send(as_bytes("never sent"));
            pair.server.stream->detach();
            pair.server.stream.reset();
        });
        ASSERT_TRUE(rig.wait(pair.client.closed));
        rig.stop();
        EXPECT_TRUE(pair.client.received.empty());
    });
}

}  // namespace
}  // namespace kith::runtime
