#include "broker/detail/retained_store.h"

#include <utility>

namespace kith::broker {
namespace {

constexpr std::chrono::milliseconds kSweepInterval = 10s;

/// What a shard takes of the node's budgets at a time.
constexpr std::uint64_t kMessageBlock = 256;
constexpr std::uint64_t kByteBlock = 256 * 1024;

}  // namespace

RetainedStore::RetainedStore(const Budgets& node, std::uint16_t shard_count)
    : messages_(node.messages, shard_count, kMessageBlock),
      bytes_(node.bytes, shard_count, kByteBlock) {}

RetainedStore::Change RetainedStore::set(const bus::Message& message, WallTime now) {
    const std::string_view topic = message.topic.text();
    if (message.payload.empty()) {
        return clear(topic) ? Change::Cleared : Change::Nothing;
    }
    MessageRef kept = StoredMessage::create(message, MessageId{});
    Change change = reserve(*kept, find(topic));
    if (change != Change::Stored && now >= next_sweep_) {
        next_sweep_ = now + kSweepInterval;
        static_cast<void>(all(now));
        change = reserve(*kept, find(topic));
    }
    if (change == Change::Stored) {
        put(std::move(kept));
    }
    return change;
}

/// Takes what `message` needs beside `old`; Stored if it is there.
RetainedStore::Change RetainedStore::reserve(const StoredMessage& message,
                                             const StoredMessage* old) {
    if (old != nullptr) {
        // One that does not grow may always take the place of the last.
        if (message.size_bytes() <= old->size_bytes()) {
            bytes_.give_back(old->size_bytes() - message.size_bytes());
            return Change::Stored;
        }
        return bytes_.take(message.size_bytes() - old->size_bytes()) ? Change::Stored
                                                                     : Change::TooManyBytes;
    }
    if (!messages_.take()) {
        return Change::TooMany;
    }
    if (!bytes_.take(message.size_bytes())) {
        messages_.give_back();
        return Change::TooManyBytes;
    }
    return Change::Stored;
}

void RetainedStore::restore(const bus::Message& message) {
    MessageRef kept = StoredMessage::create(message, MessageId{});
    clear(message.topic.text());
    messages_.take_anyway();
    bytes_.take_anyway(kept->size_bytes());
    put(std::move(kept));
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
    bytes_.give_back(entry->message->size_bytes());
    messages_.give_back();
    entry->message.reset();
    topics_.prune(topic);
    return true;
}

}  // namespace kith::broker
