// For tests: the same test over epoll with real threads and over the simulation.
//
// A rig has the shards of one process. call() runs a function on a shard and waits for it; wait()
// waits for a Signal that code on a shard sets. Everything a test keeps on a shard is touched there
// only, until stop().
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include <gtest/gtest.h>

#include "runtime/shard.h"
#include "runtime/shard_group.h"
#include "runtime/sim/world.h"
#include "runtime/stream.h"
#include "runtime/testing/test_authority.h"
#include "runtime/tls.h"

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
    static constexpr std::array<std::uint64_t, 4> kSeeds{11, 12, 13, 14};
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

}  // namespace kith::runtime
