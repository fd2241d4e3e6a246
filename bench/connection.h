// One client of the load generator: it connects, subscribes, acknowledges and counts.
//
// Built to cost next to nothing a message: what comes in is split into packets and counted, what
// goes out was encoded beforehand. Only what a scenario asks for is looked at more closely.
// Callbacks come from the shard's loop; they do not destroy the connection. Threads: shard-local.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "bench/options.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "wire/mqtt/frame.h"
#include "wire/mqtt/packets.h"

namespace kith::bench {

class Connection;

class ConnectionEvents {
  public:
    /// CONNACK said yes.
    virtual void on_ready(Connection& connection) = 0;
    /// `count` PUBLISH packets came, once for each range read.
    virtual void on_messages(Connection& connection, std::size_t count) = 0;
    /// `count` of its own QoS 1 or 2 publishes are done.
    virtual void on_acknowledged(Connection& connection, std::size_t count) {
        static_cast<void>(connection);
        static_cast<void>(count);
    }
    /// The payload of each message, before on_messages(); only after want_payloads().
    virtual void on_payload(Connection& connection, Bytes payload) {
        static_cast<void>(connection);
        static_cast<void>(payload);
    }
    /// SUBACK; false if the broker refused a filter.
    virtual void on_subscribed(Connection& connection, bool granted) {
        static_cast<void>(connection);
        static_cast<void>(granted);
    }
    /// There is room to send again.
    virtual void on_room(Connection& connection) { static_cast<void>(connection); }
    /// It could not be made, was refused or broke.
    virtual void on_failed(Connection& connection, const std::string& reason) = 0;

  protected:
    ~ConnectionEvents() = default;
};

class Connection final : private runtime::StreamHandler {
  public:
    Connection(runtime::Shard& shard, const Options& options, std::string client_id,
               ConnectionEvents& events);
    ~Connection();

    /// The session outlives its connection, but not close(). Requires: MQTT 5, not yet open.
    void make_durable();
    void open();
    /// Says goodbye and closes; no event follows.
    void close();

    void subscribe(const std::vector<std::string>& filters, Qos qos);
    void want_payloads() { wants_payloads_ = true; }
    /// From now on it takes nothing that the broker sends. Requires: ready.
    void stop_reading() { stream_->pause_reading(); }

    /// Where to append encoded packets; send() follows.
    [[nodiscard]] runtime::OutputQueue& output() { return stream_->output(); }
    void send() { stream_->request_flush(); }
    [[nodiscard]] bool has_room() const { return stream_ != nullptr && !stream_->is_congested(); }

    /// The next packet id for a QoS 1 or 2 publish.
    [[nodiscard]] PacketId next_packet_id();
    /// QoS 1 and 2 publishes that the broker takes at a time.
    [[nodiscard]] std::size_t receive_maximum() const { return receive_maximum_; }

    /// For its owner: which of many it is.
    std::size_t index = 0;

  private:
    enum class State : std::uint8_t { Idle, Opening, Ready, Closed };

    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_drained() override { events_.on_room(*this); }
    void on_closed(const Error& reason) override;

    [[nodiscard]] bool on_frame(const mqtt::Frame& frame);
    [[nodiscard]] bool on_publish(const mqtt::Frame& frame);
    [[nodiscard]] bool on_other(const mqtt::Frame& frame);
    [[nodiscard]] bool on_connack(const mqtt::Frame& frame);
    [[nodiscard]] bool on_suback(const mqtt::Frame& frame);
    [[nodiscard]] bool on_acknowledgement(const mqtt::Frame& frame);
    void add_acknowledgement(mqtt::PacketType type, Bytes packet_id);
    void fail(const std::string& reason);
    template <typename Packet>
    void send_packet(const Packet& packet);

    runtime::Shard& shard_;
    const Options& options_;
    ConnectionEvents& events_;
    std::string client_id_;
    std::unique_ptr<runtime::Stream> stream_;
    mqtt::Framer framer_{limits::kPacketBytesMax};
    std::vector<std::uint8_t> acknowledgements_;  // gathered over one range read
    std::vector<std::uint32_t> filter_counts_;    // of each SUBSCRIBE that is not answered
    std::size_t messages_read_ = 0;               // in this range
    std::size_t acknowledged_read_ = 0;
    std::uint16_t receive_maximum_ = 65'535;
    std::uint16_t last_packet_id_ = 0;
    State state_ = State::Idle;
    bool wants_payloads_ = false;
    bool is_durable_ = false;
};

}  // namespace kith::bench
