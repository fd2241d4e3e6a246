// When to say again what nobody has asked for: the Trickle timer of RFC 6206.
//
// In every interval there is one moment, by chance in its second half, at which it is due, unless
// enough others have said the same in this interval. Intervals double up to the largest; news makes
// them small again. After news, the moment is anywhere in the first interval, so that an answer
// comes soon, and not everybody's at once. Threads: shard-local.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace kith::mesh {

class Trickle {
  public:
    struct Times {
        Duration interval_min;
        Duration interval_max;
        Duration answer_jitter;   // at most interval_min
        unsigned redundancy = 1;  // k of the RFC
    };

    Trickle(const Times& times, std::uint64_t seed);

    void start(Instant now);
    /// Somebody else has said the same.
    void on_equal() { ++heard_; }
    /// There is news.
    void reset(Instant now);
    enum class Turn : std::uint8_t { Nothing, Say, Withhold };
    [[nodiscard]] Turn on_timer(Instant now);
    /// never() before start().
    [[nodiscard]] Instant deadline() const;

  private:
    enum class Moment : std::uint8_t { SecondHalf, Soon };
    void begin(Instant now, Moment moment);

    Times times_;
    Random random_;
    Duration interval_{};
    Instant due_at_ = Instant::never();  // never() once it has passed
    Instant ends_at_ = Instant::never();
    unsigned heard_ = 0;
};

}  // namespace kith::mesh
