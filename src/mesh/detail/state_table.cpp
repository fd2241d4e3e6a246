#include "mesh/detail/state_table.h"

#include <algorithm>
#include <utility>

namespace kith::mesh {

void StateTable::toggle(const StateEntry& entry) {
    const std::uint64_t change = state_digest(entry.key, entry.stamp);
    digests_.buckets[state_bucket(entry.key)] ^= change;
    digest_ ^= change;
}

const StateEntry* StateTable::find(const StateKey& key) const {
    if (buckets_.empty()) {
        return nullptr;
    }
    const Bucket& bucket = buckets_[state_bucket(key)];
    const auto found = std::ranges::lower_bound(bucket, key, {}, &StateEntry::key);
    return found == bucket.end() || found->key != key ? nullptr : &*found;
}

StateEntry* StateTable::find(const StateKey& key) {
    return const_cast<StateEntry*>(std::as_const(*this).find(key));
}

void StateTable::put(const StateEntry& entry) {
    buckets_.resize(kStateBuckets);
    Bucket& bucket = buckets_[state_bucket(entry.key)];
    const auto at = std::ranges::lower_bound(bucket, entry.key, {}, &StateEntry::key);
    if (at != bucket.end() && at->key == entry.key) {
        toggle(*at);
        *at = entry;
    } else {
        bucket.insert(at, entry);
        ++size_;
    }
    toggle(entry);
}

void StateTable::erase(const StateKey& key) {
    if (buckets_.empty()) {
        return;
    }
    Bucket& bucket = buckets_[state_bucket(key)];
    const auto at = std::ranges::lower_bound(bucket, key, {}, &StateEntry::key);
    if (at != bucket.end() && at->key == key) {
        toggle(*at);
        bucket.erase(at);
        --size_;
    }
}

std::vector<StateKey> StateTable::forget(std::uint32_t hour) {
    std::vector<StateKey> forgotten;
    for (Bucket& bucket : buckets_) {
        std::erase_if(bucket, [&](const StateEntry& entry) {
            const bool is_due = entry.forget_h != 0 && entry.forget_h <= hour;
            if (is_due) {
                toggle(entry);
                forgotten.push_back(entry.key);
            }
            return is_due;
        });
    }
    size_ -= forgotten.size();
    return forgotten;
}

std::span<const StateEntry> StateTable::bucket(std::size_t index) const {
    return buckets_.empty() ? std::span<const StateEntry>() : buckets_[index];
}

}  // namespace kith::mesh
