// The topics that this shard has lately routed: their routes, and what the console shows of them.
//
// A PUBLISH finds its topic here by one hash look-up; the route is computed again only after
// subscriptions have changed. Limits: topics_max entries of the node, a quarter of which are shared
// out to the shards from the start; the clock algorithm evicts those not used for a round, never
// one with messages under way. One publisher's topics take client_topics_max of a shard's at most,
// so that who publishes to ever new ones does not push those of others out. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "broker/detail/node_budget.h"
#include "broker/detail/route.h"
#include "broker/detail/shard_link.h"
#include "broker/detail/stored_message.h"
#include "bus/message.h"

namespace kith::broker {

/// Bytes of the last payload that are kept for people to look at.
inline constexpr std::size_t kLastPayloadBytesMax = 256;

struct TopicEntry {
    std::string topic;
    std::unique_ptr<Route> route;        // null: nobody wants it
    std::uint64_t route_generation = 0;  // of the index when that was found; 0 is never
    ShardId owner;                       // orders and stores the topic's retained message
    SessionId creator;  // who published first: counts among the topics of that client

    // What was published on this shard.
    std::uint64_t message_count = 0;
    std::uint64_t byte_count = 0;            // of payloads
    std::vector<std::uint8_t> last_payload;  // the first kLastPayloadBytesMax bytes
    std::uint32_t last_payload_bytes = 0;
    WallTime last_at;
    SessionId last_publisher;
    Qos last_qos = Qos::AtMostOnce;
    bool last_retain = false;

    /// Messages of this shard on their way through the owner. While there are any, all go that way,
    /// so that none overtakes; see Router.
    std::uint32_t routed_in_flight = 0;
    /// Where messages of this shard went straight, and the last flush of links that took one.
    std::uint64_t straight_shards = 0;
    std::uint64_t straight_flush = 0;
    /// Messages for the owner that wait until those have been read.
    struct Fenced {
        MessageRef message;
        KeptAudience audience;
        PublishOrigin origin;
    };
    std::vector<Fenced> fenced;

    bool recently_used = true;
    std::uint32_t changed_position =
        kUnchanged;  // in the list of those changed since the last drain

    static constexpr std::uint32_t kUnchanged = 0xFFFF'FFFF;
};

class TopicTable {
  public:
    struct Limits {
        NodeBudget& node;       // beyond what each shard has of its own
        std::size_t own_share;  // of this shard
        std::size_t client_topics_max;
    };
    TopicTable(const Limits& limits, std::uint16_t shard_count);

    /// The entry of `topic`, made if need be. Valid until the next call.
    [[nodiscard]] TopicEntry& at(std::string_view topic, SessionId publisher);
    /// The same, but null if the topic is new and `publisher` has as many as it may.
    [[nodiscard]] TopicEntry* at_if_allowed(std::string_view topic, SessionId publisher);
    /// True if this is the topic that at() or at_if_allowed() has found last: a valid topic name.
    [[nodiscard]] bool is_last(std::string_view topic) const {
        return last_ != nullptr && last_->topic == topic;
    }
    /// A message of a topic without entry has gone straight to these shards.
    void note_passing(const TopicEntry& passing);

    /// The shard that orders a topic's messages, if one of them is retained.
    [[nodiscard]] ShardId owner_of(std::string_view topic) const {
        return ShardId(static_cast<std::uint16_t>(hash_text(topic) % shard_count_));
    }
    /// The first shard owns all topics from now on.
    void gather_owners();
    void set_client_topics_max(std::size_t count) { client_topics_max_ = count; }
    /// Of the node's topics those that one of so many shards may always have.
    [[nodiscard]] static std::size_t own_share(std::size_t topics_max, std::size_t shard_count) {
        constexpr std::size_t kShared = 4;
        return topics_max / (kShared * shard_count) + 1;
    }
    /// Null if the topic is not known.
    [[nodiscard]] TopicEntry* find(std::string_view topic);

    /// Notes what was published, for rates and last values.
    void record(TopicEntry& entry, const bus::Message& message);

    /// Calls visit(TopicEntry&) for topics with messages since they were last visited: for
    /// `count_max` at most, and the rest in later calls, each in its turn.
    template <typename Visit>
    void drain_changed(std::size_t count_max, Visit&& visit) {
        for (std::size_t i = 0; i < count_max && !changed_.empty(); ++i) {
            // The last takes the place of each: going round, none waits for ever.
            drain_at_ = drain_at_ < changed_.size() ? drain_at_ : 0;
            TopicEntry& entry = *changed_[drain_at_];
            changed_[drain_at_] = changed_.back();
            changed_[drain_at_]->changed_position = static_cast<std::uint32_t>(drain_at_);
            changed_.pop_back();
            ++drain_at_;
            entry.changed_position = TopicEntry::kUnchanged;
            visit(entry);
        }
    }
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (const auto& entry : clock_) {
            visit(*entry);
        }
    }

    [[nodiscard]] std::size_t size() const { return clock_.size(); }
    [[nodiscard]] std::uint64_t evicted_count() const { return evicted_count_; }

  private:
    [[nodiscard]] TopicEntry* use(std::string_view topic);
    TopicEntry& add(std::string_view topic, SessionId publisher);
    [[nodiscard]] bool may_grow();
    void evict(TopicEntry& entry);
    [[nodiscard]] std::size_t pick_victim();

    NodeBudget* node_;
    std::size_t own_share_;
    std::size_t client_topics_max_;
    std::uint16_t shard_count_;
    boost::unordered_flat_map<SessionId, std::uint32_t> creators_;  // topics of each
    boost::unordered_flat_map<std::string_view, TopicEntry*, TextHash> entries_;
    TopicEntry* last_ = nullptr;  // that was found; null if it is gone
    std::vector<std::unique_ptr<TopicEntry>> clock_;
    std::size_t hand_ = 0;
    std::vector<TopicEntry*> changed_;
    std::size_t drain_at_ = 0;  // where drain_changed() goes on
    std::uint64_t evicted_count_ = 0;
    std::uint64_t evicted_straight_shards_ = 0;  // of all that were evicted
    std::uint64_t evicted_straight_flush_ = 0;
};

}  // namespace kith::broker
