// The HTTP server of a node: console, API, metrics, live feed, MQTT over WebSocket.
//
//     ApiServer server(parts, options);
//     server.start();
//     server.accept(std::move(stream));     // from the listener, plain or TLS
//
// Runs on one shard. Data come from the Backend, users and tokens from access/, and MQTT goes to
// the broker through parts.accept_mqtt. Every request passes the same gate, in this order: Host,
// Origin, credentials, role, CSRF token, length of the body.
// Threads: shard-local. Limits: limits.h, each refused politely and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "access/accounts.h"
#include "access/certificate_office.h"
#include "access/password_desk.h"
#include "access/registry.h"
#include "access/session_book.h"
#include "access/sign_in.h"
#include "access/token_authenticator.h"
#include "api/asset.h"
#include "api/backend.h"
#include "api/backups.h"
#include "api/mesh_forward.h"
#include "api/mesh_office.h"
#include "api/metrics.h"
#include "broker/accept.h"
#include "runtime/address_range.h"
#include "runtime/shard.h"
#include "runtime/stream.h"

namespace kith::api {

/// What the server works with; all of it outlives the server and lives on the same shard.
struct ApiParts {
    runtime::Shard& shard;
    Backend& backend;
    access::Registry& registry;
    access::SignIn& sign_in;
    access::Accounts& accounts;
    access::PasswordDesk& passwords;
    access::SessionBook& sessions;
    access::CertificateOffice& certificates;
    access::TokenAuthenticator& authenticator;
    /// Takes a WebSocket's stream as a new MQTT connection.
    std::function<void(std::unique_ptr<runtime::Stream>, broker::AcceptOptions)> accept_mqtt;
    /// Microseconds on a running clock, for durations that are shown to people.
    std::function<std::uint64_t()> ticks_us;
    Backups& backups;
    MeshOffice& mesh_office;
    /// Empty: there is no mesh.
    OpenMeshForward open_mesh_forward = {};
};

struct ApiOptions {
    /// Names and addresses that this node answers to, besides loopback.
    std::vector<std::string> hosts;
    /// The certificate that machines are to trust; empty: there is none to give.
    std::string ca_pem;
    /// Files of the console; they live as long as the program.
    std::span<const Asset> assets;
    /// Proxies whose Forwarded and X-Forwarded-For say who asks.
    std::vector<runtime::AddressRange> proxies = {};
};

class ApiServer {
  public:
    ApiServer(const ApiParts& parts, const ApiOptions& options);
    ~ApiServer();

    /// Begins to sample the node.
    void start();
    /// Takes a connection: TCP, or TLS over it.
    void accept(std::unique_ptr<runtime::Stream> stream);
    /// Something happened on the node.
    void on_event(const NodeEvent& event);
    /// Takes no more requests: open ones are answered, live clients are told.
    void drain();

    [[nodiscard]] const ApiCounters& counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::api
