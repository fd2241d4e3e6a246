// When two neighbours compare their common state, and what one of them is still to be sent.
//
// Hellos bring digests. Where they are different, and stay so for two hellos, the one with the
// smaller id sends the digests of its buckets, the other answers with what it has in those that
// differ, and both send and ask for what is missing. Right after they met they compare at once;
// what stays different is compared more and more seldom. Threads: shard-local. Limits:
// kStateOutboxMax.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>

#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

class StateSync {
  public:
    explicit StateSync(bool begins) : begins_(begins) {}

    /// A hello has come. True: send the digests of the buckets.
    [[nodiscard]] bool is_due(std::uint64_t own, std::uint64_t theirs, Instant now);

    /// The neighbour lacks it. False if too much waits.
    bool add(const StateKey& key);
    /// It has it.
    void remove(const StateKey& key) { outbox(key.kind).erase(key); }
    /// The next of this kind to send.
    [[nodiscard]] std::optional<StateKey> take(StateKind kind);
    [[nodiscard]] bool has_waiting(StateKind kind) const { return !outboxes_[index(kind)].empty(); }
    [[nodiscard]] bool has_waiting() const {
        return !outboxes_.front().empty() || !outboxes_.back().empty();
    }

  private:
    using Outbox = std::set<StateKey>;
    [[nodiscard]] static std::size_t index(StateKind kind) {
        return static_cast<std::size_t>(kind) - 1;
    }
    [[nodiscard]] Outbox& outbox(StateKind kind) { return outboxes_[index(kind)]; }

    std::array<Outbox, kStateKindCount> outboxes_;
    std::uint64_t own_ = 0;     // as of the hello before
    std::uint64_t theirs_ = 0;  // likewise
    int different_ = 0;         // hellos in a row
    int unchanged_ = 0;         // of these, in the same way
    Instant next_at_;
    Duration interval_ = kStateSyncInterval;
    bool begins_;
    bool is_first_hello_ = true;
};

}  // namespace kith::mesh
