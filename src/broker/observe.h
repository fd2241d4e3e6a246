// What one shard of the broker shows of its inside: plain copies, for the API and for people.
//
// Views are borrowed for the visit. Threads: shard-local; other shards ask by mail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "base/time.h"

namespace kith::broker {

/// One session, connected or not.
struct ClientView {
    std::string client_id;
    std::string principal;
    std::string remote_address;  // empty while not connected
    std::string transport;       // "tcp", "tls", "ws", "wss"; empty while not connected
    std::string disconnect_reason;
    bool is_online = false;
    bool is_clean_start = false;
    std::uint8_t protocol_version = 0;  // 3, 4 or 5
    std::uint16_t keep_alive_s = 0;
    std::uint16_t receive_maximum = 0;
    std::uint32_t session_expiry_interval_s = 0;
    WallTime connected_at;
    WallTime disconnected_at;
    WallTime last_received_at;  // of the last bytes from it; 0 while not connected
    std::uint64_t subscription_count = 0;
    std::uint64_t queued_messages = 0;
    std::uint64_t inflight_messages = 0;
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t dropped = 0;
};

struct SubscriptionView {
    std::string filter;  // $share included
    Qos maximum_qos = Qos::AtMostOnce;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint32_t identifier = 0;
};

struct WillView {
    std::string topic;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::uint32_t delay_s = 0;
};

struct ClientDetail {
    ClientView client;
    std::vector<SubscriptionView> subscriptions;
    std::optional<WillView> will;
};

/// What was last published to a topic on this shard.
struct TopicView {
    std::string_view topic;
    std::uint64_t message_count = 0;
    std::uint64_t byte_count = 0;
    Bytes last_payload;  // its first bytes (256 at most)
    std::uint32_t last_payload_bytes = 0;
    WallTime last_at;
    std::string_view last_publisher;  // client id; empty if it is not of this shard or has gone
    Qos last_qos = Qos::AtMostOnce;
    bool last_retain = false;
};

/// A connected client that does not take what waits for it.
struct SlowClientView {
    std::string client_id;
    std::string remote_address;
    std::uint64_t unsent_bytes = 0;  // in its connection
    std::uint64_t queued_bytes = 0;  // in its session, QoS 1 and 2
    std::uint64_t queued_messages = 0;
    std::uint64_t inflight_messages = 0;      // sent and not acknowledged
    std::uint64_t inflight_messages_max = 0;  // as many as that it is sent no more
    Duration waits_for{};                     // without a moment of relief
    Duration no_progress_for{};               // since its connection took anything
    std::uint64_t dropped = 0;                // of its session, ever
    std::uint64_t publishers_held = 0;        // for it, since it became slow
};

/// A message from or to one client, as it passes.
struct ClientMessage {
    bool is_from_client = true;
    WallTime at;
    std::string_view topic;
    Bytes payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
};

/// Sees what passes between the node and one client.
class ClientWatcher {
  public:
    /// Called in the middle of routing: note it and return.
    virtual void on_client_message(const ClientMessage& message) = 0;

  protected:
    ~ClientWatcher() = default;
};

/// A retained message of a topic that this shard owns.
struct RetainedView {
    std::string_view topic;
    Bytes payload;
    Qos qos = Qos::AtMostOnce;
    WallTime published_at;
};

}  // namespace kith::broker
