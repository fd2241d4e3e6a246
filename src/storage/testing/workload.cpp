#include "storage/testing/workload.h"

#include <fmt/format.h>

namespace kith::storage::testing {
namespace {

constexpr std::uint64_t kSessions = 8;
constexpr std::uint64_t kTopics = 12;
constexpr std::uint64_t kPacketIds = 5;
constexpr std::size_t kRecentMessages = 24;

/// Places in queues are given in about the order of messages, not quite.
DeliveryKey key(SessionId session, MessageId message) {
    return {.session = session, .sequence = message.value() ^ 1U, .message = message};
}

}  // namespace

void Workload::fill(WriteBatch& batch, std::size_t change_count_max) {
    const std::size_t count = 1 + random_.below(change_count_max);
    for (std::size_t i = 0; i < count; ++i) {
        change(batch);
    }
}

void Workload::change(WriteBatch& batch) {
    const std::uint64_t kind = random_.below(100);
    if (kind < 35) {
        publish(batch);
    } else if (kind < 75) {
        change_delivery(batch);
    } else if (kind < 82) {
        change_session(batch);
    } else if (kind < 88) {
        change_subscription(batch);
    } else if (kind < 94) {
        change_inbound(batch);
    } else if (kind < 97) {
        change_retained(batch);
    } else {
        change_mark(batch);
    }
}

void Workload::change_session(WriteBatch& batch) {
    const SessionId id = session();
    if (random_.chance(0.3)) {
        batch.delete_session(id);
        return;
    }
    const std::string client_id = fmt::format("client-{}", id.value());
    batch.put_session({.id = id,
                       .tenant = TenantId(static_cast<std::uint32_t>(random_.below(2))),
                       .client_id = client_id,
                       .principal = random_.chance(0.5) ? "anonymous" : "",
                       .session_expiry_interval_s = static_cast<std::uint32_t>(random_.next()),
                       .protocol_version = 5,
                       .disconnected_at = WallTime::from_ms(
                           static_cast<std::int64_t>(random_.below(2'000'000'000'000))),
                       .will = bytes(payload_, 40)});
}

void Workload::change_subscription(WriteBatch& batch) {
    const SessionId id = session();
    const std::string filter = fmt::format("{}/#", topic());
    if (random_.chance(0.3)) {
        batch.delete_subscription(id, filter);
        return;
    }
    batch.put_subscription(
        {.session = id,
         .filter = filter,
         .options = static_cast<std::uint8_t>(random_.below(256)),
         .subscription_identifier = static_cast<std::uint32_t>(random_.below(1000))});
}

void Workload::publish(WriteBatch& batch) {
    const MessageId id = new_message();
    batch.put_message({.id = id,
                       .tenant = kDefaultTenant,
                       .topic = topic(),
                       .payload = bytes(payload_, random_.chance(0.05) ? 9000 : 60),
                       .properties = bytes(properties_, 10),
                       .qos = static_cast<Qos>(random_.below(3)),
                       .published_at = WallTime::from_ms(1'700'000'000'000),
                       .expires_at = WallTime::from_ms(random_.chance(0.5) ? 0 : 1)});
    const std::uint64_t receiver_count = random_.below(4);
    for (std::uint64_t i = 0; i < receiver_count; ++i) {
        batch.put_delivery(delivery(session(), id));
    }
    // Some are over before the batch is.
    for (std::uint64_t i = 0; i < receiver_count && random_.chance(0.3); ++i) {
        batch.delete_delivery(key(session(), id));
    }
}

void Workload::change_delivery(WriteBatch& batch) {
    const SessionId to = session();
    const MessageId message = recent_message();
    switch (random_.below(6)) {
        case 0:
            batch.set_delivery(key(to, message), DeliveryState::Sent);
            break;
        case 1:
            batch.set_delivery(key(to, message), DeliveryState::Released);
            break;
        case 2:
            batch.put_delivery(delivery(to, message));
            break;
        default:
            batch.delete_delivery(key(to, message));
            break;
    }
}

void Workload::change_inbound(WriteBatch& batch) {
    if (random_.chance(0.5)) {
        batch.put_inbound(session(), packet_id());
    } else {
        batch.delete_inbound(session(), packet_id());
    }
}

void Workload::change_retained(WriteBatch& batch) {
    const TenantId tenant(static_cast<std::uint32_t>(random_.below(2)));
    if (random_.chance(0.3)) {
        batch.delete_retained(tenant, topic());
        return;
    }
    batch.put_retained({.tenant = tenant,
                        .topic = topic(),
                        .payload = bytes(payload_, 100),
                        .properties = bytes(properties_, 10),
                        .qos = static_cast<Qos>(random_.below(3)),
                        .published_at = WallTime::from_ms(1'700'000'000'001),
                        .expires_at = WallTime()});
}

/// Keys of which one begins another, of the lowest and of the highest bytes: their order is easily
/// wrong.
void Workload::change_mark(WriteBatch& batch) {
    const std::vector<std::uint8_t> key(1 + random_.below(3), random_.chance(0.5) ? 0x00 : 0xFF);
    if (random_.chance(0.2)) {
        batch.delete_mark(key);
        return;
    }
    batch.put_mark({.key = key, .value = bytes(payload_, random_.chance(0.05) ? 9000 : 60)});
}

SessionId Workload::session() {
    return SessionId(1 + random_.below(kSessions));
}

MessageId Workload::new_message() {
    MessageId id;
    if (!unused_.empty() && random_.chance(0.3)) {
        id = unused_.back();
        unused_.pop_back();
    } else {
        if (random_.chance(0.2)) {
            unused_.emplace_back(next_message_++);
        }
        id = MessageId(next_message_++);
    }
    if (recent_.size() < kRecentMessages) {
        recent_.push_back(id);
    } else {
        recent_[random_.below(kRecentMessages)] = id;
    }
    return id;
}

MessageId Workload::recent_message() {
    return recent_.empty() ? MessageId(1'000'000) : recent_[random_.below(recent_.size())];
}

PacketId Workload::packet_id() {
    return PacketId(static_cast<std::uint16_t>(1 + random_.below(kPacketIds)));
}

DeliveryRecord Workload::delivery(SessionId session, MessageId message) {
    return {.session = session,
            .sequence = key(session, message).sequence,
            .message = message,
            .qos = static_cast<Qos>(1 + random_.below(2)),
            .retain = random_.chance(0.5),
            .state = static_cast<DeliveryState>(random_.chance(0.8) ? 0 : random_.below(3)),
            .size_bytes = static_cast<std::uint32_t>(random_.below(500)),
            .expires_at = WallTime::from_ms(static_cast<std::int64_t>(random_.below(3))),
            .subscription_identifiers = bytes(properties_, 3)};
}

std::string_view Workload::topic() {
    topic_ = fmt::format("plant/h{}/temp", random_.below(kTopics));
    return topic_;
}

Bytes Workload::bytes(std::vector<std::uint8_t>& memory, std::size_t size_max) {
    memory.resize(random_.below(size_max + 1));
    for (std::uint8_t& byte : memory) {
        byte = static_cast<std::uint8_t>(random_.next());
    }
    return memory;
}

}  // namespace kith::storage::testing
