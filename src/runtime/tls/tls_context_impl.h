// One TLS configuration as OpenSSL objects.
//
// A server has one SSL_CTX per identity; the first one accepts every connection and owns the ticket
// keys, the others lend their certificate when SNI asks for it.
// Threads: immutable after creation but for the ticket keys, any shard (OpenSSL counts references
// atomically).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/tls.h"
#include "runtime/tls/openssl_pointers.h"
#include "runtime/tls/ticket_keys.h"

namespace kith::runtime {

class TlsContextImpl final : public TlsContext {
  public:
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> create_server(
        const TlsServerOptions& options);
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> create_client(
        const TlsClientOptions& options);

    /// A connection in its initial state, handshake direction set; null when out of memory.
    [[nodiscard]] SslPointer new_connection() const;
    [[nodiscard]] bool is_server() const { return is_server_; }
    [[nodiscard]] bool describes_channel() const { return describes_channel_; }
    [[nodiscard]] TicketKeys& ticket_keys() const { return *ticket_keys_; }
    /// True if the node's own authority signed it.
    [[nodiscard]] bool is_own(X509* certificate) const;

  private:
    struct Identity {
        SslContextPointer context;
        CertificatePointer leaf;
    };

    [[nodiscard]] Status add_server_identity(const TlsServerOptions& options,
                                             const TlsIdentity& identity);
    [[nodiscard]] Status trust_clients(SSL_CTX* ctx, const TlsServerOptions& options);
    [[nodiscard]] Status set_alpn(const std::vector<std::string>& protocols);
    void install_server_callbacks();

    static int verify_client(int is_good, X509_STORE_CTX* store);
    static int choose_identity(SSL* ssl, int* alert, void* self);
    static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_bytes,
                               const unsigned char* offered, unsigned offered_bytes, void* self);

    std::vector<Identity> identities_;         // the first one is the context of every connection
    CertificatePointer own_authority_;         // null: it vouches for nobody
    std::unique_ptr<TicketKeys> ticket_keys_;  // of a server; changes under its own lock
    std::string alpn_wire_;                    // as RFC 7301 has it: length-prefixed names
    std::vector<std::string> open_alpn_;       // of it, those without client certificates
    std::string server_name_;                  // clients: SNI and the name to verify
    bool is_server_ = false;
    bool verify_ = true;
    bool describes_channel_ = false;
};

}  // namespace kith::runtime
