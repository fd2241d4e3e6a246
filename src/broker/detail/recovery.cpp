#include "broker/detail/recovery.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

/// A topic and properties as a client might have sent them.
bool is_usable(std::string_view topic, Bytes properties) {
    return is_mqtt_utf8(as_bytes(topic)) && bus::TopicName::create(topic) &&
           mqtt::MessageProperties::from_encoded(properties);
}

/// The group that gave `message` to `session`: stores do not say, but if only a shared subscription
/// matches, that one did.
GroupRef group_of(const Session& session, const StoredMessage& message) {
    GroupRef group;
    for (const auto& [text, subscription] : session.subscriptions) {
        if (!bus::TopicFilter::trusted(subscription->filter()).matches(message.topic())) {
            continue;
        }
        if (!subscription->is_shared()) {
            return {};
        }
        group = subscription->group;
    }
    return group;
}

}  // namespace

void Recovery::on_session(const storage::SessionRecord& session) {
    const bool is_usable = session.tenant == kDefaultTenant &&
                           is_mqtt_utf8(as_bytes(session.client_id)) &&
                           is_mqtt_utf8(as_bytes(session.principal));
    if (!is_usable) {
        ++counts_.unusable;
        return;
    }
    const ShardId id = node_.shards.front()->sessions().home_of(session.tenant, session.client_id);
    ShardBroker& shard = *node_.shards[id.value()];
    shard.sessions().restore_session(session, now_);
    homes_.emplace(session.id, Home{.shard = &shard, .session = nullptr, .queue = {}});
    ++counts_.sessions;
}

/// Null if there is no such session. Found when it is first asked for: a later record may have
/// replaced it.
Recovery::Home* Recovery::home(SessionId id) {
    const auto found = homes_.find(id);
    if (found == homes_.end()) {
        return nullptr;
    }
    Home& home = found->second;
    if (home.session == nullptr) {
        home.session = home.shard->sessions().find(id);
    }
    return home.session == nullptr ? nullptr : &home;
}

void Recovery::on_subscription(const storage::SubscriptionRecord& subscription) {
    const Home* at = home(subscription.session);
    const bool is_restored = at != nullptr && is_mqtt_utf8(as_bytes(subscription.filter)) &&
                             at->shard->subscriber().restore(*at->session, subscription);
    ++(is_restored ? counts_.subscriptions : counts_.unusable);
}

void Recovery::on_message(const storage::MessageRecord& message) {
    if (message.tenant != kDefaultTenant || !is_usable(message.topic, message.properties)) {
        ++counts_.unusable;
        return;
    }
    const MessageRef stored =
        StoredMessage::create({.tenant = message.tenant,
                               .topic = bus::TopicName::trusted(message.topic),
                               .payload = message.payload,
                               .properties = message.properties,
                               .qos = message.qos,
                               .retain = false,
                               .publisher = {},
                               .published_at = message.published_at,
                               .expires_at = message.expires_at},
                              message.id);
    stored->mark_committed();
    messages_[message.id].push_back(stored);
    ++counts_.messages;
}

void Recovery::on_delivery(const storage::DeliveryRecord& delivery) {
    using State = OutboundItem::State;
    Home* at = home(delivery.session);
    if (at == nullptr || delivery.qos == Qos::AtMostOnce) {
        ++counts_.unusable;
        return;
    }
    const bool is_released = delivery.state == storage::DeliveryState::Released;
    OutboundItem item;
    item.was_sent = true;
    if (!is_released) {
        item.message = share(delivery.message, *at->shard);
        if (item.message == nullptr) {
            ++counts_.unusable;
            return;
        }
        item.group = group_of(*at->session, *item.message);
        // What came after its client had gone was never sent. The rest may have been: better a DUP
        // too many.
        item.was_sent = item.message->published_at() <= at->session->disconnected_at;
    }
    item.message_id = delivery.message;
    item.subscription_identifiers = decode_identifiers(delivery.subscription_identifiers);
    item.state = is_released ? State::Released : State::Pending;
    item.qos = delivery.qos;
    item.retain = delivery.retain;
    item.awaits_commit = true;
    at->queue.push_back({.item = std::move(item), .packet_id = delivery.packet_id});
}

MessageRef Recovery::share(MessageId id, ShardBroker& shard) {
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        return nullptr;
    }
    // What was read is the first shard's; other shards get copies of their own.
    std::vector<MessageRef>& copies = found->second;
    copies.resize(node_.shards.size());
    MessageRef& own = copies[shard.context().shard.id().value()];
    if (own == nullptr) {
        own = StoredMessage::create(copies.front()->view(), id);
        own->mark_committed();
    }
    return own;
}

void Recovery::on_inbound(SessionId session, PacketId packet_id) {
    const Home* at = home(session);
    if (at == nullptr || packet_id.value() == 0) {
        ++counts_.unusable;
        return;
    }
    at->session->inbound.emplace(packet_id.value(),
                                 InboundId{.state = InboundState::Received, .is_stored = true});
}

void Recovery::on_retained(const storage::RetainedRecord& retained) {
    if (retained.tenant != kDefaultTenant || retained.payload.empty() ||
        !is_usable(retained.topic, retained.properties)) {
        ++counts_.unusable;
        return;
    }
    const std::uint64_t shard = hash_text(retained.topic) % node_.shards.size();
    RetainedStore& store = node_.shards[shard]->context().space(retained.tenant).retained;
    store.restore({.tenant = retained.tenant,
                   .topic = bus::TopicName::trusted(retained.topic),
                   .payload = retained.payload,
                   .properties = retained.properties,
                   .qos = retained.qos,
                   .retain = true,
                   .publisher = {},
                   .published_at = retained.published_at,
                   .expires_at = retained.expires_at});
    ++counts_.retained;
}

void Recovery::finish() {
    for (auto& [id, home] : homes_) {
        if (home.session != nullptr) {
            const std::size_t count = home.queue.size();
            const std::size_t dropped_count =
                home.shard->sessions().restore_queue(*home.session, std::move(home.queue));
            counts_.deliveries += count - dropped_count;
            counts_.unusable += dropped_count;
        }
    }
}

}  // namespace kith::broker
