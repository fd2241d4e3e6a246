// The retained messages of the topics that this shard owns.
//
// Owning a topic means putting its messages in order: the last one set here is the one that new
// subscribers get and that is on disk. Most topics are the only thing of their name in their level,
// so the tree has nodes for levels with something below alone; a topic is a leaf in the list of its
// level, 16 bytes, and is found by its text through a set of 4-byte numbers. Limits:
// retained_messages_max and retained_bytes_max of the node. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "broker/detail/node_budget.h"
#include "broker/detail/retained_message.h"
#include "broker/detail/topic_trie.h"

namespace kith::broker {

class RetainedStore {
  public:
    struct Budgets {
        NodeBudget& messages;
        NodeBudget& bytes;
    };
    RetainedStore(const Budgets& node, std::uint16_t shard_count);

    enum class Change : std::uint8_t { Stored, Cleared, Nothing, TooMany, TooManyBytes };
    /// Keeps `message` as its topic's last [MQTT-3.3.1-5]; an empty payload clears it
    /// [MQTT-3.3.1-6], [MQTT-3.3.1-7]. Refused, as TooMany or TooManyBytes, when the node's stores
    /// are full of other topics.
    Change set(const bus::Message& message, WallTime now);

    /// The node's budgets are others.
    void trim() {
        messages_.trim();
        bytes_.trim();
    }

    /// A message from disk, whatever the limit is now.
    void restore(const bus::Message& message);

    [[nodiscard]] const RetainedMessage* find(std::string_view topic) const;
    /// By hash_text() of its topic.
    [[nodiscard]] const RetainedMessage* find_by_hash(std::uint64_t topic_hash) const;
    /// Copies of everything, for another shard, after which nothing is here.
    [[nodiscard]] std::vector<RetainedRef> take_all();
    /// What a new subscription to `filter` gets, without what has expired.
    [[nodiscard]] std::vector<RetainedRef> match(bus::TopicFilter filter, WallTime now);
    /// Everything, `$` topics too, without what has expired.
    [[nodiscard]] std::vector<RetainedRef> all(WallTime now);
    /// Messages that this object has forgotten because they expired, since the last call: the disk
    /// has to forget them, too. Not those of topics that have a newer one by now.
    [[nodiscard]] std::vector<RetainedRef> take_expired();

    [[nodiscard]] std::size_t message_count() const { return message_count_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

  private:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    /// A topic with its message, in the list of those in the same level.
    struct Leaf {
        RetainedRef message;
        std::uint32_t next = kNone;
        std::uint32_t previous = kNone;
    };
    static_assert(sizeof(Leaf) == 16);

    /// The topics directly in one level.
    struct Level {
        std::uint32_t first = kNone;
        [[nodiscard]] bool empty() const { return first == kNone; }
    };

    /// Hashes and compares leaves by their topic, so that the set holds nothing but numbers.
    struct TopicHash {
        std::uint64_t value;
    };
    struct TopicOf {
        using is_transparent = void;
        using is_avalanching = void;
        const std::vector<Leaf>* leaves;

        [[nodiscard]] std::string_view text(std::uint32_t leaf) const {
            return (*leaves)[leaf].message->topic().text();
        }
        [[nodiscard]] static std::string_view text(std::string_view topic) { return topic; }
        template <typename Topic>
        std::size_t operator()(Topic topic) const {
            return hash_text(text(topic));
        }
        std::size_t operator()(TopicHash topic) const { return topic.value; }
        bool operator()(TopicHash topic, std::uint32_t leaf) const {
            return topic.value == hash_text(text(leaf));
        }
        bool operator()(std::uint32_t leaf, TopicHash topic) const {
            return topic.value == hash_text(text(leaf));
        }
        template <typename Left, typename Right>
        bool operator()(Left left, Right right) const {
            return text(left) == text(right);
        }
    };

    /// What a search has found so far.
    struct Found {
        WallTime now;
        std::vector<RetainedRef> messages;
        std::vector<RetainedRef> expired;
    };

    [[nodiscard]] Change reserve(const RetainedMessage& message, const RetainedMessage* old);
    void put(RetainedRef message);
    bool clear(std::string_view topic);
    void forget_expired(const std::vector<RetainedRef>& expired);

    [[nodiscard]] std::uint32_t leaf_of(std::string_view topic) const;
    void link(std::uint32_t leaf);
    void unlink(std::uint32_t leaf);
    void match_topics(std::string_view filter, Found& found);
    void take(std::uint32_t leaf, Found& found) const;
    void take_level(Level level, Found& found) const;

    std::vector<Leaf> leaves_;
    std::vector<std::uint32_t> free_;
    boost::unordered_flat_set<std::uint32_t, TopicOf, TopicOf> by_topic_;
    TopicTrie<Level> levels_;  // that have topics in them, by their path
    Level root_;               // the topics without a slash
    std::vector<RetainedRef> expired_;
    /// When a full store next looks for what has expired: that reads all of it.
    WallTime next_sweep_;
    BudgetLease messages_;
    BudgetLease bytes_;
    std::size_t message_count_ = 0;
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::broker
