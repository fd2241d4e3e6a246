// The rates of one shard: which are on, its part of those of the node, and what a packet costs.
//
// Threads: shard-local; NodeRates any.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "broker/detail/rate.h"
#include "broker/limit.h"
#include "broker/options.h"
#include "runtime/address.h"
#include "runtime/timer.h"

namespace kith::broker {

class Connection;

/// Where a connection came in: each has rates of its own.
enum class ListenerKind : std::uint8_t { Tcp, Tls, WebSocket };
inline constexpr std::size_t kListenerKinds = 3;
/// Of StreamInfo::transport.
[[nodiscard]] ListenerKind listener_kind(std::string_view transport);

struct NodeRates {
    struct Listener {
        SharedRate messages;
        SharedRate bytes;
    };
    std::array<Listener, kListenerKinds> listeners;
    SharedRate connects;
    AddressRates address_connects;
    AddressRates failed_connects;
};

/// What one client has sent lately, and the timer that lets it go on. Made when it is first
/// charged.
class ClientRates final : public runtime::Timer {
  public:
    explicit ClientRates(Connection& connection) : connection_(&connection) {}
    void on_timer(Instant now) override;

    RateBucket messages;
    RateBucket bytes;
    RateBucket retained;

  private:
    Connection* connection_;
};

/// What has arrived, for charge().
struct ChargedPacket {
    bool is_publish = false;
    std::size_t bytes = 0;
    ListenerKind listener = ListenerKind::Tcp;
};

class ShardRates {
  public:
    ShardRates(NodeRates& node, const BrokerOptions& options) : node_(&node) { set(options); }

    void set(const BrokerOptions& options);
    /// Some rate of clients or listeners is limited.
    [[nodiscard]] bool is_on() const { return is_on_; }

    /// How long a client has to wait for what it has sent, and for which limit.
    struct Wait {
        Duration span = Duration::zero();
        Limit limit = Limit::ClientMessages;
    };
    [[nodiscard]] Wait charge(ClientRates& client, const ChargedPacket& packet, Instant now);
    [[nodiscard]] bool take_retained(ClientRates& client, Instant now) const {
        return client.retained.take(now, rate_cost(1, options_->client_retained_per_s_max));
    }

    enum class Connecting : std::uint8_t { Allowed, Node, Address, Failed };
    /// A CONNECT has come from `address`.
    [[nodiscard]] Connecting connect(const runtime::SocketAddress& address, Instant now);
    /// Whether one that comes would be let in, as far as its address goes.
    [[nodiscard]] Connecting look(const runtime::SocketAddress& address, Instant now) const;
    /// Requires: not Allowed.
    [[nodiscard]] static Limit limit_of(Connecting refused);
    /// A client of this address was not let in.
    void note_failed(const runtime::SocketAddress& address, Instant now);

  private:
    [[nodiscard]] bool has_failed(std::uint64_t address, Instant now) const;

    struct Leases {
        RateLease messages;
        RateLease bytes;
    };
    NodeRates* node_;
    const BrokerOptions* options_ = nullptr;
    std::array<Leases, kListenerKinds> leases_;
    bool is_on_ = false;
};

}  // namespace kith::broker
