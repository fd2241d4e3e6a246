#include "sdk/mqtt_client.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/byte_writer.h"
#include "base/check.h"
#include "base/utf8.h"
#include "bus/topic.h"
#include "sdk/detail/check_text.h"
#include "wire/mqtt/encoder.h"

namespace kith::sdk {
namespace {

/// A failure of the node's making, in its own words if it has some.
Failure refused(mqtt::ReasonCode code, std::optional<std::string_view> reason_string) {
    std::string text(mqtt::to_string(code));
    if (reason_string && !reason_string->empty()) {
        text += ": ";
        text += *reason_string;
    }
    return {FailureKind::Refused, std::move(text), static_cast<std::uint8_t>(code)};
}

mqtt::ReasonCode reason_of(bool is_known) {
    return is_known ? mqtt::ReasonCode::Success : mqtt::ReasonCode::PacketIdentifierNotFound;
}

Failure broken(const Error& error) {
    return {FailureKind::Offline,
            std::string("the node sent what MQTT does not allow: ") + error.text};
}

}  // namespace

MqttClient::MqttClient(ClientSettings settings, ClientEvents& events)
    : settings_(std::move(settings)),
      events_(events),
      queue_({.messages_max = settings_.queue_messages_max, .bytes_max = settings_.queue_bytes_max},
             packet_ids_),
      subscriptions_(packet_ids_),
      framer_(settings_.packet_bytes_max),
      decoder_(mqtt::Sender::Server, settings_.version) {}

void MqttClient::open(Instant now) {
    CHECK(state_ == State::Closed);
    state_ = State::Opening;
    framer_ = mqtt::Framer(settings_.packet_bytes_max);
    keep_alive_ = std::chrono::seconds(settings_.keep_alive);
    last_sent_ = now;
    last_received_ = now;
    const bool is_v5 = settings_.version == mqtt::Version::V5;
    mqtt::Connect packet{
        .version = settings_.version,
        .clean_start = !is_v5 || !was_accepted_ || settings_.session_expiry_interval == 0,
        .keep_alive = settings_.keep_alive,
        .client_id = settings_.client_id};
    if (settings_.user_name) {
        packet.user_name = *settings_.user_name;
    }
    if (settings_.password) {
        packet.password = as_bytes(*settings_.password);
    }
    if (is_v5) {
        packet.session_expiry_interval = settings_.session_expiry_interval;
        packet.maximum_packet_size = settings_.packet_bytes_max;
    }
    send(packet);
}

Done MqttClient::receive(Bytes bytes, Instant now) {
    last_received_ = now;
    ping_sent_ = Instant::never();
    Done outcome;
    const Status fed = framer_.feed(bytes, [&](const mqtt::Frame& frame) {
        outcome = on_packet(frame);
        return outcome.has_value() && state_ != State::Closed;
    });
    if (!fed) {
        return broken(fed.error());
    }
    return outcome;
}

Done MqttClient::on_packet(const mqtt::Frame& frame) {
    const Result<mqtt::Packet> decoded = decoder_.decode(frame);
    if (!decoded) {
        return broken(decoded.error());
    }
    const mqtt::Packet& packet = *decoded;
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        return on_connack(*connack);
    }
    if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) {
        return refused(disconnect->reason_code, disconnect->reason_string);
    }
    if (state_ != State::Accepted) {
        return Failure{FailureKind::Offline, "the node did not answer with a CONNACK"};
    }
    if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        on_publish(*publish);
    } else if (const auto* acknowledgement = std::get_if<mqtt::Acknowledgement>(&packet)) {
        on_acknowledgement(*acknowledgement);
    } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
        const mqtt::ReasonCode code = suback->reason_codes.front();
        subscriptions_.complete(suback->packet_id,
                                is_failure(code) ? refused(code, suback->reason_string) : Done());
    } else if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&packet)) {
        subscriptions_.complete(unsuback->packet_id, {});
    } else if (std::holds_alternative<mqtt::Auth>(packet)) {
        return Failure{FailureKind::Offline, "the node asks for an authentication unknown here"};
    }
    return {};
}

Done MqttClient::on_connack(const mqtt::Connack& connack) {
    if (state_ != State::Opening) {
        return Failure{FailureKind::Offline, "the node sent a second CONNACK"};
    }
    if (is_failure(connack.reason_code)) {
        return refused(connack.reason_code, connack.reason_string);
    }
    state_ = State::Accepted;
    was_accepted_ = true;
    take_node_limits(connack);
    if (!connack.session_present) {
        inbound_qos2_.clear();
    }
    subscriptions_.resume(connack.session_present);
    for (const PacketId id : queue_.resume(connack.session_present)) {
        acknowledge(mqtt::PacketType::Pubrel, id);
    }
    events_.on_accepted(connack);
    return {};
}

void MqttClient::take_node_limits(const mqtt::Connack& connack) {
    inflight_max_ =
        std::min(connack.receive_maximum.value_or(kInflightMessagesMax), kInflightMessagesMax);
    node_packet_bytes_max_ = connack.maximum_packet_size.value_or(UINT32_MAX);
    node_qos_max_ = connack.maximum_qos.value_or(Qos::ExactlyOnce);
    node_retains_ = connack.retain_available.value_or(true);
    node_has_identifiers_ = connack.subscription_identifiers_available.value_or(true);
    if (connack.server_keep_alive) {
        keep_alive_ = std::chrono::seconds(*connack.server_keep_alive);
    }
    if (connack.assigned_client_identifier) {
        settings_.client_id = *connack.assigned_client_identifier;
    }
}

void MqttClient::on_publish(const mqtt::Publish& message) {
    // Acknowledged behind the event: what the application never saw comes again.
    if (message.qos == Qos::ExactlyOnce) {
        if (inbound_qos2_.insert(message.packet_id.value()).second) {
            events_.on_message(message);
        }
        acknowledge(mqtt::PacketType::Pubrec, message.packet_id);
        return;
    }
    events_.on_message(message);
    if (message.qos == Qos::AtLeastOnce) {
        acknowledge(mqtt::PacketType::Puback, message.packet_id);
    }
}

void MqttClient::on_acknowledgement(const mqtt::Acknowledgement& packet) {
    const PacketId id = packet.packet_id;
    const Done outcome =
        is_failure(packet.reason_code) ? refused(packet.reason_code, packet.reason_string) : Done();
    if (packet.reason_code == mqtt::ReasonCode::NoMatchingSubscribers) {
        queue_.mark_unwanted(id);
    }
    if (packet.type == mqtt::PacketType::Pubrel) {
        acknowledge(mqtt::PacketType::Pubcomp, id, reason_of(inbound_qos2_.erase(id.value()) != 0));
    } else if (packet.type == mqtt::PacketType::Pubrec && outcome) {
        acknowledge(mqtt::PacketType::Pubrel, id, reason_of(queue_.release(id)));
    } else {  // PUBACK, PUBCOMP, and a PUBREC that refuses
        queue_.complete(id, outcome);
    }
}

void MqttClient::pump(Instant now) {
    if (state_ == State::Accepted) {
        pump_subscriptions();
        pump_messages(now);
    }
    if (!output_.empty()) {
        last_sent_ = now;
    }
}

void MqttClient::pump_subscriptions() {
    while (output_.size() < kOutputBytesMax) {
        const SubscriptionList::Request request = subscriptions_.next();
        if (request.filter == nullptr) {
            return;
        }
        if (request.options == nullptr) {
            const std::string_view filter = *request.filter;
            send(mqtt::Unsubscribe{.packet_id = request.packet_id, .filters = {&filter, 1}});
            continue;
        }
        const mqtt::Subscription subscription{
            .filter = *request.filter,
            .maximum_qos = request.options->maximum_qos,
            .no_local = request.options->no_local,
            .retain_as_published = request.options->retain_as_published,
            .retain_handling = request.options->retain_handling};
        mqtt::Subscribe packet{.packet_id = request.packet_id, .subscriptions = {&subscription, 1}};
        if (request.options->identifier != 0 && node_has_identifiers_) {
            packet.subscription_identifier = request.options->identifier;
        }
        send(packet);
    }
}

void MqttClient::pump_messages(Instant now) {
    while (output_.size() < kOutputBytesMax) {
        OutboundQueue::Entry* entry = queue_.next(inflight_max_);
        if (entry == nullptr) {
            return;
        }
        if (const Done sent = send_publish(*entry, now); !sent) {
            queue_.next_is_refused(sent.failure());
        } else {
            queue_.next_was_sent();
        }
    }
}

Done MqttClient::send_publish(const OutboundQueue::Entry& entry, Instant now) {
    const OutboundMessage& message = entry.message;
    mqtt::Publish packet{.dup = entry.dup,
                         .qos = message.qos,
                         .retain = message.retain,
                         .topic = message.topic,
                         .packet_id = entry.packet_id,
                         .payload = as_bytes(message.payload),
                         .properties = {.encoded = message.properties}};
    if (message.expires_at != Instant::never()) {
        // A duplicate goes on: its first sending may be half way through QoS 2.
        if (now >= message.expires_at && !entry.dup) {
            return Failure{FailureKind::Timeout, "it expired before it could be sent"};
        }
        const Duration left = std::max(message.expires_at - now, Duration(1s));
        packet.message_expiry_interval = static_cast<std::uint32_t>(
            std::min<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(left).count(),
                                   std::numeric_limits<std::uint32_t>::max()));
    }
    if (Done taken = check_node_takes(packet); !taken) {
        return taken;
    }
    send(packet);
    return {};
}

/// What a node does not take is only known once it is connected.
Done MqttClient::check_node_takes(const mqtt::Publish& packet) const {
    if (mqtt::encoded_bytes(packet, settings_.version) > node_packet_bytes_max_) {
        return Failure{FailureKind::Limit, "larger than the node takes"};  // [MQTT-3.2.2-15]
    }
    if (packet.qos > node_qos_max_) {
        return Failure{FailureKind::Refused, "the node does not support this QoS"};
    }
    if (packet.retain && !node_retains_) {
        return Failure{FailureKind::Refused, "the node does not retain messages"};
    }
    return {};
}

Done MqttClient::tick(Instant now) {
    if (state_ != State::Accepted || keep_alive_ == Duration::zero()) {
        return {};
    }
    if (ping_sent_ != Instant::never()) {
        if (now >= ping_sent_ + kPingTimeout) {
            return Failure{FailureKind::Offline, "the node is silent"};
        }
        return {};
    }
    if (now >= std::min(last_sent_, last_received_) + keep_alive_) {
        ping_sent_ = now;
        last_sent_ = now;
        send(mqtt::Pingreq{});
    }
    return {};
}

Instant MqttClient::next_deadline() const {
    if (state_ != State::Accepted || keep_alive_ == Duration::zero()) {
        return Instant::never();
    }
    return ping_sent_ != Instant::never() ? ping_sent_ + kPingTimeout
                                          : std::min(last_sent_, last_received_) + keep_alive_;
}

void MqttClient::close() {
    state_ = State::Closed;
    ping_sent_ = Instant::never();
    output_.clear();
}

Done MqttClient::publish(OutboundMessage message, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    if (Done checked = check_text<bus::TopicName>(message.topic); !checked) {
        return checked;
    }
    if (message.payload.size() + message.properties.size() > kMessageBytesMax) {
        return Failure{FailureKind::Limit, "larger than a message can be"};
    }
    Done added = queue_.add(std::move(message), std::move(done));
    events_.on_work();
    return added;
}

Done MqttClient::subscribe(std::string filter, const SubscribeOptions& options, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    if (Done checked = check_text<bus::SubscriptionFilter>(filter); !checked) {
        return checked;
    }
    Done added = subscriptions_.add(std::move(filter), options, std::move(done));
    events_.on_work();
    return added;
}

Done MqttClient::unsubscribe(const std::string& filter, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    Done removed = subscriptions_.remove(filter, std::move(done));
    events_.on_work();
    return removed;
}

void MqttClient::disconnect() {
    if (state_ == State::Accepted) {
        mqtt::Disconnect packet;
        if (settings_.session_expiry_interval != 0) {
            packet.session_expiry_interval = 0;
        }
        send(packet);
    }
}

void MqttClient::stop(const Failure& failure) {
    stopped_ = failure;
    subscriptions_.fail_all(failure);
    queue_.fail_all(failure);
}

void MqttClient::acknowledge(mqtt::PacketType type, PacketId id, mqtt::ReasonCode reason) {
    send(mqtt::Acknowledgement{.type = type, .packet_id = id, .reason_code = reason});
}

template <typename Packet>
void MqttClient::send(const Packet& packet) {
    const std::size_t begin = output_.size();
    output_.resize(begin + mqtt::encoded_bytes(packet, settings_.version));
    ByteWriter writer(MutableBytes(output_).subspan(begin));
    mqtt::encode(packet, settings_.version, writer);
}

}  // namespace kith::sdk
