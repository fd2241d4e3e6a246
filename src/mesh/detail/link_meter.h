// How good a link is: the time there and back, and what sending over it costs.
//
// Cost is 10 * ETX * (1 + RTT / 20 ms): the transmissions that a frame needs, each dearer the
// longer the way (De Couto et al. 2003; Babel's choice of 20 ms is kept). It is smoothed with a
// half-life of 4 s and cut to four significant bits, so that noise is no event. All of it in
// integers, since every machine has to come to the same. Threads: shard-local.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

/// Smoothed round trip time and its variation, as RFC 6298 section 2 has them.
class RoundTrip {
  public:
    /// A sample that is many times larger than all before counts as less: who was stopped for 10 s
    /// says nothing of the way.
    void add(Duration sample);

    [[nodiscard]] bool is_known() const { return is_known_; }
    [[nodiscard]] Duration smoothed() const;
    [[nodiscard]] Duration variation() const;
    /// How long a receipt may take: 3 * SRTT + 4 * RTTVAR, and kReceiptPatienceMin at least.
    [[nodiscard]] Duration receipt_patience() const;
    /// How long an answer may take.
    [[nodiscard]] Duration answer_patience() const;

  private:
    std::int64_t smoothed_us_times_8_ = 0;
    std::int64_t variation_us_times_4_ = 0;
    bool is_known_ = false;
};

/// How much longer than promised a link is silent now and then, and speaks again: a stream that
/// lost a segment holds everything back until it was sent again. Longest silences count, and are
/// forgotten with a half-life of kStallHalfLife.
class Stalls {
  public:
    /// It was heard again, so much later than two hellos were promised.
    void add(Duration excess, Instant now);
    /// What is added to the patience with it: four times the usual stall, kStallPatienceMax at
    /// most.
    [[nodiscard]] Duration patience(Instant now) const;

  private:
    [[nodiscard]] std::int64_t usual_us(Instant now) const;

    std::int64_t usual_us_ = 0;
    Instant updated_at_;
};

/// The cost of one instant, times 256, where so many of the last 16 hellos came through. If none
/// did it is as if half of one had.
[[nodiscard]] std::uint64_t measured_cost_times_256(Duration round_trip, unsigned heard_of_16);

class SmoothedCost {
  public:
    void add(std::uint64_t cost_times_256, Instant now);
    /// In four significant bits; 1 to kCostMax.
    [[nodiscard]] std::uint32_t value() const;

  private:
    std::uint64_t smoothed_times_256_ = 0;
    Instant updated_at_;
    bool is_known_ = false;
};

/// What others are told: changes only for what is large and stays.
class ToldCost {
  public:
    void start(std::uint32_t cost);
    /// True if what is told has changed: more than a quarter off in the same direction for more
    /// than kCostChangeMin.
    bool offer(std::uint32_t cost, Instant now);
    [[nodiscard]] std::uint32_t value() const { return told_; }

  private:
    enum class Drift : std::uint8_t { None, Dearer, Cheaper };

    std::uint32_t told_ = 0;
    Drift drift_ = Drift::None;
    Instant drifts_since_;
};

}  // namespace kith::mesh
