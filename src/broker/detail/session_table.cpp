#include "broker/detail/session_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/narrow.h"
#include "broker/detail/snapshot.h"
#include "broker/detail/subscriber.h"
#include "broker/detail/will_record.h"

namespace kith::broker {
namespace {

/// Longer waits are made of several timers: an interval may be 136 years.
constexpr Duration kTimerSpanMax = 24h;

std::chrono::milliseconds seconds(std::uint32_t s) {
    return std::chrono::milliseconds(std::int64_t{s} * 1000);
}

}  // namespace

void Session::on_timer(Instant) {
    table_->on_session_timer(*this);
}

SessionTable::~SessionTable() = default;

SessionTable::Opened SessionTable::open(Connection& connection, const mqtt::Connect& connect,
                                        bus::Principal principal) {
    Session* session = find(principal.tenant, connect.client_id);
    if (session != nullptr && session->principal().name != principal.name &&
        session->principal().name != "anonymous" && principal.role != bus::Role::Admin) {
        return {.refusal = mqtt::ReasonCode::NotAuthorized,
                .words = "client id belongs to another principal"};
    }
    if (session != nullptr) {
        take_over(*session, connect.clean_start);
        if (connect.clean_start || !session->is_durable()) {
            remove(*session);
            session = nullptr;
        }
    }
    const bool is_present = session != nullptr;
    if (session == nullptr) {
        if (by_id_.size() >= context_.options().sessions_max / context_.shard.shard_count() + 1) {
            return {.refusal = mqtt::ReasonCode::QuotaExceeded, .words = "too many sessions"};
        }
        session = &create(principal.tenant, connect.client_id, std::move(principal),
                          context_.node.next_session_id());
    } else {
        session->set_principal(std::move(principal));
    }
    session->cancel();
    session->connection = &connection;
    session->connected_at = context_.shard.wall_now();
    session->disconnected_at = WallTime{};
    session->protocol_version = static_cast<std::uint8_t>(connect.version);
    // MQTT 3: a session that is not clean lasts until it is cleaned.
    const std::uint32_t asked = connect.version == mqtt::Version::V5
                                    ? connect.session_expiry_interval
                                : connect.clean_start ? 0
                                                      : kSessionNeverExpires;
    set_expiry(*session, std::min(asked, context_.options().session_expiry_interval_max_s));
    set_will(*session, connect);
    if (session->is_durable() || session->is_stored) {
        write_record(*session);
    }
    context_.subscriber->on_connected_changed(*session);
    return {.session = session, .is_present = is_present};
}

/// The will of the old connection: published if it has no delay or the session ends, dropped if the
/// session goes on [MQTT-3.1.3-9].
void SessionTable::take_over(Session& session, bool clean_start) {
    if (session.connection != nullptr) {
        Connection& old = *session.connection;
        context_.events.on_event({.kind = EventKind::SessionTakenOver,
                                  .at = context_.shard.wall_now(),
                                  .client_id = session.client_id()});
        old.end_taken_over();
        if (session.will != nullptr && session.will->delay_s == 0) {
            publish_will(session);
        }
    }
    if (!clean_start && session.is_durable()) {
        session.will.reset();
    }
}

void SessionTable::let_go(Session& session, const char* reason) {
    session.connection = nullptr;
    session.disconnected_at = context_.shard.wall_now();
    session.disconnect_reason = reason;
    context_.snapshots->on_session_left(session);
}

void SessionTable::close(Session& session, bool publish, const char* reason) {
    ++context_.counters.disconnects;
    let_go(session, reason);
    context_.events.on_event({.kind = EventKind::ClientDisconnected,
                              .at = session.disconnected_at,
                              .client_id = session.client_id(),
                              .reason = reason});
    if (!publish) {
        session.will.reset();  // [MQTT-3.14.4-3]
    }
    if (!session.is_durable()) {
        remove(session);
        return;
    }
    if (session.will != nullptr && session.will->delay_s == 0) {
        publish_will(session);
    }
    write_record(session);
    context_.subscriber->on_connected_changed(session);
    arm_timer(session);
}

void SessionTable::remove(Session& session) {
    session.cancel();
    if (session.will != nullptr) {
        publish_will(session);  // the session ends: no delay any more [MQTT-3.1.3-9]
    }
    if (session.connection != nullptr) {
        session.connection->end_taken_over();
    }
    context_.subscriber->drop_all(session);
    session.outbound.for_each([this](const OutboundItem& item) {
        --context_.counters.queued_messages;
        context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
    });
    if (session.is_stored) {
        context_.store.batch().delete_session(session.id());
    }
    --context_.counters.sessions;
    by_client_.erase(key(session.tenant(), session.client_id()));
    by_id_.erase(session.id());
}

void SessionTable::set_expiry(Session& session, std::uint32_t expiry_interval_s) {
    const bool was_durable = session.is_durable();
    session.expiry_interval_s = expiry_interval_s;
    if (was_durable != session.is_durable()) {
        context_.subscriber->on_durability_changed(session);
    }
}

void SessionTable::on_settled(const PublishOrigin& origin, Settlement settlement) {
    if (origin.qos == Qos::AtMostOnce) {
        return;
    }
    Session* session = find(origin.session);
    if (session == nullptr) {
        return;
    }
    const auto reason = settlement == Settlement::Refused ? mqtt::ReasonCode::QuotaExceeded
                                                          : mqtt::ReasonCode::Success;
    if (origin.qos == Qos::ExactlyOnce) {
        const auto known = session->inbound.find(origin.packet_id.value());
        if (known != session->inbound.end()) {
            known->second = {.state = InboundState::Received,
                             .is_stored = settlement == Settlement::Durable && origin.is_durable};
            if (mqtt::is_failure(reason)) {
                session->inbound.erase(known);  // the id is free again, no PUBREL follows
            }
        }
    }
    if (session->connection != nullptr) {
        session->connection->complete_publish(origin.packet_id, origin.qos, reason);
    }
}

void SessionTable::complete(Session& session, OutboundItem& item) {
    --context_.counters.queued_messages;
    context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
    if (session.is_stored && item.message_id.value() != 0) {
        context_.store.batch().delete_delivery(session.id(), item.message_id);
    }
    session.outbound.complete(item);
}

void SessionTable::release(Session& session, OutboundItem& item) {
    context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
    session.outbound.drop_message(item);
    const PacketId packet_id = item.packet_id();
    const auto send_release = [this, id = session.id(), packet_id] {
        Session* now = find(id);
        OutboundItem* released = now == nullptr ? nullptr : now->outbound.find(packet_id);
        if (released == nullptr || released->state != OutboundItem::State::Received) {
            return;
        }
        released->state = OutboundItem::State::Released;
        if (now->connection == nullptr) {
            return;
        }
        if (now->outbound.find_sent(packet_id) != nullptr) {
            now->connection->send(
                mqtt::Acknowledgement{.type = mqtt::PacketType::Pubrel, .packet_id = packet_id});
        } else {
            now->connection->pump();  // a new connection, which has not come that far
        }
    };
    if (!session.is_stored || item.message_id.value() == 0) {
        send_release();
        return;
    }
    // The client may forget the id after PUBREL, so the disk must know before that it was received.
    context_.store.batch().set_delivery(session.id(), item.message_id,
                                        storage::DeliveryState::Released, packet_id);
    context_.store.when_committed(send_release);
}

Session* SessionTable::find(SessionId id) {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second.get();
}

Session* SessionTable::find(TenantId tenant, std::string_view client_id) {
    const auto found = by_client_.find(key(tenant, client_id));
    return found == by_client_.end() ? nullptr : found->second;
}

Connection* SessionTable::connection_of(SessionId session_id, ConnectionId connection_id) {
    const Session* session = find(session_id);
    const bool is_same = session != nullptr && session->connection != nullptr &&
                         session->connection->id() == connection_id;
    return is_same ? session->connection : nullptr;
}

ShardId SessionTable::home_of(TenantId tenant, std::string_view client_id) const {
    return ShardId(static_cast<std::uint16_t>(hash_text(key(tenant, client_id)) %
                                              context_.shard.shard_count()));
}

std::string SessionTable::make_client_id() {
    std::string id;
    do {
        id = fmt::format("auto-{:016x}", context_.shard.random().next());
    } while (home_of(kDefaultTenant, id) != context_.shard.id());
    return id;
}

std::string SessionTable::key(TenantId tenant, std::string_view client_id) {
    std::string text(sizeof(std::uint32_t), '\0');
    const std::uint32_t number = tenant.value();
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>((number >> (8 * i)) & 0xFFU);
    }
    text += client_id;
    return text;
}

Session& SessionTable::create(TenantId tenant, std::string_view client_id, bus::Principal principal,
                              SessionId id) {
    auto session =
        std::make_unique<Session>(*this, Session::Identity{.id = id,
                                                           .tenant = tenant,
                                                           .client_id = std::string(client_id),
                                                           .principal = std::move(principal)});
    Session& created = *session;
    created.watchers = watches_.find(client_id);
    by_client_.emplace(key(tenant, client_id), &created);
    by_id_.emplace(id, std::move(session));
    ++context_.counters.sessions;
    return created;
}

void SessionTable::set_will(Session& session, const mqtt::Connect& connect) {
    session.will.reset();
    if (!connect.will) {
        return;
    }
    const mqtt::Will& will = *connect.will;
    auto kept = std::make_unique<SessionWill>();
    kept->delay_s = will.will_delay_interval;
    kept->message_expiry_interval_s = will.message_expiry_interval.value_or(0);
    kept->message = StoredMessage::create({.tenant = session.tenant(),
                                           .topic = bus::TopicName::trusted(will.topic),
                                           .payload = will.payload,
                                           .properties = will.properties.encoded,
                                           .qos = will.qos,
                                           .retain = will.retain,
                                           .publisher = session.id(),
                                           .published_at = {},
                                           .expires_at = {}},
                                          MessageId{});
    session.will = std::move(kept);
}

void SessionTable::publish_will(Session& session) {
    const std::unique_ptr<SessionWill> will = std::move(session.will);
    bus::Message message = will->message->view();
    message.published_at = context_.shard.wall_now();
    if (will->message_expiry_interval_s != 0) {
        message.expires_at = message.published_at + seconds(will->message_expiry_interval_s);
    }
    ++context_.counters.wills_published;
    context_.router->publish(message, PublishOrigin{});
    if (session.is_stored) {
        write_record(session);
    }
}

void SessionTable::write_record(const Session& session) {
    const std::vector<std::uint8_t> will =
        session.will == nullptr ? std::vector<std::uint8_t>() : encode_will(*session.will);
    Session* known = find(session.id());
    CHECK(known != nullptr);
    known->is_stored = true;
    context_.store.batch().put_session({.id = session.id(),
                                        .tenant = session.tenant(),
                                        .client_id = session.client_id(),
                                        .principal = session.principal().name,
                                        .session_expiry_interval_s = session.expiry_interval_s,
                                        .protocol_version = session.protocol_version,
                                        .disconnected_at = session.disconnected_at,
                                        .will = will});
}

/// Whichever comes first: the will's delay or the session's end.
void SessionTable::arm_timer(Session& session) {
    const WallTime now = context_.shard.wall_now();
    Duration wait = kTimerSpanMax;
    const auto consider = [&](std::uint32_t interval_s) {
        const Duration left = session.disconnected_at + seconds(interval_s) - now;
        wait = std::clamp<Duration>(left, Duration::zero(), wait);
    };
    if (session.expiry_interval_s != kSessionNeverExpires) {
        consider(session.expiry_interval_s);
    }
    if (session.will != nullptr) {
        consider(session.will->delay_s);
    }
    if (session.expiry_interval_s != kSessionNeverExpires || session.will != nullptr) {
        context_.shard.arm_after(session, wait);
    }
}

void SessionTable::on_session_timer(Session& session) {
    const WallTime now = context_.shard.wall_now();
    const bool is_over = session.expiry_interval_s != kSessionNeverExpires &&
                         now >= session.disconnected_at + seconds(session.expiry_interval_s);
    if (is_over) {
        context_.events.on_event({.kind = EventKind::SessionEnded,
                                  .at = now,
                                  .client_id = session.client_id(),
                                  .reason = "session expired"});
        remove(session);
        return;
    }
    if (session.will != nullptr &&
        now >= session.disconnected_at + seconds(session.will->delay_s)) {
        publish_will(session);
    }
    arm_timer(session);
}

void SessionTable::restore_session(const storage::SessionRecord& record, WallTime now) {
    Session& session =
        create(record.tenant, record.client_id,
               {.tenant = record.tenant, .name = std::string(record.principal)}, record.id);
    session.expiry_interval_s = record.session_expiry_interval_s;
    session.protocol_version = record.protocol_version;
    session.is_stored = true;
    session.disconnect_reason = "node restarted";
    // Whoever was connected when the node stopped has been gone since now.
    session.disconnected_at = record.disconnected_at.ms() == 0 ? now : record.disconnected_at;
    if (!record.will.empty()) {
        Result<std::unique_ptr<SessionWill>> will =
            decode_will(record.will, record.tenant, record.id);
        if (will) {
            session.will = std::move(*will);
        } else {
            LOG(context_.shard.log(), Error, "will lost",
                {"client", std::string_view(session.client_id())}, {"reason", will.error().text});
        }
    }
}

void SessionTable::restore_subscription(Session& session,
                                        const storage::SubscriptionRecord& record) {
    context_.subscriber->restore(session, record);
}

void SessionTable::restore_delivery(Session& session, const storage::DeliveryRecord& record,
                                    const MessageRef& message) {
    OutboundItem item;
    item.message = record.state == storage::DeliveryState::Released ? nullptr : message;
    item.message_id = record.message;
    item.subscription_identifiers = decode_identifiers(record.subscription_identifiers);
    item.state = record.state == storage::DeliveryState::Released ? OutboundItem::State::Released
                                                                  : OutboundItem::State::Pending;
    item.qos = record.qos;
    item.retain = record.retain;
    item.was_sent = record.packet_id.value() != 0;  // it may have been: better a DUP too many
    ++context_.counters.queued_messages;
    context_.counters.queued_bytes += item.message == nullptr ? 0 : item.message->size_bytes();
    if (record.packet_id.value() == 0) {
        session.outbound.push(std::move(item));
    } else {
        session.outbound.restore(std::move(item), record.packet_id);
    }
}

void SessionTable::start_timers() {
    for (auto& [id, session] : by_id_) {
        if (!session->is_connected()) {
            arm_timer(*session);
        }
    }
}

}  // namespace kith::broker
