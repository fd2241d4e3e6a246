#include "broker/detail/topic_table.h"

#include <algorithm>

#include "base/narrow.h"

namespace kith::broker {

TopicEntry& TopicTable::at(std::string_view topic) {
    if (const auto found = entries_.find(topic); found != entries_.end()) [[likely]] {
        found->second->recently_used = true;
        return *found->second;
    }
    return add(topic);
}

TopicEntry* TopicTable::find(std::string_view topic) {
    const auto found = entries_.find(topic);
    return found == entries_.end() ? nullptr : found->second;
}

TopicEntry& TopicTable::add(std::string_view topic) {
    auto entry = std::make_unique<TopicEntry>();
    entry->topic = topic;
    entry->owner = ShardId(static_cast<std::uint16_t>(hash_text(topic) % shard_count_));
    TopicEntry& added = *entry;
    if (clock_.size() < topics_max_) {
        clock_.push_back(std::move(entry));
    } else {
        std::unique_ptr<TopicEntry>& slot = clock_[pick_victim()];
        if (slot != nullptr) {
            evict(*slot);
        }
        slot = std::move(entry);
    }
    // It may be one that was evicted while its messages were on their way.
    added.straight_shards = evicted_straight_shards_;
    added.straight_flush = evicted_straight_flush_;
    entries_.emplace(added.topic, &added);
    return added;
}

void TopicTable::evict(TopicEntry& entry) {
    entries_.erase(entry.topic);
    if (entry.changed_position != TopicEntry::kUnchanged) {
        changed_[entry.changed_position] = changed_.back();
        changed_[entry.changed_position]->changed_position = entry.changed_position;
        changed_.pop_back();
    }
    evicted_straight_shards_ |= entry.straight_shards;
    evicted_straight_flush_ = std::max(evicted_straight_flush_, entry.straight_flush);
    ++evicted_count_;
}

/// A full round clears every mark, so that two rounds find a victim unless all have messages under
/// way; then the limit yields for that one entry.
std::size_t TopicTable::pick_victim() {
    for (std::size_t step = 0; step < 2 * clock_.size(); ++step) {
        TopicEntry& entry = *clock_[hand_];
        const std::size_t at = hand_;
        hand_ = (hand_ + 1) % clock_.size();
        if (entry.routed_in_flight == 0 && !entry.recently_used) {
            return at;
        }
        entry.recently_used = false;
    }
    clock_.push_back(nullptr);
    return clock_.size() - 1;
}

void TopicTable::record(TopicEntry& entry, const bus::Message& message) {
    ++entry.message_count;
    entry.byte_count += message.payload.size();
    const std::size_t kept = std::min(message.payload.size(), kLastPayloadBytesMax);
    entry.last_payload.assign(message.payload.begin(),
                              message.payload.begin() + static_cast<std::ptrdiff_t>(kept));
    entry.last_payload_bytes = narrow<std::uint32_t>(message.payload.size());
    entry.last_at = message.published_at;
    entry.last_publisher = message.publisher;
    entry.last_qos = message.qos;
    entry.last_retain = message.retain;
    if (entry.changed_position == TopicEntry::kUnchanged) {
        entry.changed_position = narrow<std::uint32_t>(changed_.size());
        changed_.push_back(&entry);
    }
}

}  // namespace kith::broker
