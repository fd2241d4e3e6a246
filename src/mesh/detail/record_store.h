// The records that a node has, the newest of each, with the digests by which nodes compare them.
//
// A record lies in a slot, which stays its own until it is removed: what else is known of it, as
// who lacks it, is kept by slot. 1,000 nodes have a few thousand of them, and most that come are
// known already: finding one touches a hash and its slot, nothing else. Their order is made when
// somebody asks for it. The digests follow every change, so that a hello costs nothing and a
// comparison of buckets only a copy. Threads: shard-local. Limits: kNodesMax origins,
// kOriginRecordBytesMax of each.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "mesh/detail/records.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

using RecordBuckets = std::array<std::uint64_t, kDigestBuckets>;

/// Where a kind stands in arrays of all kinds. Requires: a known kind.
[[nodiscard]] std::size_t index_of(RecordKind kind);

/// Where a record lies.
using RecordSlot = std::uint32_t;
inline constexpr RecordSlot kNoSlot = UINT32_MAX;

class RecordStore {
  public:
    /// Null if there is none; withdrawn ones are there. Valid until the store changes.
    [[nodiscard]] const StoredRecord* find(const RecordKey& key) const;
    /// kNoSlot if there is none.
    [[nodiscard]] RecordSlot slot_of(const RecordKey& key) const;
    /// Requires: something lies there. Valid until the store changes.
    [[nodiscard]] const StoredRecord& at(RecordSlot slot) const { return slots_[slot]; }
    /// Whether a record of so many bytes may be kept under this key.
    [[nodiscard]] bool has_room(const RecordKey& key, std::size_t told_bytes) const;

    /// Replaces what has the same key.
    RecordSlot put(StoredRecord record);
    /// Whoever keeps something by its slot has given that up before.
    void erase(const RecordKey& key);

    [[nodiscard]] const Digests& digests() const { return digests_; }
    [[nodiscard]] const RecordBuckets& buckets(RecordKind kind) const;
    /// Of one kind, in order of key, withdrawn ones too. Valid until the store changes.
    [[nodiscard]] std::vector<const StoredRecord*> all(RecordKind kind) const;
    /// No record expires before that.
    [[nodiscard]] Instant next_expiry() const { return next_expiry_; }
    /// Those whose life has ended, in order of slot: whoever asks removes them.
    [[nodiscard]] std::vector<RecordKey> find_expired(Instant now);
    /// Of what was told, without what it takes to find it.
    [[nodiscard]] std::size_t record_bytes() const { return record_bytes_; }

  private:
    // The bits of an id are as good as random, those of a kind and a part are few.
    struct KeyHash {
        using is_avalanching = void;
        std::size_t operator()(const RecordKey& key) const {
            const std::uint64_t name =
                std::uint64_t{key.part} << 8U | static_cast<std::uint64_t>(key.kind);
            std::uint64_t hash = (key.origin.value() ^ name * 0x9E3779B97F4A7C15U);
            hash *= 0xBF58476D1CE4E5B9U;
            return hash ^ hash >> 32U;
        }
    };
    struct NodeHash {
        using is_avalanching = void;
        std::size_t operator()(NodeId node) const {
            const std::uint64_t hash = node.value() * 0xBF58476D1CE4E5B9U;
            return hash ^ hash >> 32U;
        }
    };
    struct Origin {
        std::size_t record_bytes = 0;
        std::size_t record_count = 0;
    };
    /// Of one kind, in order of origin and part up to `sorted_count`.
    struct Order {
        struct Entry {
            NodeId origin;
            RecordSlot slot;
            std::uint16_t part;
        };
        std::vector<Entry> entries;
        std::size_t sorted_count = 0;
    };

    enum class Counts : std::uint8_t { No, Yes };

    [[nodiscard]] RecordSlot take_slot(const RecordKey& key);
    void count(const StoredRecord& record, Counts counts);
    static void sort(Order& order);

    std::vector<StoredRecord> slots_;
    std::vector<RecordSlot> free_slots_;
    boost::unordered_flat_map<RecordKey, RecordSlot, KeyHash> slot_of_;  // looked up only
    boost::unordered_flat_map<NodeId, Origin, NodeHash> origins_;        // looked up only
    mutable std::array<Order, kRecordKindCount> orders_;                 // sorted when asked for
    Digests digests_;
    std::array<RecordBuckets, kRecordKindCount> buckets_{};
    Instant next_expiry_ = Instant::never();
    std::size_t record_bytes_ = 0;
};

}  // namespace kith::mesh
