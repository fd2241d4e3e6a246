// TLS 1.2 and 1.3 over any Stream, by OpenSSL.
//
// A TlsContext is one configuration (certificate, trust, ALPN) shared by all shards; a TlsStream
// wraps a Stream and is one itself. OpenSSL works on memory, never on a descriptor, so the same
// code runs over TCP and in the simulation. Server certificates are chosen by SNI when several are
// given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/stream.h"

namespace kith::runtime {

/// PEM, from memory: who reads files is the caller's business.
struct TlsIdentity {
    std::string certificate_chain_pem;  // leaf first
    std::string private_key_pem;
};

enum class ClientCertificates : std::uint8_t { Ignore, Request, Require };

struct TlsServerOptions {
    std::vector<TlsIdentity> identities;  // at least one; the first serves clients without SNI
    std::vector<std::string> alpn;        // in order of preference; empty accepts any
    ClientCertificates client_certificates = ClientCertificates::Ignore;
    std::string client_ca_pem;      // trust for client certificates
    std::string own_client_ca_pem;  // more of it: the node's own authority, see TlsPeer
    /// Revoked certificates of client_ca_pem, a list of each authority; empty: not looked at. An
    /// authority without a list, or whose list has run out, vouches for nobody then.
    std::string client_crl_pem;
    /// Of `alpn`: whose clients need no certificate, whatever client_certificates says, and are not
    /// asked for one.
    std::vector<std::string> open_alpn;
    bool any_date = false;           // as TlsClientOptions
    bool describes_channel = false;  // as TlsClientOptions
};

struct TlsClientOptions {
    std::string server_name;  // SNI, and what the certificate must be valid for
    std::string ca_pem;       // empty: the system's trust store
    bool verify = true;       // false only for tests and for tools that say so
    /// Whoever ca_pem vouches for, whatever the name: the caller asks TlsPeer who it is.
    bool any_name = false;
    std::vector<std::string> alpn;
    TlsIdentity identity;  // empty: no client certificate
    /// Certificates are taken whenever they are valid: the caller looks at the dates in TlsPeer.
    bool any_date = false;
    /// TlsPeer says what names this connection, and what the peer has shown.
    bool describes_channel = false;
};

/// Why handshakes of servers fail; names in to_string().
enum class TlsFailure : std::uint8_t {
    NotTls,       // the first bytes were something else
    Version,      // older than 1.2
    Cipher,       // no cipher, group or signature in common
    Certificate,  // the client's is expired, revoked, for something else, or not trusted
    NoCertificate,
    PeerAlert,  // the client gave up with an alert: it does not trust this node
    Timeout,
    Closed,  // the connection ended on the way
    Other,
};
inline constexpr std::size_t kTlsFailureKinds = 9;
[[nodiscard]] const char* to_string(TlsFailure failure);

/// Immutable. Threads: any shard.
class TlsContext {
  public:
    virtual ~TlsContext() = default;

    /// Errors: Invalid with a text that names the part that OpenSSL refused.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> server(
        const TlsServerOptions& options);
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> client(
        const TlsClientOptions& options);

    /// Wraps a connected stream; the handler's on_connected() follows the handshake, on_closed()
    /// its failure. shared_ptr: streams outlive a reload that replaces the context.
    [[nodiscard]] static std::unique_ptr<Stream> wrap(std::shared_ptr<TlsContext> context,
                                                      std::unique_ptr<Stream> lower, Shard& shard);
};

}  // namespace kith::runtime
