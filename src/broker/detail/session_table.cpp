#include "broker/detail/session_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/narrow.h"
#include "broker/detail/machine_entry.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/router.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/share_returns.h"
#include "broker/detail/snapshot.h"
#include "broker/detail/subscriber.h"
#include "broker/detail/will_record.h"
#include "bus/topic_access.h"

namespace kith::broker {

using mqtt::ReasonCode;

namespace {

/// MQTT 3: a session that is not clean lasts until it is cleaned.
std::uint32_t expiry_asked(const mqtt::Connect& connect) {
    if (connect.version == mqtt::Version::V5) {
        return connect.session_expiry_interval;
    }
    return connect.clean_start ? 0 : kSessionNeverExpires;
}

}  // namespace

std::unique_ptr<Session> Session::create(Identity identity) {
    void* memory = ::operator new(sizeof(Session) + identity.client_id.size());
    return std::unique_ptr<Session>(new (memory) Session(std::move(identity)));
}

Session::Session(Identity identity)
    : client_id_bytes_(narrow<std::uint16_t>(identity.client_id.size())),
      tenant_(identity.tenant),
      id_(identity.id),
      rights_(std::move(identity.rights)) {
    std::ranges::copy(identity.client_id, reinterpret_cast<char*>(this + 1));
}

void SessionAbsence::on_timer(Instant) {
    table.on_session_timer(session);
}

SessionTable::~SessionTable() = default;

SessionTable::Opened SessionTable::open(Connection& connection, const mqtt::Connect& connect,
                                        bus::Principal principal) {
    Session* session = find(principal.tenant, connect.client_id);
    if (session != nullptr && session->is_moving) {
        keep(*session);  // there is no mesh any more that could say where it is
    }
    const ClientRightsRef rights = context_.rights->of(std::move(principal));
    const Opened checked = check(session, connect, *rights);
    if (checked.refusal != ReasonCode::Success) {
        return checked;
    }
    if (session != nullptr) {
        take_over(*session);
        if (connect.clean_start || !session->stays() || has_expired(*session)) {
            const bool was_stored = session->is_stored;
            remove(*session, {});
            session = nullptr;
            if (was_stored) {
                // [MQTT-3.1.2-4]: what CONNACK says is gone must not come back with a restart.
                return {.must_wait = true};
            }
        }
    }
    const bool is_present = session != nullptr;
    if (is_present) {
        resume_as(*session, rights);
        context_.moves->note_resumed(*session);
    } else if (!context_.node.sessions.take()) {
        context_.limit_log.reached(Limit::Sessions,
                                   {.client_id = connect.client_id, .address = {}});
        return {.refusal = ReasonCode::QuotaExceeded, .words = "too many sessions"};
    } else {
        session = &create(rights->principal.tenant, connect.client_id, rights,
                          context_.node.next_session_id(), Known::ByClient);
        context_.moves->note_created(*session, connection.session_epoch());
    }
    session->absence.reset();
    session->connection = &connection;
    session->connected_at = context_.shard.wall_now();
    session->protocol_version = static_cast<std::uint8_t>(connect.version);
    session->inbound.forget_connection();
    set_expiry(*session, expiry_asked(connect));
    set_will(*session, connect);
    if (session->is_durable() || session->is_stored) {
        write_record(*session);
    }
    return {.session = session, .is_present = is_present};
}

/// Whether this client may have this session, and leave this will.
SessionTable::Opened SessionTable::check(const Session* known, const mqtt::Connect& connect,
                                         const ClientRights& rights) const {
    const bus::Principal& principal = rights.principal;
    if (context_.is_closing) {
        return {.refusal = ReasonCode::ServerUnavailable, .words = "node shuts down"};
    }
    if (known != nullptr && known->principal().name != principal.name &&
        known->principal().name != "anonymous" && principal.role != bus::Role::Admin) {
        return {.refusal = ReasonCode::NotAuthorized,
                .words = "client id belongs to another principal"};
    }
    if (expiry_asked(connect) != 0 && context_.store.is_congested()) {
        // Each such CONNECT is one more change that waits.
        return {.refusal = ReasonCode::ServerBusy, .words = "the disk has fallen behind"};
    }
    if (connect.will) {
        const Result<bus::TopicName> topic = bus::TopicName::create(connect.will->topic);
        if (!topic) {
            return {.refusal = ReasonCode::TopicNameInvalid, .words = topic.error().text};
        }
        if (!RightsTable::may_publish(rights, connect.client_id, *topic) ||
            topic->text().starts_with(kDirectoryPrefix)) {
            context_.rights->note_denied(connect.client_id, bus::TopicAction::Publish,
                                         topic->text());
            return {.refusal = ReasonCode::NotAuthorized, .words = "will topic not allowed"};
        }
        return check_will(*connect.will, connect.client_id);
    }
    return {};
}

void SessionTable::renew(Session& session, bus::Principal principal) {
    judge_by(session, context_.rights->of(std::move(principal)));
}

/// The client comes back, perhaps with other rights than it left with.
void SessionTable::resume_as(Session& session, const ClientRightsRef& rights) {
    session.will.reset();  // [MQTT-3.1.3-9]: the session goes on in time
    judge_by(session, rights);
}

void SessionTable::judge_by(Session& session, const ClientRightsRef& rights) {
    const bool is_judged = &session.rights() == rights.get();
    session.set_rights(rights);
    if (!is_judged) {
        context_.rights->drop_forbidden(session);
    }
}

/// The will of the old connection goes now if it has no delay; if it has one, and the session ends,
/// with that [MQTT-3.1.4-3].
void SessionTable::take_over(Session& session) {
    if (session.connection == nullptr) {
        return;
    }
    ++context_.counters.takeovers;
    context_.events.on_event({.kind = EventKind::SessionTakenOver,
                              .at = context_.shard.wall_now(),
                              .client_id = session.client_id()});
    session.connection->end_without_session(ReasonCode::SessionTakenOver, "session taken over");
    if (session.will != nullptr && session.will->delay_s == 0) {
        publish_will(session);
    }
}

void SessionTable::let_go(Session& session, const char* reason) {
    ++context_.counters.disconnects;
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.note(TraceStage::Connect, {session.client_id(), {}, {}},
                             fmt::format("connection ended: {}", reason));
    }
    session.connection = nullptr;
    if (session.is_announced) {
        session.is_announced = false;
        withdraw_entry(context_, session);
    }
    begin_absence(session, context_.shard.wall_now(), context_.shard.now(), reason);
    context_.snapshots->on_session_left(session);
}

void SessionTable::begin_absence(Session& session, WallTime at, Instant since, const char* reason) {
    session.absence = std::make_unique<SessionAbsence>(*this, session);
    session.absence->began_at = at;
    session.absence->began = since;
    session.absence->reason = reason;
}

void SessionTable::close(Session& session, Connection::WillFate will, const char* reason) {
    let_go(session, reason);
    context_.events.on_event({.kind = EventKind::ClientDisconnected,
                              .at = session.disconnected_at(),
                              .client_id = session.client_id(),
                              .reason = reason});
    if (will == Connection::WillFate::Discard) {
        session.will.reset();  // [MQTT-3.14.4-3]
    }
    if (!session.stays()) {
        remove(session, {});
        return;
    }
    write_record(session);
    if (session.will != nullptr && session.will->delay_s == 0) {
        publish_will(session);
    }
    context_.subscriber->on_connected_changed(session);
    if (session.shared_count > 0) {
        context_.returns->return_unsent(session);
    }
    context_.loader->on_left(session);
    arm_timer(session);
}

void SessionTable::remove(Session& session, const Ending& ending) {
    if (session.absence != nullptr) {
        session.absence->cancel();
    }
    if (session.connection != nullptr) {
        session.connection->end_without_session(ending.reason, ending.words);
    }
    if (session.will != nullptr) {
        // The session ends: no delay any more [MQTT-3.1.2-8].
        const std::optional<SessionWill> will = take_will(session);
        if (will) {
            context_.router->publish(message_of(*will), PublishOrigin{});
        }
    }
    context_.subscriber->drop_all(session);  // before its groups are asked for somebody else
    context_.returns->return_all(session);
    session.outbound.for_each([this](const OutboundItem& item) {
        --context_.counters.queued_messages;
        context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
        context_.memory.remove_item(item.message.get());
    });
    context_.loader->forget(session);
    if (session.is_stored) {
        context_.store.batch().delete_session(session.id());
    }
    context_.moves->note_removed(session);
    --context_.counters.sessions;
    context_.node.sessions.give_back();
    if (!session.is_gone) {
        by_client_.erase(&session);
    }
    by_id_.erase(by_id_.find(session.id()));
}

void SessionTable::set_expiry(Session& session, std::uint32_t asked_s) {
    const bool was_durable = session.is_durable();
    session.expiry_interval_s = std::min(asked_s, context_.options().session_expiry_interval_max_s);
    if (was_durable != session.is_durable()) {
        context_.subscriber->on_durability_changed(session);
    }
}

void SessionTable::on_settled(const PublishOrigin& origin, Settlement settlement,
                              std::uint32_t receiver_count) {
    if (origin.qos == Qos::AtMostOnce) {
        return;
    }
    if (Session* session = find(origin.session); session != nullptr) {
        on_settled(*session, origin, settlement, receiver_count);
    }
}

void SessionTable::on_settled(Session& session, const PublishOrigin& origin, Settlement settlement,
                              std::uint32_t receiver_count) {
    const auto reason = settlement == Settlement::Refused ? ReasonCode::QuotaExceeded
                        : receiver_count == 0             ? ReasonCode::NoMatchingSubscribers
                                                          : ReasonCode::Success;
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.settled(session, origin, reason);
    }
    if (origin.qos == Qos::ExactlyOnce) {
        InboundId* known = session.inbound.find(origin.packet_id);
        CHECK(known != nullptr);
        CHECK(known->state == InboundState::Publishing);
        known->state = InboundState::Received;
        known->is_stored = settlement == Settlement::Durable && origin.is_durable;
        if (mqtt::is_failure(reason)) {
            // [MQTT-4.3.3-9]: the id is free, no PUBREL follows.
            session.inbound.remove(origin.packet_id);
        }
    }
    // A PUBACK is owed to the connection that published; a PUBREC to any that did so again.
    Connection* connection = session.connection;
    if (connection != nullptr &&
        (origin.qos == Qos::ExactlyOnce || connection->id() == origin.connection)) {
        connection->complete_publish(origin.packet_id, origin.qos, reason);
    }
}

void SessionTable::complete(Session& session, OutboundItem& item) {
    --context_.counters.queued_messages;
    context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
    context_.memory.remove_item(item.message.get());
    if (session.is_stored && item.message_id.value() != 0) {
        context_.store.batch().delete_delivery({session.id(), item.sequence, item.message_id});
    }
    session.outbound.complete(item);
    context_.subscriber->note_room(session);
    if (session.outbound.is_spilling()) {
        context_.loader->refill(session);
    }
}

void SessionTable::drop_unsent(Session& session,
                               const std::function<bool(bus::TopicName)>& is_unwanted) {
    session.outbound.drop_unsent([&](OutboundItem& item) {
        if (is_unwanted(item.message->topic())) {
            ++session.traffic.dropped;
            complete(session, item);
        }
    });
}

void SessionTable::release(Session& session, OutboundItem& item) {
    item.state = OutboundItem::State::Received;
    context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
    context_.memory.drop_message(item.message.get());
    session.outbound.drop_message(item);
    const PacketId packet_id = item.packet_id();
    if (!session.is_stored || item.message_id.value() == 0) {
        send_release(session.id(), packet_id);
        return;
    }
    // The client may forget the id after PUBREL, so the disk must know before that it was received.
    context_.store.batch().set_delivery({session.id(), item.sequence, item.message_id},
                                        storage::DeliveryState::Released);
    context_.store.when_committed(
        [this, id = session.id(), packet_id] { send_release(id, packet_id); });
}

void SessionTable::send_release(SessionId session_id, PacketId packet_id) {
    Session* session = find(session_id);
    OutboundItem* released = session == nullptr ? nullptr : session->outbound.find(packet_id);
    if (released == nullptr || released->state != OutboundItem::State::Received) {
        return;
    }
    released->state = OutboundItem::State::Released;
    if (session->connection != nullptr) {
        session->connection->send_release(packet_id);
    }
}

void SessionTable::forget_inbound(Session& session, PacketId packet_id) {
    context_.store.batch().delete_inbound(session.id(), packet_id);
    context_.store.when_committed([this, id = session.id(), packet_id] {
        Session* now = find(id);
        if (now == nullptr) {
            return;
        }
        const InboundId* known = now->inbound.find(packet_id);
        CHECK(known != nullptr && known->state == InboundState::Releasing);
        if (known->is_asked && now->connection != nullptr) {
            now->connection->finish_release(packet_id);
        } else {
            now->inbound.remove(packet_id);
        }
    });
}

Session* SessionTable::find(SessionId id) {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->get();
}

Session* SessionTable::find(TenantId tenant, std::string_view client_id) {
    const auto found = by_client_.find(Client{tenant, client_id});
    return found == by_client_.end() ? nullptr : *found;
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

// style: five parameters; what names a session, what it may do, and whether it is found by its
// name.
Session& SessionTable::create(TenantId tenant, std::string_view client_id, ClientRightsRef rights,
                              SessionId id, Known known) {
    auto session = Session::create(
        {.id = id, .tenant = tenant, .client_id = client_id, .rights = std::move(rights)});
    Session& created = *session;
    created.watchers = watches_.find(client_id);
    if (known == Known::ByClient) {
        by_client_.insert(&created);
    }
    by_id_.insert(std::move(session));
    ++context_.counters.sessions;
    return created;
}

void SessionTable::write_record(Session& session) {
    const std::vector<std::uint8_t> will =
        encode_note(context_.moves->note_of(session),
                    session.will == nullptr ? std::vector<std::uint8_t>()
                                            : encode_will(*session.will, session.principal()));
    session.is_stored = true;
    context_.store.batch().put_session({.id = session.id(),
                                        .tenant = session.tenant(),
                                        .client_id = session.client_id(),
                                        .principal = session.principal().name,
                                        .session_expiry_interval_s = session.expiry_interval_s,
                                        .protocol_version = session.protocol_version,
                                        .disconnected_at = session.disconnected_at(),
                                        .will = will});
}

/// Whichever comes first: the will's delay or the session's end.
void SessionTable::arm_timer(Session& session) {
    if (session.is_leaving()) {
        return;  // another node's time
    }
    SessionAbsence& absence = *session.absence;
    Instant due = Instant::never();
    if (session.expiry_interval_s != kSessionNeverExpires) {
        due = absence.began + std::chrono::seconds(session.expiry_interval_s);
    }
    if (session.will != nullptr) {
        due = std::min(due, absence.began + std::chrono::seconds(session.will->delay_s));
    }
    if (due != Instant::never()) {
        context_.shard.arm(absence, due);
    }
}

/// Requires: its connection has ended. It may be there still, because its will is under way.
bool SessionTable::has_expired(const Session& session) const {
    const auto span = std::chrono::seconds(session.expiry_interval_s);
    return session.expiry_interval_s != kSessionNeverExpires &&
           context_.shard.now() >= session.absence->began + span;
}

void SessionTable::on_session_timer(Session& session) {
    const Instant now = context_.shard.now();
    const bool is_over = has_expired(session);
    if (is_over && session.will != nullptr && session.is_stored) {
        publish_will(session);  // comes back here when that is on disk
        return;
    }
    if (is_over) {
        ++context_.counters.sessions_expired;
        context_.events.on_event({.kind = EventKind::SessionEnded,
                                  .at = context_.shard.wall_now(),
                                  .client_id = session.client_id(),
                                  .reason = "session expired"});
        remove(session, {});
        return;
    }
    if (session.will != nullptr &&
        now >= session.absence->began + std::chrono::seconds(session.will->delay_s)) {
        publish_will(session);
    }
    arm_timer(session);
}

void SessionTable::restore_session(const storage::SessionRecord& record, WallTime now) {
    const Result<std::pair<SessionNote, Bytes>> noted = decode_note(record.will);
    const SessionNote note = noted ? noted->first : SessionNote{};
    storage::SessionRecord plain = record;
    plain.will = noted ? noted->second : Bytes{};
    const bool is_gone = note.state == SessionState::Gone;
    Session& session = restore_plain(plain, now, is_gone ? Known::Apart : Known::ByClient);
    if (!noted) {
        LOG(context_.shard.log(), Error, "will lost",
            {"client", std::string_view(session.client_id())}, {"reason", noted.error().text});
    }
    context_.moves->restore(session, note);
}

Session& SessionTable::restore_plain(const storage::SessionRecord& record, WallTime now,
                                     Known known) {
    Session* older = known == Known::Apart ? nullptr : find(record.tenant, record.client_id);
    if (older != nullptr) {
        // A clean start was on its way when the node stopped: the later session counts.
        outlived_.push_back(older->id());
        --context_.counters.sessions;
        by_client_.erase(older);
        by_id_.erase(by_id_.find(older->id()));
        context_.node.sessions.give_back();
    }
    context_.node.sessions.take_anyway();
    bus::Principal principal{.tenant = record.tenant, .name = std::string(record.principal)};
    Result<StoredWill> will;
    if (!record.will.empty()) {
        will = decode_will(record.will, record.tenant, record.id);
        if (will) {
            principal.role = will->role;
            principal.machine = will->machine;
            principal.topic_roles = will->topic_roles;
        }
    }
    Session& session = create(record.tenant, record.client_id,
                              context_.rights->of_stored(std::move(principal)), record.id, known);
    session.expiry_interval_s = record.session_expiry_interval_s;
    session.protocol_version = record.protocol_version;
    session.is_stored = true;
    // Whoever was connected when the node stopped has been gone since now.
    const WallTime gone_at = record.disconnected_at.ms() == 0 ? now : record.disconnected_at;
    const auto gone_for = std::max(now - gone_at, std::chrono::milliseconds(0));
    begin_absence(session, gone_at, context_.shard.now() - gone_for, "node restarted");
    if (will) {
        session.will = std::move(will->will);
        if (session.will != nullptr) {
            session.will->hold =
                BudgetHold(context_.node.wills_bytes, session.will->message->size_bytes());
        }
    } else {
        LOG(context_.shard.log(), Error, "will lost",
            {"client", std::string_view(session.client_id())}, {"reason", will.error().text});
    }
    return session;
}

void SessionTable::start() {
    for (const SessionId id : outlived_) {
        context_.store.batch().delete_session(id);
    }
    outlived_ = {};
    for (const std::unique_ptr<Session>& session : by_id_) {
        if (!session->is_connected() && !session->is_leaving()) {
            arm_timer(*session);
        }
    }
}

}  // namespace kith::broker
