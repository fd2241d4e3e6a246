#include "mesh/detail/record_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/narrow.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

/// What has no key is nothing that lies in a slot.
[[nodiscard]] bool is_taken(const StoredRecord& record) {
    return !record.told.empty();
}

}  // namespace

std::size_t index_of(RecordKind kind) {
    const auto index = static_cast<std::size_t>(kind) - 1;
    CHECK(index < kRecordKindCount);
    return index;
}

const StoredRecord* RecordStore::find(const RecordKey& key) const {
    const RecordSlot slot = slot_of(key);
    return slot == kNoSlot ? nullptr : &slots_[slot];
}

RecordSlot RecordStore::slot_of(const RecordKey& key) const {
    const auto found = slot_of_.find(key);
    return found == slot_of_.end() ? kNoSlot : found->second;
}

bool RecordStore::has_room(const RecordKey& key, std::size_t told_bytes) const {
    const auto origin = origins_.find(key.origin);
    if (origin == origins_.end()) {
        return origins_.size() < kNodesMax;
    }
    if (origin->second.record_bytes + told_bytes <= kOriginRecordBytesMax) {
        return true;
    }
    const StoredRecord* before = find(key);
    const std::size_t freed_bytes = before == nullptr ? 0 : before->told.bytes().size();
    return origin->second.record_bytes - freed_bytes + told_bytes <= kOriginRecordBytesMax;
}

RecordSlot RecordStore::put(StoredRecord record) {
    CHECK(is_taken(record));
    RecordSlot slot = slot_of(record.key);
    if (slot == kNoSlot) {
        slot = take_slot(record.key);
    } else {
        count(slots_[slot], Counts::No);
    }
    slots_[slot] = std::move(record);
    count(slots_[slot], Counts::Yes);
    next_expiry_ = std::min(next_expiry_, slots_[slot].expires_at);
    return slot;
}

RecordSlot RecordStore::take_slot(const RecordKey& key) {
    if (free_slots_.empty()) {
        free_slots_.push_back(narrow<RecordSlot>(slots_.size()));
        slots_.emplace_back();
    }
    const RecordSlot slot = free_slots_.back();
    free_slots_.pop_back();
    slot_of_.emplace(key, slot);
    orders_[index_of(key.kind)].entries.push_back(
        {.origin = key.origin, .slot = slot, .part = key.part});
    return slot;
}

void RecordStore::erase(const RecordKey& key) {
    const auto found = slot_of_.find(key);
    if (found == slot_of_.end()) {
        return;
    }
    const RecordSlot slot = found->second;
    count(slots_[slot], Counts::No);
    slots_[slot] = StoredRecord{};
    free_slots_.push_back(slot);
    slot_of_.erase(found);
    Order& order = orders_[index_of(key.kind)];
    sort(order);
    order.entries.erase(std::ranges::find(order.entries, slot, &Order::Entry::slot));
    order.sorted_count = order.entries.size();
}

const RecordBuckets& RecordStore::buckets(RecordKind kind) const {
    return buckets_[index_of(kind)];
}

std::vector<const StoredRecord*> RecordStore::all(RecordKind kind) const {
    Order& order = orders_[index_of(kind)];
    sort(order);
    std::vector<const StoredRecord*> records;
    records.reserve(order.entries.size());
    for (const Order::Entry& entry : order.entries) {
        records.push_back(&slots_[entry.slot]);
    }
    return records;
}

/// What is new goes between the others: mostly it is few, or all of them.
void RecordStore::sort(Order& order) {
    if (order.sorted_count == order.entries.size()) {
        return;
    }
    const auto is_before = [](const Order::Entry& a, const Order::Entry& b) {
        return std::tie(a.origin, a.part) < std::tie(b.origin, b.part);
    };
    const auto middle = order.entries.begin() + static_cast<std::ptrdiff_t>(order.sorted_count);
    std::sort(middle, order.entries.end(), is_before);
    std::inplace_merge(order.entries.begin(), middle, order.entries.end(), is_before);
    order.sorted_count = order.entries.size();
}

std::vector<RecordKey> RecordStore::find_expired(Instant now) {
    std::vector<RecordKey> keys;
    if (now < next_expiry_) {
        return keys;
    }
    next_expiry_ = Instant::never();
    for (const StoredRecord& record : slots_) {
        if (!is_taken(record)) {
            continue;
        }
        if (record.expires_at <= now) {
            keys.push_back(record.key);
        } else {
            next_expiry_ = std::min(next_expiry_, record.expires_at);
        }
    }
    return keys;
}

// Exclusive or: what comes and what goes are the same operation.
void RecordStore::count(const StoredRecord& record, Counts counts) {
    const std::uint64_t hash = record_hash(record.key, record.version);
    const std::size_t kind = index_of(record.key.kind);
    digests_.of_kind[kind] ^= hash;
    buckets_[kind][record_bucket(record.key)] ^= hash;
    const std::size_t bytes = record.told.bytes().size();
    Origin& origin = origins_[record.key.origin];
    if (counts == Counts::Yes) {
        record_bytes_ += bytes;
        origin.record_bytes += bytes;
        ++origin.record_count;
        return;
    }
    record_bytes_ -= bytes;
    origin.record_bytes -= bytes;
    if (--origin.record_count == 0) {
        origins_.erase(record.key.origin);
    }
}

}  // namespace kith::mesh
