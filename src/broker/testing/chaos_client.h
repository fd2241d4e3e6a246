// Test support: a client that keeps MQTT's promises through every break of its connection.
//
// It resends what is not acknowledged, tells duplicates of QoS 2 from messages, and notes whatever
// it asked for and got, with the virtual time: what an oracle needs. Not part of the module.
// Threads: one.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/testing/broker_rig.h"

namespace kith::broker::testing {

/// One message of a run, as its publisher knows it. Its payload names it.
struct ChaosMessage {
    std::uint32_t number = 0;
    std::uint32_t publisher = 0;
    std::string topic;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    bool is_clear = false;  // an empty payload
    std::uint32_t send_count = 0;
    Instant sent_at;
    Instant acked_at = Instant::never();
    [[nodiscard]] bool is_acked() const { return acked_at != Instant::never(); }
};

/// One SUBSCRIBE of one filter and what followed.
struct ChaosSubscription {
    std::string filter;
    Qos qos = Qos::AtMostOnce;
    Instant asked_at;
    Instant granted_at = Instant::never();    // SUBACK seen
    Instant end_asked_at = Instant::never();  // UNSUBSCRIBE sent, or the same filter again
    Instant ended_at = Instant::never();      // UNSUBACK seen, or the session gone
};

struct ChaosReceipt {
    std::uint32_t message = 0;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    bool dup = false;
    Instant at;
    std::size_t session = 0;  // how many were lost before
};

/// All messages of a run, by number.
using ChaosLog = std::deque<ChaosMessage>;

class ChaosClient final : public runtime::StreamHandler {
  public:
    struct Traits {
        std::uint32_t number = 0;
        bool is_durable = false;
        mqtt::Version version = mqtt::Version::V5;
        std::uint16_t receive_maximum = 10;
        std::size_t inflight_max = 10;
    };
    ChaosClient(BrokerRig& rig, ChaosLog& log, const Traits& traits);
    ~ChaosClient();

    [[nodiscard]] const Traits& traits() const { return traits_; }
    [[nodiscard]] std::string id() const { return "client-" + std::to_string(traits_.number); }
    [[nodiscard]] bool is_open() const { return stream_ != nullptr; }
    /// CONNACK has come: it may speak.
    [[nodiscard]] bool is_ready() const { return is_ready_; }

    void connect();
    void drop();
    /// Orderly; a session that is not durable ends.
    void disconnect();

    void subscribe(const std::string& filter, Qos qos);
    void unsubscribe(const std::string& filter);
    [[nodiscard]] bool may_publish() const;
    void publish(ChaosMessage message);

    /// Keeps its acknowledgements back until flush_acks().
    void set_lazy(bool is_lazy);
    void flush_acks();

    [[nodiscard]] bool is_idle() const { return inflight_.empty() && requests_.empty(); }
    [[nodiscard]] const std::vector<ChaosSubscription>& subscriptions() const {
        return subscriptions_;
    }
    [[nodiscard]] const std::vector<ChaosReceipt>& receipts() const { return receipts_; }
    /// Since when its session has not been lost.
    [[nodiscard]] Instant session_since() const { return session_since_; }
    [[nodiscard]] std::size_t session_losses() const { return session_losses_; }

    // runtime::StreamHandler
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_closed(const Error& reason) override;

  private:
    struct Outgoing {
        PacketId packet_id;
        std::uint32_t message = 0;
        bool is_released = false;
    };
    struct Request {
        std::vector<std::size_t> subscriptions;  // positions in subscriptions_
        bool is_subscribe = false;
    };

    template <typename Packet>
    void send(const Packet& packet);
    void send_publish(const Outgoing& outgoing, bool dup);
    void acknowledge(mqtt::PacketType type, PacketId packet_id);
    [[nodiscard]] PacketId unused_id();
    void on_connack(const mqtt::Connack& packet);
    void on_publish(const mqtt::Publish& packet);
    void on_acknowledgement(const mqtt::Acknowledgement& packet);
    void on_answer(PacketId packet_id);
    void note(const mqtt::Publish& packet);
    void lose_session();
    void close();
    [[nodiscard]] Instant now() const { return rig_.world().now(); }

    BrokerRig& rig_;
    ChaosLog& log_;
    Traits traits_;
    std::unique_ptr<runtime::Stream> stream_;
    mqtt::Framer framer_{16 * 1024 * 1024};
    mqtt::Decoder decoder_{mqtt::Sender::Server};
    bool is_ready_ = false;
    bool is_lazy_ = false;
    bool has_session_ = false;
    std::uint16_t last_packet_id_ = 0;
    std::deque<Outgoing> inflight_;
    std::map<std::uint16_t, Request> requests_;
    std::set<std::uint16_t> inbound_;  // QoS 2 ids received and not released
    std::vector<mqtt::Acknowledgement> unsent_acks_;
    std::vector<ChaosSubscription> subscriptions_;
    std::vector<ChaosReceipt> receipts_;
    Instant session_since_;
    std::size_t session_losses_ = 0;
};

}  // namespace kith::broker::testing
