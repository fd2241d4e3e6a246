// The records that a node has, the newest of each, with the digests by which nodes compare them.
//
// Records lie by origin, then in order of kind and part: 1,000 nodes have a few thousand of them.
// The digests follow every change, so that a hello costs nothing and a comparison of buckets only a
// copy. Limits: kNodesMax origins, kOriginRecordBytesMax of each.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "mesh/detail/records.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

using RecordBuckets = std::array<std::uint64_t, kDigestBuckets>;

/// Where a kind stands in arrays of all kinds. Requires: a known kind.
[[nodiscard]] std::size_t index_of(RecordKind kind);

class RecordStore {
  public:
    /// Null if there is none; withdrawn ones are there. Valid until the store changes.
    [[nodiscard]] const StoredRecord* find(const RecordKey& key) const;
    /// Whether a record of so many bytes may be kept under this key.
    [[nodiscard]] bool has_room(const RecordKey& key, std::size_t told_bytes) const;

    /// Replaces what has the same key. Valid until the store changes.
    const StoredRecord& put(StoredRecord record);
    void remove(const RecordKey& key);

    [[nodiscard]] const Digests& digests() const { return digests_; }
    [[nodiscard]] const RecordBuckets& buckets(RecordKind kind) const;
    /// Of one kind, in order of key, withdrawn ones too. Valid until the store changes.
    [[nodiscard]] std::vector<const StoredRecord*> all(RecordKind kind) const;
    /// No record expires before that.
    [[nodiscard]] Instant next_expiry() const { return next_expiry_; }
    /// Removes those whose life has ended.
    [[nodiscard]] std::vector<RecordKey> take_expired(Instant now);
    /// Of what was told, without what it takes to find it.
    [[nodiscard]] std::size_t record_bytes() const { return record_bytes_; }

  private:
    struct Origin {
        NodeId node;
        std::size_t record_bytes = 0;
        std::vector<StoredRecord> records;  // in order of kind and part
    };
    struct OriginEntry {  // searched without touching what it points to
        NodeId node;
        std::unique_ptr<Origin> origin;
    };

    enum class Counts : std::uint8_t { No, Yes };

    [[nodiscard]] const Origin* find_origin(NodeId node) const;
    Origin& origin_of(NodeId node);
    void count(const StoredRecord& record, Counts counts, Origin& origin);

    std::vector<OriginEntry> origins_;  // in order of node
    Digests digests_;
    std::array<RecordBuckets, kRecordKindCount> buckets_{};
    Instant next_expiry_ = Instant::never();
    std::size_t record_bytes_ = 0;
};

}  // namespace kith::mesh
