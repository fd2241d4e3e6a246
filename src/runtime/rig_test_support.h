// Test support: the same test over epoll with real threads and over the simulation.
//
// A rig has the shards of one process. call() runs a function on a shard and waits for it; wait()
// waits for a Signal that code on a shard sets. Everything a test keeps on a shard is touched there
// only, until stop(). Not part of the module.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/shard_group.h"
#include "runtime/sim/world.h"
#include "runtime/tls/tls_test_support.h"

namespace kith::runtime {

/// Set on any thread, once or more often.
class Signal {
  public:
    void set() {
        // Notified under the lock: a waiter may destroy the signal as soon as it can see it set.
        const std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool is_set() const {
        const std::lock_guard lock(mutex_);
        return set_;
    }
    [[nodiscard]] bool wait_for(std::chrono::seconds limit) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return set_; });
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

class EpollRig {
  public:
    static constexpr std::array<std::uint64_t, 1> kSeeds{1};

    EpollRig(std::uint64_t seed, std::uint16_t shard_count) {
        auto made = make_epoll_shards({.shard_count = shard_count, .seed = seed}, log_);
        group_ = std::move(made.value());
        group_->start();
    }
    ~EpollRig() { stop(); }

    [[nodiscard]] Shard& shard(std::uint16_t i) { return group_->shard(ShardId(i)); }
    [[nodiscard]] SocketAddress address() const { return SocketAddress::loopback(0); }
    [[nodiscard]] bool wait(Signal& signal) { return signal.wait_for(std::chrono::seconds(60)); }
    void call(std::uint16_t i, std::function<void(Shard&)> action) {
        Signal done;
        shard(i).post_completion(make_mail([&](Shard& shard) {
            action(shard);
            done.set();
        }));
        ASSERT_TRUE(wait(done));
    }
    void stop() { group_->stop(); }

  private:
    Log log_;
    std::unique_ptr<ShardGroup> group_;
};

template <typename Profile>
class SimRig {
  public:
    static constexpr auto kSeeds = Profile::kSeeds;

    SimRig(std::uint64_t seed, std::uint16_t shard_count)
        : world_(Profile::options(seed)), host_(world_.add_host("host", shard_count, log_)) {}

    [[nodiscard]] Shard& shard(std::uint16_t i) { return host_.shard(ShardId(i)); }
    [[nodiscard]] SocketAddress address() const { return host_.address(0); }
    [[nodiscard]] bool wait(Signal& signal) {
        return world_.run_until([&] { return signal.is_set(); }, 10min);
    }
    void call(std::uint16_t i, std::function<void(Shard&)> action) {
        Signal done;
        shard(i).post_completion(make_mail([&](Shard& shard) {
            action(shard);
            done.set();
        }));
        ASSERT_TRUE(wait(done));
    }
    void stop() {}
    [[nodiscard]] sim::World& world() { return world_; }
    [[nodiscard]] sim::Host& host() { return host_; }

  private:
    Log log_;
    sim::World world_;
    sim::Host& host_;
};

/// Streams as the network gives them.
template <typename Rig>
class Plain : public Rig {
  public:
    static constexpr bool kTls = false;
    using Rig::Rig;
    [[nodiscard]] std::unique_ptr<Stream> server_side(std::unique_ptr<Stream> stream, Shard&) {
        return stream;
    }
    [[nodiscard]] std::unique_ptr<Stream> client_side(std::unique_ptr<Stream> stream, Shard&) {
        return stream;
    }
};

/// The same streams under TLS.
template <typename Rig>
class UnderTls : public Rig {
  public:
    static constexpr bool kTls = true;
    using Rig::Rig;
    [[nodiscard]] std::unique_ptr<Stream> server_side(std::unique_ptr<Stream> stream,
                                                      Shard& shard) {
        return TlsContext::wrap(contexts().server, std::move(stream), shard);
    }
    [[nodiscard]] std::unique_ptr<Stream> client_side(std::unique_ptr<Stream> stream,
                                                      Shard& shard) {
        return TlsContext::wrap(contexts().client, std::move(stream), shard);
    }

  private:
    struct Contexts {
        Contexts() {
            const TestAuthority authority;
            server = TlsContext::server({.identities = {authority.issue({.names = {"kith.test"}})}})
                         .value();
            client = TlsContext::client(
                         {.server_name = "kith.test", .ca_pem = authority.certificate_pem()})
                         .value();
        }
        std::shared_ptr<TlsContext> server;
        std::shared_ptr<TlsContext> client;
    };
    static const Contexts& contexts() {
        static const Contexts made;
        return made;
    }
};

/// A network without surprises.
struct SmoothProfile {
    static constexpr std::array<std::uint64_t, 3> kSeeds{1, 2, 3};
    static sim::WorldOptions options(std::uint64_t seed) { return {.seed = seed}; }
};

/// Small windows, and every read and write cut short somewhere.
struct RoughProfile {
    static constexpr std::array<std::uint64_t, 6> kSeeds{11, 12, 13, 14, 15, 16};
    static sim::WorldOptions options(std::uint64_t seed) {
        return {.seed = seed,
                .delay_min = 1us,
                .delay_max = 3ms,
                .piece_bytes_max = seed % 2 == 0 ? 3000U : 20'000U,
                .window_bytes = 30'000};
    }
};

/// Runs `body(rig)` once for each seed of the rig's kind.
template <typename Rig, typename Body>
void for_each_seed(std::uint16_t shard_count, Body body) {
    for (const std::uint64_t seed : Rig::kSeeds) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Rig rig(seed, shard_count);
        body(rig);
        rig.stop();
        if (testing::Test::HasFatalFailure()) {
            return;
        }
    }
}

/// One end of a stream in a test: counts and remembers; hooks add what a test needs.
class Peer final : public StreamHandler {
  public:
    void take(std::unique_ptr<Stream> taken) {
        stream = std::move(taken);
        stream->set_handler(this);
    }
    void connect(Shard& shard, const SocketAddress& to) {
        auto connecting = shard.network().connect(to, *this);
        ASSERT_TRUE(connecting.has_value());
        stream = std::move(*connecting);
    }

    void on_connected() override {
        ++connected_count;
        run(when_connected);
        connected.set();
    }
    void on_data(MutableBytes bytes) override {
        EXPECT_FALSE(bytes.empty());
        EXPECT_FALSE(closed_reason.has_value()) << "data after the end";
        received.append(as_text(bytes));
        if (received.size() >= expected_bytes) {
            all_received.set();
        }
        run(when_data);  // last: it may send the stream to another shard
    }
    void on_drained() override {
        ++drained_count;
        run(when_drained);
    }
    void on_closed(const Error& reason) override {
        EXPECT_FALSE(closed_reason.has_value()) << "closed twice";
        closed_reason = reason;
        run(when_closed);
        closed.set();
    }

    /// Sends `text` as fast as the stream's watermarks allow.
    void send_all(std::string text) {
        outgoing = std::move(text);
        sent = 0;
        when_drained = [this] { send_more(); };
        send_more();
    }
    void send_more() {
        constexpr std::size_t kStepBytes = 50'000;
        while (sent < outgoing.size() && !stream->is_congested()) {
            const std::string_view step = std::string_view(outgoing).substr(sent, kStepBytes);
            stream->send(as_bytes(step));
            sent += step.size();
        }
    }

    std::unique_ptr<Stream> stream;
    std::string received;
    std::size_t expected_bytes = SIZE_MAX;
    int connected_count = 0;
    int drained_count = 0;
    std::optional<Error> closed_reason;
    std::string outgoing;
    std::size_t sent = 0;

    std::function<void()> when_connected;
    std::function<void()> when_data;
    std::function<void()> when_drained;
    std::function<void()> when_closed;

    Signal connected;
    Signal all_received;
    Signal closed;

  private:
    static void run(const std::function<void()>& hook) {
        if (hook) {
            const auto copy = hook;  // the hook may replace itself
            copy();
        }
    }
};

/// A listener that hands each stream to a function.
class Acceptor final : public AcceptHandler {
  public:
    void listen(Shard& shard, const ListenOptions& options) {
        auto opened = shard.network().listen(options, *this);
        ASSERT_TRUE(opened.has_value()) << opened.error().text;
        listener = std::move(*opened);
        address = listener->local();
    }
    void on_accept(std::unique_ptr<Stream> stream) override {
        ++accepted_count;
        when_accepted(std::move(stream));
        accepted.set();
    }

    std::unique_ptr<Listener> listener;
    SocketAddress address;
    int accepted_count = 0;
    std::function<void(std::unique_ptr<Stream>)> when_accepted;
    Signal accepted;
};

/// `count` bytes that tell where they are.
[[nodiscard]] inline std::string pattern(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::string text;
    text.reserve(count + 8);
    while (text.size() < count) {
        const std::uint64_t word = random.next();
        text.append(reinterpret_cast<const char*>(&word), sizeof(word));
    }
    text.resize(count);
    return text;
}

}  // namespace kith::runtime
