// What everything in a simulated world shares: virtual time, chance, the events to come, the trace.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "runtime/sim/world.h"

namespace kith::runtime::sim {

class Core {
  public:
    explicit Core(const WorldOptions& options_in);

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] WallTime wall_now() const;

    /// Runs `action` at `when`; actions of one moment run in the order in which they were given.
    void at(Instant when, std::function<void()> action);
    void after(Duration delay, std::function<void()> action) {
        at(now_ + delay, std::move(action));
    }
    /// Runs the next event if it is due by `end`; false if none is, and then it is `end`.
    [[nodiscard]] bool step(Instant end);

    /// One way through the network.
    [[nodiscard]] Duration network_delay();
    /// What a machine takes to get round to something: a turn, an edge.
    [[nodiscard]] Duration local_delay();
    /// How many of `bytes` one read or write moves. Requires: bytes > 0.
    [[nodiscard]] std::size_t piece_of(std::size_t bytes);

    /// Adds an event to the trace.
    void record(std::uint64_t what, std::uint64_t who, std::uint64_t content);
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }

    WorldOptions options;
    Random random;

  private:
    struct Event {
        Instant when;
        std::uint64_t number;
        std::function<void()> action;
        friend bool operator<(const Event& a, const Event& b) {  // a heap's front is the largest
            return a.when != b.when ? a.when > b.when : a.number > b.number;
        }
    };

    Instant now_ = Instant::from_ns(Duration(1s).count());
    std::vector<Event> events_;  // a heap
    std::uint64_t next_number_ = 0;
    std::uint64_t trace_hash_ = 0;
};

}  // namespace kith::runtime::sim
