// SUBSCRIBE and UNSUBSCRIBE: the index, the other shards, the disk, and then the answer.
//
// A SUBACK promises that no later message is missed. So it leaves after every shard has noted this
// shard's interest (mail keeps its order: a barrier behind the interest is enough) and, for a
// durable session, after the subscription is on disk. Shared groups live with the shard that
// (group, filter) hashes to; members join there by mail. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/detail/connection.h"
#include "broker/detail/session.h"
#include "broker/detail/share_group.h"
#include "broker/detail/subscription_index.h"
#include "runtime/task.h"
#include "storage/records.h"

namespace kith::broker {

class Subscriber {
  public:
    explicit Subscriber(ShardContext& context) : context_(context), announce_task_(*this) {}

    void subscribe(Session& session, Connection& connection, const mqtt::Subscribe& packet);
    void unsubscribe(Session& session, Connection& connection, const mqtt::Unsubscribe& packet);
    /// One subscription ends without the client having asked.
    void end_subscription(Session& session, std::string_view text) {
        static_cast<void>(unsubscribe_one(session, text));
    }
    /// The session ends: all its subscriptions do.
    void drop_all(Session& session);
    /// A subscription from disk, before the shards run; false if it is not valid.
    bool restore(Session& session, const storage::SubscriptionRecord& record);

    /// Tells the shared groups of the session whether its client is there.
    void on_connected_changed(Session& session);
    /// The session became durable, or stopped being so.
    void on_durability_changed(Session& session);
    /// Tells the shared groups of the session when its client takes more, or no more.
    void note_room(Session& session);

    void add_tap(TenantId tenant, std::string_view filter, bus::Subscriber& tap);
    void remove_tap(TenantId tenant, std::string_view filter, bus::Subscriber& tap);
    /// Other nodes want it, or want it no more; counted.
    void add_far(std::string_view filter);
    void remove_far(std::string_view filter);
    /// Calls visit(key, ShareGroup&) for those that this shard owns.
    template <typename Visit>
    void for_each_group(Visit&& visit) {
        for (const auto& [key, group] : groups_) {
            visit(key, *group);
        }
    }

    // The owner's side of a shared group.
    /// `done` is called with the group once every shard knows of it.
    void join_group(const std::string& group_key, const std::string& filter,
                    const ShareMember& member, std::function<void(GroupRef)> done);
    void leave_group(const std::string& group_key, SessionId session);
    struct MemberState {
        SessionId session;
        bool is_connected = false;
        bool is_open = false;
    };
    void set_member_state(const std::string& group_key, const MemberState& state);
    /// Null if this shard has no group of this number (any more).
    [[nodiscard]] ShareGroup* group(std::uint32_t number);

    /// What another shard told, in its announcements.
    void note_interests(ShardId from, std::string_view announcements);

  private:
    /// Counts down what an answer waits for; the last one gives it.
    class Barrier;
    struct Answer;

    mqtt::ReasonCode subscribe_one(Session& session, const mqtt::Subscription& wanted,
                                   Answer& answer, const std::shared_ptr<Barrier>& barrier);
    Subscription& add_subscription(Session& session, std::string_view text);
    void note_backlog();
    void note_limit(Limit limit, const Session& session);
    mqtt::ReasonCode unsubscribe_one(Session& session, std::string_view text);
    void await_mesh(const std::shared_ptr<Answer>& answer);
    void finish_subscribe(const Answer& answer);

    void insert(Subscription& subscription, const std::shared_ptr<Barrier>& barrier);
    /// The options of a subscription, or what its session is, have changed.
    void refresh(Subscription& subscription, const std::shared_ptr<Barrier>& barrier);
    void join(Subscription& subscription, const std::shared_ptr<Barrier>& barrier);
    void note_group(SessionId session, const std::string& text, GroupRef group);
    void withdraw(Subscription& subscription);
    void tell_groups(Session& session);
    void wake_group(const ShareGroup& group);
    [[nodiscard]] ShareMember member_of(const Subscription& subscription) const;
    /// Of the text of a shared subscription.
    [[nodiscard]] static std::string group_key(std::string_view text);
    [[nodiscard]] ShardId group_owner(std::string_view group_key) const;

    /// Tells the others, at the end of this turn, if this shard wants another thing of `filter`.
    void announce(std::string_view filter, InterestChange change);
    void announce(const Subscription& subscription, InterestChange change);
    void send_announcements();
    /// `barrier` waits until every other shard has read all mail sent so far.
    void wait_for_shards(const std::shared_ptr<Barrier>& barrier);
    void post_to(ShardId shard, std::function<void(Subscriber&)> action);

    [[nodiscard]] SubscriptionIndex& index() { return context_.space(kDefaultTenant).index; }

    class AnnounceTask final : public runtime::Task {
      public:
        explicit AnnounceTask(Subscriber& subscriber) : subscriber_(subscriber) {}
        void run_task() override { subscriber_.send_announcements(); }

      private:
        Subscriber& subscriber_;
    };

    ShardContext& context_;
    AnnounceTask announce_task_;
    /// For the other shards, one after the other: interest (1 byte), bytes of the filter (2),
    /// filter.
    std::string announcements_;
    boost::unordered_flat_map<std::string, std::unique_ptr<ShareGroup>, TextHash, std::equal_to<>>
        groups_;  // those that this shard owns, by "group/filter"
    boost::unordered_flat_map<std::uint32_t, ShareGroup*> groups_by_number_;
    std::uint32_t last_group_ = 0;
};

}  // namespace kith::broker
