// Counts tries per key (a user's name, an address) and pauses a key that had too many; remembers
// keys for a while.
//
// A try counts when it begins, so that tries sent side by side count too; success forgives them.
// Threads: shard-local. Limits: kThrottleKeysMax keys, or as many as RecentKeys is made for; the
// one seen longest ago makes room.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/limits.h"
#include "base/hash.h"
#include "base/time.h"

namespace kith::access {

class Throttle {
  public:
    /// `tries_max` tries of a key before its pause of kTriesPause.
    explicit Throttle(std::uint32_t tries_max) : tries_max_(tries_max) {}

    struct Answer {
        bool is_allowed = false;
        std::uint32_t tries_left = 0;  // after this one, if it fails
        Duration retry_after{};        // if not allowed
    };

    /// Begins a try; it is counted if it is allowed.
    [[nodiscard]] Answer begin(std::string_view key, Instant now);
    /// What begin() would say, without counting.
    [[nodiscard]] Answer peek(std::string_view key, Instant now) const;
    /// The last try was right: all are forgotten.
    void forgive(std::string_view key);

    [[nodiscard]] std::size_t key_count() const { return keys_.size(); }

  private:
    struct Entry {
        std::string key;
        std::uint32_t tries = 0;
        Instant last_try;
        Instant paused_until;
    };
    using Entries = std::list<Entry>;  // the one seen last in front

    [[nodiscard]] Entry& touch(std::string_view key, Instant now);

    std::uint32_t tries_max_;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator, TextHash> keys_;  // views into entries
};

/// Keys that were added within `memory`.
class RecentKeys {
  public:
    RecentKeys(std::size_t count_max, Duration memory) : count_max_(count_max), memory_(memory) {}

    void add(std::string_view key, Instant now);
    [[nodiscard]] bool has(std::string_view key, Instant now) const;
    [[nodiscard]] std::size_t key_count() const { return keys_.size(); }

  private:
    struct Entry {
        std::string key;
        Instant added_at;
    };
    using Entries = std::list<Entry>;  // the one added last in front

    std::size_t count_max_;
    Duration memory_;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator, TextHash> keys_;  // views into entries
};

}  // namespace kith::access
