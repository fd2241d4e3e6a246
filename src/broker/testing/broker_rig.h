// Test support: a node's broker in a simulated network, and clients that speak MQTT to it.
//
// Virtual time, seeded: the broker, the runtime's turn and the codec are the real ones; sockets,
// clocks and the disk are simulated. A commit takes virtual time, and a power cut loses what was
// not committed. Not part of the module. Threads: one.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "runtime/network.h"
#include "runtime/sim/world.h"
#include "storage/memory/memory_stores.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"
#include "wire/mqtt/frame.h"

namespace kith::broker::testing {

/// Commits each batch a virtual delay after it was submitted; all that wait in one transaction.
class SimJournal final : public storage::Journal {
  public:
    SimJournal(storage::MessageStore& store, runtime::sim::Host& host, Duration commit_delay,
               storage::CommitListener& listener);

    [[nodiscard]] storage::CommitTicket submit(ShardId shard, storage::WriteBatch& batch) override;
    void read_queue(ShardId shard, const storage::QueueRead& read) override;
    [[nodiscard]] storage::JournalCounters counters() const override;
    void between_commits(const std::function<void(storage::MessageStore&)>& task) override {
        task(store_);
    }
    /// Holds all commits back until resume(), as a disk that hangs.
    void stall() { is_stalled_ = true; }
    void resume();

  private:
    void schedule();
    void commit();
    void read();

    struct Submitted {
        ShardId shard;
        storage::CommitTicket ticket;
        storage::WriteBatch batch;
    };

    storage::MessageStore& store_;
    runtime::Shard& shard_;
    Duration commit_delay_;
    storage::CommitListener& listener_;
    runtime::CallbackTimer timer_;
    std::vector<Submitted> waiting_;
    std::vector<std::pair<ShardId, storage::QueueRead>> reads_;
    std::vector<storage::CommitTicket> last_tickets_;
    storage::JournalCounters counters_;
    bool is_stalled_ = false;
};

/// Lets in everybody but those with a password that says how not to: "wrong", "unavailable",
/// "limit" are refused, "later" is let in a turn later, "never" gets no answer. The user name
/// becomes the principal; "viewer" and "admin" have those roles, all others are machines.
class FakeAuthenticator final : public bus::Authenticator {
  public:
    explicit FakeAuthenticator(runtime::Shard& shard) : shard_(shard) {}
    void authenticate(const bus::AuthRequest& request,
                      std::function<void(Result<bus::Principal>)> done) override;
    /// The method "TEST". Each of the client's messages says what becomes of it: "ask" is answered
    /// with "who?", "right NAME" lets NAME in with "welcome", "later NAME" a turn later; "never"
    /// gets no answer, "limit" and "unavailable" are refused as such, anything else is denied.
    [[nodiscard]] std::unique_ptr<bus::AuthExchange> begin_exchange(
        std::string_view method, const bus::AuthRequest& request) override;

  private:
    runtime::Shard& shard_;
};

/// Allows everything to everybody but those of whom it was told what they may do.
class FakeAuthorizer final : public bus::Authorizer {
  public:
    /// What a fake role allows: filters, without variables but `${client}`.
    struct Rules {
        std::vector<std::string> publish;
        std::vector<std::string> subscribe;
        bool publishes_everything = false;
    };
    [[nodiscard]] std::shared_ptr<const bus::TopicRights> rights_of(
        const bus::Principal& principal) override;
    void set_listener(std::function<void()> on_change) override {
        on_change_ = std::move(on_change);
    }
    /// Requires: on the shard's thread, or while it does not run.
    void set(const std::string& name, Rules rules);

  private:
    std::function<void()> on_change_;
    std::map<std::string, std::shared_ptr<const bus::TopicRights>> rights_;
};

class RecordingEvents final : public EventSink {
  public:
    struct Recorded {
        EventKind kind;
        std::string client_id;
        std::string reason;
    };
    void on_event(const Event& event) override;
    [[nodiscard]] std::size_t count(EventKind kind) const;
    /// The last of this kind; fails the test if there is none.
    [[nodiscard]] Recorded last(EventKind kind) const;
    std::vector<Recorded> events;
};

/// The same without $SYS, which would count among messages and retained topics.
[[nodiscard]] inline BrokerOptions quiet(BrokerOptions options = {}) {
    options.sys_interval = Duration::zero();
    return options;
}

struct RigOptions {
    std::uint64_t seed = 1;
    std::uint16_t shard_count = 1;
    std::size_t piece_bytes_max = 0;
    Duration commit_delay = 1ms;
    std::size_t window_bytes = 256 * 1024;
    BrokerOptions broker = quiet();
};

class TestClient;

/// One node. restart() stops it as a power cut would and starts it again on the same store.
class BrokerRig {
  public:
    explicit BrokerRig(const RigOptions& options = {});
    ~BrokerRig();

    [[nodiscard]] runtime::sim::World& world() { return world_; }
    [[nodiscard]] runtime::sim::Host& node() { return *node_; }
    [[nodiscard]] runtime::sim::Host& clients() { return *clients_; }
    [[nodiscard]] Broker& broker() { return *broker_; }
    [[nodiscard]] BrokerShard& shard(std::uint16_t i) { return broker_->shard(ShardId(i)); }
    [[nodiscard]] SimJournal& journal() { return *journal_; }
    [[nodiscard]] storage::MessageStore& store() { return *store_; }
    [[nodiscard]] RecordingEvents& events() { return events_; }
    /// The principal of this name may do so much from now on, on all shards and after restarts.
    void set_rules(const std::string& name, const FakeAuthorizer::Rules& rules);
    [[nodiscard]] Counters counters();
    /// As a configuration that was read again.
    void set_options(const BrokerOptions& options);

    /// A new client with a connection that is not made yet.
    [[nodiscard]] TestClient& client(std::string client_id);
    /// Runs until nothing more is under way: long enough for any exchange of packets.
    void settle() { world_.run_for(200ms); }
    void run_for(Duration span) { world_.run_for(span); }
    /// Power off, power on, with as many shards as told.
    void restart(std::uint16_t shard_count);
    /// A client id that starts with `prefix` and lives on this shard.
    [[nodiscard]] std::string id_on(std::uint16_t shard, const std::string& prefix);
    /// A topic that starts with `prefix` and is owned by this shard.
    [[nodiscard]] std::string topic_on(std::uint16_t shard, const std::string& prefix) const;

  private:
    void start(std::uint16_t shard_count);
    void listen();

    class Acceptor;

    RigOptions options_;
    Log log_;
    runtime::sim::World world_;
    runtime::sim::Host* node_ = nullptr;
    runtime::sim::Host* clients_ = nullptr;
    std::unique_ptr<storage::MessageStore> store_;
    std::vector<std::unique_ptr<FakeAuthenticator>> authenticators_;
    std::vector<std::unique_ptr<FakeAuthorizer>> authorizers_;
    std::map<std::string, FakeAuthorizer::Rules> rules_;
    RecordingEvents events_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<SimJournal> journal_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unique_ptr<TestClient>> test_clients_;
    int generation_ = 0;
};

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
