// The MQTT protocol of one client over any number of connections, without sockets: bytes and time
// in, bytes and events out.
//
//     caller: a connection is there           client.open(now)      -> CONNECT in output()
//     caller: bytes came                      client.receive(bytes, now)
//     caller: room to write                   client.pump(now)      -> what waits, in output()
//     caller: next_deadline() passed          client.tick(now)
//     caller: the connection is gone          client.close()
//
// What is published and subscribed outlives connections; see detail/outbound_queue.h and
// detail/subscription_list.h. MQTT 5.0, and 3.1.1 for tools. Callbacks run within receive(), pump()
// and stop(); they may publish and subscribe, but not destroy the client.
// Threads: shard-local. Limits: client_limits.h and ClientSettings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/time.h"
#include "sdk/client_limits.h"
#include "sdk/detail/outbound_queue.h"
#include "sdk/detail/packet_ids.h"
#include "sdk/detail/subscription_list.h"
#include "sdk/kith/outcome.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/frame.h"
#include "wire/mqtt/packets.h"

namespace kith::sdk {

struct ClientSettings {
    mqtt::Version version = mqtt::Version::V5;
    std::string client_id;  // empty: the node gives one
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    /// How long the node keeps the session of a lost connection, in seconds. The first connection
    /// always starts clean. MQTT 3 connections do, too: their sessions would never end.
    std::uint32_t session_expiry_interval = 0;
    std::uint16_t keep_alive = 60;  // seconds, 0 is off
    std::size_t queue_messages_max = kQueueMessagesMax;
    std::size_t queue_bytes_max = kQueueBytesMax;
    std::uint32_t packet_bytes_max = limits::kPacketBytesMax;  // taken from the node
};

class ClientEvents {
  public:
    /// The node accepted the connection. The CONNACK is borrowed for the call.
    virtual void on_accepted(const mqtt::Connack& connack) = 0;
    /// A message came; borrowed for the call. QoS 2: once.
    virtual void on_message(const mqtt::Publish& message) = 0;
    /// There is something for pump(), which is to be called soon, but not from within this.
    virtual void on_work() = 0;

  protected:
    ~ClientEvents() = default;
};

class MqttClient {
  public:
    MqttClient(ClientSettings settings, ClientEvents& events);
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    // --- The connection ----------------------------------------------------------------------

    /// Errors end the connection: the caller closes it and calls close().
    void open(Instant now);
    [[nodiscard]] Done receive(Bytes bytes, Instant now);
    void pump(Instant now);
    [[nodiscard]] Done tick(Instant now);
    [[nodiscard]] Instant next_deadline() const;
    void close();

    /// What is to be written; the caller takes it and clears it. pump() stops above
    /// kOutputBytesMax.
    [[nodiscard]] std::vector<std::uint8_t>& output() { return output_; }

    /// True from CONNACK to close().
    [[nodiscard]] bool is_accepted() const { return state_ == State::Accepted; }

    // --- The application ---------------------------------------------------------------------

    /// `done` follows the acknowledgement; for QoS 0 that it was handed to the socket. If the
    /// publish is refused here, `done` is not called. Errors: Invalid, Limit, Stopped.
    [[nodiscard]] Done publish(OutboundMessage message, DoneHandler done);
    /// `done` follows the node's answer. Errors: Invalid, Limit, Stopped; `done` is not called.
    [[nodiscard]] Done subscribe(std::string filter, const SubscribeOptions& options,
                                 DoneHandler done);
    [[nodiscard]] Done unsubscribe(const std::string& filter, DoneHandler done);

    /// Says goodbye, which ends the session at the node; the caller then closes the connection.
    void disconnect();
    /// Fails what is not done, and everything from now on.
    void stop(const Failure& failure);

    /// Publishes that are not done.
    [[nodiscard]] std::size_t pending_count() const { return queue_.message_count(); }
    [[nodiscard]] const std::string& client_id() const { return settings_.client_id; }
    [[nodiscard]] mqtt::Version version() const { return settings_.version; }

  private:
    enum class State : std::uint8_t { Closed, Opening, Accepted };

    [[nodiscard]] Done on_packet(const mqtt::Frame& frame);
    [[nodiscard]] Done on_connack(const mqtt::Connack& connack);
    void take_node_limits(const mqtt::Connack& connack);
    void on_publish(const mqtt::Publish& message);
    void on_acknowledgement(const mqtt::Acknowledgement& packet);
    void pump_subscriptions();
    void pump_messages(Instant now);
    [[nodiscard]] Done send_publish(const OutboundQueue::Entry& entry, Instant now);
    [[nodiscard]] Done check_node_takes(const mqtt::Publish& packet) const;
    void acknowledge(mqtt::PacketType type, PacketId id,
                     mqtt::ReasonCode reason = mqtt::ReasonCode::Success);
    template <typename Packet>
    void send(const Packet& packet);

    ClientSettings settings_;
    ClientEvents& events_;
    State state_ = State::Closed;
    std::optional<Failure> stopped_;
    bool was_accepted_ = false;  // ever

    PacketIds packet_ids_;
    OutboundQueue queue_;
    SubscriptionList subscriptions_;
    std::unordered_set<std::uint16_t> inbound_qos2_;  // received, not released

    mqtt::Framer framer_;
    mqtt::Decoder decoder_;
    std::vector<std::uint8_t> output_;

    // What the node said in its CONNACK.
    std::uint16_t inflight_max_ = 0;
    std::uint32_t node_packet_bytes_max_ = 0;
    Qos node_qos_max_ = Qos::ExactlyOnce;
    bool node_retains_ = true;
    bool node_has_identifiers_ = true;
    Duration keep_alive_{};

    Instant last_sent_;
    Instant last_received_;
    Instant ping_sent_ = Instant::never();
};

}  // namespace kith::sdk
