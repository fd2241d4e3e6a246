// A whole network of shards in one thread: virtual time, seeded chance, streams in memory.
//
// Hosts have shards; shards run the same code as over epoll, one turn at a time, in an order that
// the seed draws. Streams between hosts are delayed, cut into pieces, stalled or lost as the
// options and the test say. Same seed, same options, same calls: the same run, and the same trace
// hash. Threads: everything runs on the thread that calls run_*().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "runtime/address.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::runtime::sim {

struct WorldOptions {
    std::uint64_t seed = 1;
    /// One way delay of each piece of a stream, drawn per piece; order is kept.
    Duration delay_min = 50us;
    Duration delay_max = 500us;
    /// Largest piece that one read or write moves, drawn from 1 to this per piece; 0 never cuts.
    std::size_t piece_bytes_max = 0;
    /// Room in flight and in the receiver's buffer before a write waits, in bytes.
    std::size_t window_bytes = 256 * 1024;
    /// Chance that a datagram is lost, and that it is doubled.
    double datagram_loss = 0;
    double datagram_double = 0;
    WallTime wall_start = WallTime::from_ms(1'800'000'000'000);
};

class Host;

class World {
  public:
    explicit World(const WorldOptions& options);
    ~World();

    /// A host with `shard_count` shards and an address of its own (10.0.0.x).
    Host& add_host(std::string name, std::uint16_t shard_count, const Log& log);

    [[nodiscard]] Instant now() const;
    [[nodiscard]] Random& random();
    /// Somebody sets the wall clocks of all hosts.
    void set_wall_clock_ahead(std::chrono::milliseconds by);

    /// Runs events until `done` holds or `limit` of virtual time has passed; true if it held.
    [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration limit);
    void run_for(Duration span);

    /// A hash over every event so far: which shard ran, when, and every byte delivered.
    [[nodiscard]] std::uint64_t trace_hash() const;

  private:
    friend class Host;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class Host {
  public:
    virtual ~Host() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    [[nodiscard]] virtual SocketAddress address(std::uint16_t port) const = 0;
    [[nodiscard]] virtual std::uint16_t shard_count() const = 0;
    [[nodiscard]] virtual Shard& shard(ShardId id) = 0;
    [[nodiscard]] virtual BlockingPool& blocking_pool() = 0;

    /// Every stream of this host breaks now, as by a reset.
    virtual void reset_streams() = 0;
    /// Nothing enters or leaves until mend(): what was sent waits, as on a dead cable.
    virtual void cut() = 0;
    virtual void mend() = 0;
    /// The host's shards run no turns until thaw(); its peers notice only by silence.
    virtual void freeze() = 0;
    virtual void thaw() = 0;
    /// The machine stops: its streams vanish without a word and its shards never run again; what
    /// the test destroys afterwards sends nothing. restart() gives it fresh shards.
    virtual void crash() = 0;
    virtual void restart() = 0;
};

}  // namespace kith::runtime::sim
