// Counts tries per key (a user's name, an address) and pauses a key that had too many.
//
// A try counts when it begins, so that tries sent side by side count too; success forgives them.
// Threads: shard-local. Limits: kThrottleKeysMax keys, the one seen longest ago makes room.
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

    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator, TextHash> keys_;  // views into entries
};

}  // namespace kith::access
