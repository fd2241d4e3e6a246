// The course of a connection: what it is fed, when it is not read, its time, its end.
#include "broker/detail/connection.h"

#include <algorithm>

#include "broker/detail/connection_table.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/packet_words.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

/// How long a connection goes on without a look at whether its credential has expired, at most.
constexpr Duration kExpiryCheckInterval = 1min;

}  // namespace

Connection::Connection(ShardContext& context, ConnectionId id,
                       std::unique_ptr<runtime::Stream> stream, AcceptOptions accept)
    : context_(context),
      id_(id),
      stream_(std::move(stream)),
      framer_(std::min<std::size_t>(context.packet_bytes_max(), kConnectBytesMax)),
      opening_(std::make_unique<Opening>()),
      last_received_(context.shard.now()) {
    opening_->accept = std::move(accept);
    stream_->set_handler(this);
    context_.shard.arm_after(*this, context_.options().connect_timeout);
}

Connection::Connection(ShardContext& context, ConnectionId id, Handover handover)
    : context_(context),
      id_(id),
      stream_(std::move(handover.stream)),
      framer_(context.packet_bytes_max()),
      last_received_(context.shard.now()),
      input_bytes_(handover.input_bytes),
      state_(State::Ready) {
    opening_ = std::make_unique<Opening>(
        Opening{.accept = std::move(handover.accept),
                .connect_body = std::move(handover.connect_body),
                .unread = std::move(handover.unread),
                .client_id = std::move(handover.client_id),
                .principal = std::move(handover.principal),
                .authentication_data = std::move(handover.authentication_data),
                .was_assigned = handover.was_assigned});
    stream_->set_handler(this);
    stream_->attach(context_.shard);
    context_.shard.arm_after(*this, context_.options().connect_timeout);
    context_.shard.defer(*this);
}

Connection::~Connection() {
    leave_pending();
    context_.memory.change_input(-std::int64_t{input_bytes_});
    context_.holds->forget(*this);
}

void Connection::on_data(MutableBytes bytes) {
    context_.counters.bytes_in += bytes.size();
    last_received_ = context_.shard.now();
    if (state_ == State::Closing) {
        return;
    }
    take_input(framer_.feed(bytes, [this](const mqtt::Frame& frame) { return on_frame(frame); }));
    const bool is_unknown = state_ == State::AwaitingConnect || state_ == State::Exchanging;
    if (is_unknown && !count_pending(held_before_open())) {
        end(mqtt::ReasonCode::QuotaExceeded, "too many bytes before the session",
            WillFate::Discard);
    }
    context_.memory.report();
}

void Connection::stop_input(Stop reason) {
    stops_ |= static_cast<std::uint8_t>(reason);
    stream_->pause_reading();
}

void Connection::allow_input(Stop reason) {
    const auto bit = static_cast<std::uint8_t>(reason);
    if ((stops_ & bit) == 0) {
        return;
    }
    stops_ = static_cast<std::uint8_t>(stops_ & ~bit);
    if (stops_ == 0 && state_ == State::Open) {
        context_.shard.defer(*this);  // not from within whatever has called
    }
}

void Connection::resume_input() {
    last_received_ = context_.shard.now();  // nobody has listened to it meanwhile
    stream_->resume_reading();
    take_input(framer_.resume([this](const mqtt::Frame& frame) { return on_frame(frame); }));
}

void Connection::take_input(const Status& fed) {
    if (!fed) {
        fail(fed.error());
    }
    if (!is_pending_) {
        count_input();
    }
}

/// False to stop behind this packet.
bool Connection::on_frame(const mqtt::Frame& frame) {
    switch (state_) {
        case State::AwaitingConnect:
            return on_first_frame(frame);
        case State::Exchanging:
            return on_exchange_frame(frame);
        case State::Open:
            break;
        case State::Authenticating:
        case State::Ready:
            CHECK_TEXT(false, "input while nobody reads");
            break;
        case State::Closing:
            return true;  // read and ignored
    }
    session_->traffic.bytes_in += frame.total_bytes;
    if (context_.rates.is_on()) [[unlikely]] {
        charge(frame);
        if (state_ != State::Open) {
            return true;
        }
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_packet(frame);
    }
    if (frame.type() == mqtt::PacketType::Publish) {
        on_publish(frame);
    } else if (frame.type() == mqtt::PacketType::Connect) {
        // [MQTT-3.1.0-2]. Not decoded: what may be wrong with it has no reason in a DISCONNECT.
        fail({.kind = ErrorKind::Protocol,
              .code = static_cast<std::uint16_t>(mqtt::ReasonCode::ProtocolError),
              .text = "a second CONNECT"});
    } else {
        ++context_.counters.controls_in;
        context_.decoder.set_version(version_);
        const Result<mqtt::Packet> packet = context_.decoder.decode(frame);
        packet ? on_packet(*packet) : fail(packet.error());
    }
    const Congestion met = context_.holds->take_noted();
    if (state_ != State::Open) {
        return true;
    }
    // Others may wait for this client's acknowledgements: were it held, all would wait in a circle.
    const bool is_awaited = (met == Congestion::Queue || met == Congestion::Far) && is_slow();
    if (met != Congestion::None && !is_awaited) {
        stop_input(Stop::Held);
        context_.holds->hold(*this, met);
    }
    if (stream_->is_congested() &&
        (stream_->unsent_bytes() > kUnansweredBytesMax || context_.memory.is_full())) [[unlikely]] {
        stop_input(Stop::Unanswered);
    }
    return stops_ == 0;
}

/// To those who look: a packet from the client.
void Connection::show_packet(const mqtt::Frame& frame) {
    const std::string_view client_id =
        session_ == nullptr ? std::string_view(opening_->client_id) : session_->client_id();
    if (context_.packet_log.has(client_id)) {
        PacketNote note = describe_packet(frame.first_byte, frame.body, version_);
        note.at = context_.shard.wall_now();
        context_.packet_log.show(client_id, note);
    }
}

/// To those who look: a packet to the client.
void Connection::show_answer(Bytes packet) {
    if (session_ == nullptr && opening_ == nullptr) {
        return;  // nobody knows yet who it is
    }
    const std::string_view client_id =
        session_ == nullptr ? std::string_view(opening_->client_id) : session_->client_id();
    if (context_.packet_log.has(client_id)) {
        PacketNote note = describe_packet(packet, version_);
        note.at = context_.shard.wall_now();
        note.is_from_client = false;
        context_.packet_log.show(client_id, note);
    }
}

void Connection::run_task() {
    if (state_ == State::Open) {
        if (must_end_) {
            end(mqtt::ReasonCode::PacketTooLarge, "an answer is larger than the client takes",
                WillFate::Publish);
        } else if (stops_ == 0) {
            resume_input();
        }
        return;
    }
    if (state_ == State::Exchanging) {
        resume_input();
        return;
    }
    if (state_ != State::Ready) {
        return;
    }
    const ShardId home =
        context_.sessions->home_of(opening_->principal.tenant, opening_->client_id);
    if (home != context_.shard.id()) {
        move_to(home);
        return;
    }
    open();
}

void Connection::fail(const Error& error) {
    ++context_.counters.protocol_errors;
    if (state_ == State::AwaitingConnect) {
        end(static_cast<mqtt::ReasonCode>(error.code), error.text, WillFate::Discard);
        return;
    }
    end(static_cast<mqtt::ReasonCode>(error.code), error.text, WillFate::Publish);
}

void Connection::end(mqtt::ReasonCode reason, const char* words, WillFate will) {
    if (state_ == State::Closing) {
        return;
    }
    if (state_ == State::Open) {
        send_disconnect(reason, words);
        leave_session(will, words);
    }
    shut();
}

/// MQTT 5 is told why; the words only if they fit [MQTT-3.14.2-3].
void Connection::send_disconnect(mqtt::ReasonCode reason, const char* words) {
    if (version_ != mqtt::Version::V5 || reason == mqtt::ReasonCode::Success) {
        return;
    }
    mqtt::Disconnect disconnect{.reason_code = reason};
    if (request_problem_information_) {
        disconnect.reason_string = words;
    }
    if (mqtt::encoded_bytes(disconnect, version_) > client_packet_bytes_max_) {
        disconnect.reason_string.reset();
    }
    send(disconnect);
}

void Connection::shut() {
    state_ = State::Closing;
    leave_pending();
    cancel();
    cancel_task();
    acks_.clear();
    stream_->resume_reading();  // to see the other side close
    stream_->close();
}

void Connection::end_without_session(mqtt::ReasonCode reason, const char* words) {
    // Will and session are the business of whoever calls.
    context_.sessions->let_go(*session_, words);
    session_ = nullptr;
    end(reason, words, WillFate::Discard);
}

void Connection::leave_session(WillFate will, const char* words) {
    --context_.counters.connections;
    if (session_ == nullptr) {
        return;
    }
    Session* session = std::exchange(session_, nullptr);
    context_.sessions->close(*session, will, words);
}

void Connection::on_closed(const Error& reason) {
    if (state_ == State::Open) {
        leave_session(WillFate::Publish, reason.kind == ErrorKind::Closed
                                             ? "connection closed by the client"
                                             : "connection lost");
    }
    state_ = State::Closing;
    retire();
}

void Connection::retire() {
    cancel();
    cancel_task();
    context_.connections->retire(*this);
}

Duration Connection::keep_alive_span() const {
    return std::chrono::milliseconds(keep_alive_s_ * 1500);
}

/// [MQTT-3.1.2-22]: one and a half times the keep-alive without a packet ends the connection.
void Connection::arm_keep_alive() {
    cancel();
    Instant deadline = keep_alive_s_ > 0 ? last_received_ + keep_alive_span() : Instant::never();
    if (const WallTime end = session_->principal().expires_at; end != WallTime()) {
        // Wall clocks jump: it is looked at again, and never waited for as a whole.
        const Duration left = std::clamp<Duration>(end - context_.shard.wall_now(),
                                                   Duration::zero(), kExpiryCheckInterval);
        deadline = std::min(deadline, context_.shard.now() + left);
    }
    if (deadline != Instant::never()) {
        context_.shard.arm(*this, deadline);
    }
}

Connection::Extras& Connection::extras() {
    if (extras_ == nullptr) {
        extras_ = std::make_unique<Extras>();
    }
    return *extras_;
}

void Connection::on_timer(Instant now) {
    if (state_ == State::AwaitingConnect) {
        LOG(context_.shard.log(), Debug, "no CONNECT in time");
        end(mqtt::ReasonCode::UnspecifiedError, "no CONNECT in time", WillFate::Discard);
        return;
    }
    if (state_ != State::Open) {
        refuse(mqtt::ReasonCode::ServerUnavailable, "connecting takes too long");
        return;
    }
    const WallTime end_of_credential = session_->principal().expires_at;
    if (end_of_credential != WallTime() && context_.shard.wall_now() >= end_of_credential) {
        ++context_.counters.credentials_expired;
        end(mqtt::ReasonCode::MaximumConnectTime, "the credential has expired", WillFate::Publish);
        return;
    }
    // Whoever is not read may be alive, unless it takes nothing either.
    if (stops_ != 0) {
        std::uint64_t& seen = extras().sent_bytes_seen;
        if (!stream_->is_congested() || stream_->sent_bytes() != seen) {
            seen = stream_->sent_bytes();
            last_received_ = now;
        }
    }
    if (keep_alive_s_ == 0 || now < last_received_ + keep_alive_span()) {
        arm_keep_alive();
        return;
    }
    ++context_.counters.keep_alive_timeouts;
    end(mqtt::ReasonCode::KeepAliveTimeout, "keep alive timeout", WillFate::Publish);
}

}  // namespace kith::broker
