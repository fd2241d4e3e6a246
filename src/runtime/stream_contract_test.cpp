// One suite for both backends, plain and under TLS: what stream.h and network.h promise.

#include <algorithm>
#include <cerrno>

#include "runtime/testing/stream_pair.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class StreamContract : public testing::Test {};
TYPED_TEST_SUITE(StreamContract, StreamRigs, StreamRigNames);

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
        EXPECT_NE(server.remote.port(), 0);
        EXPECT_EQ(server.tls != nullptr, TypeParam::kTls);
        rig.stop();
    });
}

// Goal: megabytes both ways at once, paced by the watermarks, arrive unchanged.
TYPED_TEST(StreamContract, CarriesLargeTransfersBothWays) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        const std::string up = pattern(2'500'000, 1);
        const std::string down = pattern(1'500'000, 2);
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
            EXPECT_FALSE(paused.is_set()) << "not even within the same turn";
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

}  // namespace
}  // namespace kith::runtime
