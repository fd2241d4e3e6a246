#include "broker/detail/shard_rates.h"

#include "base/hash.h"
#include "broker/detail/connection.h"

namespace kith::broker {
namespace {

/// An address as rates know it: IPv6 hosts have 2^64 addresses each.
std::uint64_t key_of(const runtime::SocketAddress& address) {
    constexpr std::size_t kPrefixBytes = 8;
    const Bytes ip(address.ip());
    return hash_bytes(address.is_v4() ? ip : ip.first(kPrefixBytes));
}

constexpr Duration kFailedBurst = 1min;

Duration failed_cost(const BrokerOptions& options) {
    return options.address_failed_connects_per_min_max == 0
               ? Duration::zero()
               : Duration(kFailedBurst) / options.address_failed_connects_per_min_max;
}

}  // namespace

ListenerKind listener_kind(std::string_view transport) {
    if (transport == "ws" || transport == "wss") {
        return ListenerKind::WebSocket;
    }
    return transport == "tls" ? ListenerKind::Tls : ListenerKind::Tcp;
}

void ClientRates::on_timer(Instant) {
    connection_->allow_input(Connection::Stop::OverRate);
}

void ShardRates::set(const BrokerOptions& options) {
    options_ = &options;
    is_on_ = options.client_messages_per_s_max != 0 || options.client_bytes_per_s_max != 0 ||
             options.listener_messages_per_s_max != 0 || options.listener_bytes_per_s_max != 0;
}

ShardRates::Wait ShardRates::charge(ClientRates& client, const ChargedPacket& packet, Instant now) {
    Wait longest;
    const auto wait = [&longest](Limit limit, Duration span) {
        if (span > longest.span) {
            longest = {.span = span, .limit = limit};
        }
    };
    const BrokerOptions& options = *options_;
    NodeRates::Listener& listener = node_->listeners[static_cast<std::size_t>(packet.listener)];
    Leases& leases = leases_[static_cast<std::size_t>(packet.listener)];
    if (packet.is_publish) {
        wait(Limit::ClientMessages,
             client.messages.charge(now, rate_cost(1, options.client_messages_per_s_max)));
        if (options.listener_messages_per_s_max != 0) {
            wait(Limit::ListenerMessages,
                 leases.messages.charge(listener.messages, now, 1,
                                        options.listener_messages_per_s_max));
        }
    }
    wait(Limit::ClientBytes,
         client.bytes.charge(now, rate_cost(packet.bytes, options.client_bytes_per_s_max)));
    if (options.listener_bytes_per_s_max != 0) {
        wait(Limit::ListenerBytes, leases.bytes.charge(listener.bytes, now, packet.bytes,
                                                       options.listener_bytes_per_s_max));
    }
    return longest;
}

bool ShardRates::has_failed(std::uint64_t address, Instant now) const {
    const Duration cost = failed_cost(*options_);
    return cost != Duration::zero() &&
           node_->failed_connects.is_over(address, now, cost, kFailedBurst);
}

ShardRates::Connecting ShardRates::look(const runtime::SocketAddress& address, Instant now) const {
    const std::uint64_t key = key_of(address);
    if (has_failed(key, now)) {
        return Connecting::Failed;
    }
    const std::uint32_t per_s = options_->address_connects_per_s_max;
    const bool is_over =
        per_s != 0 && node_->address_connects.is_over(key, now, rate_cost(1, per_s), kRateBurst);
    return is_over ? Connecting::Address : Connecting::Allowed;
}

ShardRates::Connecting ShardRates::connect(const runtime::SocketAddress& address, Instant now) {
    const Connecting known = look(address, now);
    if (known != Connecting::Allowed) {
        return known;
    }
    if (options_->address_connects_per_s_max != 0) {
        node_->address_connects.pay(key_of(address), now,
                                    rate_cost(1, options_->address_connects_per_s_max));
    }
    if (options_->connects_per_s_max != 0 &&
        !node_->connects.take(now, rate_cost(1, options_->connects_per_s_max))) {
        return Connecting::Node;
    }
    return Connecting::Allowed;
}

Limit ShardRates::limit_of(Connecting refused) {
    CHECK(refused != Connecting::Allowed);
    if (refused == Connecting::Node) {
        return Limit::Connects;
    }
    return refused == Connecting::Address ? Limit::AddressConnects : Limit::FailedConnects;
}

void ShardRates::note_failed(const runtime::SocketAddress& address, Instant now) {
    if (const Duration cost = failed_cost(*options_); cost != Duration::zero()) {
        node_->failed_connects.pay(key_of(address), now, cost);
    }
}

}  // namespace kith::broker
