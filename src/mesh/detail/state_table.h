// The entries of the common state that this node has: key, stamp, and no values.
//
// In 256 buckets by the upper bits of the key's hash, each in order, with its digest kept up to
// date: what two nodes compare. 48 bytes an entry. Threads: shard-local. Limits: kStateEntriesMax,
// which who puts watches.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "wire/mesh/frames.h"

namespace kith::mesh {

/// What the clients of this node know of an entry that is not older than what they know.
enum class StateTold : std::uint8_t {
    Delivered = 0,  // it came as a message, or was written here
    Due = 1,        // it came by repair: its message may still be on its way
    Announced = 2,  // it came by repair, and they were told
};

struct StateEntry {
    StateKey key;
    Stamp stamp;
    std::uint64_t replaces = 0;  // State::replaces
    std::uint32_t forget_h = 0;  // State::forget_h
    bool is_gone = false;
    StateTold told = StateTold::Delivered;
    bool is_stored = true;  // a crash does not undo it; others may have it
};
static_assert(sizeof(StateEntry) == 48);

class StateTable {
  public:
    /// Null if there is none. Of what it points to, all but key and stamp may be changed. Valid
    /// until an entry comes or goes.
    [[nodiscard]] StateEntry* find(const StateKey& key);
    [[nodiscard]] const StateEntry* find(const StateKey& key) const;
    /// In place of what was there.
    void put(const StateEntry& entry);
    void erase(const StateKey& key);
    /// Removes those whose forget_h has come, and returns them.
    [[nodiscard]] std::vector<StateKey> forget(std::uint32_t hour);

    [[nodiscard]] std::span<const StateEntry> bucket(std::size_t index) const;
    [[nodiscard]] const StateDigest& digests() const { return digests_; }
    [[nodiscard]] std::uint64_t digest() const { return digest_; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    using Bucket = std::vector<StateEntry>;
    void toggle(const StateEntry& entry);

    std::vector<Bucket> buckets_;  // none before the first entry
    StateDigest digests_;
    std::uint64_t digest_ = 0;
    std::size_t size_ = 0;
};

}  // namespace kith::mesh
