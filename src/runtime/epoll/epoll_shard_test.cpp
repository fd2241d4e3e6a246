// What only the epoll backend has: threads, sleep and wake-ups, the kernel's errors.

#include "runtime/epoll/epoll_shard.h"

#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "runtime/epoll/socket_address.h"
#include "runtime/epoll/tcp_socket.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

/// Keeps a shard within one turn from its construction to its end.
class HeldShard {
  public:
    explicit HeldShard(Shard& shard) {
        shard.post_completion(make_mail([state = state_](Shard&) {
            state->held = true;
            state->held.notify_one();
            state->go_on.wait(false);
        }));
        state_->held.wait(false);
    }
    ~HeldShard() {
        state_->go_on = true;
        state_->go_on.notify_one();
    }

  private:
    struct State {
        std::atomic<bool> held = false;
        std::atomic<bool> go_on = false;
    };
    // shared_ptr: the shard may still look at it when this object has gone.
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Spins until the clock has passed `until`; makes a turn long without leaving it.
void keep_busy_until(std::chrono::steady_clock::time_point until) {
    while (std::chrono::steady_clock::now() < until) {
    }
}

/// A blocking socket of the test's own thread.
class RawClient {
  public:
    RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

    void connect(const SocketAddress& to) {
        sockaddr_storage storage;
        const socklen_t length = to_kernel(to, storage);
        ASSERT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length), 0);
    }
    void send(std::string_view text) {
        ASSERT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    void shutdown_write() { ::shutdown(fd_.get(), SHUT_WR); }
    [[nodiscard]] std::string read_all() {
        std::string text;
        std::array<char, 4096> buffer;
        ssize_t count = 0;
        while ((count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0)) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    void close() { fd_.reset(); }

  private:
    FileDescriptor fd_;
};

TEST(EpollShard, TimersComeBeforeMail) {
    EpollRig rig(1, 1);
    std::string order;
    Signal done;
    CallbackTimer timer([&](Instant) { order += "timer "; });
    rig.call(0, [&](Shard& shard) {
        shard.arm_after(timer, 1ms);
        shard.post(ShardId(0), [&](Shard&) {
            order += "mail";
            done.set();
        });
        keep_busy_until(std::chrono::steady_clock::now() + 5ms);
    });
    ASSERT_TRUE(rig.wait(done));
    rig.stop();
    EXPECT_EQ(order, "timer mail");
}

TEST(EpollShard, SleepsInsteadOfSpinning) {
    EpollRig rig(1, 2);
    Signal fired;
    std::uint64_t turns_at_first = 0;
    std::uint64_t turns_at_last = 0;
    CallbackTimer timer([&](Instant) {
        turns_at_last = rig.shard(0).counters().turns;
        fired.set();
    });
    rig.call(0, [&](Shard& shard) {
        shard.arm_after(timer, 50ms);
        turns_at_first = shard.counters().turns;
    });
    ASSERT_TRUE(rig.wait(fired));
    // One turn for the timer; a few more where a timer of the wheel's upper levels moves down.
    EXPECT_LE(turns_at_last - turns_at_first, 5U);
}

// Goal: a lost wake-up would leave the token with a sleeping shard for ever.
TEST(EpollShard, NoWakeupIsLostWhenATokenGoesRound) {
    constexpr std::uint16_t kShards = 3;
    EpollRig rig(1, kShards);
    Signal done;
    struct Token {
        Signal* done;
        int hops_left;
        void operator()(Shard& here) {
            if (--hops_left == 0) {
                done->set();
                return;
            }
            const auto next = static_cast<std::uint16_t>((here.id().value() + 1) % kShards);
            here.post(ShardId(next), *this);
        }
    };
    rig.call(0, [&](Shard& shard) { shard.post(ShardId(1), Token{&done, 10'000}); });
    ASSERT_TRUE(rig.wait(done));
}

TEST(EpollShard, NoWakeupIsLostWhenThreadsPostCompletions) {
    EpollRig rig(1, 2);
    constexpr int kRounds = 3000;
    std::vector<std::thread> threads;
    for (std::uint16_t i = 0; i < 4; ++i) {
        threads.emplace_back([&rig, i] {
            for (int round = 0; round < kRounds; ++round) {
                // Waits for each answer, so that the shard falls asleep in between.
                Signal answered;
                rig.shard(i % 2).post_completion(make_mail([&](Shard&) { answered.set(); }));
                ASSERT_TRUE(rig.wait(answered));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

// Goal: a sender that sleeps with mail on its own side is woken when there is room again.
TEST(EpollShard, AFullMailboxWakesItsSenderWhenItHasRoom) {
    EpollRig rig(1, 2);
    Signal all;
    constexpr int kMail = 4 * kMailboxSlots;
    int received = 0;
    bool in_order = true;
    std::optional<HeldShard> held(std::in_place, rig.shard(1));
    rig.call(0, [&](Shard& shard) {
        for (int i = 0; i < kMail; ++i) {
            shard.post(ShardId(1), [&, i](Shard&) {
                in_order = in_order && i == received;
                if (++received == kMail) {
                    all.set();
                }
            });
        }
        EXPECT_EQ(shard.counters().mail_overflows, kMail - kMailboxSlots);
    });
    rig.call(0, [](Shard&) {});
    held.reset();
    ASSERT_TRUE(rig.wait(all));
    rig.stop();
    EXPECT_TRUE(in_order);
}

TEST(EpollShard, StopsWhileItIsBusy) {
    EpollRig rig(1, 3);
    std::atomic<std::uint64_t> hops = 0;
    struct Forever {
        std::atomic<std::uint64_t>* hops;
        void operator()(Shard& here) {
            hops->fetch_add(1);
            here.post(here.id(), *this);
            here.post(ShardId(static_cast<std::uint16_t>((here.id().value() + 1) % 3)),
                      [hops = hops](Shard&) { hops->fetch_add(1); });
        }
    };
    for (std::uint16_t i = 0; i < 3; ++i) {
        rig.shard(i).post_completion(make_mail(Forever{&hops}));
    }
    while (hops < 1000) {
        std::this_thread::yield();
    }
    rig.stop();  // returns, or the test times out
}

TEST(EpollShard, MayStopItself) {
    Log log;
    auto group = std::move(make_epoll_shards({.shard_count = 1, .seed = 1}, log).value());
    Signal stopped;
    int calls = 0;
    group->shard(ShardId(0)).post(ShardId(0), [&](Shard& shard) {
        ++calls;
        shard.stop();
        shard.post(ShardId(0), [&](Shard&) { ++calls; });
        stopped.set();
    });
    group->start();
    ASSERT_TRUE(stopped.wait_for(std::chrono::seconds(60)));
    group->stop();
    EXPECT_EQ(calls, 1);
}

TEST(EpollShard, RefusesASenselessNumberOfShards) {
    Log log;
    EXPECT_EQ(make_epoll_shards({.shard_count = 0}, log).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(make_epoll_shards({.shard_count = 65}, log).error().kind, ErrorKind::Invalid);
}

TEST(EpollShard, IdleStreamsAreSmallAndHoldNoBuffers) {
    EXPECT_LE(sizeof(TcpStream), 200U);
    EXPECT_LE(sizeof(OutputQueue), 32U);
}

// Goal: what `printf question | nc` does gets its answer.
TEST(EpollNetwork, AClientThatShutsItsSideDownReadsItsAnswer) {
    EpollRig rig(1, 1);
    Acceptor acceptor;
    Peer server;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        server.take(std::move(stream));
    };
    const std::string answer = pattern(8'000'000, 1);  // more than the kernel takes at once
    server.when_data = [&] { server.stream->send(as_bytes(answer)); };
    server.when_closed = [&] { server.stream.reset(); };
    rig.call(0, [&](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
    RawClient client;
    client.connect(acceptor.address);
    client.send("question");
    client.shutdown_write();
    EXPECT_TRUE(client.read_all() == answer);
    ASSERT_TRUE(rig.wait(server.closed));
    rig.stop();
    EXPECT_EQ(server.closed_reason->kind, ErrorKind::Closed);
}

// Goal: writing to a peer that has gone is an error of the stream and no signal to the process.
TEST(EpollNetwork, WritingToAGonePeerRaisesNoSignal) {
    EpollRig rig(1, 1);
    Acceptor acceptor;
    Peer server;
    CallbackTimer tick([&](Instant) {
        if (server.stream != nullptr && !server.closed_reason) {
            server.stream->send(as_bytes("tick"));
            rig.shard(0).arm_after(tick, 1ms);
        }
    });
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        server.take(std::move(stream));
        server.stream->pause_reading();
        rig.shard(0).arm_after(tick, 1ms);
    };
    rig.call(0, [&](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
    RawClient client;
    client.connect(acceptor.address);
    ASSERT_TRUE(rig.wait(acceptor.accepted));
    client.close();
    ASSERT_TRUE(rig.wait(server.closed));
    rig.stop();
    EXPECT_EQ(server.closed_reason->kind, ErrorKind::Io);
}

TEST(EpollNetwork, ServesBothFamiliesOnOneIpv6Port) {
    EpollRig rig(1, 1);
    Acceptor acceptor;
    std::vector<std::string> remotes;
    Signal two;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        remotes.push_back(stream->info().remote.host_to_string());
        if (remotes.size() == 2) {
            two.set();
        }
    };
    bool has_ipv6 = true;
    rig.call(0, [&](Shard& shard) {
        auto opened =
            shard.network().listen({.address = *SocketAddress::parse("[::]:0")}, acceptor);
        has_ipv6 = opened.has_value();
        if (has_ipv6) {
            acceptor.listener = std::move(*opened);
            acceptor.address = acceptor.listener->local();
        }
    });
    if (!has_ipv6) {
        GTEST_SKIP() << "this machine has no IPv6";
    }
    const std::uint16_t port = acceptor.address.port();
    std::array<Peer, 2> clients;
    rig.call(0, [&](Shard& shard) {
        clients[0].connect(shard, SocketAddress::loopback(port));
        clients[1].connect(shard, SocketAddress::parse("[::1]:0")->with_port(port));
    });
    ASSERT_TRUE(rig.wait(two));
    rig.stop();
    std::sort(remotes.begin(), remotes.end());
    EXPECT_EQ(remotes, (std::vector<std::string>{"127.0.0.1", "::1"}));
}

TEST(EpollNetwork, AnAddressOfAnotherMachineCannotBeListenedOn) {
    EpollRig rig(1, 1);
    Acceptor acceptor;
    rig.call(0, [&](Shard& shard) {
        const auto opened =
            shard.network().listen({.address = *SocketAddress::parse("192.0.2.1:0")}, acceptor);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().kind, ErrorKind::Io);
        EXPECT_EQ(opened.error().code, EADDRNOTAVAIL);
    });
}

TEST(EpollNetwork, AnUnreachableNetworkIsReportedThroughOnClosed) {
    EpollRig rig(1, 1);
    Peer client;
    rig.call(0, [&](Shard& shard) {
        // Multicast takes no streams; the kernel says so within the call.
        client.connect(shard, *SocketAddress::parse("224.0.0.1:9"));
        EXPECT_FALSE(client.closed_reason.has_value());
    });
    ASSERT_TRUE(rig.wait(client.closed));
    rig.stop();
    EXPECT_EQ(client.closed_reason->kind, ErrorKind::Io);
}

/// Leaves the process without a free descriptor while it lives.
class NoFreeDescriptors {
  public:
    NoFreeDescriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int highest = ::dup(STDERR_FILENO);
        rlimit tight = before_;
        tight.rlim_cur = static_cast<rlim_t>(highest) + 8;
        setrlimit(RLIMIT_NOFILE, &tight);
        int fd = highest;
        while (fd >= 0) {
            taken_.emplace_back(fd);
            fd = ::dup(STDERR_FILENO);
        }
    }
    ~NoFreeDescriptors() {
        taken_.clear();
        setrlimit(RLIMIT_NOFILE, &before_);
    }

  private:
    rlimit before_{};
    std::vector<FileDescriptor> taken_;
};

class CountingSink final : public LogSink {
  public:
    void write(LogLevel, std::string_view, std::span<const LogField>) override { ++lines; }
    std::atomic<int> lines = 0;
};

// Goal: without descriptors the listener pauses, says so once, and later serves who waited.
TEST(EpollNetwork, OutOfDescriptorsPausesAcceptingAndRecovers) {
#ifdef KITH_SANITIZE_UNDEFINED
    GTEST_SKIP() << "the sanitizer's own check of virtual calls opens a pipe";
#endif
    CountingSink sink;
    Log log(sink, LogLevel::Warn);
    auto group = std::move(make_epoll_shards({.shard_count = 1, .seed = 1}, log).value());
    Shard& shard = group->shard(ShardId(0));
    Acceptor acceptor;
    std::vector<std::unique_ptr<Stream>> streams;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        streams.push_back(std::move(stream));
    };
    acceptor.listen(shard, {.address = SocketAddress::loopback(0)});
    RawClient client;
    Signal paused_twice;
    CallbackTimer look([&](Instant) {
        if (shard.counters().accept_pauses >= 2) {
            paused_twice.set();
        } else {
            shard.arm_after(look, 10ms);
        }
    });
    shard.arm_after(look, 10ms);
    {
        const NoFreeDescriptors none;
        group->start();
        client.connect(acceptor.address);
        ASSERT_TRUE(paused_twice.wait_for(std::chrono::seconds(60)));
        EXPECT_FALSE(acceptor.accepted.is_set());
    }
    ASSERT_TRUE(acceptor.accepted.wait_for(std::chrono::seconds(60)));
    group->stop();
    EXPECT_EQ(sink.lines, 1);
    EXPECT_EQ(acceptor.accepted_count, 1);
}

// Goal: what one turn may not accept is accepted in the next, though no new event comes.
TEST(EpollNetwork, ABurstOfConnectionsIsAcceptedOverSeveralTurns) {
    EpollRig rig(1, 1);
    Acceptor acceptor;
    constexpr std::size_t kClients = 2 * kAcceptsPerTurnMax + 1;
    std::vector<std::unique_ptr<Stream>> streams;
    Signal all;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        streams.push_back(std::move(stream));
        if (streams.size() == kClients) {
            all.set();
        }
    };
    rig.call(0, [&](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
    std::array<RawClient, kClients> clients;
    {
        const HeldShard held(rig.shard(0));
        for (RawClient& client : clients) {
            client.connect(acceptor.address);
        }
    }
    ASSERT_TRUE(rig.wait(all));
    rig.stop();
}

class LastDatagram final : public DatagramHandler {
  public:
    void on_datagram(const SocketAddress& sender, Bytes bytes) override {
        from = sender;
        text = as_text(bytes);
        ++count;
        received.set();
    }
    SocketAddress from;
    std::string text;
    std::size_t count = 0;
    Signal received;
};

TEST(EpollNetwork, ADatagramThatIsTooLargeIsDroppedAndCounted) {
    EpollRig rig(1, 1);
    LastDatagram last;
    std::unique_ptr<Datagram> port;
    rig.call(0, [&](Shard& shard) {
        port = shard.network().open_datagram({.local = rig.address()}, last).value();
    });
    const FileDescriptor sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t length = to_kernel(port->local(), storage);
    for (const std::size_t bytes : {kDatagramBytesMax + 1, std::size_t{3}}) {
        const std::string text(bytes, 'y');
        ASSERT_EQ(::sendto(sender.get(), text.data(), text.size(), 0,
                           reinterpret_cast<const sockaddr*>(&storage), length),
                  static_cast<ssize_t>(bytes));
    }
    ASSERT_TRUE(rig.wait(last.received));
    rig.stop();
    EXPECT_EQ(last.text, "yyy");
    EXPECT_EQ(rig.shard(0).counters().datagrams_dropped, 1U);
}

TEST(EpollNetwork, ABurstOfDatagramsIsTakenOverSeveralTurns) {
    EpollRig rig(1, 2);
    LastDatagram last;
    LastDatagram unused;
    std::unique_ptr<Datagram> port;
    std::unique_ptr<Datagram> sender;
    constexpr std::size_t kCount = kDatagramsPerTurnMax + kDatagramBatch;
    rig.call(0, [&](Shard& shard) {
        port = shard.network().open_datagram({.local = rig.address()}, last).value();
    });
    rig.call(1, [&](Shard& shard) {
        sender = shard.network().open_datagram({.local = rig.address()}, unused).value();
        const HeldShard held(rig.shard(0));
        for (std::size_t i = 0; i < kCount; ++i) {
            EXPECT_TRUE(sender->send_to(port->local(), as_bytes("x")).has_value());
        }
    });
    std::size_t count = 0;
    while (count < kCount) {
        rig.call(0, [&](Shard&) { count = last.count; });
    }
    rig.stop();
}

// Goal: sending datagrams wakes nobody up but their receiver.
TEST(EpollNetwork, SendingDatagramsCausesNoTurns) {
    EpollRig rig(1, 1);
    LastDatagram unused;
    std::unique_ptr<Datagram> port;
    std::uint64_t turns = 0;
    Signal done;
    CallbackTimer later([&](Instant) {
        turns = rig.shard(0).counters().turns - turns;
        done.set();
    });
    const FileDescriptor sink(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage any;
    const socklen_t length = to_kernel(SocketAddress::loopback(0), any);
    ASSERT_EQ(::bind(sink.get(), reinterpret_cast<const sockaddr*>(&any), length), 0);
    rig.call(0, [&](Shard& shard) {
        port = shard.network().open_datagram({.local = rig.address()}, unused).value();
    });
    rig.call(0, [&](Shard& shard) {
        turns = shard.counters().turns;
        EXPECT_TRUE(port->send_to(local_address(sink.get()), as_bytes("x")).has_value());
        shard.arm_after(later, 30ms);
    });
    ASSERT_TRUE(rig.wait(done));
    rig.stop();
    EXPECT_LE(turns, 3U);
}

TEST(EpollNetwork, AnIpv6DatagramPortTalksToIpv4Too) {
    EpollRig rig(1, 1);
    LastDatagram v4;
    LastDatagram v6;
    std::unique_ptr<Datagram> v4_port;
    std::unique_ptr<Datagram> v6_port;
    bool has_ipv6 = true;
    rig.call(0, [&](Shard& shard) {
        v4_port = shard.network().open_datagram({.local = rig.address()}, v4).value();
        auto opened = shard.network().open_datagram({.local = *SocketAddress::parse("[::]:0")}, v6);
        has_ipv6 = opened.has_value();
        if (has_ipv6) {
            v6_port = std::move(*opened);
            EXPECT_TRUE(v6_port->send_to(v4_port->local(), as_bytes("to v4")).has_value());
            const Status impossible =
                v4_port->send_to(*SocketAddress::parse("[::1]:9"), as_bytes("x"));
            EXPECT_EQ(impossible.error().code, EAFNOSUPPORT);
        }
    });
    if (!has_ipv6) {
        GTEST_SKIP() << "this machine has no IPv6";
    }
    ASSERT_TRUE(rig.wait(v4.received));
    rig.call(0, [&](Shard&) {
        EXPECT_EQ(v4.from, SocketAddress::loopback(v6_port->local().port()));
        EXPECT_TRUE(v4_port->send_to(v4.from, as_bytes("to v6")).has_value());
    });
    ASSERT_TRUE(rig.wait(v6.received));
    rig.stop();
    EXPECT_EQ(v6.text, "to v6");
    EXPECT_EQ(v6.from, v4_port->local()) << "told as IPv4, not mapped";
}

TEST(EpollNetwork, ASharedPortIsOpenTwiceAndNotToThoseWhoDoNotShare) {
    EpollRig rig(1, 1);
    LastDatagram unused;
    rig.call(0, [&](Shard& shard) {
        Network& network = shard.network();
        const auto first = network.open_datagram({.local = rig.address(), .shared = true}, unused);
        ASSERT_TRUE(first.has_value());
        const SocketAddress local = (*first)->local();
        EXPECT_TRUE(network.open_datagram({.local = local, .shared = true}, unused).has_value());
        EXPECT_EQ(network.open_datagram({.local = local}, unused).error().code, EADDRINUSE);
        const auto v6 = SocketAddress::parse("[::]:0")->with_port(local.port());
        const auto beside = network.open_datagram({.local = v6, .shared = true}, unused);
        EXPECT_TRUE(beside.has_value() || beside.error().code == EAFNOSUPPORT);
    });
    rig.stop();
}

TEST(EpollNetwork, AcceptedStreamsInheritTheListenersOptions) {
    const FileDescriptor listening(::socket(AF_INET, SOCK_STREAM, 0));
    TcpSocket::set_stream_options(listening.get());
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    RawClient client;
    client.connect(SocketAddress::loopback(local_address(listening.get()).port()));
    const FileDescriptor accepted(::accept(listening.get(), nullptr, nullptr));
    ASSERT_TRUE(accepted.is_open());
    const auto option = [&](int level, int name) {
        int value = 0;
        socklen_t length = sizeof(value);
        getsockopt(accepted.get(), level, name, &value, &length);
        return value;
    };
    EXPECT_NE(option(IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(option(SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), kKeepaliveIdleSeconds);
}

}  // namespace
}  // namespace kith::runtime
