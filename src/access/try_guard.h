// Tries at passwords, counted over MQTT and HTTP alike, so that guessing is slow and nobody can
// lock out somebody else.
//
// Three counts, each with a pause of kTriesPause when it is full:
//   a name from an address  kTriesMax         begins with the try, so that tries side by side count
//   an address              kAddressTriesMax  failed tries, whatever names: a flood of names
//   a name                  kNameTriesMax     failed tries, wherever from: a flood of addresses
// A name that got in from an address is known there for kKnownMemory: the last two pauses do not
// hold it up. So whoever guesses at a name, or floods from an address that many share, pauses
// himself and strangers, but not those who have been coming in; and even they have kTriesMax tries.
// Success forgives the first count alone: a valid account is no licence to guess at others.
// Threads: shard-local (home). Limits: kThrottleKeysMax keys a count, kKnownMax names known at an
// address; the one seen longest ago makes room.
#pragma once

#include <string>
#include <string_view>

#include "access/throttle.h"
#include "base/time.h"

namespace kith::access {

struct Tryer {
    std::string_view name;         // empty: not counted by name
    std::string_view address_key;  // throttle_key()
};

class TryGuard {
  public:
    TryGuard();

    /// Begins a try, which is counted if it is allowed.
    [[nodiscard]] Throttle::Answer begin(const Tryer& who, Instant now);
    void succeeded(const Tryer& who, Instant now);
    void failed(const Tryer& who, Instant now);

    [[nodiscard]] bool is_known(const Tryer& who, Instant now) const;

  private:
    Throttle pairs_;
    Throttle addresses_;
    Throttle names_;
    RecentKeys known_;
};

}  // namespace kith::access
