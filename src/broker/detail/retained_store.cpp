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
    const bool is_new = find(topic) == nullptr;
    if (is_new && message_count_ >= message_count_max_ && now >= next_sweep_) {
        next_sweep_ = now + kSweepInterval;
        static_cast<void>(all(now));
    }
    if (is_new && message_count_ >= message_count_max_) {
        return Change::Refused;
    }
    put(message);
    return Change::Stored;
}

void RetainedStore::restore(const bus::Message& message) {
    put(message);
}

void RetainedStore::put(const bus::Message& message) {
    Entry& entry = topics_.insert(message.topic.text());
    if (entry.message == nullptr) {
        ++message_count_;
    } else {
        size_bytes_ -= entry.message->size_bytes();
    }
    entry.message = StoredMessage::create(message, MessageId{});
    size_bytes_ += entry.message->size_bytes();
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
