// The retained messages of the topics that this shard owns.
//
// Owning a topic means putting its messages in order: the last one set here is the one that new
// subscribers get and that is on disk. Limits: retained_messages_max and retained_bytes_max of the
// node. Threads: shard-local.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/detail/node_budget.h"
#include "broker/detail/stored_message.h"
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

    [[nodiscard]] const StoredMessage* find(std::string_view topic);
    /// What a new subscription to `filter` gets, without what has expired.
    [[nodiscard]] std::vector<MessageRef> match(bus::TopicFilter filter, WallTime now);
    /// Everything, `$` topics too, without what has expired.
    [[nodiscard]] std::vector<MessageRef> all(WallTime now);
    /// Messages that this object has forgotten because they expired, since the last call: the disk
    /// has to forget them, too. Not those of topics that have a newer one by now.
    [[nodiscard]] std::vector<MessageRef> take_expired();

    [[nodiscard]] std::size_t message_count() const { return message_count_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

  private:
    struct Entry {
        MessageRef message;
        [[nodiscard]] bool empty() const { return message == nullptr; }
    };

    [[nodiscard]] Change reserve(const StoredMessage& message, const StoredMessage* old);
    void put(MessageRef message);
    bool clear(std::string_view topic);
    void forget_expired(const std::vector<MessageRef>& expired);

    TopicTrie<Entry> topics_;
    std::vector<MessageRef> expired_;
    /// When a full store next looks for what has expired: that reads all of it.
    WallTime next_sweep_;
    BudgetLease messages_;
    BudgetLease bytes_;
    std::size_t message_count_ = 0;
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::broker
