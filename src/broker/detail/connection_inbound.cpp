// What a client sends once its session is open.
#include <algorithm>

#include "broker/detail/client_rights.h"
#include "broker/detail/connection.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/machine_entry.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/no_responder.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/subscriber.h"
#include "bus/topic_access.h"

namespace kith::broker {

using mqtt::PacketType;
using mqtt::ReasonCode;

void Connection::on_publish(const mqtt::Frame& frame) {
    context_.decoder.set_version(version_);
    const Result<mqtt::Publish> packet = context_.decoder.decode_publish(frame);
    if (!packet) {
        fail(packet.error());
        return;
    }
    const Result<bus::TopicName> topic = resolve_topic(*packet);
    if (!topic) {
        fail(topic.error());
        return;
    }
    ++context_.counters.messages_in;
    context_.counters.payload_bytes_in += packet->payload.size();
    ++session_->traffic.messages_in;
    if (packet->qos != Qos::AtMostOnce) {
        if (acks_.size() >= context_.options().receive_maximum && version_ == mqtt::Version::V5) {
            end_over_quota();
            return;
        }
        if (packet->qos == Qos::ExactlyOnce && take_duplicate(*packet)) {
            return;
        }
        if (under_way_ >= context_.options().receive_maximum && version_ == mqtt::Version::V5) {
            end_over_quota();
            return;
        }
        ++under_way_;
    }
    if (bus::is_deeper_than(topic->text(), context_.options().topic_levels_max)) [[unlikely]] {
        note_limit(Limit::TopicLevels);
        refuse_publish(*packet, ReasonCode::TopicNameInvalid);
        return;
    }
    if (!context_.rights->may_publish(*session_, *topic)) {
        deny_publish(*packet, *topic);
        return;
    }
    if (packet->retain && !take_retained()) [[unlikely]] {
        refuse_publish(*packet, ReasonCode::QuotaExceeded);
        return;
    }
    if (topic->text().starts_with(kDirectoryPrefix)) [[unlikely]] {
        announce(*packet, *topic);
        return;
    }
    route(*packet, *topic);
}

/// The machine says what it is; without a payload, that it does not want to be found any more.
void Connection::announce(const mqtt::Publish& packet, bus::TopicName topic) {
    mqtt::Publish completed = packet;
    completed.retain = true;
    std::string entry;
    if (!packet.payload.empty()) {
        Result<std::string> made = complete_entry(
            as_text(packet.payload),
            {.node = context_.mesh_interest->own_id(), .since = session_->connected_at});
        if (!made) {
            ++context_.counters.entries_refused;
            refuse_publish(packet, ReasonCode::PayloadFormatInvalid);
            return;
        }
        entry = std::move(*made);
    }
    completed.payload = as_bytes(entry);
    session_->is_announced = !entry.empty();
    route(completed, topic);
}

/// [MQTT-3.3.4-7]
void Connection::end_over_quota() {
    ++context_.counters.protocol_errors;
    note_limit(Limit::ReceiveMaximum);
    end(ReasonCode::ReceiveMaximumExceeded, "more messages under way than allowed",
        WillFate::Publish);
}

/// A QoS 2 id that is in use: acknowledged again, not routed again [MQTT-4.3.3-10]. False if it is
/// not in use.
bool Connection::take_duplicate(const mqtt::Publish& packet) {
    InboundId* known = session_->inbound.find(packet.packet_id);
    if (known == nullptr) {
        return false;
    }
    InboundId& inbound = *known;
    if (inbound.state == InboundState::Releasing) {
        ++context_.counters.protocol_errors;
        end(ReasonCode::ProtocolError, "packet id used again before PUBCOMP", WillFate::Publish);
        return true;
    }
    if (!inbound.is_current) {
        inbound.is_current = true;
        ++under_way_;
    } else if (inbound.state == InboundState::Publishing) {
        return true;  // its PUBREC is due already
    }
    acks_.push_back({.packet_id = packet.packet_id,
                     .qos = packet.qos,
                     .is_ready = inbound.state == InboundState::Received});
    flush_acks();
    return true;
}

/// The topic itself, or the one that its alias stands for.
Result<bus::TopicName> Connection::resolve_topic(const mqtt::Publish& packet) {
    const auto invalid_alias = [] {
        return kith::fail(ErrorKind::Protocol, "topic alias not valid",
                          static_cast<std::uint16_t>(ReasonCode::TopicAliasInvalid));
    };
    if (packet.topic_alias) {
        if (*packet.topic_alias == 0 || *packet.topic_alias > topic_alias_maximum_) {
            return invalid_alias();  // [MQTT-3.3.2-9]
        }
        if (packet.topic.empty()) {
            const std::string_view topic =
                extras_ == nullptr || extras_->inbound_aliases == nullptr
                    ? std::string_view()
                    : extras_->inbound_aliases->topic(*packet.topic_alias);
            if (topic.empty()) {
                return kith::fail(ErrorKind::Protocol, "topic alias not set",
                                  static_cast<std::uint16_t>(ReasonCode::ProtocolError));
            }
            return bus::TopicName::trusted(topic);
        }
    }
    Result<bus::TopicName> topic = context_.space(session_->tenant()).topics.is_last(packet.topic)
                                       ? bus::TopicName::trusted(packet.topic)
                                       : bus::TopicName::create(packet.topic);
    if (!topic) {
        return kith::fail(topic.error().kind, topic.error().text,
                          static_cast<std::uint16_t>(ReasonCode::TopicNameInvalid));
    }
    if (packet.topic_alias) {
        std::unique_ptr<InboundAliases>& aliases = extras().inbound_aliases;
        if (aliases == nullptr) {
            aliases = std::make_unique<InboundAliases>(topic_alias_maximum_);
        }
        aliases->set(*packet.topic_alias, packet.topic);
    }
    return topic;
}

/// Hands the message to the router and sees to its acknowledgement.
void Connection::route(const mqtt::Publish& packet, bus::TopicName topic) {
    PublishOrigin origin;
    if (packet.qos != Qos::AtMostOnce) {
        if (packet.qos == Qos::ExactlyOnce) {
            session_->inbound.add(packet.packet_id, {.is_current = true});
        }
        acks_.push_back({.packet_id = packet.packet_id, .qos = packet.qos});
        origin = {.session = session_->id(),
                  .connection = id_,
                  .packet_id = packet.packet_id,
                  .qos = packet.qos,
                  .is_durable = session_->is_durable()};
    }
    bus::Message message = message_of(packet, topic);
    if (context_.tracer.is_on()) [[unlikely]] {
        message.trace = show_published(message, packet.packet_id);
        origin.trace = message.trace;
        context_.tracer.step(TraceStage::Acl, {session_->client_id(), packet.packet_id, {}},
                             message, "allowed");
    }
    const PublishResult result = context_.router->publish(message, origin);
    if (result.is_settled && packet.qos != Qos::AtMostOnce) {
        if (session_ != nullptr) [[likely]] {
            context_.sessions->on_settled(*session_, origin, result.settlement,
                                          result.receiver_count);
        } else {
            context_.sessions->on_settled(origin, result.settlement, result.receiver_count);
        }
    }
    const bool is_for_nobody =
        result.is_settled && result.receiver_count == 0 && result.settlement != Settlement::Refused;
    if (is_for_nobody && !message.properties.empty() && session_ != nullptr) [[unlikely]] {
        answer_for_nobody(context_, *session_, message);
    }
    // MQTT 3 knows no Receive Maximum: its clients are not read until some are acknowledged.
    if (acks_.size() >= context_.options().receive_maximum && version_ != mqtt::Version::V5) {
        stop_input(Stop::Unsettled);
    }
}

/// Borrows from `packet` and `topic`.
bus::Message Connection::message_of(const mqtt::Publish& packet, bus::TopicName topic) const {
    const WallTime now = context_.shard.wall_now();
    return {.tenant = session_->tenant(),
            .topic = topic,
            .payload = packet.payload,
            .properties = packet.properties.encoded,
            .qos = packet.qos,
            .retain = packet.retain,
            .publisher = session_->id(),
            .published_at = now,
            .expires_at =
                packet.message_expiry_interval
                    ? context_.message_now() + std::chrono::seconds(*packet.message_expiry_interval)
                    : WallTime{}};
}

/// To those who look: a message has come. Its mark, for traces that follow it.
std::uint16_t Connection::show_published(const bus::Message& message, PacketId packet_id) {
    session_->show_watchers({.is_from_client = true,
                             .at = message.published_at,
                             .topic = message.topic.text(),
                             .payload = message.payload,
                             .qos = message.qos,
                             .retain = message.retain});
    return context_.tracer.published(session_->client_id(), message, packet_id);
}

void Connection::show_refused(const mqtt::Publish& packet, bus::TopicName topic) {
    bus::Message message = message_of(packet, topic);
    message.trace = context_.tracer.published(session_->client_id(), message, packet.packet_id);
    context_.tracer.step(TraceStage::Acl, {session_->client_id(), packet.packet_id, {}}, message,
                         "denied");
    context_.tracer.dropped(*session_, message, "not authorised to publish to this topic");
}

void Connection::deny_publish(const mqtt::Publish& packet, bus::TopicName topic) {
    context_.rights->note_denied(session_->client_id(), bus::TopicAction::Publish, topic.text());
    if (context_.tracer.is_on()) [[unlikely]] {
        show_refused(packet, topic);
    }
    if (context_.options().denied_publish == DeniedPublish::Disconnect) {
        end(ReasonCode::NotAuthorized, "publish not allowed", WillFate::Publish);
        return;
    }
    refuse_publish(packet, ReasonCode::NotAuthorized);
}

/// MQTT 5 says why; MQTT 3 has no way to, and acknowledges what it did not pass on.
void Connection::refuse_publish(const mqtt::Publish& packet, ReasonCode reason) {
    if (packet.qos == Qos::AtMostOnce) {
        return;
    }
    acks_.push_back({.packet_id = packet.packet_id,
                     .qos = packet.qos,
                     .is_ready = true,
                     .reason = version_ == mqtt::Version::V5 ? reason : ReasonCode::Success});
    if (packet.qos == Qos::ExactlyOnce && version_ != mqtt::Version::V5) {
        session_->inbound.add(packet.packet_id,
                              {.state = InboundState::Received, .is_current = true});
    }
    flush_acks();
}

void Connection::complete_publish(PacketId packet_id, Qos qos, ReasonCode reason) {
    acks_.for_each_while([&](PendingAck& ack) {
        const bool is_it = !ack.is_ready && ack.packet_id == packet_id && ack.qos == qos;
        if (is_it) {
            ack.is_ready = true;
            ack.reason = reason;
        }
        return !is_it;
    });
    flush_acks();
}

/// [MQTT-4.6.0-2], [MQTT-4.6.0-3]: in the order in which the messages came.
void Connection::flush_acks() {
    while (!acks_.empty() && acks_.front().is_ready) {
        const PendingAck ack = acks_.front();
        acks_.pop_front();
        const bool is_over = ack.qos == Qos::AtLeastOnce || mqtt::is_failure(ack.reason);
        under_way_ -= is_over ? 1U : 0U;
        send_acknowledgement(ack.qos == Qos::AtLeastOnce ? PacketType::Puback : PacketType::Pubrec,
                             ack.packet_id, ack.reason);
    }
    if (acks_.size() < context_.options().receive_maximum) {
        allow_input(Stop::Unsettled);
    }
}

void Connection::send_acknowledgement(PacketType type, PacketId packet_id, ReasonCode reason) {
    send(mqtt::Acknowledgement{.type = type, .packet_id = packet_id, .reason_code = reason});
}

void Connection::on_packet(const mqtt::Packet& packet) {
    if (const auto* acknowledgement = std::get_if<mqtt::Acknowledgement>(&packet)) {
        on_acknowledgement(*acknowledgement);
    } else if (std::holds_alternative<mqtt::Pingreq>(packet)) {
        send(mqtt::Pingresp{});
    } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
        context_.subscriber->subscribe(*session_, *this, *subscribe);
    } else if (const auto* unsubscribe = std::get_if<mqtt::Unsubscribe>(&packet)) {
        context_.subscriber->unsubscribe(*session_, *this, *unsubscribe);
    } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) {
        on_disconnect(*disconnect);
    } else if (const auto* auth = std::get_if<mqtt::Auth>(&packet)) {
        on_auth(*auth);
    } else {
        // A second CONNECT [MQTT-3.1.0-2].
        ++context_.counters.protocol_errors;
        end(ReasonCode::ProtocolError, "packet not allowed now", WillFate::Publish);
    }
}

void Connection::on_acknowledgement(const mqtt::Acknowledgement& packet) {
    switch (packet.type) {
        case PacketType::Puback:
            return on_puback(packet);
        case PacketType::Pubrec:
            return on_pubrec(packet);
        case PacketType::Pubrel:
            return on_pubrel(packet);
        case PacketType::Pubcomp:
            return on_pubcomp(packet);
        case PacketType::Connect:
        case PacketType::Connack:
        case PacketType::Publish:
        case PacketType::Subscribe:
        case PacketType::Suback:
        case PacketType::Unsubscribe:
        case PacketType::Unsuback:
        case PacketType::Pingreq:
        case PacketType::Pingresp:
        case PacketType::Disconnect:
        case PacketType::Auth:
            break;
    }
    CHECK_TEXT(false, "not an acknowledgement");
}

void Connection::on_puback(const mqtt::Acknowledgement& packet) {
    OutboundItem* item = session_->outbound.find_sent(packet.packet_id);
    if (item == nullptr || item->qos != Qos::AtLeastOnce) {
        return;  // of an earlier connection, or never sent: nothing depends on it
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_acknowledged(packet, *item);
    }
    complete_item(*item);
    pump();
}

/// To those who look: the client says that it has the message, or does not want it.
void Connection::show_acknowledged(const mqtt::Acknowledgement& packet, const OutboundItem& item) {
    const std::string words =
        std::string(to_string(packet.type)) + ": " + std::string(to_string(packet.reason_code));
    const Tracer::Subject subject{session_->client_id(), packet.packet_id, {}};
    if (item.message == nullptr) {
        context_.tracer.note(TraceStage::Ack, subject, words);
    } else {
        context_.tracer.step(TraceStage::Ack, subject, item.message->view(), words);
    }
}

void Connection::on_pubrec(const mqtt::Acknowledgement& packet) {
    OutboundItem* item = session_->outbound.find_sent(packet.packet_id);
    if (item == nullptr || item->qos != Qos::ExactlyOnce) {
        if (context_.loader->may_have_sent_more(*session_)) {
            return;  // an earlier run may have sent it: it is sent again, and this has its turn
        }
        if (!mqtt::is_failure(packet.reason_code)) {
            send_acknowledgement(PacketType::Pubrel, packet.packet_id,
                                 ReasonCode::PacketIdentifierNotFound);
        }
        return;
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_acknowledged(packet, *item);
    }
    if (mqtt::is_failure(packet.reason_code)) {
        complete_item(*item);  // the client does not want it; no PUBREL follows [MQTT-4.3.3-4]
        pump();
        return;
    }
    if (item->state == OutboundItem::State::Released) {
        send_acknowledgement(PacketType::Pubrel, packet.packet_id);
        return;
    }
    if (item->state == OutboundItem::State::Received) {
        return;  // a duplicate; PUBREL follows the commit
    }
    context_.sessions->release(*session_, *item);
}

void Connection::on_pubrel(const mqtt::Acknowledgement& packet) {
    InboundId* known = session_->inbound.find(packet.packet_id);
    if (known == nullptr) {
        send_acknowledgement(PacketType::Pubcomp, packet.packet_id,
                             ReasonCode::PacketIdentifierNotFound);
        return;
    }
    switch (known->state) {
        case InboundState::Publishing:
            ++context_.counters.protocol_errors;
            end(ReasonCode::ProtocolError, "PUBREL before PUBREC", WillFate::Publish);
            return;
        case InboundState::Releasing:
            known->is_asked = true;
            return;  // PUBCOMP follows the commit
        case InboundState::Received:
            break;
    }
    if (!known->is_stored) {
        finish_release(packet.packet_id);
        return;
    }
    // The client may use the id anew after PUBCOMP, so the disk must have forgotten it before.
    known->state = InboundState::Releasing;
    known->is_asked = true;
    context_.sessions->forget_inbound(*session_, packet.packet_id);
}

void Connection::finish_release(PacketId packet_id) {
    const InboundId* known = session_->inbound.find(packet_id);
    CHECK(known != nullptr);
    under_way_ -= known->is_current ? 1U : 0U;
    session_->inbound.remove(packet_id);
    send_acknowledgement(PacketType::Pubcomp, packet_id);
}

void Connection::on_pubcomp(const mqtt::Acknowledgement& packet) {
    OutboundItem* item = session_->outbound.find_sent(packet.packet_id);
    if (item == nullptr || item->state != OutboundItem::State::Released) {
        return;
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_acknowledged(packet, *item);
    }
    complete_item(*item);
    pump();
}

void Connection::on_disconnect(const mqtt::Disconnect& packet) {
    if (packet.session_expiry_interval) {
        if (!session_->stays() && *packet.session_expiry_interval != 0) {
            // [MQTT-3.14.2-2] and section 3.14.2.2.2
            ++context_.counters.protocol_errors;
            end(ReasonCode::ProtocolError, "session expiry cannot start at DISCONNECT",
                WillFate::Publish);
            return;
        }
        context_.sessions->set_expiry(*session_, *packet.session_expiry_interval);
    }
    const bool wants_will = packet.reason_code != ReasonCode::Success;  // [MQTT-3.14.4-3]
    end(ReasonCode::Success, wants_will ? "disconnected with will" : "disconnected",
        wants_will ? WillFate::Publish : WillFate::Discard);
}

}  // namespace kith::broker
