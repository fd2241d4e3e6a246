// The port of console, API and MQTT over WebSocket: plain on loopback, TLS for other hosts.
//
// Threads: shard-local, on the API's shard.
#pragma once

#include "api/server.h"
#include "node/proxy_gate.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/tls.h"

#include <memory>
#include <optional>
#include <vector>

namespace kith::node {

struct HttpListenerOptions {
    runtime::SocketAddress address;
    /// Null: plain HTTP. shared_ptr: streams made with it outlive a reload.
    std::shared_ptr<runtime::TlsContext> tls;
    /// Proxies, if every connection comes through one.
    std::optional<std::vector<runtime::AddressRange>> proxies = std::nullopt;
};

class HttpListener final : public runtime::AcceptHandler {
  public:
    /// Errors: Io with errno, as of bind(2).
    [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(runtime::Shard& shard,
                                                                    api::ApiServer& server,
                                                                    HttpListenerOptions options);

    [[nodiscard]] runtime::SocketAddress address() const { return listener_->local(); }
    [[nodiscard]] bool is_tls() const { return options_.tls != nullptr; }
    /// A reload replaces the certificate for the connections to come.
    void set_tls(std::shared_ptr<runtime::TlsContext> tls) { options_.tls = std::move(tls); }

    void on_accept(std::unique_ptr<runtime::Stream> stream) override;

  private:
    HttpListener(runtime::Shard& shard, api::ApiServer& server, HttpListenerOptions options);

    void serve(std::unique_ptr<runtime::Stream> stream);

    runtime::Shard& shard_;
    api::ApiServer& server_;
    HttpListenerOptions options_;
    std::unique_ptr<ProxyGate> gate_;  // null: clients connect directly
    std::unique_ptr<runtime::Listener> listener_;
};

}  // namespace kith::node
