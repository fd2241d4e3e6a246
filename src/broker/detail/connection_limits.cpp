// What a connection may ask of the node: bytes before it is let in, rates, and its share of memory.
#include "base/narrow.h"
#include "broker/detail/connection.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/session.h"
#include "broker/detail/shard_broker.h"

namespace kith::broker {

using mqtt::ReasonCode;

std::size_t Connection::held_before_open() const {
    return framer_.held_bytes() + (opening_ == nullptr ? 0 : opening_->connect_body.size());
}

/// Counts what a client that is not known yet makes the node hold; false if it is too much.
bool Connection::count_pending(std::size_t bytes) {
    NodeBudget& budget = context_.node.pending_bytes;
    if (bytes > input_bytes_) {
        if (!budget.take(bytes - input_bytes_)) {
            const std::string address = stream_->info().remote.host_to_string();
            context_.limit_log.reached(Limit::PendingBytes, {.client_id = {}, .address = address});
            return false;
        }
    } else {
        budget.give_back(input_bytes_ - bytes);
    }
    input_bytes_ = narrow<std::uint32_t>(bytes);
    return true;
}

/// It is let in, or goes.
void Connection::leave_pending() {
    if (is_pending_) {
        is_pending_ = false;
        context_.node.pending_connections.give_back();
        context_.node.pending_bytes.give_back(input_bytes_);
        input_bytes_ = 0;
    }
}

/// A packet in part is memory, too.
void Connection::count_input() {
    const std::size_t held = framer_.held_bytes();
    if (held != input_bytes_) [[unlikely]] {
        context_.memory.change_input(static_cast<std::int64_t>(held) - input_bytes_);
        input_bytes_ = narrow<std::uint32_t>(held);
    }
}

void Connection::note_limit(Limit limit) {
    context_.limit_log.reached(limit, {.client_id = session_->client_id(), .address = {}});
}

/// False if it is refused: it or the node has had too many of late.
bool Connection::take_connect(std::string_view client_id) {
    using Connecting = ShardRates::Connecting;
    const runtime::SocketAddress remote = stream_->info().remote;
    const Connecting outcome = context_.rates.connect(remote, context_.shard.now());
    if (outcome == Connecting::Allowed) [[likely]] {
        return true;
    }
    const Limit limit = ShardRates::limit_of(outcome);
    const std::string address = remote.host_to_string();
    context_.limit_log.reached(limit, {.client_id = client_id, .address = address});
    refuse(ReasonCode::ConnectionRateExceeded, facts_of(limit).words);
    return false;
}

/// The rates of this client and its listener: who is too fast is read more slowly, or goes.
void Connection::charge(const mqtt::Frame& frame) {
    ClientRates& client = client_rates();
    const ShardRates::Wait wait =
        context_.rates.charge(client,
                              {.is_publish = frame.type() == mqtt::PacketType::Publish,
                               .bytes = frame.total_bytes,
                               .listener = listener_kind(stream_->info().transport)},
                              context_.shard.now());
    if (wait.span == Duration::zero()) {
        return;
    }
    note_limit(wait.limit);
    if (context_.options().over_rate == OverRate::Disconnect) {
        end(ReasonCode::MessageRateTooHigh, facts_of(wait.limit).words, WillFate::Publish);
        return;
    }
    stop_input(Stop::OverRate);
    context_.shard.arm_after(client, wait.span);
}

ClientRates& Connection::client_rates() {
    std::unique_ptr<ClientRates>& rates = extras().client_rates;
    if (rates == nullptr) {
        rates = std::make_unique<ClientRates>(*this);
    }
    return *rates;
}

/// False if this client has stored retained messages too fast.
bool Connection::take_retained() {
    if (context_.options().client_retained_per_s_max == 0) [[likely]] {
        return true;
    }
    if (context_.rates.take_retained(client_rates(), context_.shard.now())) {
        return true;
    }
    note_limit(Limit::ClientRetained);
    return false;
}

/// True while this client may be written `queued_bytes` and what its socket has not taken.
bool Connection::has_share(std::size_t queued_bytes) const {
    return context_.memory.allows(queued_bytes + stream_->output().size_bytes());
}

}  // namespace kith::broker
