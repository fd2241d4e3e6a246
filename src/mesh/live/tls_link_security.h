// Links over TLS 1.3, where both sides show a certificate of the mesh's root.
//
// The certificate vouches for a key, and the node's id follows from that key: whatever name stands
// in it is for people. The ALPN protocol keeps a node from being taken for a broker and the other
// way round, and tells links from those who want to be let in. Dates are looked at here and not by
// OpenSSL, which would believe the machine's clock. Threads: shard-local.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "mesh/live/link_security.h"
#include "mesh/trust/member_table.h"
#include "runtime/tls.h"

namespace kith::mesh {

inline constexpr const char* kMeshAlpn = "kith-mesh/1";
/// Of somebody who has no certificate yet, or one that is to be renewed.
inline constexpr const char* kMeshJoinAlpn = "kith-mesh-join/1";
/// From one end of a circuit to the other (forward_desk.h).
inline constexpr const char* kMeshForwardAlpn = "kith-mesh-forward/1";

/// What a node shows, and whom it believes. PEM.
struct LinkCredentials {
    runtime::TlsIdentity identity;
    std::string root_pem;
    bool lets_in = false;  // it takes newcomers, and shows them the root
};

class TlsLinkSecurity final : public LinkSecurity {
  public:
    /// `members` says who was revoked, and outlives this; `alpn` is what both sides speak. Errors:
    /// Invalid, with what OpenSSL refused.
    [[nodiscard]] static Result<std::unique_ptr<TlsLinkSecurity>> create(
        const LinkCredentials& credentials, const MemberTable& members,
        const char* alpn = kMeshAlpn);

    /// For links to come: a certificate that was renewed. Errors: as create().
    [[nodiscard]] Status renew(const LinkCredentials& credentials);

    [[nodiscard]] std::unique_ptr<runtime::Stream> wrap_dialled(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) override;
    [[nodiscard]] std::unique_ptr<runtime::Stream> wrap_accepted(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) override;
    [[nodiscard]] bool has_handshake() const override { return true; }
    [[nodiscard]] Result<LinkPeer> identify(const runtime::StreamInfo& info) const override;
    [[nodiscard]] bool is_newcomer(const runtime::StreamInfo& info) const override;

    /// With which dates are compared; empty, as at first: not known, and they are not looked at.
    void set_time(std::optional<WallTime> now) { now_ = now; }

  private:
    TlsLinkSecurity(const MemberTable& members, const char* alpn)
        : members_(members), alpn_(alpn) {}

    const MemberTable& members_;
    const char* alpn_;
    std::optional<WallTime> now_;
    // shared_ptr: as TlsContext::wrap() wants them.
    std::shared_ptr<runtime::TlsContext> server_;
    std::shared_ptr<runtime::TlsContext> client_;
};

}  // namespace kith::mesh
