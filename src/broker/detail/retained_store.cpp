#include "broker/detail/retained_store.h"

#include <string>
#include <utility>

#include "base/narrow.h"

namespace kith::broker {
namespace {

constexpr std::chrono::milliseconds kSweepInterval = 10s;

/// What a shard takes of the node's budgets at a time.
constexpr std::uint64_t kMessageBlock = 256;
constexpr std::uint64_t kByteBlock = 256 * 1024;

/// Of a topic or filter: the path of the level it is in, and its name there.
struct Place {
    std::string_view level;
    std::string_view name;
    bool is_root = false;  // there is no slash in it
};

Place place_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return {.level = {}, .name = path, .is_root = true};
    }
    return {.level = path.substr(0, slash), .name = path.substr(slash + 1)};
}

bool is_reserved(std::string_view topic) {
    return topic.starts_with('$');
}

}  // namespace

RetainedStore::RetainedStore(const Budgets& node, std::uint16_t shard_count)
    : by_topic_(0, TopicOf{&leaves_}, TopicOf{&leaves_}),
      messages_(node.messages, shard_count, kMessageBlock),
      bytes_(node.bytes, shard_count, kByteBlock) {}

RetainedStore::Change RetainedStore::set(const bus::Message& message, WallTime now) {
    const std::string_view topic = message.topic.text();
    if (message.payload.empty()) {
        return clear(topic) ? Change::Cleared : Change::Nothing;
    }
    RetainedRef kept = RetainedMessage::create(message);
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
RetainedStore::Change RetainedStore::reserve(const RetainedMessage& message,
                                             const RetainedMessage* old) {
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
    RetainedRef kept = RetainedMessage::create(message);
    clear(message.topic.text());
    messages_.take_anyway();
    bytes_.take_anyway(kept->size_bytes());
    put(std::move(kept));
}

void RetainedStore::put(RetainedRef message) {
    size_bytes_ += message->size_bytes();
    std::uint32_t leaf = leaf_of(message->topic().text());
    if (leaf != kNone) {
        // The set looks at the text that the message has: the same in both.
        size_bytes_ -= leaves_[leaf].message->size_bytes();
        leaves_[leaf].message = std::move(message);
        return;
    }
    if (free_.empty()) {
        leaf = narrow<std::uint32_t>(leaves_.size());
        leaves_.emplace_back();
    } else {
        leaf = free_.back();
        free_.pop_back();
    }
    leaves_[leaf].message = std::move(message);
    by_topic_.insert(leaf);
    link(leaf);
    ++message_count_;
}

void RetainedStore::link(std::uint32_t leaf) {
    const Place place = place_of(leaves_[leaf].message->topic().text());
    Level& level = place.is_root ? root_ : levels_.insert(place.level);
    leaves_[leaf].previous = kNone;
    leaves_[leaf].next = level.first;
    if (level.first != kNone) {
        leaves_[level.first].previous = leaf;
    }
    level.first = leaf;
}

void RetainedStore::unlink(std::uint32_t leaf) {
    const Leaf& old = leaves_[leaf];
    if (old.next != kNone) {
        leaves_[old.next].previous = old.previous;
    }
    if (old.previous != kNone) {
        leaves_[old.previous].next = old.next;
        return;
    }
    const Place place = place_of(old.message->topic().text());
    if (place.is_root) {
        root_.first = old.next;
        return;
    }
    levels_.find(place.level)->first = old.next;
    levels_.prune(place.level);
}

std::uint32_t RetainedStore::leaf_of(std::string_view topic) const {
    const auto found = by_topic_.find(topic);
    return found == by_topic_.end() ? kNone : *found;
}

const RetainedMessage* RetainedStore::find(std::string_view topic) const {
    const std::uint32_t leaf = leaf_of(topic);
    return leaf == kNone ? nullptr : leaves_[leaf].message.get();
}

const RetainedMessage* RetainedStore::find_by_hash(std::uint64_t topic_hash) const {
    const auto found = by_topic_.find(TopicHash{topic_hash});
    return found == by_topic_.end() ? nullptr : leaves_[*found].message.get();
}

std::vector<RetainedRef> RetainedStore::take_all() {
    std::vector<RetainedRef> copies;
    copies.reserve(message_count_);
    for (std::uint32_t leaf = 0; leaf < leaves_.size(); ++leaf) {
        if (leaves_[leaf].message != nullptr) {
            // What waits to be sent here may still own the other one.
            copies.push_back(RetainedMessage::create(leaves_[leaf].message->view()));
            clear(copies.back()->topic().text());
        }
    }
    return copies;
}

std::vector<RetainedRef> RetainedStore::match(bus::TopicFilter filter, WallTime now) {
    Found found{.now = now, .messages = {}, .expired = {}};
    const std::string_view text = filter.text();
    const Place place = place_of(text);
    if (place.name != "#") {
        match_topics(text, found);
    } else {
        if (place.is_root) {
            match_topics("+", found);
        } else {
            match_topics(place.level, found);  // "a/#" matches "a" too [MQTT-4.7.1-2]
        }
        levels_.match_filter(filter, [&](Level level) { take_level(level, found); });
    }
    forget_expired(found.expired);
    return std::move(found.messages);
}

/// Requires: a filter without "#".
void RetainedStore::match_topics(std::string_view filter, Found& found) {
    if (!bus::TopicFilter::trusted(filter).has_wildcards()) {
        take(leaf_of(filter), found);
        return;
    }
    const Place place = place_of(filter);
    if (place.is_root) {  // "+" [MQTT-4.7.2-1]
        for (std::uint32_t leaf = root_.first; leaf != kNone; leaf = leaves_[leaf].next) {
            if (!is_reserved(leaves_[leaf].message->topic().text())) {
                take(leaf, found);
            }
        }
        return;
    }
    std::string topic;
    levels_.match_filter(bus::TopicFilter::trusted(place.level), [&](Level level) {
        if (place.name == "+") {
            take_level(level, found);
            return;
        }
        topic = place_of(leaves_[level.first].message->topic().text()).level;
        topic += '/';
        topic += place.name;
        take(leaf_of(topic), found);
    });
}

void RetainedStore::take(std::uint32_t leaf, Found& found) const {
    if (leaf != kNone) {
        const RetainedRef& message = leaves_[leaf].message;
        (message->is_expired(found.now) ? found.expired : found.messages).push_back(message);
    }
}

void RetainedStore::take_level(Level level, Found& found) const {
    for (std::uint32_t leaf = level.first; leaf != kNone; leaf = leaves_[leaf].next) {
        take(leaf, found);
    }
}

std::vector<RetainedRef> RetainedStore::all(WallTime now) {
    Found found{.now = now, .messages = {}, .expired = {}};
    for (std::uint32_t leaf = 0; leaf < leaves_.size(); ++leaf) {
        if (leaves_[leaf].message != nullptr) {
            take(leaf, found);
        }
    }
    forget_expired(found.expired);
    return std::move(found.messages);
}

void RetainedStore::forget_expired(const std::vector<RetainedRef>& expired) {
    for (const RetainedRef& message : expired) {
        clear(message->topic().text());
        expired_.push_back(message);
    }
}

std::vector<RetainedRef> RetainedStore::take_expired() {
    std::vector<RetainedRef> expired = std::exchange(expired_, {});
    std::erase_if(expired, [this](const RetainedRef& message) {
        return find(message->topic().text()) != nullptr;
    });
    return expired;
}

bool RetainedStore::clear(std::string_view topic) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) {
        return false;
    }
    const std::uint32_t leaf = *found;
    const std::size_t bytes = leaves_[leaf].message->size_bytes();
    size_bytes_ -= bytes;
    --message_count_;
    bytes_.give_back(bytes);
    messages_.give_back();
    unlink(leaf);
    by_topic_.erase(found);
    leaves_[leaf] = Leaf();
    free_.push_back(leaf);
    return true;
}

}  // namespace kith::broker
