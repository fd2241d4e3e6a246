#include "broker/testing/chaos_client.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kith::broker::testing {

ChaosClient::ChaosClient(BrokerRig& rig, ChaosLog& log, const Traits& traits)
    : rig_(rig), log_(log), traits_(traits) {}

ChaosClient::~ChaosClient() {
    close();
}

void ChaosClient::connect() {
    close();
    framer_ = mqtt::Framer(16 * 1024 * 1024);
    auto stream = rig_.clients().shard(ShardId(0)).network().connect(rig_.address(), *this);
    if (stream) {
        stream_ = std::move(*stream);
    }
}

void ChaosClient::close() {
    if (stream_ != nullptr) {
        stream_->abort();
        stream_.reset();
    }
    is_ready_ = false;
    requests_.clear();
    unsent_acks_.clear();
}

void ChaosClient::drop() {
    close();
}

void ChaosClient::disconnect() {
    if (is_ready_) {
        flush_acks();
        send(mqtt::Disconnect{});
        stream_->close();
        is_ready_ = false;
    }
}

void ChaosClient::on_connected() {
    mqtt::Connect connect{.version = traits_.version, .clean_start = !traits_.is_durable};
    const std::string client_id = id();
    connect.client_id = client_id;
    if (traits_.version == mqtt::Version::V5) {
        connect.session_expiry_interval = traits_.is_durable ? 0xFFFF'FFFF : 0;
        connect.receive_maximum = traits_.receive_maximum;
    }
    decoder_.set_version(traits_.version);
    send(connect);
}

template <typename Packet>
void ChaosClient::send(const Packet& packet) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, traits_.version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, traits_.version, writer);
    stream_->send(bytes);
}

void ChaosClient::on_data(MutableBytes bytes) {
    const Status fed = framer_.feed(bytes, [this](const mqtt::Frame& frame) {
        const Result<mqtt::Packet> packet = decoder_.decode(frame);
        EXPECT_TRUE(packet.has_value()) << (packet ? "" : packet.error().text);
        if (!packet) {
            return true;
        }
        if (const auto* publish = std::get_if<mqtt::Publish>(&*packet)) {
            on_publish(*publish);
        } else if (const auto* connack = std::get_if<mqtt::Connack>(&*packet)) {
            on_connack(*connack);
        } else if (const auto* acknowledgement = std::get_if<mqtt::Acknowledgement>(&*packet)) {
            on_acknowledgement(*acknowledgement);
        } else if (const auto* suback = std::get_if<mqtt::Suback>(&*packet)) {
            on_answer(suback->packet_id);
        } else if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&*packet)) {
            on_answer(unsuback->packet_id);
        } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&*packet)) {
            ADD_FAILURE() << id() << " sent away: " << mqtt::to_string(disconnect->reason_code);
        }
        return true;
    });
    EXPECT_TRUE(fed.has_value());
}

void ChaosClient::on_closed(const Error&) {
    stream_.reset();
    is_ready_ = false;
    requests_.clear();
    unsent_acks_.clear();
}

void ChaosClient::on_connack(const mqtt::Connack& packet) {
    EXPECT_EQ(packet.reason_code, mqtt::ReasonCode::Success);
    is_ready_ = true;
    if (!packet.session_present) {
        lose_session();
    }
    has_session_ = true;
    for (const Outgoing& outgoing : inflight_) {
        if (outgoing.is_released) {
            send(mqtt::Acknowledgement{.type = mqtt::PacketType::Pubrel,
                                       .packet_id = outgoing.packet_id});
        } else {
            send_publish(outgoing, true);
        }
    }
}

/// What was promised to the old session is void. A durable one must not be lost once the broker has
/// acknowledged anything that lives in it.
void ChaosClient::lose_session() {
    for (ChaosSubscription& subscription : subscriptions_) {
        if (subscription.ended_at == Instant::never()) {
            EXPECT_TRUE(!traits_.is_durable || subscription.granted_at == Instant::never())
                << id() << " lost a session with a subscription to " << subscription.filter;
            subscription.end_asked_at = std::min(subscription.end_asked_at, now());
            subscription.ended_at = now();
        }
    }
    session_losses_ += has_session_ ? 1U : 0U;
    inflight_.clear();
    inbound_.clear();
    session_since_ = now();
}

PacketId ChaosClient::unused_id() {
    const auto is_used = [this](std::uint16_t id) {
        return id == 0 || requests_.contains(id) ||
               std::ranges::any_of(inflight_, [id](const Outgoing& outgoing) {
                   return outgoing.packet_id == PacketId(id);
               });
    };
    do {
        // Few ids, so that they come again soon.
        last_packet_id_ = static_cast<std::uint16_t>(last_packet_id_ % 40 + 1);
    } while (is_used(last_packet_id_));
    return PacketId(last_packet_id_);
}

void ChaosClient::subscribe(const std::string& filter, Qos qos) {
    for (ChaosSubscription& subscription : subscriptions_) {
        if (subscription.filter == filter && subscription.ended_at == Instant::never()) {
            subscription.end_asked_at = std::min(subscription.end_asked_at, now());
        }
    }
    const PacketId packet_id = unused_id();
    requests_[packet_id.value()] = {.subscriptions = {subscriptions_.size()}, .is_subscribe = true};
    subscriptions_.push_back({.filter = filter, .qos = qos, .asked_at = now()});
    const mqtt::Subscription wanted{.filter = filter, .maximum_qos = qos};
    mqtt::Subscribe packet{.packet_id = packet_id};
    packet.subscriptions = std::span(&wanted, 1);
    send(packet);
}

void ChaosClient::unsubscribe(const std::string& filter) {
    const PacketId packet_id = unused_id();
    Request request;
    for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
        ChaosSubscription& subscription = subscriptions_[i];
        if (subscription.filter == filter && subscription.ended_at == Instant::never()) {
            subscription.end_asked_at = std::min(subscription.end_asked_at, now());
            request.subscriptions.push_back(i);
        }
    }
    requests_[packet_id.value()] = request;
    const std::string_view text = filter;
    mqtt::Unsubscribe packet{.packet_id = packet_id};
    packet.filters = std::span(&text, 1);
    send(packet);
}

void ChaosClient::on_answer(PacketId packet_id) {
    const auto found = requests_.find(packet_id.value());
    ASSERT_NE(found, requests_.end());
    for (const std::size_t position : found->second.subscriptions) {
        ChaosSubscription& subscription = subscriptions_[position];
        if (!found->second.is_subscribe) {
            subscription.ended_at = std::min(subscription.ended_at, now());
            continue;
        }
        subscription.granted_at = now();
        // It has replaced those before it.
        for (std::size_t i = 0; i < position; ++i) {
            if (subscriptions_[i].filter == subscription.filter) {
                subscriptions_[i].ended_at = std::min(subscriptions_[i].ended_at, now());
            }
        }
    }
    requests_.erase(found);
}

bool ChaosClient::may_publish() const {
    return is_ready_ && inflight_.size() + requests_.size() < traits_.inflight_max;
}

void ChaosClient::publish(ChaosMessage message) {
    message.sent_at = now();
    message.publisher = traits_.number;
    message.number = static_cast<std::uint32_t>(log_.size());
    log_.push_back(message);
    Outgoing outgoing{.packet_id = {}, .message = message.number};
    if (message.qos != Qos::AtMostOnce) {
        outgoing.packet_id = unused_id();
        inflight_.push_back(outgoing);
    }
    send_publish(outgoing, false);
}

void ChaosClient::send_publish(const Outgoing& outgoing, bool dup) {
    ChaosMessage& message = log_[outgoing.message];
    ++message.send_count;
    std::string payload = std::to_string(message.number);
    if (message.is_clear) {
        payload.clear();
    } else if (message.number % 7 == 0) {
        payload.resize(payload.size() + 3000, ' ');  // large enough to be a shared block
    }
    send(mqtt::Publish{.dup = dup && message.qos != Qos::AtMostOnce,
                       .qos = message.qos,
                       .retain = message.retain,
                       .topic = message.topic,
                       .packet_id = outgoing.packet_id,
                       .payload = as_bytes(payload)});
}

void ChaosClient::on_publish(const mqtt::Publish& packet) {
    const bool is_known =
        packet.qos == Qos::ExactlyOnce && inbound_.contains(packet.packet_id.value());
    if (!is_known) {
        note(packet);
    }
    if (packet.qos == Qos::AtLeastOnce) {
        acknowledge(mqtt::PacketType::Puback, packet.packet_id);
    } else if (packet.qos == Qos::ExactlyOnce) {
        inbound_.insert(packet.packet_id.value());
        acknowledge(mqtt::PacketType::Pubrec, packet.packet_id);
    }
}

void ChaosClient::note(const mqtt::Publish& packet) {
    if (packet.payload.empty()) {
        return;  // a clear, seen live: it does not say which
    }
    const auto number =
        static_cast<std::uint32_t>(std::stoul(std::string(as_text(packet.payload))));
    ASSERT_LT(number, log_.size());
    EXPECT_EQ(packet.topic, log_[number].topic);
    receipts_.push_back({.message = number,
                         .qos = packet.qos,
                         .retain = packet.retain,
                         .dup = packet.dup,
                         .at = now(),
                         .session = session_losses_});
}

void ChaosClient::on_acknowledgement(const mqtt::Acknowledgement& packet) {
    using mqtt::PacketType;
    if (packet.type == PacketType::Pubrel) {
        inbound_.erase(packet.packet_id.value());
        acknowledge(PacketType::Pubcomp, packet.packet_id);
        return;
    }
    const auto found = std::ranges::find(inflight_, packet.packet_id, &Outgoing::packet_id);
    ASSERT_NE(found, inflight_.end()) << id() << " got " << mqtt::to_string(packet.type);
    ChaosMessage& message = log_[found->message];
    EXPECT_FALSE(is_failure(packet.reason_code) && packet.type != PacketType::Pubcomp)
        << mqtt::to_string(packet.reason_code);
    message.acked_at = std::min(message.acked_at, now());
    if (packet.type == PacketType::Pubrec) {
        EXPECT_EQ(message.qos, Qos::ExactlyOnce);
        found->is_released = true;
        acknowledge(PacketType::Pubrel, packet.packet_id);
        return;
    }
    EXPECT_EQ(packet.type,
              message.qos == Qos::AtLeastOnce ? PacketType::Puback : PacketType::Pubcomp);
    inflight_.erase(found);
}

void ChaosClient::acknowledge(mqtt::PacketType type, PacketId packet_id) {
    unsent_acks_.push_back({.type = type, .packet_id = packet_id});
    if (!is_lazy_) {
        flush_acks();
    }
}

void ChaosClient::set_lazy(bool is_lazy) {
    is_lazy_ = is_lazy;
    if (!is_lazy) {
        flush_acks();
    }
}

void ChaosClient::flush_acks() {
    if (stream_ == nullptr || !is_ready_) {
        return;
    }
    for (const mqtt::Acknowledgement& packet : std::exchange(unsent_acks_, {})) {
        send(packet);
    }
}

}  // namespace kith::broker::testing
