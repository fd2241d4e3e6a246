#include "mesh/detail/record_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/limits.h"

namespace kith::mesh {

std::size_t index_of(RecordKind kind) {
    const auto index = static_cast<std::size_t>(kind) - 1;
    CHECK(index < kRecordKindCount);
    return index;
}

const StoredRecord* RecordStore::find(const RecordKey& key) const {
    const Origin* origin = find_origin(key.origin);
    if (origin == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::lower_bound(origin->records, key, {}, &StoredRecord::key);
    return found != origin->records.end() && found->key == key ? &*found : nullptr;
}

bool RecordStore::has_room(const RecordKey& key, std::size_t told_bytes) const {
    const Origin* origin = find_origin(key.origin);
    if (origin == nullptr) {
        return origins_.size() < kNodesMax;
    }
    if (origin->record_bytes + told_bytes <= kOriginRecordBytesMax) {
        return true;
    }
    const StoredRecord* before = find(key);
    const std::size_t freed_bytes = before == nullptr ? 0 : before->told.bytes().size();
    return origin->record_bytes - freed_bytes + told_bytes <= kOriginRecordBytesMax;
}

const StoredRecord& RecordStore::put(StoredRecord record) {
    Origin& origin = origin_of(record.key.origin);
    auto place = std::ranges::lower_bound(origin.records, record.key, {}, &StoredRecord::key);
    if (place == origin.records.end() || place->key != record.key) {
        place = origin.records.insert(place, StoredRecord{});
    } else {
        count(*place, Counts::No, origin);
    }
    *place = std::move(record);
    count(*place, Counts::Yes, origin);
    next_expiry_ = std::min(next_expiry_, place->expires_at);
    return *place;
}

void RecordStore::remove(const RecordKey& key) {
    const auto entry = std::ranges::lower_bound(origins_, key.origin, {}, &OriginEntry::node);
    if (entry == origins_.end() || entry->node != key.origin) {
        return;
    }
    Origin& origin = *entry->origin;
    const auto found = std::ranges::lower_bound(origin.records, key, {}, &StoredRecord::key);
    if (found == origin.records.end() || found->key != key) {
        return;
    }
    count(*found, Counts::No, origin);
    origin.records.erase(found);
    if (origin.records.empty()) {
        origins_.erase(entry);
    }
}

const RecordBuckets& RecordStore::buckets(RecordKind kind) const {
    return buckets_[index_of(kind)];
}

std::vector<const StoredRecord*> RecordStore::all(RecordKind kind) const {
    std::vector<const StoredRecord*> records;
    records.reserve(origins_.size());
    for (const OriginEntry& entry : origins_) {
        for (const StoredRecord& record : entry.origin->records) {
            if (record.key.kind == kind) {
                records.push_back(&record);
            }
        }
    }
    return records;
}

std::vector<RecordKey> RecordStore::take_expired(Instant now) {
    std::vector<RecordKey> keys;
    if (now < next_expiry_) {
        return keys;
    }
    next_expiry_ = Instant::never();
    for (const OriginEntry& entry : origins_) {
        for (const StoredRecord& record : entry.origin->records) {
            if (record.expires_at <= now) {
                keys.push_back(record.key);
            } else {
                next_expiry_ = std::min(next_expiry_, record.expires_at);
            }
        }
    }
    for (const RecordKey& key : keys) {
        remove(key);
    }
    return keys;
}

const RecordStore::Origin* RecordStore::find_origin(NodeId node) const {
    const auto entry = std::ranges::lower_bound(origins_, node, {}, &OriginEntry::node);
    return entry != origins_.end() && entry->node == node ? entry->origin.get() : nullptr;
}

RecordStore::Origin& RecordStore::origin_of(NodeId node) {
    auto entry = std::ranges::lower_bound(origins_, node, {}, &OriginEntry::node);
    if (entry == origins_.end() || entry->node != node) {
        auto origin = std::make_unique<Origin>();
        origin->node = node;
        entry = origins_.insert(entry, OriginEntry{.node = node, .origin = std::move(origin)});
    }
    return *entry->origin;
}

// Exclusive or: what comes and what goes are the same operation.
void RecordStore::count(const StoredRecord& record, Counts counts, Origin& origin) {
    const std::uint64_t hash = record_hash(record.key, record.version);
    const std::size_t kind = index_of(record.key.kind);
    digests_.of_kind[kind] ^= hash;
    buckets_[kind][record_bucket(record.key)] ^= hash;
    const std::size_t bytes = record.told.bytes().size();
    if (counts == Counts::Yes) {
        record_bytes_ += bytes;
        origin.record_bytes += bytes;
    } else {
        record_bytes_ -= bytes;
        origin.record_bytes -= bytes;
    }
}

}  // namespace kith::mesh
