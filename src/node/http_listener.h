// The port of console, API and MQTT over WebSocket: plain on loopback, TLS for other hosts.
//
// Threads: shard-local, on the API's shard.
#pragma once

#include "api/server.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/tls.h"

#include <memory>

namespace kith::node {

class HttpListener final : public runtime::AcceptHandler {
  public:
    /// `tls` is null for plain HTTP. Errors: Io with errno, as of bind(2).
    [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(
        runtime::Shard& shard, api::ApiServer& server, const runtime::SocketAddress& address,
        std::shared_ptr<runtime::TlsContext> tls);

    [[nodiscard]] runtime::SocketAddress address() const { return listener_->local(); }
    [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
    /// A reload replaces the certificate for the connections to come.
    void set_tls(std::shared_ptr<runtime::TlsContext> tls) { tls_ = std::move(tls); }

    void on_accept(std::unique_ptr<runtime::Stream> stream) override;

  private:
    HttpListener(runtime::Shard& shard, api::ApiServer& server,
                 std::shared_ptr<runtime::TlsContext> tls)
        : shard_(shard), server_(server), tls_(std::move(tls)) {}

    runtime::Shard& shard_;
    api::ApiServer& server_;
    // shared_ptr: streams made with it outlive a reload.
    std::shared_ptr<runtime::TlsContext> tls_;
    std::unique_ptr<runtime::Listener> listener_;
};

}  // namespace kith::node
