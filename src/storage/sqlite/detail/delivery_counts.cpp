#include "storage/sqlite/detail/delivery_counts.h"

#include "base/check.h"

namespace kith::storage::detail {
namespace {

/// A table at least this large gives memory back once it is mostly empty.
constexpr std::size_t kShrinkBucketsMin = 16 * 1024;

}  // namespace

void DeliveryCounts::set(MessageId message, std::uint32_t live_count) {
    CHECK(live_count > 0);
    if (live_count != count(message)) {
        change(message, live_count);
    }
}

void DeliveryCounts::add_one(MessageId message) {
    change(message, count(message) + 1);
}

bool DeliveryCounts::take_one(MessageId message) {
    const std::uint32_t live_count = count(message);
    if (live_count == 1) {
        return true;
    }
    change(message, live_count - 1);
    return false;
}

void DeliveryCounts::keep_changes() {
    changes_.clear();
    if (counts_.bucket_count() > kShrinkBucketsMin && counts_.size() * 8 < counts_.bucket_count()) {
        counts_.rehash(0);
    }
}

void DeliveryCounts::undo_changes() {
    while (!changes_.empty()) {
        store(changes_.back().message, changes_.back().count_before);
        changes_.pop_back();
    }
}

void DeliveryCounts::clear() {
    counts_.clear();
    changes_.clear();
}

std::uint32_t DeliveryCounts::count(MessageId message) const {
    const auto found = counts_.find(message);
    return found == counts_.end() ? 1 : found->second;
}

void DeliveryCounts::change(MessageId message, std::uint32_t live_count) {
    changes_.push_back({message, count(message)});
    store(message, live_count);
}

void DeliveryCounts::store(MessageId message, std::uint32_t live_count) {
    if (live_count == 1) {
        counts_.erase(message);
    } else {
        counts_[message] = live_count;
    }
}

}  // namespace kith::storage::detail
