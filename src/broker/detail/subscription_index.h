// Who wants which topics: this shard's subscriptions, and what the other shards have told of
// theirs.
//
// A shard knows its own subscriptions one by one. Of another shard it knows, per filter, only
// whether anybody there wants it and whether durably: its interest. Both are in one tree, where a
// filter with one subscription or with nothing but interest, as nearly all are, takes nothing but
// its place. Texts are in trees only: a subscription's is put together again when it is asked for.
// Every change makes a new generation, which outdates the routes that topics keep. Threads:
// shard-local.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "broker/detail/filter_tree.h"
#include "broker/detail/group_ref.h"
#include "broker/detail/pool.h"
#include "broker/detail/route.h"
#include "broker/detail/subscription.h"
#include "bus/bus.h"

namespace kith::broker {

/// What a shard tells the others about one filter. Ordered: a higher level includes the lower.
enum class Interest : std::uint8_t { None, Transient, Durable };

struct InterestChange {
    Interest before = Interest::None;
    Interest now = Interest::None;
    /// Whether anybody here but share groups wants it: what other nodes are told.
    bool was_plain = false;
    bool is_plain = false;
};

class SubscriptionIndex {
  public:
    SubscriptionIndex();

    /// A new subscription of `session`, by what the client wrote, $share included. If it is not
    /// shared, add() comes next. Requires: `text` is valid, and the session has none of this text.
    [[nodiscard]] Subscription& create(Session& session, std::string_view text);
    /// Requires: if it is not shared, remove() was the last thing done with it.
    void destroy(Subscription& subscription);
    /// Null if the session has none of this text.
    [[nodiscard]] Subscription* find(const Session& session, std::string_view text);
    [[nodiscard]] Subscription& at(SubscriptionId id) { return subscriptions_[id.value()]; }
    /// As the client wrote it, $share included.
    [[nodiscard]] std::string text(const Subscription& subscription) const;
    /// The filter alone.
    [[nodiscard]] std::string filter(const Subscription& subscription) const;
    /// The group of a shared subscription, as far as it is known.
    [[nodiscard]] GroupRef group(const Subscription& subscription) const {
        return groups_[subscription.position];
    }
    void set_group(Subscription& subscription, GroupRef group) {
        groups_[subscription.position] = group;
    }

    /// From now on messages find the subscription. Requires: it is not shared.
    InterestChange add(Subscription& subscription);
    InterestChange remove(Subscription& subscription);
    /// After the options of a subscription or the durability of its session changed.
    InterestChange refresh(Subscription& subscription);

    /// A shared group that this shard owns; `group` is the route's entry.
    InterestChange add_group(std::string_view filter, ShareGroup& group);
    InterestChange remove_group(std::string_view filter, ShareGroup& group);
    /// After the members of a group in the index changed.
    void refresh_groups() { ++generation_; }

    InterestChange add_tap(std::string_view filter, bus::Subscriber& tap);
    InterestChange remove_tap(std::string_view filter, bus::Subscriber& tap);

    /// Nodes that want it; counted.
    InterestChange add_far(std::string_view filter);
    /// Requires: add_far() before.
    InterestChange remove_far(std::string_view filter);

    /// What this shard would tell others about `filter` now.
    [[nodiscard]] Interest interest(std::string_view filter) const;
    /// What shard `shard` told.
    void set_remote_interest(std::string_view filter, ShardId shard, Interest interest);

    /// Fills `route` for `topic`.
    void resolve(bus::TopicName topic, Route& route) const;

    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    [[nodiscard]] std::size_t filter_node_count() const { return filters_.node_count(); }

  private:
    struct Extras {
        std::vector<ShareGroup*> groups;
        std::vector<bus::Subscriber*> taps;
        std::uint32_t far_count = 0;  // nodes

        [[nodiscard]] bool empty() const {
            return groups.empty() && taps.empty() && far_count == 0;
        }
    };
    struct RemoteInterest {
        std::uint64_t shards = 0;
        std::uint64_t durable_shards = 0;

        friend bool operator==(const RemoteInterest&, const RemoteInterest&) = default;
        friend std::size_t hash_value(const RemoteInterest& interest) {
            return interest.shards ^ (interest.durable_shards << 1);
        }
    };
    /// All that is known of a filter; a tree's value says it in 32 bits if there is little.
    struct FilterEntry {
        boost::container::small_vector<SubscriptionId, 4> subscriptions;
        std::uint32_t durable_count = 0;  // of the subscriptions
        RemoteInterest remote;
        std::unique_ptr<Extras> extras;

        [[nodiscard]] Extras& with_extras() {
            if (extras == nullptr) {
                extras = std::make_unique<Extras>();
            }
            return *extras;
        }
        void drop_empty_extras() {
            if (extras != nullptr && extras->empty()) {
                extras.reset();
            }
        }
    };
    /// What a tree's value is, by its upper bits:
    ///
    ///      31 30 29                                                0
    ///     +-----+---------------------------------------------------+
    ///     | Kind|  number: of a subscription, in remotes_, entries_ |
    ///     +-----+---------------------------------------------------+
    enum class Kind : std::uint8_t { Single, Remote, Entry };
    static constexpr unsigned kKindShift = 30;
    static constexpr std::uint32_t kNumberMask = (1U << kKindShift) - 1;

    static Kind kind_of(std::uint32_t value) { return static_cast<Kind>(value >> kKindShift); }
    static std::uint32_t number_of(std::uint32_t value) { return value & kNumberMask; }
    static std::uint32_t value_of(Kind kind, std::uint32_t number);

    /// Applies edit(FilterEntry&) to what is at `place`.
    template <typename Edit>
    InterestChange change(FilterPlace place, Edit&& edit);
    [[nodiscard]] FilterEntry unpack(std::uint32_t value);
    [[nodiscard]] std::uint32_t pack(FilterEntry entry);
    [[nodiscard]] static Interest interest_of(const FilterEntry& entry);
    [[nodiscard]] static bool is_plain(const FilterEntry& entry);
    [[nodiscard]] std::uint32_t retain_remote(const RemoteInterest& interest);
    void release_remote(std::uint32_t number);
    static void count_durable(FilterEntry& entry, Subscription& subscription, bool durable);
    [[nodiscard]] SubscriptionId id_of(const Subscription& subscription) const;
    static void append_target(const Subscription& subscription, Route& route);
    static void append_extras(const Extras& extras, Route& route);
    static void merge_targets(Route& route);

    FilterTree filters_;
    FilterTree shared_texts_;  // values count the subscriptions of a text
    Pool<Subscription> subscriptions_;
    Pool<GroupRef> groups_;  // of the shared ones
    Pool<FilterEntry> entries_;
    struct Remote {
        RemoteInterest interest;
        std::uint32_t reference_count = 0;
    };
    Pool<Remote> remotes_;  // each combination once
    boost::unordered_flat_map<RemoteInterest, std::uint32_t> remote_numbers_;
    std::uint64_t generation_ = 1;
};

}  // namespace kith::broker
