#include "broker/detail/recovery.h"

#include "base/hash.h"

namespace kith::broker {

void Recovery::on_session(const storage::SessionRecord& session) {
    const ShardId id = node_.shards.front()->sessions().home_of(session.tenant, session.client_id);
    ShardBroker& shard = *node_.shards[id.value()];
    shard.sessions().restore_session(session, now_);
    homes_.emplace(session.id, &shard);
    ++counts_.sessions;
}

void Recovery::on_subscription(const storage::SubscriptionRecord& subscription) {
    const Home at = home(subscription.session);
    if (at.session == nullptr) {
        ++counts_.orphans;
        return;
    }
    at.shard->sessions().restore_subscription(*at.session, subscription);
    ++counts_.subscriptions;
}

void Recovery::on_message(const storage::MessageRecord& message) {
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
    const Home at = home(delivery.session);
    if (at.session == nullptr) {
        ++counts_.orphans;
        return;
    }
    MessageRef message;
    if (delivery.state != storage::DeliveryState::Released) {
        message = share(delivery.message, *at.shard);
        if (message == nullptr) {
            ++counts_.orphans;
            return;
        }
    }
    at.shard->sessions().restore_delivery(*at.session, delivery, message);
    ++counts_.deliveries;
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
    if (const Home at = home(session); at.session != nullptr) {
        at.session->inbound.emplace(packet_id.value(),
                                    InboundId{.state = InboundState::Received, .is_stored = true});
    } else {
        ++counts_.orphans;
    }
}

void Recovery::on_retained(const storage::RetainedRecord& retained) {
    if (retained.expires_at.ms() != 0 && now_ >= retained.expires_at) {
        return;
    }
    const std::uint64_t shard = hash_text(retained.topic) % node_.shards.size();
    static_cast<void>(node_.shards[shard]
                          ->context()
                          .space(retained.tenant)
                          .retained.set({.tenant = retained.tenant,
                                         .topic = bus::TopicName::trusted(retained.topic),
                                         .payload = retained.payload,
                                         .properties = retained.properties,
                                         .qos = retained.qos,
                                         .retain = true,
                                         .publisher = {},
                                         .published_at = retained.published_at,
                                         .expires_at = retained.expires_at}));
    ++counts_.retained;
}

Recovery::Home Recovery::home(SessionId id) {
    const auto found = homes_.find(id);
    if (found == homes_.end()) {
        return {};
    }
    return {.shard = found->second, .session = found->second->sessions().find(id)};
}

}  // namespace kith::broker
