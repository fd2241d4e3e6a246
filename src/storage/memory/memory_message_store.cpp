// The message store as ordered maps. It is also the oracle that the SQLite store is compared with,
// so it says each rule in the plainest way and avoids every shortcut.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "storage/limits.h"
#include "storage/memory/memory_stores.h"

namespace kith::storage {
namespace {

using OwnedBytes = std::vector<std::uint8_t>;

OwnedBytes copy(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

// Records beside the memory that holds their text and bytes. The views inside `record` are those of
// the batch, long gone; they are set anew whenever a record is shown.

struct OwnedSession {
    SessionRecord record;
    std::string client_id;
    std::string principal;
    OwnedBytes will;
};

struct OwnedMessage {
    MessageRecord record;
    std::string topic;
    OwnedBytes payload;
    OwnedBytes properties;
    std::size_t live_count = 0;  // deliveries that are not Released
    bool had_delivery = false;
};

struct OwnedDelivery {
    DeliveryRecord record;
    OwnedBytes subscription_identifiers;
};

struct OwnedRetained {
    RetainedRecord record;
    OwnedBytes payload;
    OwnedBytes properties;
};

/// Borrows from `delivery`.
DeliveryRecord shown(const OwnedDelivery& delivery) {
    DeliveryRecord record = delivery.record;
    record.subscription_identifiers = delivery.subscription_identifiers;
    return record;
}

bool is_live(DeliveryState state) {
    return state != DeliveryState::Released;
}

class MemoryMessageStore final : public MessageStore, private BatchVisitor {
  public:
    Status recover(RecoveryVisitor& visitor) override;
    Status commit(std::span<const WriteBatch* const> batches) override;
    Result<std::uint64_t> read_queue(const QueueRead& read, QueueVisitor& visitor) override;
    MessageId last_message_id() const override { return last_message_id_; }
    SessionId last_session_id() const override { return last_session_id_; }
    std::uint64_t message_count() const override { return messages_.size(); }

  private:
    using Place = std::pair<SessionId, std::uint64_t>;

    void put_session(const SessionRecord& session) override;
    void delete_session(SessionId session) override;
    void put_subscription(const SubscriptionRecord& subscription) override;
    void delete_subscription(SessionId session, std::string_view filter) override;
    void put_message(const MessageRecord& message) override;
    void put_delivery(const DeliveryRecord& delivery) override;
    void set_delivery(const DeliveryKey& key, DeliveryState state) override;
    void delete_delivery(const DeliveryKey& key) override;
    void put_inbound(SessionId session, PacketId packet_id) override;
    void delete_inbound(SessionId session, PacketId packet_id) override;
    void put_retained(const RetainedRecord& retained) override;
    void delete_retained(TenantId tenant, std::string_view topic) override;
    void put_mark(const MarkRecord& mark) override;
    void delete_mark(Bytes key) override;

    void drop_live_delivery(MessageId message);
    void delete_rows_of(SessionId session);
    void drop_rows_without_session();
    void show_queues(RecoveryVisitor& visitor) const;
    void show_released(RecoveryVisitor& visitor) const;

    std::map<SessionId, OwnedSession> sessions_;
    std::map<std::pair<SessionId, std::string>, SubscriptionRecord> subscriptions_;
    std::map<MessageId, OwnedMessage> messages_;
    std::map<Place, OwnedDelivery> deliveries_;
    std::set<std::pair<SessionId, PacketId>> inbound_;
    std::map<std::pair<TenantId, std::string>, OwnedRetained> retained_;
    std::map<OwnedBytes, OwnedBytes> marks_;
    std::vector<MessageId> put_in_batch_;
    MessageId last_message_id_;
    SessionId last_session_id_;
    bool recovered_ = false;
};

Status MemoryMessageStore::recover(RecoveryVisitor& visitor) {
    drop_rows_without_session();
    for (const auto& [id, session] : sessions_) {
        SessionRecord record = session.record;
        record.client_id = session.client_id;
        record.principal = session.principal;
        record.will = session.will;
        visitor.on_session(record);
    }
    for (const auto& [key, subscription] : subscriptions_) {
        SubscriptionRecord record = subscription;
        record.filter = key.second;
        visitor.on_subscription(record);
    }
    show_queues(visitor);
    show_released(visitor);
    for (const auto& [session, packet_id] : inbound_) {
        visitor.on_inbound(session, packet_id);
    }
    for (const auto& [key, retained] : retained_) {
        RetainedRecord record = retained.record;
        record.topic = key.second;
        record.payload = retained.payload;
        record.properties = retained.properties;
        visitor.on_retained(record);
    }
    for (const auto& [key, value] : marks_) {
        visitor.on_mark({.key = key, .value = value});
    }
    recovered_ = true;
    return {};
}

void MemoryMessageStore::show_queues(RecoveryVisitor& visitor) const {
    std::map<SessionId, QueueRecord> queues;
    for (const auto& [place, delivery] : deliveries_) {
        QueueRecord& queue = queues[place.first];
        queue.session = place.first;
        queue.last_sequence = place.second;
        if (!is_live(delivery.record.state)) {
            continue;
        }
        if (queue.message_count == 0) {
            queue.first_sequence = place.second;
        }
        ++queue.message_count;
        queue.size_bytes += delivery.record.size_bytes;
        const WallTime expires_at = delivery.record.expires_at;
        if (expires_at != WallTime() &&
            (queue.first_expires_at == WallTime() || expires_at < queue.first_expires_at)) {
            queue.first_expires_at = expires_at;
        }
    }
    for (const auto& [session, queue] : queues) {
        visitor.on_queue(queue);
    }
}

void MemoryMessageStore::show_released(RecoveryVisitor& visitor) const {
    for (const auto& [place, delivery] : deliveries_) {
        if (!is_live(delivery.record.state)) {
            visitor.on_delivery(shown(delivery));
        }
    }
}

Result<std::uint64_t> MemoryMessageStore::read_queue(const QueueRead& read, QueueVisitor& visitor) {
    CHECK(recovered_);
    std::size_t count = 0;
    std::size_t bytes = 0;
    std::size_t seen_count = 0;
    for (auto at = deliveries_.lower_bound({read.session, read.from});
         at != deliveries_.end() && at->first < Place(read.session, read.behind); ++at) {
        const DeliveryRecord delivery = shown(at->second);
        if (!is_live(delivery.state)) {
            continue;
        }
        if (seen_count == kQueueRowsSeenMax) {
            return delivery.sequence;
        }
        ++seen_count;
        const bool has_expired =
            delivery.expires_at != WallTime() && delivery.expires_at <= read.now;
        if (has_expired) {
            visitor.on_dropped(delivery, QueueDrop::Expired);
            continue;
        }
        if (read.only_dropped) {
            continue;
        }
        bytes += delivery.size_bytes;
        if (count == read.messages_max || (count > 0 && bytes > read.bytes_max)) {
            return delivery.sequence;
        }
        ++count;
        const OwnedMessage& message = messages_.at(delivery.message);
        MessageRecord record = message.record;
        record.topic = message.topic;
        record.payload = message.payload;
        record.properties = message.properties;
        visitor.on_message(delivery, record);
    }
    return read.behind;
}

Status MemoryMessageStore::commit(std::span<const WriteBatch* const> batches) {
    CHECK(recovered_);
    for (const WriteBatch* batch : batches) {
        put_in_batch_.clear();
        batch->visit(*this);
        for (const MessageId id : put_in_batch_) {
            const auto found = messages_.find(id);
            if (found != messages_.end() && !found->second.had_delivery) {
                messages_.erase(found);
            }
        }
    }
    return {};
}

void MemoryMessageStore::put_session(const SessionRecord& session) {
    sessions_.insert_or_assign(session.id,
                               OwnedSession{session, std::string(session.client_id),
                                            std::string(session.principal), copy(session.will)});
    last_session_id_ = std::max(last_session_id_, session.id);
}

void MemoryMessageStore::delete_session(SessionId session) {
    delete_rows_of(session);
    sessions_.erase(session);
}

void MemoryMessageStore::put_subscription(const SubscriptionRecord& subscription) {
    subscriptions_.insert_or_assign({subscription.session, std::string(subscription.filter)},
                                    subscription);
}

void MemoryMessageStore::delete_subscription(SessionId session, std::string_view filter) {
    subscriptions_.erase({session, std::string(filter)});
}

void MemoryMessageStore::put_message(const MessageRecord& message) {
    messages_.insert_or_assign(message.id, OwnedMessage{.record = message,
                                                        .topic = std::string(message.topic),
                                                        .payload = copy(message.payload),
                                                        .properties = copy(message.properties)});
    put_in_batch_.push_back(message.id);
    last_message_id_ = std::max(last_message_id_, message.id);
}

void MemoryMessageStore::put_delivery(const DeliveryRecord& delivery) {
    const auto message = messages_.find(delivery.message);
    const bool live = is_live(delivery.state);
    if (live && message == messages_.end()) {
        return;
    }
    const auto key = std::make_pair(delivery.session, delivery.sequence);
    const auto old = deliveries_.find(key);
    const bool was_live = old != deliveries_.end() && is_live(old->second.record.state);
    deliveries_.insert_or_assign(key,
                                 OwnedDelivery{delivery, copy(delivery.subscription_identifiers)});
    if (live && !was_live) {
        ++message->second.live_count;
        message->second.had_delivery = true;
    } else if (!live && was_live) {
        drop_live_delivery(delivery.message);
    }
}

void MemoryMessageStore::set_delivery(const DeliveryKey& key, DeliveryState state) {
    const auto found = deliveries_.find({key.session, key.sequence});
    if (found == deliveries_.end()) {
        return;
    }
    DeliveryRecord& delivery = found->second.record;
    const bool was_live = is_live(delivery.state);
    if (!was_live && is_live(state)) {
        return;
    }
    delivery.state = state;
    if (was_live && !is_live(state)) {
        drop_live_delivery(key.message);
    }
}

void MemoryMessageStore::delete_delivery(const DeliveryKey& key) {
    const auto found = deliveries_.find({key.session, key.sequence});
    if (found == deliveries_.end()) {
        return;
    }
    const bool was_live = is_live(found->second.record.state);
    deliveries_.erase(found);
    if (was_live) {
        drop_live_delivery(key.message);
    }
}

void MemoryMessageStore::drop_live_delivery(MessageId message) {
    const auto found = messages_.find(message);
    CHECK(found != messages_.end());
    CHECK(found->second.live_count > 0);
    --found->second.live_count;
    if (found->second.live_count == 0) {
        messages_.erase(found);
    }
}

void MemoryMessageStore::put_inbound(SessionId session, PacketId packet_id) {
    inbound_.insert({session, packet_id});
}

void MemoryMessageStore::delete_inbound(SessionId session, PacketId packet_id) {
    inbound_.erase({session, packet_id});
}

void MemoryMessageStore::put_retained(const RetainedRecord& retained) {
    retained_.insert_or_assign(
        {retained.tenant, std::string(retained.topic)},
        OwnedRetained{retained, copy(retained.payload), copy(retained.properties)});
}

void MemoryMessageStore::delete_retained(TenantId tenant, std::string_view topic) {
    retained_.erase({tenant, std::string(topic)});
}

void MemoryMessageStore::put_mark(const MarkRecord& mark) {
    marks_.insert_or_assign(copy(mark.key), copy(mark.value));
}

void MemoryMessageStore::delete_mark(Bytes key) {
    marks_.erase(copy(key));
}

void MemoryMessageStore::delete_rows_of(SessionId session) {
    const SessionId behind = session.next();
    subscriptions_.erase(subscriptions_.lower_bound({session, ""}),
                         subscriptions_.lower_bound({behind, ""}));
    inbound_.erase(inbound_.lower_bound({session, PacketId(0)}),
                   inbound_.lower_bound({behind, PacketId(0)}));
    auto at = deliveries_.lower_bound({session, 0});
    while (at != deliveries_.end() && at->first.first == session) {
        const MessageId message = at->second.record.message;
        const bool was_live = is_live(at->second.record.state);
        at = deliveries_.erase(at);
        if (was_live) {
            drop_live_delivery(message);
        }
    }
}

void MemoryMessageStore::drop_rows_without_session() {
    std::unordered_set<SessionId> missing;
    const auto note = [&](SessionId session) {
        if (!sessions_.contains(session)) {
            missing.insert(session);
        }
    };
    for (const auto& [key, row] : subscriptions_) {
        note(key.first);
    }
    for (const auto& [key, row] : deliveries_) {
        note(key.first);
    }
    for (const auto& [session, packet_id] : inbound_) {
        note(session);
    }
    for (const SessionId session : missing) {
        delete_rows_of(session);
    }
}

}  // namespace

std::unique_ptr<MessageStore> make_memory_message_store() {
    return std::make_unique<MemoryMessageStore>();
}

}  // namespace kith::storage
