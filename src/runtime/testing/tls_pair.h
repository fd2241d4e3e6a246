// For tests of TLS: a server and a client on two simulated hosts.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"
#include "runtime/testing/test_authority.h"
#include "runtime/tls.h"

namespace kith::runtime {

[[nodiscard]] inline const TestAuthority& authority() {
    static const TestAuthority made;
    return made;
}

[[nodiscard]] inline TlsServerOptions server_options() {
    static const TlsIdentity identity =
        authority().issue({.common_name = "gw-1", .names = {"gw-1.test"}});
    return {.identities = {identity}};
}

[[nodiscard]] inline TlsClientOptions client_options() {
    return {.server_name = "gw-1.test", .ca_pem = authority().certificate_pem()};
}

/// A TLS server and client on two hosts. The plain streams below stay within reach.
struct TlsPair {
    TlsPair(const TlsServerOptions& server_side, const TlsClientOptions& client_side)
        : server_context(TlsContext::server(server_side).value()),
          client_context(TlsContext::client(client_side).value()) {
        begin();
    }

    void begin() {
        acceptor.when_accepted = [this](std::unique_ptr<Stream> stream) {
            server_lower = stream.get();
            server.take(TlsContext::wrap(server_context, std::move(stream), server_shard()));
        };
        acceptor.listen(server_shard(), {.address = server_host.address(8883)});
        client.connect(client_shard(), server_host.address(8883));
        client_lower = client.stream.get();
        client.take(TlsContext::wrap(client_context, std::move(client.stream), client_shard()));
    }
    [[nodiscard]] bool connect() {
        return run_until([this] { return client.connected.is_set() && server.connected.is_set(); });
    }
    [[nodiscard]] bool run_until_closed() {
        return run_until([this] { return client.closed.is_set() && server.closed.is_set(); });
    }
    [[nodiscard]] bool run_until(const std::function<bool()>& done) {
        return world.run_until(done, 1min);
    }
    [[nodiscard]] Shard& server_shard() { return server_host.shard(ShardId(0)); }
    [[nodiscard]] Shard& client_shard() { return client_host.shard(ShardId(0)); }
    [[nodiscard]] const TlsPeer& seen_by_server() { return *server.stream->info().tls; }
    [[nodiscard]] const TlsPeer& seen_by_client() { return *client.stream->info().tls; }

    Log log;
    sim::World world{{.seed = 5}};
    sim::Host& server_host = world.add_host("server", 1, log);
    sim::Host& client_host = world.add_host("client", 1, log);
    std::shared_ptr<TlsContext> server_context;
    std::shared_ptr<TlsContext> client_context;
    Stream* server_lower = nullptr;
    Stream* client_lower = nullptr;

    Acceptor acceptor;
    Peer server;
    Peer client;
};

}  // namespace kith::runtime
