// Rates: so many a second, with a second's worth at once.
//
// A token bucket kept as one instant (the generic cell rate algorithm): the time at which the
// bucket would be full again. Charging moves it on; who is further ahead than the burst has to
// wait. A RateBucket is one client's. A SharedRate is the node's, charged through a RateLease in
// blocks of a hundredth of a second, so that shards seldom touch it. AddressRates keeps one bucket
// for each address in a fixed table: two places an address, both of which have to be over, so that
// nothing grows and a collision seldom hits anybody. Threads: RateBucket and RateLease shard-local,
// the rest any.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace kith::broker {

inline constexpr Duration kRateBurst = 1s;

/// What `count` cost at `per_s`; 0 per_s is no limit and costs nothing.
[[nodiscard]] inline Duration rate_cost(std::uint64_t count, std::uint64_t per_s) {
    constexpr double kNanoseconds = 1e9;
    return per_s == 0
               ? Duration::zero()
               : Duration(static_cast<std::int64_t>(static_cast<double>(count) * kNanoseconds /
                                                    static_cast<double>(per_s)));
}

class RateBucket {
  public:
    /// Takes it in any case; how long to wait until it is paid for.
    Duration charge(Instant now, Duration cost) {
        paid_at_ = std::max(paid_at_, now) + cost;
        return std::max(paid_at_ - now - kRateBurst, Duration::zero());
    }
    /// Takes it if there is enough. One that costs more than a burst needs a full bucket.
    [[nodiscard]] bool take(Instant now, Duration cost) {
        const Instant from = std::max(paid_at_, now);
        if (from - now + std::min(cost, kRateBurst) > kRateBurst) {
            return false;
        }
        paid_at_ = from + cost;
        return true;
    }

  private:
    Instant paid_at_;
};

class SharedRate {
  public:
    Duration charge(Instant now, Duration cost) {
        const std::int64_t paid_ns = move_on(now, cost);
        return std::max(Duration(paid_ns - now.ns()) - kRateBurst, Duration::zero());
    }
    [[nodiscard]] bool take(Instant now, Duration cost, Duration burst = kRateBurst) {
        if (is_over(now, cost, burst)) {
            return false;
        }
        move_on(now, cost);
        return true;
    }
    [[nodiscard]] bool is_over(Instant now, Duration cost, Duration burst = kRateBurst) const {
        const std::int64_t from_ns = std::max(paid_ns_.load(std::memory_order_relaxed), now.ns());
        return Duration(from_ns - now.ns()) + std::min(cost, burst) > burst;
    }
    void pay(Instant now, Duration cost) { move_on(now, cost); }

  private:
    std::int64_t move_on(Instant now, Duration cost) {
        std::int64_t paid_ns = paid_ns_.load(std::memory_order_relaxed);
        std::int64_t next_ns = 0;
        do {
            next_ns = std::max(paid_ns, now.ns()) + cost.count();
        } while (!paid_ns_.compare_exchange_weak(paid_ns, next_ns, std::memory_order_relaxed));
        return next_ns;
    }

    std::atomic<std::int64_t> paid_ns_ = 0;
};

/// One shard's part of a SharedRate.
class RateLease {
  public:
    Duration charge(SharedRate& rate, Instant now, std::uint64_t count, std::uint64_t per_s) {
        if (count <= credit_) {
            credit_ -= count;
            return Duration::zero();
        }
        constexpr std::uint64_t kBlocksPerSecond = 100;
        const std::uint64_t block = std::max(count - credit_, per_s / kBlocksPerSecond);
        credit_ = credit_ + block - count;
        return rate.charge(now, rate_cost(block, per_s));
    }

  private:
    std::uint64_t credit_ = 0;
};

class AddressRates {
  public:
    [[nodiscard]] bool is_over(std::uint64_t address, Instant now, Duration cost,
                               Duration burst) const {
        return first_[first_place(address)].is_over(now, cost, burst) &&
               second_[second_place(address)].is_over(now, cost, burst);
    }
    void pay(std::uint64_t address, Instant now, Duration cost) {
        first_[first_place(address)].pay(now, cost);
        second_[second_place(address)].pay(now, cost);
    }
    [[nodiscard]] bool take(std::uint64_t address, Instant now, Duration cost, Duration burst) {
        if (is_over(address, now, cost, burst)) {
            return false;
        }
        pay(address, now, cost);
        return true;
    }

  private:
    static constexpr std::size_t kPlaces = 1024;
    /// `address` is a hash: its bits are as good as two hashes.
    static std::size_t first_place(std::uint64_t address) { return address % kPlaces; }
    static std::size_t second_place(std::uint64_t address) { return (address >> 32) % kPlaces; }

    std::array<SharedRate, kPlaces> first_;
    std::array<SharedRate, kPlaces> second_;
};

}  // namespace kith::broker
