#include "broker/detail/topic_table.h"

#include <algorithm>

#include "base/narrow.h"

namespace kith::broker {

TopicTable::TopicTable(const Limits& limits, std::uint16_t shard_count)
    : node_(&limits.node),
      own_share_(limits.own_share),
      client_topics_max_(limits.client_topics_max),
      shard_count_(shard_count) {}

void TopicTable::gather_owners() {
    shard_count_ = 1;
    for (const auto& entry : clock_) {
        entry->owner = ShardId(0);
    }
}

TopicEntry& TopicTable::at(std::string_view topic, SessionId publisher) {
    TopicEntry* known = use(topic);
    return known != nullptr ? *known : add(topic, publisher);
}

/// Null if it is not known. What was used last comes again most often: then nothing is hashed.
TopicEntry* TopicTable::use(std::string_view topic) {
    if (!is_last(topic)) {
        const auto found = entries_.find(topic);
        if (found == entries_.end()) [[unlikely]] {
            return nullptr;
        }
        last_ = found->second;
    }
    last_->recently_used = true;
    return last_;
}

TopicEntry* TopicTable::at_if_allowed(std::string_view topic, SessionId publisher) {
    if (TopicEntry* known = use(topic); known != nullptr) [[likely]] {
        return known;
    }
    if (publisher != SessionId()) {
        const auto created = creators_.find(publisher);
        if (created != creators_.end() && created->second >= client_topics_max_) {
            return nullptr;
        }
    }
    return &add(topic, publisher);
}

TopicEntry* TopicTable::find(std::string_view topic) {
    const auto found = entries_.find(topic);
    return found == entries_.end() ? nullptr : found->second;
}

TopicEntry& TopicTable::add(std::string_view topic, SessionId publisher) {
    auto entry = std::make_unique<TopicEntry>();
    entry->topic = topic;
    entry->creator = publisher;
    entry->owner = owner_of(topic);
    TopicEntry& added = *entry;
    if (may_grow()) {
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
    if (publisher != SessionId()) {
        ++creators_[publisher];
    }
    return added;
}

bool TopicTable::may_grow() {
    return clock_.size() < own_share_ || node_->take();
}

void TopicTable::note_passing(const TopicEntry& passing) {
    evicted_straight_shards_ |= passing.straight_shards;
    evicted_straight_flush_ = std::max(evicted_straight_flush_, passing.straight_flush);
}

void TopicTable::evict(TopicEntry& entry) {
    entries_.erase(entry.topic);
    if (last_ == &entry) {
        last_ = nullptr;
    }
    if (const auto created = creators_.find(entry.creator); created != creators_.end()) {
        if (--created->second == 0) {
            creators_.erase(created);
        }
    }
    if (entry.changed_position != TopicEntry::kUnchanged) {
        changed_[entry.changed_position] = changed_.back();
        changed_[entry.changed_position]->changed_position = entry.changed_position;
        changed_.pop_back();
    }
    note_passing(entry);
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
