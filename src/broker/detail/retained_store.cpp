#include "broker/detail/retained_store.h"

#include <string>

namespace kith::broker {

RetainedStore::Change RetainedStore::set(const bus::Message& message) {
    const std::string_view topic = message.topic.text();
    if (message.payload.empty()) {
        return clear(topic) ? Change::Cleared : Change::Nothing;
    }
    const Entry* known = topics_.find(topic);
    const bool is_new = known == nullptr || known->empty();
    if (is_new && message_count_ >= message_count_max_) {
        return Change::Refused;
    }
    Entry& entry = topics_.insert(topic);
    if (is_new) {
        ++message_count_;
    } else {
        size_bytes_ -= entry.message->size_bytes();
    }
    entry.message = StoredMessage::create(message, MessageId{});
    size_bytes_ += entry.message->size_bytes();
    return Change::Stored;
}

const StoredMessage* RetainedStore::find(std::string_view topic) {
    const Entry* entry = topics_.find(topic);
    return entry == nullptr ? nullptr : entry->message.get();
}

std::vector<MessageRef> RetainedStore::match(bus::TopicFilter filter, WallTime now) {
    std::vector<MessageRef> found;
    std::vector<std::string> expired;
    topics_.match_filter(filter, [&](const Entry& entry) {
        if (entry.message->is_expired(now)) {
            expired.emplace_back(entry.message->topic().text());
        } else {
            found.push_back(entry.message);
        }
    });
    // Only memory: the disk drops expired messages when it is next read.
    for (const std::string& topic : expired) {
        clear(topic);
    }
    return found;
}

bool RetainedStore::clear(std::string_view topic) {
    Entry* entry = topics_.find(topic);
    if (entry == nullptr || entry->empty()) {
        return false;
    }
    size_bytes_ -= entry->message->size_bytes();
    --message_count_;
    entry->message.reset();
    topics_.prune(topic);
    return true;
}

}  // namespace kith::broker
