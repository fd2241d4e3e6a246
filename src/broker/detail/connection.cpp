// The course of a connection: CONNECT, authentication, move, session, end.
#include "broker/detail/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/hex.h"
#include "base/narrow.h"
#include "broker/detail/connection_table.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/packet_words.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"
#include "bus/topic_access.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kConnectFirstByte = 0x10;
/// How long a connection goes on without a look at whether its credential has expired, at most.
constexpr Duration kExpiryCheckInterval = 1min;

mqtt::Frame connect_frame(const std::vector<std::uint8_t>& body) {
    return {.first_byte = kConnectFirstByte, .body = body, .total_bytes = body.size()};
}

/// MQTT 3 closes without a word when CONNECT itself is wrong ([MQTT-3.1.4-1] of 3.1.1).
bool is_malformed(mqtt::ReasonCode reason) {
    return reason == mqtt::ReasonCode::MalformedPacket ||
           reason == mqtt::ReasonCode::ProtocolError ||
           reason == mqtt::ReasonCode::TopicNameInvalid;
}

const char* version_words(mqtt::Version version) {
    switch (version) {
        case mqtt::Version::V31:
            return "MQTT 3.1";
        case mqtt::Version::V311:
            return "MQTT 3.1.1";
        case mqtt::Version::V5:
            break;
    }
    return "MQTT 5.0";
}

}  // namespace

Connection::Connection(ShardContext& context, ConnectionId id,
                       std::unique_ptr<runtime::Stream> stream, AcceptOptions accept)
    : context_(context),
      id_(id),
      stream_(std::move(stream)),
      framer_(std::min<std::size_t>(context.options().packet_bytes_max, kConnectBytesMax)),
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
      framer_(context.options().packet_bytes_max),
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
    const bool is_awaited = met == Congestion::Queue && is_slow();
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

/// [MQTT-3.1.0-1]: the first packet is CONNECT.
bool Connection::on_first_frame(const mqtt::Frame& frame) {
    ++context_.counters.controls_in;
    if (frame.type() != mqtt::PacketType::Connect) {
        ++context_.counters.protocol_errors;
        end(mqtt::ReasonCode::ProtocolError, "first packet is not CONNECT", WillFate::Discard);
        return true;
    }
    if (const auto version = mqtt::connect_version(frame)) {
        version_ = *version;
    }
    const Result<mqtt::Packet> packet = context_.decoder.decode(frame);
    if (!packet) {
        ++context_.counters.protocol_errors;
        refuse(static_cast<mqtt::ReasonCode>(packet.error().code), packet.error().text);
        return true;
    }
    const auto& connect = std::get<mqtt::Connect>(*packet);
    version_ = connect.version;
    client_packet_bytes_max_ = connect.maximum_packet_size.value_or(0xFFFF'FFFF);
    opening_->connect_body.assign(frame.body.begin(), frame.body.end());
    if (context_.tracer.is_on()) [[unlikely]] {
        opening_->client_id = connect.client_id;
        show_packet(frame);
    }
    if (!count_pending(frame.body.size())) {
        refuse(mqtt::ReasonCode::QuotaExceeded, "too many bytes wait for CONNECT");
        return true;
    }
    if (!take_connect(connect.client_id)) {
        return true;
    }
    authenticate(connect);
    return state_ == State::Closing;
}

void Connection::authenticate(const mqtt::Connect& connect) {
    using mqtt::ReasonCode;
    if (connect.client_id.size() > kClientIdBytesMax || connect.client_id == "node" ||
        connect.client_id == "any") {
        return refuse(ReasonCode::ClientIdentifierNotValid, "client id too long or reserved");
    }
    const bool may_assign =
        version_ == mqtt::Version::V5 || (version_ == mqtt::Version::V311 && connect.clean_start);
    if (connect.client_id.empty() && !may_assign) {
        return refuse(ReasonCode::ClientIdentifierNotValid,
                      "an empty client id needs a clean session");  // [MQTT-3.1.3-8] of 3.1.1
    }
    opening_->client_id = connect.client_id;
    if (connect.client_id.empty()) {
        opening_->client_id = context_.sessions->make_client_id();
        opening_->was_assigned = true;
    }
    state_ = State::Authenticating;
    stream_->pause_reading();
    const runtime::StreamInfo info = stream_->info();
    const std::string address = info.remote.to_string();
    if (context_.tracer.is_on()) [[unlikely]] {
        show_connect(connect, address);
    }
    static const runtime::TlsPeer kNone;
    const runtime::TlsPeer& tls = info.tls == nullptr ? kNone : *info.tls;
    const std::vector<std::uint8_t> fingerprint = from_hex(tls.fingerprint);
    const bus::AuthRequest request{.client_id = opening_->client_id,
                                   .user_name = connect.user_name,
                                   .password = connect.password,
                                   .remote_address = address,
                                   .certificate_subject = tls.subject,
                                   .certificate_issuer = tls.issuer,
                                   .certificate_fingerprint = fingerprint,
                                   .certificate_common_name = tls.common_name,
                                   .certificate_dns_name = tls.dns_name,
                                   .certificate_uri_name = tls.uri_name,
                                   .certificate_not_after = tls.not_after,
                                   .is_own_authority = tls.is_own_authority,
                                   .is_loopback = info.remote.is_loopback() && !info.is_proxied,
                                   .session_principal = opening_->accept.session_principal,
                                   .session_role = opening_->accept.session_role,
                                   .session_machine = opening_->accept.session_machine,
                                   .session_topic_roles = opening_->accept.session_topic_roles,
                                   .session_expires_at = opening_->accept.session_expires_at,
                                   .allow_anonymous = opening_->accept.allow_anonymous};
    if (connect.authentication_method) {
        return begin_exchange(connect, request);
    }
    // The answer may come turns later, when this connection may have gone.
    context_.authenticator.authenticate(
        request, [connections = context_.connections, id = id_](Result<bus::Principal> principal) {
            if (Connection* connection = connections->find(id); connection != nullptr) {
                connection->on_authenticated(std::move(principal));
            }
        });
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

/// To those who look. What is a secret is only said to be there.
void Connection::show_connect(const mqtt::Connect& connect, std::string_view address) {
    context_.tracer.note(
        TraceStage::Connect, {opening_->client_id, {}, {}},
        fmt::format("CONNECT from {} over {}, {}, {}, keep alive {} s{}{}{}", address,
                    stream_->info().transport, version_words(version_),
                    connect.clean_start ? "clean start" : "session to be kept", connect.keep_alive,
                    connect.user_name ? ", with a user name" : "",
                    connect.password ? ", with a password" : "",
                    connect.will ? ", with a will" : ""));
}

void Connection::on_authenticated(Result<bus::Principal> principal) {
    if (state_ != State::Authenticating) {
        return;
    }
    if (!principal) {
        const Error& error = principal.error();
        if (error.kind == ErrorKind::Denied) {
            context_.rates.note_failed(stream_->info().remote, context_.shard.now());
        }
        const auto reason =
            error.kind == ErrorKind::Unavailable ? mqtt::ReasonCode::ServerUnavailable
            : error.kind == ErrorKind::Limit     ? mqtt::ReasonCode::ConnectionRateExceeded
                                                 : mqtt::ReasonCode::BadUserNameOrPassword;
        return refuse(reason, error.text);
    }
    opening_->principal = std::move(*principal);
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.note(TraceStage::Auth, {opening_->client_id, {}, {}},
                             fmt::format("let in as {}", opening_->principal.name));
    }
    state_ = State::Ready;
    // Later in this turn: a stream must not leave its shard from within its own callback.
    context_.shard.defer(*this);
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

void Connection::move_to(ShardId shard) {
    stream_->detach();
    Handover handover{.stream = std::move(stream_),
                      .accept = std::move(opening_->accept),
                      .connect_body = std::move(opening_->connect_body),
                      .unread = framer_.take_held(),
                      .client_id = std::move(opening_->client_id),
                      .was_assigned = opening_->was_assigned,
                      .principal = std::move(opening_->principal),
                      .input_bytes = std::exchange(input_bytes_, 0),
                      .authentication_data = std::move(opening_->authentication_data)};
    is_pending_ = false;  // it still is, over there
    state_ = State::Closing;
    context_.shard.post(
        shard, [node = &context_.node, to = shard, moved = std::move(handover)](
                   runtime::Shard&) mutable { node->shards[to.value()]->adopt(std::move(moved)); });
    context_.connections->hand_over(*this);
}

void Connection::open() {
    const Result<mqtt::Packet> packet =
        context_.decoder.decode(connect_frame(opening_->connect_body));
    CHECK(packet.has_value());  // it was decoded before, on the shard that accepted it
    mqtt::Connect connect = std::get<mqtt::Connect>(*packet);
    version_ = connect.version;
    client_packet_bytes_max_ = connect.maximum_packet_size.value_or(0xFFFF'FFFF);
    connect.client_id = opening_->client_id;
    const SessionTable::Opened opened =
        context_.sessions->open(*this, connect, opening_->principal);
    if (opened.must_wait) {
        context_.store.when_committed([context = &context_, id = id_] {
            if (Connection* waiting = context->connections->find(id); waiting != nullptr) {
                context->shard.defer(*waiting);
            }
        });
        return;
    }
    if (opened.session == nullptr) {
        refuse(opened.refusal, opened.words);
        return;
    }
    const std::unique_ptr<Opening> opening = std::move(opening_);
    leave_pending();
    if (connect.authentication_method && enhanced() == nullptr) {  // moved here from another shard
        extras().enhanced = std::make_unique<Enhanced>(
            Enhanced{.method = std::string(*connect.authentication_method), .exchange = nullptr});
    }
    session_ = opened.session;
    state_ = State::Open;
    framer_.set_packet_bytes_max(context_.options().packet_bytes_max);
    ++context_.counters.connections;
    ++context_.counters.connects_accepted;
    if (!greet(connect, *opening, opened.is_present)) {
        // Without a word: no DISCONNECT may come before a CONNACK [MQTT-3.14.0-1].
        leave_session(WillFate::Publish, "CONNACK is larger than the client takes");
        shut();
        return;
    }
    arm_keep_alive();
    announce();
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.note(
            TraceStage::Connect, {session_->client_id(), {}, {}},
            fmt::format("session {} on shard {}, {} wait in it",
                        opened.is_present ? "taken up" : "begun", context_.shard.id().value(),
                        session_->outbound.message_count()));
    }
    session_->outbound.rewind();
    resend_releases();
    context_.subscriber->on_connected_changed(*session_);
    context_.loader->refill(*session_);
    pump();
    resume_input();
    if (!opening->unread.empty() && state_ == State::Open) {
        take_input(framer_.feed(opening->unread,
                                [this](const mqtt::Frame& frame) { return on_frame(frame); }));
    }
}

void Connection::announce() {
    const runtime::StreamInfo info = stream_->info();
    const std::string address = info.remote.to_string();
    context_.events.on_event({.kind = EventKind::ClientConnected,
                              .at = context_.shard.wall_now(),
                              .client_id = session_->client_id(),
                              .address = address,
                              .transport = info.transport,
                              .protocol_version = static_cast<std::uint8_t>(version_)});
}

/// Sends CONNACK, with whatever differs from what the client asked for.
bool Connection::greet(const mqtt::Connect& connect, const Opening& opening, bool session_present) {
    const BrokerOptions& options = context_.options();
    clean_start_ = connect.clean_start;
    keep_alive_s_ = connect.keep_alive;
    request_problem_information_ = connect.request_problem_information;
    window_max_ = std::min(connect.receive_maximum, options.inflight_messages_max);
    mqtt::Connack connack{.session_present = session_present};
    std::string response_information;
    if (version_ == mqtt::Version::V5) {
        if (options.topic_alias_maximum > 0) {
            topic_alias_maximum_ = options.topic_alias_maximum;
            connack.topic_alias_maximum = options.topic_alias_maximum;
        }
        const std::uint16_t aliases =
            std::min(connect.topic_alias_maximum, options.topic_alias_maximum);
        if (aliases > 0) {
            extras().outbound_aliases = std::make_unique<OutboundAliases>(aliases);
        }
        if (connect.authentication_method) {  // [MQTT-4.12.0-5]
            connack.authentication_method = connect.authentication_method;
            if (!opening.authentication_data.empty()) {
                connack.authentication_data = opening.authentication_data;
            }
        }
        connack.receive_maximum = options.receive_maximum;
        connack.maximum_packet_size = options.packet_bytes_max;
        if (session_->expiry_interval_s != connect.session_expiry_interval) {
            connack.session_expiry_interval = session_->expiry_interval_s;
        }
        if (opening.was_assigned) {
            connack.assigned_client_identifier = session_->client_id();
        }
        if (connect.request_response_information && bus::is_topic_level(session_->client_id())) {
            response_information = fmt::format("$to/{}/", session_->client_id());
            connack.response_information = response_information;
        }
    }
    return send(connack);
}

void Connection::refuse(mqtt::ReasonCode reason, const char* words) {
    ++context_.counters.connects_refused;
    const std::string address = stream_->info().remote.to_string();
    const std::string client_id = opening_ == nullptr ? std::string() : opening_->client_id;
    context_.events.on_event({.kind = EventKind::ClientRefused,
                              .at = context_.shard.wall_now(),
                              .client_id = client_id,
                              .address = address,
                              .reason = words,
                              .transport = stream_->info().transport,
                              .protocol_version = static_cast<std::uint8_t>(version_),
                              .is_sign_in = reason == mqtt::ReasonCode::BadUserNameOrPassword});
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.note(TraceStage::Auth, {client_id, {}, {}},
                             fmt::format("refused: {} ({})", words, to_string(reason)));
    }
    if (version_ == mqtt::Version::V5 || !is_malformed(reason)) {
        send(mqtt::Connack{.reason_code = reason});
    }
    shut();
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
