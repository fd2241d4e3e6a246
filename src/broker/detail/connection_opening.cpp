// How a connection comes to its session: CONNECT, authentication, the move to its shard, CONNACK.
#include "broker/detail/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "broker/detail/connection_table.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/session.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"
#include "bus/topic_access.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kConnectFirstByte = 0x10;

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
    if (must_ask(connect)) [[unlikely]] {
        return;
    }
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
    framer_.set_packet_bytes_max(context_.packet_bytes_max());
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

/// True if the other nodes of the mesh are asked first: open() is called again.
bool Connection::must_ask(const mqtt::Connect& connect) {
    SessionMoves& moves = *context_.moves;
    const bus::Principal& principal = opening_->principal;
    const Session* known = context_.sessions->find(principal.tenant, connect.client_id);
    const bool is_answered = opening_->was_asked && (known == nullptr || !known->is_moving);
    if (!moves.is_open() || is_answered || !moves.must_ask(known)) {
        return false;
    }
    moves.ask({.connection = id_,
               .client_id = std::string(connect.client_id),
               .principal = principal.name,
               .is_clean = connect.clean_start,
               .is_admin = principal.role == bus::Role::Admin});
    return true;
}

void Connection::on_session_asked(std::uint64_t epoch, mqtt::ReasonCode refusal,
                                  const char* words) {
    if (state_ != State::Ready) {
        return;
    }
    if (refusal != mqtt::ReasonCode::Success) {
        refuse(refusal, words);
        return;
    }
    opening_->was_asked = true;
    opening_->session_epoch = epoch;
    context_.shard.defer(*this);
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
        connack.maximum_packet_size = context_.packet_bytes_max();
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

}  // namespace kith::broker
