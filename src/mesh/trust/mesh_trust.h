// Trust among the nodes of a mesh, by certificates of the mesh's own root.
//
// A certificate binds nothing but a key and a role: the id of a node follows from its key, so that
// nobody is given the id of another. A node that does not know the time looks at signatures and
// revocations, not at dates, until somebody tells it.
// Threads: shard-local. Limits: those of MemberTable.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/member_certificate.h"
#include "mesh/ports.h"
#include "mesh/trust/member_table.h"
#include "mesh/trust/node_key.h"
#include "mesh/trust/revocations.h"

namespace kith::mesh {

/// "urn:kith:mesh:router": how a certificate says what its node may.
[[nodiscard]] std::string_view role_uri(NodeRole role);
/// Nothing for what is no role.
[[nodiscard]] std::optional<NodeRole> role_of_uri(std::string_view uri);

struct NodeCertificateOptions {
    crypto::Ed25519PublicKey public_key{};
    NodeRole role = NodeRole::Router;
    std::chrono::days lifetime = crypto::kMemberLifetimeDefault;
    WallTime now;
};
/// A certificate for a node of the mesh, as DER. The node shows it, and behind it that of
/// `authority` if that is not the root. Errors: as crypto::issue_member_certificate().
[[nodiscard]] Result<std::vector<std::uint8_t>> issue_node_certificate(
    const crypto::Identity& authority, const NodeCertificateOptions& options);

class MeshTrust final : public TrustPort {
  public:
    struct Settings {
        std::string_view root_pem;
        Bytes certificate;            // the chain that this node shows
        std::optional<WallTime> now;  // empty: not known
    };

    /// Errors: Malformed, Invalid (the root); Denied if the certificate is not of this root, not
    /// valid now, or not for `key`.
    [[nodiscard]] static Result<MeshTrust> create(NodeKey key, const Settings& settings);

    /// Once it is known, and from time to time: dates are compared with it. Empty: not known.
    void set_time(std::optional<WallTime> now) { now_ = now; }
    /// This node's certificate was renewed. Errors: as create().
    [[nodiscard]] Status set_certificate(Bytes certificate);

    /// Who shows this chain: for a handshake, which proves beside it that he has the key. Takes
    /// nobody in. Errors: Malformed, Limit (too long); Denied.
    [[nodiscard]] Result<Member> identify(Bytes certificate) const;

    /// What a revocation of a record, or of a file, says counts from now on: as revoke(), if an
    /// authority of this mesh has signed it. Errors: Denied if not.
    [[nodiscard]] Status take(const Revocation& revocation);
    /// Called with what take_revocations() has found out, from inside of the core: queues.
    void when_revoked(std::function<void(std::vector<Revocation>)> listener) {
        when_revoked_ = std::move(listener);
    }

    /// From now on nothing of this node is taken, whatever it shows. Errors: Limit; Invalid for
    /// this node itself.
    [[nodiscard]] Status revoke(NodeId node);
    /// Makes room: for a node of which nothing is kept any more.
    void forget(NodeId node) { members_.forget(node); }
    [[nodiscard]] const MemberTable& members() const { return members_; }
    [[nodiscard]] NodeId self() const { return key_.id(); }

    void sign(Bytes message, MutableBytes signature) override { key_.sign(message, signature); }
    [[nodiscard]] bool verify(NodeId origin, Bytes message, Bytes signature) override;
    /// Beyond the errors of the port: Malformed; Limit for too long a chain, or too many nodes.
    [[nodiscard]] Status admit(NodeId origin, Bytes certificate) override;
    [[nodiscard]] bool is_rival(NodeId origin, Bytes certificate) const override;
    [[nodiscard]] Bytes certificate() const override { return certificate_; }
    [[nodiscard]] std::optional<NodeRole> role_of(NodeId origin) const override;
    /// Errors: Malformed; Denied if one of them is not signed.
    [[nodiscard]] Status take_revocations(Bytes body) override;

  private:
    MeshTrust(crypto::MemberVerifier verifier, NodeKey key, const Settings& settings);

    crypto::MemberVerifier verifier_;
    NodeKey key_;
    crypto::VerificationKey own_key_;
    std::vector<std::uint8_t> certificate_;
    std::optional<WallTime> now_;
    crypto::Digest root_fingerprint_{};
    MemberTable members_;
    std::function<void(std::vector<Revocation>)> when_revoked_;
};

}  // namespace kith::mesh
