// One client's connection: packets in, packets out, and the rules of the protocol between them.
//
// A connection starts on the shard that accepted it. With its CONNECT it is authenticated, moves
// once to the shard of its client id (stream, TLS and unread bytes included) and meets its session
// there. Everything that outlives the connection is in the session. Threads: shard-local.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/accept.h"
#include "broker/detail/connection_id.h"
#include "broker/detail/fanout.h"
#include "broker/detail/outbound_queue.h"
#include "broker/detail/router.h"
#include "broker/detail/shard_context.h"
#include "broker/detail/small_queue.h"
#include "broker/detail/topic_aliases.h"
#include "runtime/stream.h"
#include "wire/mqtt/encoder.h"
#include "wire/mqtt/frame.h"

namespace kith::broker {

class Session;
enum class Congestion : std::uint8_t;

/// A connection on its way to another shard, after CONNECT.
struct Handover {
    std::unique_ptr<runtime::Stream> stream;
    AcceptOptions accept;
    std::vector<std::uint8_t> connect_body;  // of the CONNECT packet
    std::vector<std::uint8_t> unread;        // what was read behind it
    std::string client_id;
    bool was_assigned = false;  // the client sent no id
    bus::Principal principal;
    std::uint32_t input_bytes = 0;                  // as they count among the node's pending bytes
    std::vector<std::uint8_t> authentication_data;  // for CONNACK
};

class Connection final : public runtime::StreamHandler,
                         public runtime::Timer,
                         public runtime::Task {
  public:
    Connection(ShardContext& context, ConnectionId id, std::unique_ptr<runtime::Stream> stream,
               AcceptOptions accept);
    /// Joins its session's shard.
    Connection(ShardContext& context, ConnectionId id, Handover handover);
    ~Connection();

    [[nodiscard]] ConnectionId id() const { return id_; }
    [[nodiscard]] mqtt::Version version() const { return version_; }
    [[nodiscard]] runtime::StreamInfo stream_info() const { return stream_->info(); }
    [[nodiscard]] std::uint16_t keep_alive_s() const { return keep_alive_s_; }
    [[nodiscard]] std::uint16_t receive_maximum() const { return window_max_; }
    [[nodiscard]] bool is_clean_start() const { return clean_start_; }
    [[nodiscard]] Instant last_received() const { return last_received_; }
    [[nodiscard]] Session* session() const { return session_; }

    /// Sends one packet at the end of the turn. False if it is larger than the client takes
    /// [MQTT-3.1.2-24]; the connection then ends later in this turn.
    template <typename Packet>
    bool send(const Packet& packet);

    struct Qos0 {
        bool retain = false;
        std::span<const std::uint32_t> identifiers;
    };
    /// Sends a QoS 0 message, or drops it if the client is too slow.
    void send_qos0(const bus::Message& message, Fanout& fanout, const Qos0& how);
    /// Sends what the session has queued, as far as window and socket allow.
    void pump();
    /// False once publishers have been held back for this client longer than `patience`.
    [[nodiscard]] bool may_hold_publishers(Duration patience);
    /// True if the client takes more: neither socket nor queue is full.
    [[nodiscard]] bool can_take_more() const;
    /// True if a message would be sent at once. Once it is not, half the window has to be free.
    [[nodiscard]] bool has_window(bool had_window) const;

    /// Something waits that socket or window have no room for.
    [[nodiscard]] bool is_suspect() const { return is_suspect_; }
    [[nodiscard]] std::size_t unsent_bytes() const { return stream_->unsent_bytes(); }
    [[nodiscard]] std::uint64_t sent_bytes() const { return stream_->sent_bytes(); }

    /// What SessionMoves::ask() has found out: refused, or this node's to open.
    void on_session_asked(std::uint64_t epoch, mqtt::ReasonCode refusal, const char* words);
    /// Of a session that does not exist yet; 0 if nobody was asked.
    [[nodiscard]] std::uint64_t session_epoch() const {
        return opening_ == nullptr ? 0 : opening_->session_epoch;
    }

    /// The publish of this packet id has been settled.
    void complete_publish(PacketId packet_id, Qos qos, mqtt::ReasonCode reason);
    /// The disk knows that a QoS 2 message was received: sends PUBREL.
    void send_release(PacketId packet_id);
    /// The disk has forgotten a QoS 2 id: sends PUBCOMP.
    void finish_release(PacketId packet_id);

    /// Why this connection is not read.
    enum class Stop : std::uint8_t {
        Held = 1,        // its messages met a congestion; on the HoldList
        Unsettled = 2,   // as many publishes under way as allowed
        Unanswered = 4,  // it does not read what it is answered
        OverRate = 8,    // it has sent more than its rates allow
    };
    /// The reason is over. Reading goes on later in this turn, if it was the last.
    void allow_input(Stop reason);

    /// Ends the connection: tells the client `reason` if its version can say it, closes, and leaves
    /// the session with or without its will. `words` is static text for logs and events.
    enum class WillFate : std::uint8_t { Publish, Discard };
    void end(mqtt::ReasonCode reason, const char* words, WillFate will);
    /// The same for a session that goes on or ends without this connection.
    void end_without_session(mqtt::ReasonCode reason, const char* words);

    // StreamHandler
    void on_connected() override {}
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;
    // Timer: CONNECT that does not come, keep-alive.
    void on_timer(Instant now) override;
    // Task: after authentication, and when input goes on.
    void run_task() override;

  private:
    enum class State : std::uint8_t {
        AwaitingConnect,
        Authenticating,  // the authenticator is asked; nobody reads
        Exchanging,      // the client's next AUTH is due
        Ready,
        Open,
        Closing
    };
    // Until the session is open: the listener's word, the CONNECT packet, what authentication said.
    struct Opening {
        AcceptOptions accept;
        std::vector<std::uint8_t> connect_body;
        std::vector<std::uint8_t> unread;  // read behind it on the shard that accepted
        std::string client_id;
        bus::Principal principal;
        std::vector<std::uint8_t> authentication_data;  // for CONNACK
        bool was_assigned = false;
        bool was_asked = false;  // whether another node has its session
        std::uint64_t session_epoch = 0;
    };
    // Of a client whose CONNECT has an authentication method.
    struct Enhanced {
        std::string method;
        std::unique_ptr<bus::AuthExchange> exchange;  // null when none is under way
        bool is_pending = false;                      // the exchange has not answered yet
    };
    // What few connections need: aliases, rates, enhanced authentication, slowness.
    struct Extras {
        std::unique_ptr<Enhanced> enhanced;
        std::unique_ptr<InboundAliases> inbound_aliases;
        std::unique_ptr<OutboundAliases> outbound_aliases;
        std::unique_ptr<ClientRates> client_rates;  // while rates are limited
        std::uint64_t sent_bytes_seen = 0;          // when a stopped client was last looked at
        Instant slow_since = Instant::never();      // publishers have been held back for it
    };
    struct PendingAck {
        PacketId packet_id;
        Qos qos = Qos::AtLeastOnce;
        bool is_ready = false;
        mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
    };

    /// Takes one packet; false to stop reading for now.
    bool on_frame(const mqtt::Frame& frame);
    void take_input(const Status& fed);
    void stop_input(Stop reason);
    void resume_input();

    bool on_first_frame(const mqtt::Frame& frame);
    [[nodiscard]] std::size_t held_before_open() const;
    [[nodiscard]] bool count_pending(std::size_t bytes);
    void leave_pending();
    void count_input();
    void authenticate(const mqtt::Connect& connect);
    void show_packet(const mqtt::Frame& frame);
    void show_answer(Bytes packet);
    void suspect();
    void show_connect(const mqtt::Connect& connect, std::string_view address);
    void on_authenticated(Result<bus::Principal> principal);
    void begin_exchange(const mqtt::Connect& connect, const bus::AuthRequest& request);
    void step_exchange(Bytes bytes);
    void on_exchange_step(Result<bus::AuthStep> step);
    bool on_exchange_frame(const mqtt::Frame& frame);
    void on_auth(const mqtt::Auth& auth);
    void on_renewal_step(Result<bus::AuthStep> step);
    bool send_auth(mqtt::ReasonCode reason, Bytes bytes);
    void move_to(ShardId shard);
    void open();
    void refuse(mqtt::ReasonCode reason, const char* words);
    bool greet(const mqtt::Connect& connect, const Opening& opening, bool session_present);

    void on_publish(const mqtt::Frame& frame);
    [[nodiscard]] Result<bus::TopicName> resolve_topic(const mqtt::Publish& packet);
    [[nodiscard]] bool take_duplicate(const mqtt::Publish& packet);
    void end_over_quota();
    void note_limit(Limit limit);
    [[nodiscard]] bool take_connect(std::string_view client_id);
    void charge(const mqtt::Frame& frame);
    [[nodiscard]] ClientRates& client_rates();
    [[nodiscard]] bool take_retained();
    [[nodiscard]] bool has_share(std::size_t queued_bytes) const;
    void announce(const mqtt::Publish& packet, bus::TopicName topic);
    void route(const mqtt::Publish& packet, bus::TopicName topic);
    [[nodiscard]] bus::Message message_of(const mqtt::Publish& packet, bus::TopicName topic) const;
    [[nodiscard]] std::uint16_t show_published(const bus::Message& message, PacketId packet_id);
    void show_refused(const mqtt::Publish& packet, bus::TopicName topic);
    void show_acknowledged(const mqtt::Acknowledgement& packet, const OutboundItem& item);
    void show_delivered(const bus::Message& message, const Tracer::Delivered& how);
    void show_dropped(const bus::Message& message, const char* reason);
    void deny_publish(const mqtt::Publish& packet, bus::TopicName topic);
    void refuse_publish(const mqtt::Publish& packet, mqtt::ReasonCode reason);
    void flush_acks();

    void on_packet(const mqtt::Packet& packet);
    void on_acknowledgement(const mqtt::Acknowledgement& packet);
    void on_puback(const mqtt::Acknowledgement& packet);
    void on_pubrec(const mqtt::Acknowledgement& packet);
    void on_pubrel(const mqtt::Acknowledgement& packet);
    void on_pubcomp(const mqtt::Acknowledgement& packet);
    void on_disconnect(const mqtt::Disconnect& packet);
    void send_acknowledgement(mqtt::PacketType type, PacketId packet_id,
                              mqtt::ReasonCode reason = mqtt::ReasonCode::Success);

    void resend_releases();
    bool send_item(const OutboundItem& item);
    [[nodiscard]] bool write_publish(mqtt::Publish packet, const SharedBytes* shared_payload);
    void drop_qos0(const bus::Message& message, bool is_over_share);
    void write(const EncodedPublish& encoded);
    void complete_item(OutboundItem& item);

    [[nodiscard]] bool must_ask(const mqtt::Connect& connect);
    void announce();
    void fail(const Error& error);
    void send_disconnect(mqtt::ReasonCode reason, const char* words);
    void leave_session(WillFate will, const char* words);
    void shut();
    void retire();
    void arm_keep_alive();
    [[nodiscard]] Extras& extras();
    [[nodiscard]] Enhanced* enhanced() const {
        return extras_ == nullptr ? nullptr : extras_->enhanced.get();
    }
    [[nodiscard]] OutboundAliases* outbound_aliases() const {
        return extras_ == nullptr ? nullptr : extras_->outbound_aliases.get();
    }
    [[nodiscard]] bool is_slow() const {
        return extras_ != nullptr && extras_->slow_since != Instant::never();
    }
    void note_not_slow() {
        if (extras_ != nullptr) {
            extras_->slow_since = Instant::never();
        }
    }
    [[nodiscard]] Duration keep_alive_span() const;

    ShardContext& context_;
    ConnectionId id_;
    std::unique_ptr<runtime::Stream> stream_;
    mqtt::Framer framer_;
    Session* session_ = nullptr;

    std::unique_ptr<Opening> opening_;  // null once the session is open
    std::unique_ptr<Extras> extras_;
    SmallQueue<PendingAck> acks_;  // PUBACK and PUBREC, in the order of their PUBLISH
    Instant last_received_;
    std::uint32_t client_packet_bytes_max_ = 0xFFFF'FFFF;
    std::uint32_t input_bytes_ = 0;  // that are held, as they were counted
    std::uint32_t under_way_ = 0;    // QoS 1 and 2 of this connection: counts to Receive Maximum
    std::uint16_t window_max_ = 0;
    std::uint16_t keep_alive_s_ = 0;
    std::uint16_t topic_alias_maximum_ = 0;  // that the client may set
    State state_ = State::AwaitingConnect;
    mqtt::Version version_ = mqtt::Version::V5;
    std::uint8_t stops_ = 0;       // Stop, as bits
    bool is_suspect_ : 1 = false;  // of being slow
    bool is_pending_ : 1 = true;   // not let in yet: counts among those
    bool must_end_ : 1 = false;    // an answer was too large for the client
    bool clean_start_ : 1 = false;
    bool request_problem_information_ : 1 = true;
};
static_assert(sizeof(Connection) <= 168, "idle connections are many");

template <typename Packet>
bool Connection::send(const Packet& packet) {
    const std::size_t bytes = mqtt::encoded_bytes(packet, version());
    if (bytes > client_packet_bytes_max_) [[unlikely]] {
        must_end_ = true;
        context_.shard.defer(*this);
        return false;
    }
    if (bytes <= runtime::kChunkBytes) {
        const MutableBytes to = stream_->output().reserve(bytes);
        ByteWriter writer(to);
        mqtt::encode(packet, version(), writer);
        if (context_.tracer.is_on()) [[unlikely]] {
            show_answer(to);
        }
        stream_->output().commit(bytes);
    } else {
        std::vector<std::uint8_t> encoded(bytes);
        ByteWriter writer(encoded);
        mqtt::encode(packet, version(), writer);
        if (context_.tracer.is_on()) [[unlikely]] {
            show_answer(encoded);
        }
        stream_->output().append(Bytes(encoded));
    }
    ++context_.counters.controls_out;
    context_.counters.bytes_out += bytes;
    stream_->request_flush();
    return true;
}

}  // namespace kith::broker
