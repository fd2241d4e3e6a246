#include "broker/detail/client_rights.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/detail/connection.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_context.h"
#include "broker/detail/subscriber.h"
#include "bus/topic_access.h"

namespace kith::broker {
namespace {

constexpr Duration kDenialSilence = 1min;
/// Between two slices of judging, so that clients are served meanwhile.
constexpr Duration kJudgePause = 1ms;

bus::TopicSubject subject_of(const ClientRights& rights, std::string_view client_id) {
    return {.client_id = client_id,
            .machine = rights.principal.machine,
            .tenant = rights.principal.tenant};
}

/// The first two levels: what one rule is usually about.
std::string_view prefix_of(std::string_view topic) {
    const std::size_t first = topic.find('/');
    return first == std::string_view::npos ? topic : topic.substr(0, topic.find('/', first + 1));
}

}  // namespace

void intrusive_ptr_add_ref(ClientRights* rights) {
    ++rights->use_count;
}

void intrusive_ptr_release(ClientRights* rights) {
    CHECK(rights->use_count > 0);
    if (--rights->use_count == 0) {
        rights->table->all_.erase(rights);
        delete rights;  // style: counted by hand, because a session has room for one pointer
    }
}

bool AllowedTopics::has(std::string_view topic, std::uint32_t generation) const {
    return generation == generation_ && std::ranges::find(topics_, topic) != topics_.end();
}

void AllowedTopics::note(std::string_view topic, std::uint32_t generation) {
    if (generation != generation_) {
        std::ranges::for_each(topics_, [](std::string& each) { each.clear(); });
        generation_ = generation;
    }
    topics_[next_ % topics_.size()] = topic;
    ++next_;
}

RightsTable::RightsTable(ShardContext& context)
    : context_(context), judge_timer_([this](Instant) { judge_some(); }) {
    context_.authorizer.set_listener([this] { on_roles_changed(); });
}

bool RightsTable::are_same(const Key& a, const Key& b) {
    return a.is_complete == b.is_complete && a.principal.name == b.principal.name &&
           a.principal.tenant == b.principal.tenant && a.principal.role == b.principal.role &&
           a.principal.machine == b.principal.machine &&
           a.principal.topic_roles == b.principal.topic_roles;
}

ClientRightsRef RightsTable::of(bus::Principal principal) {
    return find_or_add(std::move(principal), true);
}

ClientRightsRef RightsTable::of_stored(bus::Principal principal) {
    return find_or_add(std::move(principal), false);
}

ClientRightsRef RightsTable::find_or_add(bus::Principal principal, bool is_complete) {
    if (const auto known = all_.find(Key{principal, is_complete}); known != all_.end()) {
        return *known;
    }
    auto added = std::make_unique<ClientRights>();
    added->principal = std::move(principal);
    added->table = this;
    added->is_complete = is_complete;
    refresh(*added);
    all_.insert(added.get());
    return added.release();
}

void RightsTable::refresh(ClientRights& rights) {
    std::shared_ptr<const bus::TopicRights> topics =
        context_.authorizer.rights_of(rights.principal);
    CHECK(topics != nullptr);
    if (topics == rights.topics) {
        return;
    }
    rights.topics = std::move(topics);
    ++rights.generation;
    rights.publishes_everything =
        rights.topics->publishes_everything() && rights.principal.role != bus::Role::Viewer;
}

bool RightsTable::may_publish(Session& session, bus::TopicName topic) {
    if (session.rights().publishes_everything && !topic.is_reserved()) [[likely]] {
        return true;
    }
    return check_publish(session, topic);
}

bool RightsTable::check_publish(Session& session, bus::TopicName topic) {
    const ClientRights& rights = session.rights();
    if (session.allowed_topics != nullptr &&
        session.allowed_topics->has(topic.text(), rights.generation)) {
        return true;
    }
    if (!may_publish(rights, session.client_id(), topic)) {
        return false;
    }
    if (session.allowed_topics == nullptr) {
        session.allowed_topics = std::make_unique<AllowedTopics>();
    }
    session.allowed_topics->note(topic.text(), rights.generation);
    return true;
}

bool RightsTable::may_publish(const ClientRights& rights, std::string_view client_id,
                              bus::TopicName topic) {
    return bus::may_publish(rights.principal, client_id, topic) &&
           rights.topics->may_publish(subject_of(rights, client_id), topic);
}

bool RightsTable::may_subscribe(const ClientRights& rights, std::string_view client_id,
                                bus::TopicFilter filter) {
    return bus::may_subscribe(client_id, filter) &&
           rights.topics->may_subscribe(subject_of(rights, client_id), filter);
}

void RightsTable::note_denied(std::string_view client_id, bus::TopicAction action,
                              std::string_view topic) {
    const bool is_publish = action == bus::TopicAction::Publish;
    ++context_.counters.refused_not_authorized;
    ++(is_publish ? context_.counters.denied_publishes : context_.counters.denied_subscribes);
    if (!is_news(client_id, topic)) {
        return;
    }
    const std::string reason = fmt::format("{} {}", is_publish ? "publish" : "subscribe", topic);
    context_.events.on_event({.kind = EventKind::AclDenied,
                              .at = context_.shard.wall_now(),
                              .client_id = client_id,
                              .reason = reason});
}

bool RightsTable::is_news(std::string_view client_id, std::string_view topic) {
    const Instant now = context_.shard.now();
    const std::string key = fmt::format("{}\n{}", client_id, prefix_of(topic));
    if (const auto told = told_.find(key); told != told_.end() && now < told->second) {
        return false;
    }
    if (told_.size() >= kDenialsRememberedMax) {
        boost::unordered::erase_if(told_, [now](const auto& each) { return now >= each.second; });
    }
    if (told_.size() >= kDenialsRememberedMax) {
        return false;  // so much is denied that the counters have to do
    }
    told_[key] = now + kDenialSilence;
    return true;
}

/// Whoever's rights are others now is judged in slices: there may be many.
void RightsTable::on_roles_changed() {
    boost::unordered_flat_set<const ClientRights*> changed;
    for (ClientRights* rights : all_) {
        const std::uint32_t before = rights->generation;
        refresh(*rights);
        if (rights->generation != before && rights->is_complete) {
            changed.insert(rights);
        }
    }
    context_.sessions->for_each([&](const Session& session) {
        if (!session.subscriptions.empty() && changed.contains(&session.rights())) {
            to_judge_.push_back(session.id());
        }
    });
    if (!to_judge_.empty()) {
        context_.shard.arm_after(judge_timer_, kJudgePause);
    }
}

void RightsTable::judge_some() {
    for (std::size_t i = 0; i < kJudgedAtOnceMax && !to_judge_.empty(); ++i) {
        const SessionId id = to_judge_.back();
        to_judge_.pop_back();
        if (Session* session = context_.sessions->find(id); session != nullptr) {
            judge(*session);
        }
    }
    if (!to_judge_.empty()) {
        context_.shard.arm_after(judge_timer_, kJudgePause);
    }
}

/// Simple and seen: the client is disconnected, comes back, and asks for what it may have. It
/// leaves before its subscriptions end, so that its groups get back what it was not sent.
void RightsTable::judge(Session& session) {
    const std::vector<std::string> forbidden = forbidden_of(session);
    if (forbidden.empty()) {
        return;
    }
    note_forbidden(session, forbidden);
    const SessionId id = session.id();
    if (session.connection != nullptr) {
        session.connection->end(mqtt::ReasonCode::AdministrativeAction,
                                "a subscription is not allowed any more",
                                Connection::WillFate::Publish);
    }
    if (Session* now = context_.sessions->find(id); now != nullptr) {
        end_subscriptions(*now, forbidden);
    }
}

void RightsTable::drop_forbidden(Session& session) {
    if (const std::vector<std::string> forbidden = forbidden_of(session); !forbidden.empty()) {
        note_forbidden(session, forbidden);
        end_subscriptions(session, forbidden);
    }
}

std::vector<std::string> RightsTable::forbidden_of(const Session& session) {
    std::vector<std::string> forbidden;
    SubscriptionIndex& index = context_.space(session.tenant()).index;
    for (const auto& [place, id] : session.subscriptions) {
        const Subscription& subscription = index.at(id);
        if (!may_subscribe(session.rights(), session.client_id(),
                           bus::TopicFilter::trusted(index.filter(subscription)))) {
            forbidden.push_back(index.text(subscription));
        }
    }
    return forbidden;
}

void RightsTable::note_forbidden(const Session& session,
                                 const std::vector<std::string>& forbidden) {
    context_.counters.subscriptions_revoked += forbidden.size();
    for (const std::string& text : forbidden) {
        note_denied(session.client_id(), bus::TopicAction::Subscribe, text);
    }
}

/// What waits for them is given up with them.
void RightsTable::end_subscriptions(Session& session, const std::vector<std::string>& forbidden) {
    for (const std::string& text : forbidden) {
        context_.subscriber->end_subscription(session, text);
    }
    context_.sessions->drop_unsent(session, [&session](bus::TopicName topic) {
        return !may_subscribe(session.rights(), session.client_id(),
                              bus::TopicFilter::trusted(topic.text()));
    });
}

}  // namespace kith::broker
