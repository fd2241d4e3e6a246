// One suite for both backends: what stream.h, network.h and shard.h promise.

#include <algorithm>
#include <cerrno>

#include "runtime/rig_test_support.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class StreamContract : public testing::Test {};

struct RigNames {
    template <typename Rig>
    static std::string GetName(int index) {
        return std::array{"Epoll", "Smooth", "Rough", "TlsEpoll", "TlsSmooth", "TlsRough"}
            [static_cast<std::size_t>(index)];
    }
};
using Rigs = testing::Types<Plain<EpollRig>, Plain<SimRig<SmoothProfile>>,
                            Plain<SimRig<RoughProfile>>, UnderTls<EpollRig>,
                            UnderTls<SimRig<SmoothProfile>>, UnderTls<SimRig<RoughProfile>>>;
TYPED_TEST_SUITE(StreamContract, Rigs, RigNames);

/// A server on shard 0 and a client on the last shard, connected.
template <typename Rig>
struct Pair {
    explicit Pair(Rig& rig_in, std::uint16_t client_shard_in = 0)
        : rig(rig_in), client_shard(client_shard_in) {
        acceptor.when_accepted = [this](std::unique_ptr<Stream> stream) {
            accept(std::move(stream));
        };
    }
    void accept(std::unique_ptr<Stream> stream) {
        server.take(rig.server_side(std::move(stream), rig.shard(0)));
    }
    void connect_client(Shard& shard) {
        client.connect(shard, acceptor.address);
        client.take(rig.client_side(std::move(client.stream), shard));
    }
    void connect() {
        rig.call(0, [this](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
        rig.call(client_shard, [this](Shard& shard) { connect_client(shard); });
    }
    void connect_and_wait() {
        connect();
        ASSERT_TRUE(rig.wait(client.connected));
        ASSERT_TRUE(rig.wait(Rig::kTls ? server.connected : acceptor.accepted));
    }

    Rig& rig;
    std::uint16_t client_shard;
    Acceptor acceptor;
    Peer server;
    Peer client;
};

/// After this, the test's own thread may look at and destroy everything.
template <typename Rig>
void expect_orderly_end(Pair<Rig>& pair) {
    ASSERT_TRUE(pair.rig.wait(pair.client.closed));
    ASSERT_TRUE(pair.rig.wait(pair.server.closed));
    pair.rig.stop();
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Closed)
        << pair.client.closed_reason->text;
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Closed)
        << pair.server.closed_reason->text;
}

TYPED_TEST(StreamContract, EchoesAndClosesInOrder) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Pair pair(rig, 1);
        pair.server.when_data = [&] {
            if (pair.server.received == "hello") {
                pair.server.stream->send(as_bytes(pair.server.received));
            }
        };
        pair.client.when_connected = [&] { pair.client.stream->send(as_bytes("hello")); };
        pair.client.expected_bytes = 5;
        pair.server.when_closed = [&] { pair.server.stream.reset(); };
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.client.all_received));
        rig.call(1, [&](Shard&) { pair.client.stream->close(); });
        expect_orderly_end(pair);
        EXPECT_EQ(pair.client.connected_count, 1);
        EXPECT_EQ(pair.client.received, "hello");
    });
}

TYPED_TEST(StreamContract, TellsAddresses) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        pair.connect_and_wait();
        StreamInfo server;
        StreamInfo client;
        rig.call(0, [&](Shard&) {
            server = pair.server.stream->info();
            client = pair.client.stream->info();
        });
        EXPECT_EQ(client.remote, pair.acceptor.address);
        EXPECT_EQ(server.local, pair.acceptor.address);
        EXPECT_EQ(server.remote, client.local);
        EXPECT_NE(server.remote.port(), 0);
        EXPECT_EQ(server.tls != nullptr, TypeParam::kTls);
        rig.stop();
    });
}

// Goal: megabytes both ways at once, paced by the watermarks, arrive unchanged.
TYPED_TEST(StreamContract, CarriesLargeTransfersBothWays) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        const std::string up = pattern(6'000'000, 1);
        const std::string down = pattern(4'000'000, 2);
        Pair pair(rig, 1);
        pair.server.expected_bytes = up.size();
        pair.client.expected_bytes = down.size();
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) { pair.server.send_all(down); });
        rig.call(1, [&](Shard&) { pair.client.send_all(up); });
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        ASSERT_TRUE(rig.wait(pair.client.all_received));
        rig.stop();
        EXPECT_TRUE(pair.server.received == up);
        EXPECT_TRUE(pair.client.received == down);
        EXPECT_GE(pair.client.stream->sent_bytes(), up.size());
        EXPECT_EQ(pair.client.stream->unsent_bytes(), 0U);
    });
}

TYPED_TEST(StreamContract, CloseWritesWhatIsQueuedFirst) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        const std::string text = pattern(3'000'000, 3);
        Pair pair(rig);
        pair.client.when_connected = [&] {
            pair.client.stream->send(as_bytes(text));
            pair.client.stream->close();
        };
        pair.connect();
        expect_orderly_end(pair);
        EXPECT_TRUE(pair.server.received == text);
    });
}

// Goal: a peer that asks, closes its side and waits gets its answer before the end.
TYPED_TEST(StreamContract, APeerThatClosedItsSideGetsItsAnswer) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        std::uint64_t sent_bytes = 0;
        pair.client.when_connected = [&] {
            pair.client.stream->send(as_bytes("question"));
            pair.client.stream->close();
        };
        pair.server.when_data = [&] {
            if (pair.server.received == "question") {
                pair.server.stream->send(as_bytes("answer"));
            }
        };
        pair.server.when_closed = [&] { sent_bytes = pair.server.stream->sent_bytes(); };
        pair.connect();
        expect_orderly_end(pair);
        EXPECT_GE(sent_bytes, 6U);
        EXPECT_TRUE(pair.client.received.empty()) << "input after close() is dropped";
    });
}

TYPED_TEST(StreamContract, PausedStreamsGetNothingUntilResumed) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        const std::string text = pattern(500'000, 4);
        Pair pair(rig);
        std::size_t received_while_paused = 0;
        pair.server.expected_bytes = text.size();
        Signal paused;
        pair.server.when_data = [&] {
            pair.server.stream->pause_reading();
            paused.set();
        };
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) { pair.client.send_all(text); });
        ASSERT_TRUE(rig.wait(paused));
        rig.call(0, [&](Shard&) { received_while_paused = pair.server.received.size(); });
        for (int turn = 0; turn < 20; ++turn) {
            rig.call(
                0, [&](Shard&) { EXPECT_EQ(pair.server.received.size(), received_while_paused); });
        }
        rig.call(0, [&](Shard&) {
            pair.server.when_data = nullptr;
            pair.server.stream->resume_reading();
        });
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        rig.stop();
        EXPECT_TRUE(pair.server.received == text);
    });
}

// Goal: a reader that pauses after each range and resumes later gets everything, and the end.
TYPED_TEST(StreamContract, PausingAfterEveryRangeLosesNothing) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        const std::string text = pattern(400'000, 5);
        Pair pair(rig);
        CallbackTimer resume([&](Instant) { pair.server.stream->resume_reading(); });
        pair.server.when_data = [&] {
            pair.server.stream->pause_reading();
            rig.shard(0).arm_after(resume, 1ms);
        };
        pair.client.when_connected = [&] {
            pair.client.stream->send(as_bytes(text));
            pair.client.stream->close();
        };
        pair.connect();
        expect_orderly_end(pair);
        EXPECT_TRUE(pair.server.received == text);
    });
}

TYPED_TEST(StreamContract, PauseAndResumeWithinOneCallLosesNothing) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        const std::string text = pattern(400'000, 6);
        Pair pair(rig);
        pair.server.when_data = [&] {
            pair.server.stream->pause_reading();
            pair.server.stream->resume_reading();
        };
        pair.client.when_connected = [&] {
            pair.client.stream->send(as_bytes(text));
            pair.client.stream->close();
        };
        pair.connect();
        expect_orderly_end(pair);
        EXPECT_TRUE(pair.server.received == text);
    });
}

TYPED_TEST(StreamContract, SlowReadersMakeTheWriterCongestedAndDrained) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        Signal drained;
        pair.client.when_drained = [&] {
            EXPECT_FALSE(pair.client.stream->is_congested());
            EXPECT_LT(pair.client.stream->output().size_bytes(), kOutputLowBytes);
            drained.set();
        };
        pair.connect_and_wait();
        const std::string block(kOutputHighBytes, 'x');
        constexpr std::size_t kBlocks = 12;  // more than loopback's buffers take at once
        pair.server.expected_bytes = kBlocks * block.size();
        rig.call(0, [&](Shard&) {
            pair.server.stream->pause_reading();
            EXPECT_FALSE(pair.client.stream->is_congested());
            for (std::size_t i = 0; i < kBlocks; ++i) {
                pair.client.stream->send(as_bytes(block));
            }
            EXPECT_TRUE(pair.client.stream->is_congested());
        });
        rig.call(0, [&](Shard&) {
            EXPECT_EQ(pair.client.drained_count, 0);
            pair.server.stream->resume_reading();
        });
        ASSERT_TRUE(rig.wait(drained));
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        rig.stop();
        EXPECT_EQ(pair.client.drained_count, 1);
    });
}

// Goal: a handler that saw the stream congested and stopped is told, even if one write took all.
TYPED_TEST(StreamContract, DrainedFollowsEvenIfOneWriteTookEverything) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        Signal drained;
        pair.client.when_drained = [&] { drained.set(); };
        pair.connect_and_wait();
        rig.call(0, [&](Shard&) {
            pair.client.stream->send(as_bytes(std::string(kOutputHighBytes + 1, 'x')));
            EXPECT_TRUE(pair.client.stream->is_congested());
        });
        ASSERT_TRUE(rig.wait(drained));
        rig.stop();
    });
}

enum class Gone { Aborted, Destroyed };

void go(Peer& peer, Gone how) {
    if (how == Gone::Aborted) {
        peer.stream->abort();
    } else {
        peer.stream.reset();
    }
}

TYPED_TEST(StreamContract, MayGoWithinOnData) {
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

TYPED_TEST(StreamContract, MayGoWithinOnConnected) {
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

TYPED_TEST(StreamContract, MayGoWithinOnDrained) {
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

TYPED_TEST(StreamContract, MayGoWithinOnClosed) {
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

TYPED_TEST(StreamContract, AStreamMayDestroyAnotherOneThatIsReadyToo) {
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

TYPED_TEST(StreamContract, NobodyListeningIsRefused) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        rig.call(0, [&](Shard& shard) {
            pair.acceptor.listen(shard, {.address = rig.address()});
            pair.acceptor.listener.reset();
            pair.connect_client(shard);
            EXPECT_FALSE(pair.client.closed_reason.has_value()) << "not within the call";
        });
        ASSERT_TRUE(rig.wait(pair.client.closed));
        rig.stop();
        EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Io);
        EXPECT_EQ(pair.client.closed_reason->code, ECONNREFUSED);
        EXPECT_EQ(pair.client.connected_count, 0);
    });
}

TYPED_TEST(StreamContract, APortInUseIsRefusedUnlessShared) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Acceptor first;
        Acceptor second;
        rig.call(0, [&](Shard& shard) {
            first.listen(shard, {.address = rig.address()});
            const auto again = shard.network().listen({.address = first.address}, second);
            ASSERT_FALSE(again.has_value());
            EXPECT_EQ(again.error().code, EADDRINUSE);
            first.listener.reset();
            first.listen(shard, {.address = rig.address(), .shared = true});
        });
        rig.call(1, [&](Shard& shard) {
            second.listen(shard, {.address = first.address, .shared = true});
        });
        rig.stop();
        EXPECT_EQ(first.address, second.address);
    });
}

TYPED_TEST(StreamContract, SharedListenersTakeEveryConnectionOnce) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        constexpr std::size_t kClients = 40;
        std::array<Acceptor, 2> acceptors;
        std::array<std::vector<std::unique_ptr<Peer>>, 2> servers;
        std::atomic<std::size_t> accepted = 0;
        Signal all_accepted;
        for (std::uint16_t i = 0; i < 2; ++i) {
            acceptors[i].when_accepted = [&, i](std::unique_ptr<Stream> stream) {
                servers[i].push_back(std::make_unique<Peer>());
                servers[i].back()->take(std::move(stream));
                if (++accepted == kClients) {
                    all_accepted.set();
                }
            };
            rig.call(i, [&](Shard& shard) {
                const SocketAddress address = i == 0 ? rig.address() : acceptors[0].address;
                acceptors[i].listen(shard, {.address = address, .shared = true});
            });
        }
        std::array<Peer, kClients> clients;
        rig.call(0, [&](Shard& shard) {
            for (Peer& client : clients) {
                client.connect(shard, acceptors[0].address);
            }
        });
        ASSERT_TRUE(rig.wait(all_accepted));
        rig.stop();
        EXPECT_EQ(
            rig.shard(0).counters().streams_accepted + rig.shard(1).counters().streams_accepted,
            kClients);
    });
}

TYPED_TEST(StreamContract, AListenerMayGoWithinOnAccept) {
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

TYPED_TEST(StreamContract, MovesBetweenShardsUnderTraffic) {
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
TYPED_TEST(StreamContract, AMovedStreamKeepsItsBuffersAndItsPause) {
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

TYPED_TEST(StreamContract, AnEndThatCameBetweenTwoShardsIsSeenOnTheSecond) {
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

TYPED_TEST(StreamContract, AStreamMayBeDestroyedBetweenTwoShards) {
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

TYPED_TEST(StreamContract, AStreamMayBeDroppedWithinOnAccept) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Pair pair(rig);
        pair.acceptor.when_accepted = [](std::unique_ptr<Stream>) {};
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.client.closed));
        rig.stop();
    });
}

TYPED_TEST(StreamContract, AbortWhileConnectingSaysNothing) {
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

}  // namespace
}  // namespace kith::runtime
