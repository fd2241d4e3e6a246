// Who wants which topics: this shard's subscriptions, and what the other shards have told of
// theirs.
//
// A shard knows its own subscriptions one by one. Of another shard it knows, per filter, only
// whether anybody there wants it and whether durably: its interest. Every change makes a new
// generation, which outdates the routes that topics keep. Threads: shard-local.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "broker/detail/route.h"
#include "broker/detail/subscription.h"
#include "broker/detail/topic_trie.h"
#include "bus/bus.h"

namespace kith::broker {

/// What a shard tells the others about one filter. Ordered: a higher level includes the lower.
enum class Interest : std::uint8_t { None, Transient, Durable };

class SubscriptionIndex {
  public:
    /// Adds a subscription that is not shared. Requires: it is not in the index.
    void add(Subscription& subscription);
    void remove(Subscription& subscription);
    /// After the options of a subscription or the durability of its session changed.
    void refresh(Subscription& subscription);

    /// A shared group that this shard owns; `group` is the route's entry.
    void add_group(std::string_view filter, ShareGroup& group);
    void remove_group(std::string_view filter, ShareGroup& group);
    /// After the members of a group in the index changed.
    void refresh_groups() { ++generation_; }

    void add_tap(std::string_view filter, bus::Subscriber& tap);
    void remove_tap(std::string_view filter, bus::Subscriber& tap);

    /// What this shard would tell others about `filter` now.
    [[nodiscard]] Interest interest(std::string_view filter);
    /// What shard `shard` told.
    void set_remote_interest(std::string_view filter, ShardId shard, Interest interest);

    /// Fills `route` for `topic`.
    void resolve(bus::TopicName topic, Route& route);

    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    [[nodiscard]] std::size_t subscription_count() const { return subscription_count_; }

  private:
    struct Extras {
        std::vector<ShareGroup*> groups;
        std::vector<bus::Subscriber*> taps;
    };
    struct FilterEntry {
        boost::container::small_vector<Subscription*, 1> subscriptions;
        std::uint32_t durable_count = 0;  // of the subscriptions
        std::unique_ptr<Extras> extras;
        [[nodiscard]] bool empty() const { return subscriptions.empty() && extras == nullptr; }
        [[nodiscard]] Extras& with_extras() {
            if (extras == nullptr) {
                extras = std::make_unique<Extras>();
            }
            return *extras;
        }
        void drop_empty_extras() {
            if (extras != nullptr && extras->groups.empty() && extras->taps.empty()) {
                extras.reset();
            }
        }
    };
    struct RemoteEntry {
        std::uint64_t shards = 0;
        std::uint64_t durable_shards = 0;
        [[nodiscard]] bool empty() const { return shards == 0; }
    };

    static void count_durable(FilterEntry& entry, Subscription& subscription, bool durable);
    static void append_targets(const FilterEntry& entry, Route& route);
    static void merge_targets(Route& route);

    TopicTrie<FilterEntry> local_;
    TopicTrie<RemoteEntry> remote_;
    std::uint64_t generation_ = 1;
    std::size_t subscription_count_ = 0;
};

}  // namespace kith::broker
