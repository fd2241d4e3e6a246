#include "broker/detail/recovery.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"
#include "broker/detail/seen_messages.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

/// A topic and properties as a client might have sent them.
bool is_usable(std::string_view topic, Bytes properties) {
    return is_mqtt_utf8(as_bytes(topic)) && bus::TopicName::create(topic) &&
           mqtt::MessageProperties::from_encoded(properties);
}

}  // namespace

void Recovery::on_session(const storage::SessionRecord& session) {
    if (session.tenant == kMeshTenant) {
        far_side().restore_session(session.id);
        return;
    }
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
    homes_.emplace(session.id, Home{.shard = &shard, .session = nullptr});
    ++counts_.sessions;
}

FarSide& Recovery::far_side() {
    return *node_.shards.front()->context().far_side;
}

void Recovery::on_mark(const storage::MarkRecord& mark) {
    if (is_seen_mark(mark.key)) {
        on_seen(mark);
        return;
    }
    if (!is_forward_mark(mark.key)) {
        far_side().restore_mark(mark);
        return;
    }
    for (ShardBroker* shard : node_.shards) {  // few, and each looks for its own
        shard->moves().restore_forward(mark.key, mark.value);
    }
}

void Recovery::on_seen(const storage::MarkRecord& mark) {
    const std::optional<SeenMark> seen = decode_seen_mark(mark.key, mark.value);
    if (!seen) {
        ++counts_.unusable;
        return;
    }
    const Home* at = home(seen->session);
    ShardBroker& shard = at == nullptr ? *node_.shards.front() : *at->shard;
    shard.moves().restore_seen(at == nullptr ? nullptr : at->session, *seen);
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

void Recovery::on_queue(const storage::QueueRecord& queue) {
    if (far_side().owns(queue.session)) {
        far_side().restore_queue(queue);
        return;
    }
    const Home* at = home(queue.session);
    if (at == nullptr) {
        counts_.unusable += queue.message_count;
        return;
    }
    at->shard->loader().restore(*at->session, queue);
    counts_.queued += queue.message_count;
}

void Recovery::on_delivery(const storage::DeliveryRecord& delivery) {
    const Home* at = home(delivery.session);
    if (at == nullptr || delivery.qos != Qos::ExactlyOnce) {
        ++counts_.unusable;
        return;
    }
    OutboundQueue& queue = at->session->outbound;
    if (!queue.spans_less(delivery.sequence)) {
        ++counts_.unusable;
        return;
    }
    OutboundItem item;
    item.sequence = delivery.sequence;
    item.message_id = delivery.message;
    item.state = OutboundItem::State::Released;
    item.qos = delivery.qos;
    item.retain = delivery.retain;
    item.was_sent = true;
    item.awaits_commit = true;
    queue.restore_released(std::move(item));
    at->shard->context().memory.add_item(nullptr);
    ++at->shard->context().counters.queued_messages;
    ++counts_.released;
}

void Recovery::on_inbound(SessionId session, PacketId packet_id) {
    const Home* at = home(session);
    if (at == nullptr || packet_id.value() == 0) {
        ++counts_.unusable;
        return;
    }
    at->session->inbound.add(packet_id, {.state = InboundState::Received, .is_stored = true});
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

}  // namespace kith::broker
