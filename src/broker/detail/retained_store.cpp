#include "broker/detail/retained_store.h"

#include <utility>

namespace kith::broker {
namespace {

constexpr std::chrono::milliseconds kSweepInterval = 10s;

}  // namespace

RetainedStore::Change RetainedStore::set(const bus::Message& message, WallTime now) {
    const std::string_view topic = message.topic.text();
    if (message.payload.empty()) {
        return clear(topic) ? Change::Cleared : Change::Nothing;
    }
    MessageRef kept = StoredMessage::create(message, MessageId{});
    if (!has_room(*kept, find(topic)) && now >= next_sweep_) {
        next_sweep_ = now + kSweepInterval;
        static_cast<void>(all(now));
    }
    if (!has_room(*kept, find(topic))) {
        return Change::Refused;
    }
    put(std::move(kept));
    return Change::Stored;
}

bool RetainedStore::has_room(const StoredMessage& message, const StoredMessage* old) const {
    if (old == nullptr) {
        return message_count_ < limits_.message_count_max &&
               size_bytes_ + message.size_bytes() <= limits_.bytes_max;
    }
    // One that does not grow may always take the place of the last.
    return message.size_bytes() <= old->size_bytes() ||
           size_bytes_ - old->size_bytes() + message.size_bytes() <= limits_.bytes_max;
}

void RetainedStore::restore(const bus::Message& message) {
    put(StoredMessage::create(message, MessageId{}));
}

void RetainedStore::put(MessageRef message) {
    Entry& entry = topics_.insert(message->topic().text());
    if (entry.message == nullptr) {
        ++message_count_;
    } else {
        size_bytes_ -= entry.message->size_bytes();
    }
    size_bytes_ += message->size_bytes();
    entry.message = std::move(message);
}

const StoredMessage* RetainedStore::find(std::string_view topic) {
    const Entry* entry = topics_.find(topic);
    return entry == nullptr ? nullptr : entry->message.get();
}

std::vector<MessageRef> RetainedStore::match(bus::TopicFilter filter, WallTime now) {
    std::vector<MessageRef> found;
    std::vector<MessageRef> expired;
    topics_.match_filter(filter, [&](const Entry& entry) {
        (entry.message->is_expired(now) ? expired : found).push_back(entry.message);
    });
    forget_expired(expired);
    return found;
}

std::vector<MessageRef> RetainedStore::all(WallTime now) {
    std::vector<MessageRef> found;
    std::vector<MessageRef> expired;
    topics_.for_each([&](const Entry& entry) {
        (entry.message->is_expired(now) ? expired : found).push_back(entry.message);
    });
    forget_expired(expired);
    return found;
}

void RetainedStore::forget_expired(const std::vector<MessageRef>& expired) {
    for (const MessageRef& message : expired) {
        clear(message->topic().text());
        expired_.push_back(message);
    }
}

std::vector<MessageRef> RetainedStore::take_expired() {
    std::vector<MessageRef> expired = std::exchange(expired_, {});
    std::erase_if(expired, [this](const MessageRef& message) {
        return find(message->topic().text()) != nullptr;
    });
    return expired;
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
