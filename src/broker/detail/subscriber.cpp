#include "broker/detail/subscriber.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "base/narrow.h"
#include "broker/detail/client_rights.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/share_returns.h"
#include "broker/detail/snapshot.h"
#include "bus/topic_access.h"

namespace kith::broker {

using mqtt::ReasonCode;

namespace {

/// What is announced in one turn goes in one mail, until it is so much.
constexpr std::size_t kAnnouncementBytesMax = 64 * 1024;

/// A user property (0x26), barrier=partial, as it is encoded [MQTT-3.9.2.1.3].
constexpr std::string_view kBarrierPartial("\x26\0\7barrier\0\7partial", 19);

/// For traces.
std::string words_of(ReasonCode answered) {
    return mqtt::is_failure(answered)
               ? "refused: " + std::string(mqtt::to_string(answered))
               : "granted with QoS " + std::to_string(static_cast<unsigned>(answered));
}

}  // namespace

class Subscriber::Barrier {
  public:
    explicit Barrier(std::function<void()> done) : done_(std::move(done)) {}
    void expect() { ++missing_count_; }
    void arrive() {
        CHECK(missing_count_ > 0);
        if (--missing_count_ == 0) {
            done_();
        }
    }

  private:
    std::function<void()> done_;
    std::size_t missing_count_ = 0;
};

/// What a SUBSCRIBE is answered with, once everything that it waits for has come.
struct Subscriber::Answer {
    SessionId session;
    ConnectionId connection;
    PacketId packet_id;
    std::uint32_t identifier = 0;
    std::vector<ReasonCode> codes;
    std::vector<std::string> snapshots;  // filters whose retained messages are due behind SUBACK
    bool is_partial = false;             // not all nodes of the mesh may know of it yet
};

void Subscriber::subscribe(Session& session, Connection& connection,
                           const mqtt::Subscribe& packet) {
    const bool is_wrong =
        std::ranges::any_of(packet.subscriptions, [](const mqtt::Subscription& wanted) {
            return wanted.no_local && wanted.filter.starts_with("$share/");
        });
    if (is_wrong) {
        // [MQTT-3.8.3-4]
        ++context_.counters.protocol_errors;
        connection.end(ReasonCode::ProtocolError, "no local on a shared subscription",
                       Connection::WillFate::Publish);
        return;
    }
    // shared_ptr: the barrier keeps the answer, and mails to other shards and a commit keep the
    // barrier until the last of them has come back.
    const auto answer =
        std::make_shared<Answer>(Answer{.session = session.id(),
                                        .connection = connection.id(),
                                        .packet_id = packet.packet_id,
                                        .identifier = packet.subscription_identifier.value_or(0)});
    const auto barrier = std::make_shared<Barrier>([this, answer] { await_mesh(answer); });
    barrier->expect();
    for (const mqtt::Subscription& wanted : packet.subscriptions) {
        if (answer->codes.size() < context_.options().subscribe_filters_max) {
            answer->codes.push_back(subscribe_one(session, wanted, *answer, barrier));
        } else {
            note_limit(Limit::SubscribeFilters, session);
            answer->codes.push_back(ReasonCode::QuotaExceeded);
        }
        if (context_.tracer.is_on()) [[unlikely]] {
            context_.tracer.note(TraceStage::Subscribe,
                                 {session.client_id(), packet.packet_id, wanted.filter},
                                 words_of(answer->codes.back()));
        }
    }
    wait_for_shards(barrier);
    if (session.is_stored) {
        note_backlog();
        barrier->expect();
        context_.store.when_committed([barrier] { barrier->arrive(); });
    }
    barrier->arrive();
}

void Subscriber::note_limit(Limit limit, const Session& session) {
    context_.limit_log.reached(limit, {.client_id = session.client_id(), .address = {}});
}

ReasonCode Subscriber::subscribe_one(Session& session, const mqtt::Subscription& wanted,
                                     Answer& answer, const std::shared_ptr<Barrier>& barrier) {
    const Result<bus::SubscriptionFilter> parsed = bus::SubscriptionFilter::create(wanted.filter);
    if (!parsed) {
        return ReasonCode::TopicFilterInvalid;
    }
    if (bus::is_deeper_than(parsed->filter.text(), context_.options().topic_levels_max)) {
        note_limit(Limit::TopicLevels, session);
        return ReasonCode::TopicFilterInvalid;
    }
    if (!RightsTable::may_subscribe(session.rights(), session.client_id(), parsed->filter) ||
        !context_.mesh_interest->may_read_inbox(parsed->filter.text())) {
        context_.rights->note_denied(session.client_id(), bus::TopicAction::Subscribe,
                                     wanted.filter);
        return ReasonCode::NotAuthorized;
    }
    Subscription* known = index().find(session, wanted.filter);
    const bool is_new = known == nullptr;
    if (is_new &&
        session.subscriptions.size() >= context_.options().subscriptions_per_session_max) {
        note_limit(Limit::SessionSubscriptions, session);
        return ReasonCode::QuotaExceeded;
    }
    if (is_new && !context_.subscription_lease.take()) {
        note_limit(Limit::Subscriptions, session);
        return ReasonCode::QuotaExceeded;
    }
    Subscription& subscription = is_new ? add_subscription(session, wanted.filter) : *known;
    subscription.identifier = answer.identifier;
    subscription.options.bits = static_cast<std::uint8_t>(
        static_cast<unsigned>(wanted.maximum_qos) | (wanted.no_local ? 4U : 0U) |
        (wanted.retain_as_published ? 8U : 0U) |
        (static_cast<unsigned>(wanted.retain_handling) << 4));
    // A replaced subscription never stops to match [MQTT-3.8.4-3], [MQTT-3.8.4-4].
    is_new ? insert(subscription, barrier) : refresh(subscription, barrier);
    if (session.is_stored && session.is_durable()) {
        context_.store.batch().put_subscription({.session = session.id(),
                                                 .filter = wanted.filter,
                                                 .options = subscription.options.bits,
                                                 .subscription_identifier = answer.identifier});
    }
    const bool wants_retained =
        wanted.retain_handling == mqtt::RetainHandling::SendOnSubscribe ||
        (wanted.retain_handling == mqtt::RetainHandling::SendIfNew && is_new);
    if (wants_retained && !parsed->is_shared()) {
        answer.snapshots.emplace_back(wanted.filter);
    }
    return static_cast<ReasonCode>(wanted.maximum_qos);
}

Subscription& Subscriber::add_subscription(Session& session, std::string_view text) {
    Subscription& added = index().create(session, text);
    session.shared_count += added.is_shared ? 1U : 0U;
    context_.counters.shared_subscriptions += added.is_shared ? 1U : 0U;
    ++context_.counters.subscriptions;
    return added;
}

/// What this node promises with a SUBACK, the whole mesh keeps.
void Subscriber::await_mesh(const std::shared_ptr<Answer>& answer) {
    const bool is_granted = !std::ranges::all_of(answer->codes, mqtt::is_failure);
    if (!context_.mesh_interest->is_open() || !is_granted) {
        finish_subscribe(*answer);
        return;
    }
    context_.mesh_interest->barrier([this, answer](bool is_complete) {
        answer->is_partial = !is_complete;
        context_.counters.barriers_partial += is_complete ? 0U : 1U;
        finish_subscribe(*answer);
    });
}

void Subscriber::finish_subscribe(const Answer& answer) {
    Connection* connection = context_.sessions->connection_of(answer.session, answer.connection);
    if (connection == nullptr) {
        return;  // whoever asked has gone; the subscriptions stay with the session
    }
    std::vector<ReasonCode> codes = answer.codes;
    if (connection->version() != mqtt::Version::V5) {
        for (ReasonCode& code : codes) {
            code = mqtt::is_failure(code) ? ReasonCode::UnspecifiedError : code;  // 3.1.1: 0x80
        }
    }
    mqtt::Suback suback{.packet_id = answer.packet_id, .reason_codes = codes};
    if (answer.is_partial && connection->version() == mqtt::Version::V5) {
        suback.user_properties = mqtt::UserProperties(as_bytes(kBarrierPartial));
    }
    connection->send(suback);
    for (const std::string& filter : answer.snapshots) {
        context_.snapshots->request(*connection->session(), filter);
    }
}

void Subscriber::unsubscribe(Session& session, Connection& connection,
                             const mqtt::Unsubscribe& packet) {
    std::vector<ReasonCode> codes;
    for (const std::string_view text : packet.filters) {
        codes.push_back(unsubscribe_one(session, text));
        if (context_.tracer.is_on()) [[unlikely]] {
            context_.tracer.note(TraceStage::Subscribe,
                                 {session.client_id(), packet.packet_id, text},
                                 "unsubscribed: " + std::string(mqtt::to_string(codes.back())));
        }
    }
    const auto answer = [sessions = context_.sessions, session_id = session.id(),
                         connection_id = connection.id(), packet_id = packet.packet_id,
                         codes = std::move(codes)] {
        if (Connection* asking = sessions->connection_of(session_id, connection_id)) {
            asking->send(mqtt::Unsuback{.packet_id = packet_id, .reason_codes = codes});
        }
    };
    if (session.is_stored) {
        // What was unsubscribed does not come back with a restart.
        note_backlog();
        context_.store.when_committed(answer);
    } else {
        answer();
    }
}

/// Whoever asks for more than the disk takes waits until it has caught up.
void Subscriber::note_backlog() {
    if (context_.store.is_congested()) {
        context_.holds->note(Congestion::Backlog);
    }
}

ReasonCode Subscriber::unsubscribe_one(Session& session, std::string_view text) {
    Subscription* known = index().find(session, text);
    if (known == nullptr) {
        return bus::SubscriptionFilter::create(text) ? ReasonCode::NoSubscriptionExisted
                                                     : ReasonCode::TopicFilterInvalid;
    }
    withdraw(*known);
    context_.snapshots->withdraw(session, *known);
    session.shared_count -= known->is_shared ? 1U : 0U;
    context_.counters.shared_subscriptions -= known->is_shared ? 1U : 0U;
    if (session.is_stored) {
        context_.store.batch().delete_subscription(session.id(), text);
    }
    index().destroy(*known);
    --context_.counters.subscriptions;
    context_.subscription_lease.give_back();
    return ReasonCode::Success;
}

void Subscriber::drop_all(Session& session) {
    while (!session.subscriptions.empty()) {
        Subscription& subscription = index().at(session.subscriptions.begin()->second);
        withdraw(subscription);
        index().destroy(subscription);
        --context_.counters.subscriptions;
        context_.subscription_lease.give_back();
    }
    context_.counters.shared_subscriptions -= session.shared_count;
    session.shared_count = 0;
}

bool Subscriber::restore(Session& session, const storage::SubscriptionRecord& record) {
    const Result<bus::SubscriptionFilter> parsed = bus::SubscriptionFilter::create(record.filter);
    const SubscriptionOptions options{record.options};
    if (!parsed || options.maximum_qos() > Qos::ExactlyOnce ||
        index().find(session, record.filter) != nullptr) {
        return false;
    }
    context_.subscription_lease.take_anyway();
    Subscription& subscription = add_subscription(session, record.filter);
    subscription.identifier = record.subscription_identifier;
    subscription.options = options;
    insert(subscription, nullptr);
    return true;
}

void Subscriber::insert(Subscription& subscription, const std::shared_ptr<Barrier>& barrier) {
    if (subscription.is_shared) {
        join(subscription, barrier);
        return;
    }
    announce(subscription, index().add(subscription));
}

void Subscriber::refresh(Subscription& subscription, const std::shared_ptr<Barrier>& barrier) {
    if (subscription.is_shared) {
        join(subscription, barrier);  // again, with what has changed
        return;
    }
    announce(subscription, index().refresh(subscription));
}

void Subscriber::join(Subscription& subscription, const std::shared_ptr<Barrier>& barrier) {
    const std::string text = index().text(subscription);
    const std::string key = group_key(text);
    const ShareMember member = member_of(subscription);
    const std::string filter = index().filter(subscription);
    if (barrier != nullptr) {
        barrier->expect();
    }
    const auto done = [this, barrier, session = member.session, text](GroupRef group) {
        note_group(session, text, group);
        if (barrier != nullptr) {
            barrier->arrive();
        }
    };
    const ShardId owner = group_owner(key);
    if (owner == context_.shard.id()) {
        join_group(key, filter, member, done);
        return;
    }
    post_to(owner, [key, filter, member, done, home = context_.shard.id()](Subscriber& there) {
        there.join_group(key, filter, member, [&there, home, done](GroupRef group) {
            there.post_to(home, [done, group](Subscriber&) { done(group); });
        });
    });
}

void Subscriber::note_group(SessionId session_id, const std::string& text, GroupRef group) {
    const Session* session = context_.sessions->find(session_id);
    Subscription* found = session == nullptr ? nullptr : index().find(*session, text);
    if (found != nullptr) {
        index().set_group(*found, group);
    }
}

void Subscriber::withdraw(Subscription& subscription) {
    if (!subscription.is_shared) {
        announce(subscription, index().remove(subscription));
        return;
    }
    const std::string key = group_key(index().text(subscription));
    const ShardId owner = group_owner(key);
    if (owner == context_.shard.id()) {
        leave_group(key, subscription.session->id());
        return;
    }
    post_to(owner, [key, session = subscription.session->id()](Subscriber& there) {
        there.leave_group(key, session);
    });
}

void Subscriber::join_group(const std::string& key, const std::string& filter,
                            const ShareMember& member, std::function<void(GroupRef)> done) {
    const Interest before = index().interest(filter);
    std::unique_ptr<ShareGroup>& group = groups_[key];
    if (group == nullptr) {
        const GroupRef ref{.number = ++last_group_, .owner = context_.shard.id()};
        group = std::make_unique<ShareGroup>(ref, filter);
        groups_by_number_.emplace(ref.number, group.get());
        index().add_group(filter, *group);
        group->set_mesh_id(context_.mesh_interest->group_id(key));
        context_.mesh_interest->note_group(key, true);
    }
    group->put(member);
    index().refresh_groups();
    announce(filter, {.before = before, .now = index().interest(filter)});
    if (member.is_connected) {
        wake_group(*group);
    }
    const auto barrier =
        std::make_shared<Barrier>([done = std::move(done), ref = group->ref()] { done(ref); });
    barrier->expect();
    wait_for_shards(barrier);
    barrier->arrive();
}

void Subscriber::leave_group(const std::string& key, SessionId session) {
    const auto found = groups_.find(key);
    if (found == groups_.end()) {
        return;
    }
    ShareGroup& group = *found->second;
    const std::string filter = group.filter();
    const Interest before = index().interest(filter);
    group.remove(session);
    index().refresh_groups();
    if (group.empty()) {
        context_.mesh_interest->note_group(key, false);
        index().remove_group(filter, group);
        groups_by_number_.erase(group.ref().number);
        groups_.erase(found);
    }
    announce(filter, {.before = before, .now = index().interest(filter)});
}

ShareGroup* Subscriber::group(std::uint32_t number) {
    const auto found = groups_by_number_.find(number);
    return found == groups_by_number_.end() ? nullptr : found->second;
}

void Subscriber::set_member_state(const std::string& key, const MemberState& state) {
    const auto found = groups_.find(key);
    if (found != groups_.end() &&
        found->second->set_state(state.session, state.is_connected, state.is_open)) {
        wake_group(*found->second);
    }
}

/// Somebody has come: what waits with members that sleep may go there.
void Subscriber::wake_group(const ShareGroup& group) {
    for (const ShareMember& member : group.members()) {
        if (member.is_connected || !member.is_durable) {
            continue;
        }
        post_to(member.shard, [id = member.session](Subscriber& there) {
            Session* sleeper = there.context_.sessions->find(id);
            if (sleeper != nullptr && sleeper->connection == nullptr) {
                there.context_.returns->return_unsent(*sleeper);
            }
        });
    }
}

void Subscriber::on_connected_changed(Session& session) {
    session.is_share_open = session.connection != nullptr && session.connection->has_window(true);
    tell_groups(session);
}

void Subscriber::note_room(Session& session) {
    if (session.shared_count == 0 || session.connection == nullptr) [[likely]] {
        return;
    }
    const bool is_open = session.connection->has_window(session.is_share_open);
    if (is_open != session.is_share_open) {
        session.is_share_open = is_open;
        tell_groups(session);
    }
}

void Subscriber::tell_groups(Session& session) {
    if (session.shared_count == 0) {
        return;
    }
    const MemberState state{.session = session.id(),
                            .is_connected = session.is_connected(),
                            .is_open = session.is_share_open};
    for (const auto& [place, id] : session.subscriptions) {
        const Subscription& subscription = index().at(id);
        if (!subscription.is_shared) {
            continue;
        }
        const std::string key = group_key(index().text(subscription));
        const ShardId owner = group_owner(key);
        if (owner == context_.shard.id()) {
            set_member_state(key, state);
        } else {
            post_to(owner, [key, state](Subscriber& there) { there.set_member_state(key, state); });
        }
    }
}

void Subscriber::on_durability_changed(Session& session) {
    for (const auto& [place, id] : session.subscriptions) {
        refresh(index().at(id), nullptr);
    }
}

void Subscriber::add_tap(TenantId, std::string_view filter, bus::Subscriber& tap) {
    announce(filter, index().add_tap(filter, tap));
}

void Subscriber::remove_tap(TenantId, std::string_view filter, bus::Subscriber& tap) {
    announce(filter, index().remove_tap(filter, tap));
}

void Subscriber::add_far(std::string_view filter) {
    announce(filter, index().add_far(filter));
}

void Subscriber::remove_far(std::string_view filter) {
    announce(filter, index().remove_far(filter));
}

void Subscriber::note_interests(ShardId from, std::string_view announcements) {
    for (std::size_t at = 0; at < announcements.size();) {
        const auto interest = static_cast<Interest>(announcements[at++]);
        std::uint16_t bytes = 0;
        std::memcpy(&bytes, announcements.data() + at, sizeof bytes);
        at += sizeof bytes;
        index().set_remote_interest(announcements.substr(at, bytes), from, interest);
        at += bytes;
    }
}

void Subscriber::announce(const Subscription& subscription, InterestChange change) {
    const bool concerns_shards = !context_.is_alone() && change.now != change.before;
    const bool concerns_mesh =
        change.is_plain != change.was_plain && context_.mesh_interest->is_open();
    if (concerns_shards || concerns_mesh) {
        announce(index().filter(subscription), change);
    }
}

void Subscriber::announce(std::string_view filter, InterestChange change) {
    if (change.is_plain != change.was_plain) {
        context_.mesh_interest->note_filter(filter, change.is_plain);
    }
    if (context_.is_alone() || change.now == change.before) {
        return;
    }
    const auto bytes = narrow<std::uint16_t>(filter.size());
    announcements_.push_back(static_cast<char>(change.now));
    announcements_.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    announcements_.append(filter);
    if (context_.node.is_started && announcements_.size() < kAnnouncementBytesMax) {
        context_.shard.flush_later(announce_task_);
    } else {
        send_announcements();
    }
}

void Subscriber::send_announcements() {
    if (announcements_.empty()) {
        return;
    }
    // shared_ptr: every other shard reads it, and the last one frees it.
    const auto announcements =
        std::make_shared<const std::string>(std::exchange(announcements_, {}));
    for (std::uint16_t i = 0; i < context_.shard.shard_count(); ++i) {
        if (ShardId(i) != context_.shard.id()) {
            post_to(ShardId(i), [from = context_.shard.id(), announcements](Subscriber& there) {
                there.note_interests(from, *announcements);
            });
        }
    }
}

void Subscriber::wait_for_shards(const std::shared_ptr<Barrier>& barrier) {
    for (std::uint16_t i = 0; i < context_.shard.shard_count(); ++i) {
        if (ShardId(i) == context_.shard.id()) {
            continue;
        }
        barrier->expect();
        post_to(ShardId(i), [home = context_.shard.id(), barrier](Subscriber& there) {
            there.post_to(home, [barrier](Subscriber&) { barrier->arrive(); });
        });
    }
}

/// Behind what has been announced so far: whoever reads this has read that.
void Subscriber::post_to(ShardId shard, std::function<void(Subscriber&)> action) {
    context_.mesh_interest->flush();
    send_announcements();
    if (!context_.node.is_started) {
        // Recovery, on one thread: whoever is let in first must find all of it.
        action(context_.node.shards[shard.value()]->subscriber());
        return;
    }
    context_.shard.post(
        shard, [node = &context_.node, shard, action = std::move(action)](runtime::Shard&) {
            action(node->shards[shard.value()]->subscriber());
        });
}

ShareMember Subscriber::member_of(const Subscription& subscription) const {
    const Session& session = *subscription.session;
    return {
        .shard = context_.shard.id(),
        .session = session.id(),
        .identifier = subscription.identifier,
        .options = subscription.options,
        .is_durable = session.is_durable() && subscription.options.maximum_qos() != Qos::AtMostOnce,
        .is_connected = session.is_connected(),
        .is_open = session.is_share_open};
}

std::string Subscriber::group_key(std::string_view text) {
    if (text.starts_with(bus::kAnycastPrefix)) {
        return fmt::format("{}/{}", bus::kAnycastGroup, text);
    }
    return std::string(text.substr(text.find('/') + 1));
}

ShardId Subscriber::group_owner(std::string_view key) const {
    return ShardId(static_cast<std::uint16_t>(hash_text(key) % context_.shard.shard_count()));
}

}  // namespace kith::broker
