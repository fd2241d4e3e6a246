#include "mesh/detail/record_sync.h"

#include <algorithm>
#include <utility>

namespace kith::mesh {
namespace {

constexpr int kHellosUnchanged = 2;
// When both sides change all the time, so that no difference is ever seen twice.
constexpr int kHellosDifferent = 8;

[[nodiscard]] bool is_in(const RecordKey& key, std::uint64_t mask) {
    return ((mask >> record_bucket(key)) & 1U) != 0;
}

/// The key behind it, of the same kind. Requires: it is not the last.
[[nodiscard]] RecordKey after(RecordKey key) {
    key.part = static_cast<std::uint16_t>(key.part + 1);
    if (key.part == 0) {
        key.origin = key.origin.next();
    }
    return key;
}

}  // namespace

std::vector<RecordKind> RecordSync::on_digests(const Digests& own, const Digests& theirs,
                                               Instant now) {
    std::vector<RecordKind> kinds;
    const bool is_first_hello = std::exchange(is_first_hello_, false);
    if (own == theirs) [[likely]] {
        if (std::exchange(is_different_, false)) {
            different_.fill(0);
            unchanged_.fill(0);
            interval_ = kRecordSyncInterval;
        }
        return kinds;
    }
    is_different_ = true;
    for (std::size_t kind = 0; kind < kRecordKindCount; ++kind) {
        if (own.of_kind[kind] == theirs.of_kind[kind]) {
            different_[kind] = 0;
            unchanged_[kind] = 0;
            continue;
        }
        const bool is_unchanged = own.of_kind[kind] == own_.of_kind[kind] &&
                                  theirs.of_kind[kind] == theirs_.of_kind[kind];
        if (!is_unchanged) {
            interval_ = kRecordSyncInterval;
            next_at_ = std::min(next_at_, now + interval_);
        }
        unchanged_[kind] = is_unchanged ? unchanged_[kind] + 1 : 1;
        ++different_[kind];
        if (is_first_hello || is_time_to_compare(kind, now)) {
            kinds.push_back(static_cast<RecordKind>(kind + 1));
        }
    }
    own_ = own;
    theirs_ = theirs;
    if (!kinds.empty()) {
        interval_ =
            has_answer_ ? std::min(interval_ * 2, kRecordSyncIntervalMax) : kRecordSyncInterval;
        next_at_ = now + interval_;
        has_answer_ = false;
    }
    return kinds;
}

bool RecordSync::is_time_to_compare(std::size_t kind, Instant now) const {
    const int patience = begins_ == BeginsSync::First ? 1 : 2;
    return now >= next_at_ && (unchanged_[kind] >= patience * kHellosUnchanged ||
                               different_[kind] >= patience * kHellosDifferent);
}

BucketDifference compare_buckets(const RecordBuckets& own, const RecordBuckets& theirs) {
    BucketDifference difference;
    for (std::size_t bucket = 0; bucket < kDigestBuckets; ++bucket) {
        if (own[bucket] != theirs[bucket]) {
            (theirs[bucket] == 0 ? difference.to_send : difference.to_list) |= 1ULL << bucket;
        }
    }
    return difference;
}

std::vector<const StoredRecord*> in_buckets(std::span<const StoredRecord* const> records,
                                            std::uint64_t mask) {
    std::vector<const StoredRecord*> selected;
    for (const StoredRecord* record : records) {
        if (is_in(record->key, mask)) {
            selected.push_back(record);
        }
    }
    return selected;
}

std::vector<DigestList> make_lists(RecordKind kind, std::uint64_t mask,
                                   std::span<const StoredRecord* const> records) {
    constexpr NodeId kLastNode(UINT64_MAX);
    std::vector<DigestList> lists;
    RecordKey first{.origin = NodeId{}, .kind = kind, .part = 0};
    do {
        const auto here = records.first(std::min(records.size(), kListEntriesMax));
        records = records.subspan(here.size());
        DigestList& list = lists.emplace_back();
        list.kind = kind;
        list.bucket_mask = mask;
        list.first = first;
        for (const StoredRecord* record : here) {
            list.records.push_back({.key = record->key, .version = record->version});
        }
        list.last = records.empty()
                        ? RecordKey{.origin = kLastNode, .kind = kind, .part = UINT16_MAX}
                        : here.back()->key;
        if (!records.empty()) {
            first = after(list.last);
        }
    } while (!records.empty());
    return lists;
}

ListDifference compare_list(const DigestList& list, std::span<const StoredRecord* const> own) {
    ListDifference difference;
    auto theirs = list.records.begin();
    for (const StoredRecord* record : own) {
        while (theirs != list.records.end() && theirs->key < record->key) {
            difference.to_request.push_back({.key = theirs->key, .version = {}});
            ++theirs;
        }
        if (theirs != list.records.end() && theirs->key == record->key) {
            if (record->version > theirs->version) {
                difference.to_send.push_back(record);
            } else if (record->version < theirs->version) {
                difference.to_request.push_back({.key = theirs->key, .version = {}});
            }
            ++theirs;
        } else if (record->key >= list.first && record->key <= list.last &&
                   is_in(record->key, list.bucket_mask)) {
            difference.to_send.push_back(record);
        }
    }
    for (; theirs != list.records.end(); ++theirs) {
        difference.to_request.push_back({.key = theirs->key, .version = {}});
    }
    return difference;
}

}  // namespace kith::mesh
