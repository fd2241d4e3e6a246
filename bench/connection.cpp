#include "bench/connection.h"

#include <algorithm>
#include <utility>

#include "base/byte_writer.h"
#include "base/check.h"
#include "runtime/network.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"

namespace kith::bench {
namespace {

/// Bytes of the packet id in an acknowledgement, and of a topic's length.
constexpr std::size_t kIdBytes = 2;

/// How long the durable session of a run that broke stays at the broker, in seconds.
constexpr std::uint32_t kSessionExpiryS = 600;

Qos qos_of(const mqtt::Frame& frame) {
    return static_cast<Qos>((frame.flags() >> 1) & 3);
}

}  // namespace

Connection::Connection(runtime::Shard& shard, const Options& options, std::string client_id,
                       ConnectionEvents& events)
    : shard_(shard), options_(options), events_(events), client_id_(std::move(client_id)) {}

Connection::~Connection() = default;

void Connection::make_durable() {
    CHECK(state_ == State::Idle);
    CHECK(options_.version == mqtt::Version::V5);
    is_durable_ = true;
}

void Connection::open() {
    CHECK(state_ == State::Idle);
    state_ = State::Opening;
    auto stream = shard_.network().connect(options_.target, *this);
    if (!stream) {
        fail(stream.error().text);
        return;
    }
    stream_ = std::move(*stream);
}

void Connection::close() {
    if (stream_ != nullptr && state_ != State::Closed) {
        mqtt::Disconnect packet;
        if (is_durable_) {
            packet.session_expiry_interval = 0;  // ends the session
        }
        send_packet(packet);
        stream_->close();
    }
    state_ = State::Closed;
}

void Connection::on_connected() {
    mqtt::Connect packet{.version = options_.version, .client_id = client_id_};
    if (is_durable_) {
        packet.session_expiry_interval = kSessionExpiryS;
    }
    if (!options_.token.empty()) {
        packet.user_name = "token";
        packet.password = as_bytes(options_.token);
    }
    send_packet(packet);
}

void Connection::subscribe(const std::vector<std::string>& filters, Qos qos) {
    std::vector<mqtt::Subscription> subscriptions;
    subscriptions.reserve(filters.size());
    for (const std::string& filter : filters) {
        subscriptions.push_back({.filter = filter, .maximum_qos = qos});
    }
    filter_counts_.push_back(static_cast<std::uint32_t>(filters.size()));
    send_packet(mqtt::Subscribe{.packet_id = next_packet_id(), .subscriptions = subscriptions});
}

PacketId Connection::next_packet_id() {
    last_packet_id_ = last_packet_id_ == 65'535 ? std::uint16_t{1}
                                                : static_cast<std::uint16_t>(last_packet_id_ + 1);
    return PacketId(last_packet_id_);
}

void Connection::on_data(MutableBytes bytes) {
    bool is_fine = true;
    const Status fed = framer_.feed(bytes, [&](const mqtt::Frame& frame) {
        is_fine = on_frame(frame);
        return is_fine;
    });
    if (!fed || !is_fine) {
        if (state_ != State::Closed) {
            fail("the broker sent what MQTT does not allow");
        }
        return;
    }
    if (!acknowledgements_.empty()) {
        stream_->send(acknowledgements_);
        acknowledgements_.clear();
    }
    if (const std::size_t count = std::exchange(messages_read_, 0); count != 0) {
        events_.on_messages(*this, count);
    }
    if (const std::size_t count = std::exchange(acknowledged_read_, 0); count != 0) {
        events_.on_acknowledged(*this, count);
    }
}

bool Connection::on_frame(const mqtt::Frame& frame) {
    return frame.type() == mqtt::PacketType::Publish ? on_publish(frame) : on_other(frame);
}

bool Connection::on_publish(const mqtt::Frame& frame) {
    ++messages_read_;
    const Qos qos = qos_of(frame);
    if (qos == Qos::AtMostOnce && !wants_payloads_) {
        return true;
    }
    // The topic's length and the topic; then, for QoS 1 and 2, the packet id.
    const Bytes body = frame.body;
    if (body.size() < kIdBytes) {
        return false;
    }
    std::size_t at = kIdBytes + static_cast<std::size_t>((body[0] << 8) | body[1]);
    if (qos != Qos::AtMostOnce) {
        if (body.size() < at + kIdBytes) {
            return false;
        }
        add_acknowledgement(
            qos == Qos::AtLeastOnce ? mqtt::PacketType::Puback : mqtt::PacketType::Pubrec,
            body.subspan(at, kIdBytes));
        at += kIdBytes;
    }
    if (wants_payloads_) {
        // The payloads of the generator's own messages end the packet and have one length.
        if (body.size() < at + options_.payload_bytes) {
            return false;
        }
        events_.on_payload(*this, body.last(options_.payload_bytes));
    }
    return true;
}

bool Connection::on_other(const mqtt::Frame& frame) {
    switch (static_cast<unsigned>(frame.type())) {
        case static_cast<unsigned>(mqtt::PacketType::Connack):
            return on_connack(frame);
        case static_cast<unsigned>(mqtt::PacketType::Suback):
            return on_suback(frame);
        case static_cast<unsigned>(mqtt::PacketType::Puback):
        case static_cast<unsigned>(mqtt::PacketType::Pubrec):
        case static_cast<unsigned>(mqtt::PacketType::Pubrel):
        case static_cast<unsigned>(mqtt::PacketType::Pubcomp):
            return on_acknowledgement(frame);
        case static_cast<unsigned>(mqtt::PacketType::Disconnect):
            fail("the broker ended the connection");
            return false;
        default:
            return true;
    }
}

bool Connection::on_connack(const mqtt::Frame& frame) {
    mqtt::Decoder decoder(mqtt::Sender::Server, options_.version);
    const Result<mqtt::Packet> packet = decoder.decode(frame);
    if (!packet || state_ != State::Opening) {
        return false;
    }
    const auto& connack = std::get<mqtt::Connack>(*packet);
    if (is_failure(connack.reason_code)) {
        fail("refused: " + std::string(mqtt::to_string(connack.reason_code)));
        return false;
    }
    receive_maximum_ = connack.receive_maximum.value_or(65'535);
    state_ = State::Ready;
    events_.on_ready(*this);
    return true;
}

bool Connection::on_suback(const mqtt::Frame& frame) {
    // In every version the codes end the packet, and those from 0x80 on refuse.
    if (filter_counts_.empty() || frame.body.size() < filter_counts_.front()) {
        return false;
    }
    const Bytes codes = frame.body.last(filter_counts_.front());
    filter_counts_.erase(filter_counts_.begin());
    events_.on_subscribed(
        *this, std::ranges::all_of(codes, [](std::uint8_t code) { return code < 0x80; }));
    return true;
}

bool Connection::on_acknowledgement(const mqtt::Frame& frame) {
    if (frame.body.size() < kIdBytes) {
        return false;
    }
    if (frame.body.size() > kIdBytes && frame.body[kIdBytes] >= 0x80) {
        fail("the broker refused a publish");
        return false;
    }
    const mqtt::PacketType type = frame.type();
    if (type == mqtt::PacketType::Puback || type == mqtt::PacketType::Pubcomp) {
        ++acknowledged_read_;
    } else {
        add_acknowledgement(
            type == mqtt::PacketType::Pubrec ? mqtt::PacketType::Pubrel : mqtt::PacketType::Pubcomp,
            frame.body.first(kIdBytes));
    }
    return true;
}

/// The short form that every version has: type, 2, packet id.
void Connection::add_acknowledgement(mqtt::PacketType type, Bytes packet_id) {
    const unsigned flags = type == mqtt::PacketType::Pubrel ? 2U : 0U;  // [MQTT-3.6.1-1]
    acknowledgements_.push_back(
        static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4) | flags));
    acknowledgements_.push_back(kIdBytes);
    acknowledgements_.insert(acknowledgements_.end(), packet_id.begin(), packet_id.end());
}

void Connection::on_closed(const Error& reason) {
    if (state_ != State::Closed) {
        fail(reason.text);
    }
    stream_.reset();
}

void Connection::fail(const std::string& reason) {
    state_ = State::Closed;
    events_.on_failed(*this, reason);
}

template <typename Packet>
void Connection::send_packet(const Packet& packet) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, options_.version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, options_.version, writer);
    stream_->send(bytes);
}

}  // namespace kith::bench
