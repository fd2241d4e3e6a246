// One direction of an emulated wire: what becomes of each packet that enters it.
//
// A wire has a rate, a queue before it, a delay with jitter, and chances to lose, double or
// overtake packets. Every packet draws the same number of times from the direction's own random
// stream, whatever happens to it, so that which packets are lost follows from the seed and their
// number alone, not from when they come or what the wire was set to before. Invariant: what is not
// reordered leaves in the order in which it came. Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"
#include "base/time.h"

namespace kith::linkemu {

struct WireSettings {
    Duration delay{};
    Duration
        jitter{};     // the delay is uniform in delay - jitter ... delay + jitter, never below zero
    double loss = 0;  // these three are probabilities of a packet
    double duplicate = 0;
    double reorder = 0;            // it takes ten times the delay, and holds nobody behind it
    std::uint64_t bits_per_s = 0;  // 0: no limit
    std::size_t queue_bytes = 256 * 1024;  // before the rate; what does not fit is dropped
    bool is_cut = false;                   // nothing passes, and nobody is told

    friend bool operator==(const WireSettings&, const WireSettings&) = default;
};

/// Of packets, since the start; `bytes` are those that left, with their IP headers.
struct WireCounters {
    std::uint64_t entered = 0;
    std::uint64_t left = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t cut = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;
    std::uint64_t overflowed = 0;
};

/// When a packet leaves the wire, and its copy: none, one or two times.
class Departures {
  public:
    void add(Instant at) { at_[count_++] = at; }
    [[nodiscard]] std::span<const Instant> at() const { return {at_.data(), count_}; }

  private:
    std::array<Instant, 2> at_;
    std::size_t count_ = 0;
};

class Wire {
  public:
    explicit Wire(std::uint64_t seed) : random_(seed) {}

    void set(const WireSettings& settings) { settings_ = settings; }
    [[nodiscard]] const WireSettings& settings() const { return settings_; }
    [[nodiscard]] const WireCounters& counters() const { return counters_; }

    [[nodiscard]] Departures take(Instant now, std::size_t packet_bytes);

  private:
    struct Draw {
        bool is_lost, is_doubled, is_late;
        double jitter;  // -1 to 1
    };
    [[nodiscard]] Draw draw();
    [[nodiscard]] bool has_room(Instant now, std::size_t packet_bytes) const;
    [[nodiscard]] Instant serialized(Instant now, std::size_t packet_bytes);

    Random random_;
    WireSettings settings_;
    WireCounters counters_;
    Instant busy_until_;
    Instant last_;  // the latest departure of those in order
};

}  // namespace kith::linkemu
