// Enhanced authentication (MQTT 5, section 4.12): the exchange of AUTH packets before CONNACK, and
// again on an open connection when the client asks for it.
//
// The method belongs to the authenticator; here are the packets and when they may come. Before
// CONNACK the client is read only while an answer of it is due. On an open connection messages go
// on meanwhile, under the rights that were there before.
#include "broker/detail/connection.h"
#include "broker/detail/connection_table.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"

namespace kith::broker {
namespace {

using mqtt::ReasonCode;

ReasonCode reason_of(const Error& error) {
    return error.kind == ErrorKind::Unavailable ? ReasonCode::ServerBusy
           : error.kind == ErrorKind::Limit     ? ReasonCode::ConnectionRateExceeded
                                                : ReasonCode::NotAuthorized;
}

}  // namespace

/// Answers the CONNECT, which has an authentication method.
void Connection::begin_exchange(const mqtt::Connect& connect, const bus::AuthRequest& request) {
    const std::string_view method = *connect.authentication_method;
    std::unique_ptr<bus::AuthExchange> exchange =
        context_.authenticator.begin_exchange(method, request);
    if (exchange == nullptr) {  // [MQTT-4.12.0-1]
        return refuse(ReasonCode::BadAuthenticationMethod, "authentication method not supported");
    }
    extras().enhanced = std::make_unique<Enhanced>(
        Enhanced{.method = std::string(method), .exchange = std::move(exchange)});
    step_exchange(connect.authentication_data.value_or(Bytes()));
}

void Connection::step_exchange(Bytes bytes) {
    CHECK(enhanced()->exchange != nullptr);
    enhanced()->is_pending = true;
    // The answer may come turns later, when this connection may have gone.
    enhanced()->exchange->step(
        bytes, [connections = context_.connections, id = id_](Result<bus::AuthStep> step) {
            if (Connection* connection = connections->find(id); connection != nullptr) {
                connection->on_exchange_step(std::move(step));
            }
        });
}

void Connection::on_exchange_step(Result<bus::AuthStep> step) {
    if (enhanced() == nullptr || (state_ != State::Authenticating && state_ != State::Open)) {
        return;
    }
    enhanced()->is_pending = false;
    if (state_ == State::Open) {
        return on_renewal_step(std::move(step));
    }
    if (!step) {  // [MQTT-4.12.0-4]
        return refuse(reason_of(step.error()), step.error().text);
    }
    if (step->principal) {
        opening_->authentication_data = std::move(step->bytes);
        enhanced()->exchange.reset();
        return on_authenticated(std::move(*step->principal));
    }
    if (!send_auth(ReasonCode::ContinueAuthentication, step->bytes)) {
        return;
    }
    state_ = State::Exchanging;
    context_.shard.defer(*this);  // reads on, not from within the packet that was read
}

/// A packet where only AUTH or DISCONNECT may come. False to stop behind it.
bool Connection::on_exchange_frame(const mqtt::Frame& frame) {
    // Others are not decoded: what may be wrong with them has no reason in a CONNACK.
    if (frame.type() != mqtt::PacketType::Auth && frame.type() != mqtt::PacketType::Disconnect) {
        ++context_.counters.protocol_errors;
        refuse(ReasonCode::ProtocolError, "only AUTH may follow here");
        return true;
    }
    context_.decoder.set_version(version_);
    const Result<mqtt::Packet> packet = context_.decoder.decode(frame);
    if (!packet) {
        ++context_.counters.protocol_errors;
        refuse(static_cast<ReasonCode>(packet.error().code), packet.error().text);
        return true;
    }
    if (std::holds_alternative<mqtt::Disconnect>(*packet)) {
        shut();
        return true;
    }
    const auto& auth = std::get<mqtt::Auth>(*packet);
    // [MQTT-4.12.0-3], [MQTT-4.12.0-5]
    if (auth.reason_code != ReasonCode::ContinueAuthentication) {
        ++context_.counters.protocol_errors;
        refuse(ReasonCode::ProtocolError, "an AUTH that goes on has reason 0x18");
        return true;
    }
    if (auth.authentication_method != enhanced()->method) {
        refuse(ReasonCode::BadAuthenticationMethod, "another authentication method than CONNECT's");
        return true;
    }
    state_ = State::Authenticating;
    stream_->pause_reading();
    step_exchange(auth.authentication_data.value_or(Bytes()));
    return state_ == State::Closing;
}

/// AUTH on an open connection: asks to authenticate anew, or goes on with that.
void Connection::on_auth(const mqtt::Auth& auth) {
    if (enhanced() == nullptr) {  // [MQTT-4.12.0-7]
        ++context_.counters.protocol_errors;
        return end(ReasonCode::ProtocolError, "AUTH without an authentication method",
                   WillFate::Publish);
    }
    if (auth.authentication_method != enhanced()->method) {  // [MQTT-4.12.1-1]
        return end(ReasonCode::BadAuthenticationMethod,
                   "another authentication method than CONNECT's", WillFate::Publish);
    }
    const bool begins = auth.reason_code == ReasonCode::ReAuthenticate;
    const bool goes_on = auth.reason_code == ReasonCode::ContinueAuthentication;
    const bool is_due = goes_on ? enhanced()->exchange != nullptr && !enhanced()->is_pending
                                : begins && enhanced()->exchange == nullptr;
    if (!is_due) {
        ++context_.counters.protocol_errors;
        return end(ReasonCode::ProtocolError, "an AUTH that is not due", WillFate::Publish);
    }
    if (begins) {
        const runtime::StreamInfo info = stream_->info();
        const std::string address = info.remote.to_string();
        enhanced()->exchange = context_.authenticator.begin_exchange(
            enhanced()->method, {.client_id = session_->client_id(), .remote_address = address});
        CHECK(enhanced()->exchange != nullptr);  // it was known when the client connected
    }
    step_exchange(auth.authentication_data.value_or(Bytes()));
}

void Connection::on_renewal_step(Result<bus::AuthStep> step) {
    if (!step) {  // [MQTT-4.12.1-2]
        return end(reason_of(step.error()), step.error().text, WillFate::Publish);
    }
    if (!step->principal) {
        static_cast<void>(send_auth(ReasonCode::ContinueAuthentication, step->bytes));
        return;
    }
    if (step->principal->name != session_->principal().name) {
        return end(ReasonCode::NotAuthorized, "authenticated anew as somebody else",
                   WillFate::Publish);
    }
    enhanced()->exchange.reset();
    if (send_auth(ReasonCode::Success, step->bytes)) {
        context_.sessions->renew(*session_, std::move(*step->principal));
    }
}

/// False if the packet is larger than the client takes; the connection then ends.
bool Connection::send_auth(ReasonCode reason, Bytes bytes) {
    mqtt::Auth auth{.reason_code = reason, .authentication_method = enhanced()->method};
    if (!bytes.empty()) {
        auth.authentication_data = bytes;
    }
    if (state_ == State::Open) {
        return send(auth);
    }
    if (mqtt::encoded_bytes(auth, version_) > client_packet_bytes_max_) {
        shut();
        return false;
    }
    return send(auth);
}

}  // namespace kith::broker
