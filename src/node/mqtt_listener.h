// A port on which MQTT clients connect: one accept per shard, the kernel spreads the connections.
//
// Threads: one object a shard, shard-local.
#pragma once

#include "broker/broker.h"
#include "node/proxy_gate.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/tls.h"

#include <memory>
#include <optional>
#include <vector>

namespace kith::node {

struct MqttListenerOptions {
    runtime::SocketAddress address;
    /// Null: plain TCP.
    std::shared_ptr<runtime::TlsContext> tls;
    /// Peers on this host need no credentials.
    bool anonymous = false;
    /// Proxies, if every connection comes through one.
    std::optional<std::vector<runtime::AddressRange>> proxies = std::nullopt;
};

class MqttListener final : public runtime::AcceptHandler {
  public:
    /// Whether nobody listens on an address. The shards of a node share theirs, and the kernel
    /// would let another node share it, too. Errors: Io with errno, as of bind(2).
    [[nodiscard]] static Status check_free(runtime::Shard& shard,
                                           const runtime::SocketAddress& address);
    /// Errors: Io with errno, as of bind(2).
    [[nodiscard]] static Result<std::unique_ptr<MqttListener>> open(runtime::Shard& shard,
                                                                    broker::BrokerShard& broker,
                                                                    MqttListenerOptions options);

    [[nodiscard]] runtime::SocketAddress address() const { return listener_->local(); }
    /// A reload replaces certificate and trust for the connections to come.
    void set_tls(std::shared_ptr<runtime::TlsContext> tls) { options_.tls = std::move(tls); }

    void on_accept(std::unique_ptr<runtime::Stream> stream) override;

  private:
    MqttListener(runtime::Shard& shard, broker::BrokerShard& broker, MqttListenerOptions options);

    void serve(std::unique_ptr<runtime::Stream> stream);

    runtime::Shard& shard_;
    broker::BrokerShard& broker_;
    MqttListenerOptions options_;
    std::unique_ptr<ProxyGate> gate_;  // null: clients connect directly
    std::unique_ptr<runtime::Listener> listener_;
};

}  // namespace kith::node
