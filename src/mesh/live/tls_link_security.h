// Links over TLS 1.3, where both sides show a certificate of the mesh's root.
//
// The certificate vouches for a key, and the node's id follows from that key: whatever name stands
// in it is for people. The ALPN protocol keeps a node from being taken for a broker and the other
// way round. Threads: shard-local.
#pragma once

#include <memory>
#include <string>

#include "mesh/live/link_security.h"
#include "mesh/trust/member_table.h"
#include "runtime/tls.h"

namespace kith::mesh {

inline constexpr const char* kMeshAlpn = "kith-mesh/1";

/// What a node shows, and whom it believes. PEM.
struct LinkCredentials {
    runtime::TlsIdentity identity;
    std::string root_pem;
};

class TlsLinkSecurity final : public LinkSecurity {
  public:
    /// `members` says who was revoked, and outlives this. Errors: Invalid, with what OpenSSL
    /// refused.
    [[nodiscard]] static Result<std::unique_ptr<TlsLinkSecurity>> create(
        const LinkCredentials& credentials, const MemberTable& members);

    /// For links to come: a certificate that was renewed. Errors: as create().
    [[nodiscard]] Status renew(const LinkCredentials& credentials);

    [[nodiscard]] std::unique_ptr<runtime::Stream> wrap_dialled(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) override;
    [[nodiscard]] std::unique_ptr<runtime::Stream> wrap_accepted(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) override;
    [[nodiscard]] bool has_handshake() const override { return true; }
    [[nodiscard]] Result<LinkPeer> identify(const runtime::StreamInfo& info) const override;

  private:
    explicit TlsLinkSecurity(const MemberTable& members) : members_(members) {}

    const MemberTable& members_;
    // shared_ptr: as TlsContext::wrap() wants them.
    std::shared_ptr<runtime::TlsContext> server_;
    std::shared_ptr<runtime::TlsContext> client_;
};

}  // namespace kith::mesh
