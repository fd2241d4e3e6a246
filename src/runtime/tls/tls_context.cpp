// TlsContext over OpenSSL: reads PEM, sets up SSL_CTX, answers OpenSSL's questions about names and
// protocols.

#include <algorithm>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/narrow.h"
#include "runtime/limits.h"
#include "runtime/tls/tls_context_impl.h"
#include "runtime/tls/tls_stream.h"

namespace kith::runtime {
namespace {

// TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kSessionContext[] = "kith";
/// 112 bits: RSA of 2048, no SHA-1.
constexpr int kSecurityLevel = 2;

tl::unexpected<Error> invalid(const char* text) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, text);
}

BioPointer reader_of(const std::string& text) {
    return BioPointer(BIO_new_mem_buf(text.data(), narrow<int>(text.size())));
}

/// Refuses keys that need a password: OpenSSL would ask for it on the terminal.
int no_password(char*, int, int, void*) {
    return -1;
}

/// All certificates of a PEM text; the end of the text is no error, nonsense in it is.
Result<std::vector<CertificatePointer>> read_certificates(const std::string& pem) {
    const BioPointer reader = reader_of(pem);
    std::vector<CertificatePointer> certificates;
    ERR_clear_error();
    while (X509* certificate = PEM_read_bio_X509(reader.get(), nullptr, no_password, nullptr)) {
        certificates.emplace_back(certificate);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end || certificates.empty()) {
        return fail(ErrorKind::Invalid, "not a certificate in PEM");
    }
    return certificates;
}

Result<SslContextPointer> new_context(const SSL_METHOD* method) {
    SslContextPointer context(SSL_CTX_new(method));
    if (context == nullptr) {
        return invalid("OpenSSL gives no TLS context");
    }
    SSL_CTX* ctx = context.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_security_level(ctx, kSecurityLevel);
    SSL_CTX_set_options(
        ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // An idle connection holds no record buffers.
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_set_cipher_list(ctx, kTls12Ciphers) != 1) {
        return invalid("OpenSSL knows none of the TLS 1.2 ciphers");
    }
    return context;
}

/// Returns the leaf.
Result<CertificatePointer> use_identity(SSL_CTX* ctx, const TlsIdentity& identity) {
    auto chain = read_certificates(identity.certificate_chain_pem);
    if (!chain) {
        return invalid("the certificate chain is not PEM");
    }
    if (SSL_CTX_use_certificate(ctx, chain->front().get()) != 1) {
        return invalid("the certificate cannot be used: its key may be too short");
    }
    for (std::size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add1_chain_cert(ctx, (*chain)[i].get()) != 1) {
            return invalid("an issuer in the certificate chain cannot be used");
        }
    }
    const BioPointer reader = reader_of(identity.private_key_pem);
    const KeyPointer key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr));
    if (key == nullptr) {
        return invalid("the private key is not PEM, or needs a password");
    }
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        return invalid("the private key does not belong to the certificate");
    }
    return std::move(chain->front());
}

Status trust(SSL_CTX* ctx, const std::string& pem) {
    auto authorities = read_certificates(pem);
    if (!authorities) {
        return invalid("the trusted certificates are not PEM");
    }
    for (const CertificatePointer& authority : *authorities) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority.get()) != 1) {
            return invalid("a trusted certificate cannot be used");
        }
    }
    return {};
}

/// Also names the authorities to clients, so that they can choose a certificate.
Status trust_authorities(SSL_CTX* ctx, const std::string& pem) {
    TRY(trust(ctx, pem));
    const auto authorities = read_certificates(pem);
    for (const CertificatePointer& authority : *authorities) {
        SSL_CTX_add_client_CA(ctx, authority.get());
    }
    return {};
}

Status use_revocation_lists(SSL_CTX* ctx, const std::string& pem) {
    const BioPointer reader = reader_of(pem);
    X509_STORE* store = SSL_CTX_get_cert_store(ctx);
    std::size_t count = 0;
    ERR_clear_error();
    while (X509_CRL* read = PEM_read_bio_X509_CRL(reader.get(), nullptr, no_password, nullptr)) {
        const CrlPointer list(read);
        if (X509_STORE_add_crl(store, list.get()) != 1) {
            return invalid("a list of revoked certificates cannot be used");
        }
        ++count;
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end || count == 0) {
        return invalid("the list of revoked client certificates is not PEM");
    }
    ERR_clear_error();
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

void take_any_date(SSL_CTX* ctx) {
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_NO_CHECK_TIME);
}

/// As OpenSSL's macros do, without their C casts.
template <typename Callback>
void set_callback(SSL_CTX* ctx, int command, Callback callback) {
    SSL_CTX_callback_ctrl(ctx, command, reinterpret_cast<void (*)()>(callback));
}

// How OpenSSL asks for ticket keys.
// style: the parameters are OpenSSL's.
int choose_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int is_encryption) {
    const auto* stream = static_cast<const TlsStream*>(SSL_get_ex_data(ssl, 0));
    TicketKeys& keys = stream->context().ticket_keys();
    const TicketKeys::Request request{.name = name, .iv = iv, .cipher = cipher, .mac = mac};
    return is_encryption != 0 ? keys.encrypt(request, stream->now())
                              : keys.decrypt(request, stream->now());
}

bool is_ip_address(const std::string& name) {
    const std::unique_ptr<ASN1_OCTET_STRING, OpensslFree<ASN1_OCTET_STRING_free>> ip(
        a2i_IPADDRESS(name.c_str()));
    ERR_clear_error();
    return ip != nullptr;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsServerOptions& options) {
    return TlsContextImpl::create_server(options);
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsClientOptions& options) {
    return TlsContextImpl::create_client(options);
}

std::unique_ptr<Stream> TlsContext::wrap(std::shared_ptr<TlsContext> context,
                                         std::unique_ptr<Stream> lower, Shard& shard) {
    auto implementation = std::static_pointer_cast<TlsContextImpl>(std::move(context));
    auto stream = std::make_unique<TlsStream>(std::move(implementation), std::move(lower), shard);
    stream->start();
    return stream;
}

Result<std::shared_ptr<TlsContext>> TlsContextImpl::create_server(const TlsServerOptions& options) {
    if (options.identities.empty()) {
        return invalid("a TLS server needs a certificate");
    }
    auto context = std::make_shared<TlsContextImpl>();
    context->is_server_ = true;
    context->ticket_keys_ = std::make_unique<TicketKeys>();
    if (!options.own_client_ca_pem.empty()) {
        auto own = read_certificates(options.own_client_ca_pem);
        if (!own || own->size() != 1) {
            return invalid("the node's own authority for clients is not one certificate in PEM");
        }
        context->own_authority_ = std::move(own->front());
    }
    TRY(context->set_alpn(options.alpn));
    context->open_alpn_ = options.open_alpn;
    context->describes_channel_ = options.describes_channel;
    for (const TlsIdentity& identity : options.identities) {
        TRY(context->add_server_identity(options, identity));
    }
    context->install_server_callbacks();
    return std::shared_ptr<TlsContext>(std::move(context));
}

Status TlsContextImpl::add_server_identity(const TlsServerOptions& options,
                                           const TlsIdentity& identity) {
    TRY_ASSIGN(SslContextPointer context, new_context(TLS_server_method()));
    SSL_CTX* ctx = context.get();
    TRY_ASSIGN(CertificatePointer leaf, use_identity(ctx, identity));
    // Resumption is by tickets, whose keys live in this context: no cache, nothing to share.
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_timeout(ctx, kTlsTicketSeconds);
    SSL_CTX_set_session_id_context(ctx, kSessionContext, sizeof(kSessionContext) - 1);
    if (options.client_certificates != ClientCertificates::Ignore) {
        const bool required = options.client_certificates == ClientCertificates::Require;
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                           &TlsContextImpl::verify_client);
        SSL_CTX_set_verify_depth(ctx, kTlsChainDepthMax);
        TRY(trust_clients(ctx, options));
        if (options.any_date) {
            take_any_date(ctx);
        }
    }
    identities_.push_back({std::move(context), std::move(leaf)});
    return {};
}

Status TlsContextImpl::trust_clients(SSL_CTX* ctx, const TlsServerOptions& options) {
    if (!options.client_ca_pem.empty()) {
        TRY(trust_authorities(ctx, options.client_ca_pem));
    }
    if (!options.own_client_ca_pem.empty()) {
        TRY(trust_authorities(ctx, options.own_client_ca_pem));
    }
    if (options.client_ca_pem.empty() && options.own_client_ca_pem.empty()) {
        return invalid("client certificates need an authority that vouches for them");
    }
    return options.client_crl_pem.empty() ? Status()
                                          : use_revocation_lists(ctx, options.client_crl_pem);
}

bool TlsContextImpl::is_own(X509* certificate) const {
    // The name is cheap to compare and easy to forge; the signature is neither.
    const bool is_signed = own_authority_ != nullptr &&
                           X509_NAME_cmp(X509_get_issuer_name(certificate),
                                         X509_get_subject_name(own_authority_.get())) == 0 &&
                           X509_verify(certificate, X509_get0_pubkey(own_authority_.get())) == 1;
    ERR_clear_error();
    return is_signed;
}

/// The node's own authority keeps no list: what it has revoked is asked for at every CONNECT.
int TlsContextImpl::verify_client(int is_good, X509_STORE_CTX* store) {
    if (is_good == 1 || X509_STORE_CTX_get_error(store) != X509_V_ERR_UNABLE_TO_GET_CRL) {
        return is_good;
    }
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* stream = static_cast<const TlsStream*>(SSL_get_ex_data(ssl, 0));
    if (!stream->context().is_own(X509_STORE_CTX_get_current_cert(store))) {
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

void TlsContextImpl::install_server_callbacks() {
    SSL_CTX* ctx = identities_.front().context.get();
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, &choose_ticket_key);
    if (identities_.size() > 1) {
        set_callback(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, &TlsContextImpl::choose_identity);
        SSL_CTX_ctrl(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, this);
    }
    if (alpn_wire_.empty()) {
        return;
    }
    for (const Identity& identity : identities_) {
        SSL_CTX_set_alpn_select_cb(identity.context.get(), &TlsContextImpl::choose_protocol, this);
    }
}

Result<std::shared_ptr<TlsContext>> TlsContextImpl::create_client(const TlsClientOptions& options) {
    auto context = std::make_shared<TlsContextImpl>();
    if (!options.any_name) {
        context->server_name_ = options.server_name;
    }
    context->verify_ = options.verify;
    context->describes_channel_ = options.describes_channel;
    TRY(context->set_alpn(options.alpn));
    TRY_ASSIGN(SslContextPointer made, new_context(TLS_client_method()));
    SSL_CTX* ctx = made.get();
    CertificatePointer leaf;
    if (!options.identity.certificate_chain_pem.empty()) {
        TRY_ASSIGN(leaf, use_identity(ctx, options.identity));
    }
    if (options.any_name && options.ca_pem.empty()) {
        return invalid("a TLS client that takes any name needs an authority of its own");
    }
    if (options.verify && options.server_name.empty() && !options.any_name) {
        return invalid("a TLS client needs the server's name to verify its certificate");
    }
    SSL_CTX_set_verify(ctx, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (options.any_date) {
        take_any_date(ctx);
    }
    if (!options.ca_pem.empty()) {
        TRY(trust(ctx, options.ca_pem));
    } else if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
        return invalid("the system's trusted certificates cannot be read");
    }
    const auto* wire = reinterpret_cast<const unsigned char*>(context->alpn_wire_.data());
    if (SSL_CTX_set_alpn_protos(ctx, wire, narrow<unsigned>(context->alpn_wire_.size())) != 0) {
        return invalid("the ALPN protocols cannot be used");
    }
    context->identities_.push_back({std::move(made), std::move(leaf)});
    return std::shared_ptr<TlsContext>(std::move(context));
}

Status TlsContextImpl::set_alpn(const std::vector<std::string>& protocols) {
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255) {
            return invalid("an ALPN protocol has 1 to 255 bytes");
        }
        alpn_wire_.push_back(static_cast<char>(protocol.size()));
        alpn_wire_ += protocol;
    }
    return {};
}

SslPointer TlsContextImpl::new_connection() const {
    SslPointer ssl(SSL_new(identities_.front().context.get()));
    if (ssl == nullptr) {
        return nullptr;
    }
    if (is_server_) {
        SSL_set_accept_state(ssl.get());
        return ssl;
    }
    SSL_set_connect_state(ssl.get());
    if (server_name_.empty()) {
        return ssl;
    }
    if (is_ip_address(server_name_)) {  // RFC 6066: addresses are no server names
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name_.c_str());
        return ssl;
    }
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_name_.c_str()));
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl.get(), server_name_.c_str());
    return ssl;
}

int TlsContextImpl::choose_identity(SSL* ssl, int*, void* self) {
    const auto& context = *static_cast<const TlsContextImpl*>(self);
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    for (const Identity& identity : context.identities_) {
        if (X509_check_host(identity.leaf.get(), name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                            nullptr) == 1) {
            SSL_set_SSL_CTX(ssl, identity.context.get());
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;  // the first identity serves names that nobody has
}

// style: the parameters are OpenSSL's.
int TlsContextImpl::choose_protocol(SSL* ssl, const unsigned char** chosen,
                                    unsigned char* chosen_bytes, const unsigned char* offered,
                                    unsigned offered_bytes, void* self) {
    const auto& context = *static_cast<const TlsContextImpl*>(self);
    const std::string& wire = context.alpn_wire_;
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, chosen_bytes,
                                             reinterpret_cast<const unsigned char*>(wire.data()),
                                             narrow<unsigned>(wire.size()), offered, offered_bytes);
    if (result != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301, 3.2: no_application_protocol
    }
    *chosen = found;
    if (std::ranges::find(context.open_alpn_, as_text({found, *chosen_bytes})) !=
        context.open_alpn_.end()) {
        // The certificate is asked for after this. No tickets: one would carry a client without a
        // certificate into the protocols that want one.
        SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
        SSL_set_num_tickets(ssl, 0);
    }
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace kith::runtime
