// Test support: a client that speaks MQTT to the broker of a rig, and keeps what it hears.
//
// Not part of the module. Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/stream.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"
#include "wire/mqtt/frame.h"

namespace kith::broker::testing {

class BrokerRig;

/// A PUBLISH as it arrived, owned.
struct Received {
    std::string topic;
    std::string payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    bool dup = false;
    PacketId packet_id;
    std::optional<std::uint32_t> expiry_s;
    std::optional<std::uint16_t> topic_alias;
    std::vector<std::uint32_t> identifiers;
    std::string response_topic;
    std::string content_type;
    std::optional<std::uint8_t> payload_format;
    std::string correlation;
    std::vector<std::pair<std::string, std::string>> user_properties;
};

/// Other packets as they arrived, with what tests ask of them.
struct Answered {
    mqtt::PacketType type = mqtt::PacketType::Pingresp;
    PacketId packet_id;
    mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
    std::vector<mqtt::ReasonCode> reasons;
    bool session_present = false;
    std::string text;  // assigned client id, or reason string
    std::optional<std::uint32_t> session_expiry_s;
    std::optional<std::uint16_t> receive_maximum;
    std::optional<std::uint16_t> topic_alias_maximum;
    std::optional<std::uint32_t> maximum_packet_size;
    std::string response_information;
    std::string authentication_method;
    std::string authentication_data;
};

class TestClient final : public runtime::StreamHandler {
  public:
    TestClient(BrokerRig& rig, std::string client_id);
    ~TestClient();

    // What the next connect() says. Client id and version are set here too.
    mqtt::Connect settings;
    std::string client_id;
    /// Acknowledge QoS 1 and 2 by itself.
    bool acknowledges = true;
    /// Keep packets in `answers`; else they are only counted.
    bool keeps_answers = true;

    /// Opens a connection and sends CONNECT; runs until it is answered or closed.
    Answered connect();
    /// The same as MQTT 5 with Clean Start 0 and a session that never expires.
    Answered connect_durable();
    void open_stream();
    /// Sends `settings` on it, and reads what comes as their version says.
    void begin();
    template <typename Packet>
    void send(const Packet& packet);
    void send_raw(Bytes bytes);

    /// Sends and runs until a packet of this type has come, or the connection is closed.
    template <typename Packet>
    Answered ask(const Packet& packet, mqtt::PacketType answer) {
        send(packet);
        return wait_for(answer);
    }
    Answered subscribe(std::string_view filter, Qos qos = Qos::AtMostOnce,
                       mqtt::Subscription options = {}, std::uint32_t identifier = 0);
    Answered unsubscribe(std::string_view filter);
    /// Sends and, for QoS 1 and 2, does not wait for anything.
    PacketId publish(std::string_view topic, std::string_view payload, Qos qos = Qos::AtMostOnce,
                     bool retain = false);
    void acknowledge(mqtt::PacketType type, PacketId packet_id,
                     mqtt::ReasonCode reason = mqtt::ReasonCode::Success);
    void disconnect(mqtt::ReasonCode reason = mqtt::ReasonCode::Success);
    /// Runs until the broker has closed; false if it does not within a minute.
    [[nodiscard]] bool wait_closed();
    /// The connection breaks, without DISCONNECT.
    void drop();
    void pause_reading() { stream_->pause_reading(); }
    void resume_reading() { stream_->resume_reading(); }

    [[nodiscard]] bool is_open() const { return stream_ != nullptr; }
    [[nodiscard]] std::vector<std::string> payloads() const;
    [[nodiscard]] std::size_t count(mqtt::PacketType type) const;
    /// The last packet of this type; fails the test if there is none.
    [[nodiscard]] Answered last(mqtt::PacketType type) const;
    /// Runs until a packet of this type has come, or the connection is closed.
    Answered wait_for(mqtt::PacketType type);

    std::vector<Received> received;
    std::vector<Answered> answers;

    // runtime::StreamHandler
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_closed(const Error& reason) override;

  private:
    void on_packet(const mqtt::Packet& packet);
    void on_publish(const mqtt::Publish& packet);
    BrokerRig& rig_;
    std::unique_ptr<runtime::Stream> stream_;
    mqtt::Framer framer_{256 * 1024 * 1024};
    mqtt::Decoder decoder_{mqtt::Sender::Server};
    bool is_connected_ = false;
    std::uint16_t last_packet_id_ = 0;
    std::array<std::size_t, 16> counts_{};  // of answers, by type
};

template <typename Packet>
void TestClient::send(const Packet& packet) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, settings.version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, settings.version, writer);
    send_raw(bytes);
}

}  // namespace kith::broker::testing
