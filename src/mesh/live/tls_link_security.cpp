#include "mesh/live/tls_link_security.h"

#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {
namespace {

/// The first 8 bytes of the hash of its key; nobody for what is no hash.
NodeId node_of(std::string_view key_hash) {
    constexpr std::size_t kDigits = 16;
    std::uint64_t id = 0;
    if (key_hash.size() < kDigits ||
        std::from_chars(key_hash.data(), key_hash.data() + kDigits, id, 16).ec != std::errc()) {
        return NodeId();
    }
    return NodeId(id);
}

}  // namespace

Result<std::unique_ptr<TlsLinkSecurity>> TlsLinkSecurity::create(const LinkCredentials& credentials,
                                                                 const MemberTable& members,
                                                                 const char* alpn) {
    std::unique_ptr<TlsLinkSecurity> made(new TlsLinkSecurity(members, alpn));
    TRY(made->renew(credentials));
    return made;
}

Status TlsLinkSecurity::renew(const LinkCredentials& credentials) {
    runtime::TlsServerOptions accepting;
    accepting.identities = {credentials.identity};
    accepting.any_date = true;
    accepting.alpn = {alpn_};
    if (credentials.lets_in) {
        accepting.identities[0].certificate_chain_pem += credentials.root_pem;
        accepting.alpn.emplace_back(kMeshJoinAlpn);
        accepting.open_alpn = {kMeshJoinAlpn};
        accepting.describes_channel = true;
    }
    accepting.client_certificates = runtime::ClientCertificates::Require;
    accepting.client_ca_pem = credentials.root_pem;
    runtime::TlsClientOptions dialling;
    dialling.ca_pem = credentials.root_pem;
    dialling.any_name = true;
    dialling.any_date = true;
    dialling.alpn = {alpn_};
    dialling.identity = credentials.identity;
    TRY_ASSIGN(auto server, runtime::TlsContext::server(accepting));
    TRY_ASSIGN(auto client, runtime::TlsContext::client(dialling));
    server_ = std::move(server);
    client_ = std::move(client);
    return {};
}

std::unique_ptr<runtime::Stream> TlsLinkSecurity::wrap_dialled(
    std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) {
    return runtime::TlsContext::wrap(client_, std::move(stream), shard);
}

std::unique_ptr<runtime::Stream> TlsLinkSecurity::wrap_accepted(
    std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) {
    return runtime::TlsContext::wrap(server_, std::move(stream), shard);
}

Result<LinkPeer> TlsLinkSecurity::identify(const runtime::StreamInfo& info) const {
    const runtime::TlsPeer* peer = info.tls;
    if (peer == nullptr || peer->version != "TLSv1.3" || peer->alpn != alpn_) {
        return fail(ErrorKind::Denied, "does not speak the mesh's protocol over TLS 1.3");
    }
    const NodeId node = node_of(peer->key_hash);
    if (node == NodeId()) {
        return fail(ErrorKind::Denied, "showed no certificate of this mesh");
    }
    if (members_.is_revoked(node)) {
        return fail(ErrorKind::Denied, "was revoked");
    }
    if (now_ && (*now_ < peer->not_before || *now_ >= peer->not_after)) {
        return fail(ErrorKind::Denied, "showed a certificate that is not valid now");
    }
    for (const NodeRole role : {NodeRole::Router, NodeRole::Leaf}) {
        if (peer->uri_name == role_uri(role)) {
            return LinkPeer{.node = node, .role = role};
        }
    }
    return fail(ErrorKind::Denied, "showed a certificate that is not a node's");
}

bool TlsLinkSecurity::is_newcomer(const runtime::StreamInfo& info) const {
    return info.tls != nullptr && info.tls->alpn == kMeshJoinAlpn;
}

}  // namespace kith::mesh
