// Whoever may say who belongs to the mesh: the root that was founded with it, or a holder to whom
// the root has delegated that.
//
// A mesh is its root: SHA-256 of the root's certificate is what a join token pins, the first 8
// bytes of it are the mesh's id. Threads: immutable, any. A certificate takes about 1 ms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/signing_key.h"
#include "mesh/trust/revocations.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

using MeshId = StrongId<struct MeshIdTag, std::uint64_t>;

[[nodiscard]] MeshId mesh_id_of(const crypto::Digest& root_fingerprint);
/// 16 hexadecimal digits.
[[nodiscard]] std::string mesh_name_of(MeshId mesh);

struct MemberOrder {
    crypto::Ed25519PublicKey public_key{};
    NodeRole role = NodeRole::Router;
    std::string_view name;  // as people call the node; check_node_name()
    WallTime now;
    /// Of a member whose certificate is renewed: Member::since; empty for a new one.
    std::optional<WallTime> since;
};

class MeshAuthority {
  public:
    /// A new mesh. Errors: Invalid if `name` does not fit a certificate.
    [[nodiscard]] static Result<MeshAuthority> found(std::string_view name, WallTime now);
    /// As it was kept. Errors: Malformed (the root); Invalid if the key does not belong to the
    /// certificate.
    [[nodiscard]] static Result<MeshAuthority> create(crypto::Identity signer,
                                                      std::string root_pem);

    /// The chain that the new member shows. Errors: Invalid (the name); Limit if the authority ends
    /// before.
    [[nodiscard]] Result<std::vector<std::uint8_t>> certify(const MemberOrder& order) const;
    /// Says that a node does not belong any more. Errors: as crypto::sign_as_authority().
    [[nodiscard]] Result<Revocation> revoke(NodeId node, WallTime now) const;
    /// A holder that certifies in its place. Errors: Denied if this is no root; Invalid, Limit.
    [[nodiscard]] Result<MeshAuthority> delegate(std::string_view holder_name, WallTime now) const;

    [[nodiscard]] bool is_root() const { return signer_.certificate_pem == root_pem_; }
    [[nodiscard]] const std::string& root_pem() const { return root_pem_; }
    [[nodiscard]] Bytes root_der() const { return root_der_; }
    [[nodiscard]] const crypto::Digest& fingerprint() const { return fingerprint_; }
    [[nodiscard]] MeshId mesh() const { return mesh_id_of(fingerprint_); }
    /// Secret.
    [[nodiscard]] const crypto::Identity& signer() const { return signer_; }

  private:
    MeshAuthority(crypto::Identity signer, std::string root_pem, std::vector<std::uint8_t> root_der)
        : signer_(std::move(signer)),
          root_pem_(std::move(root_pem)),
          root_der_(std::move(root_der)),
          fingerprint_(crypto::sha256(root_der_)) {}

    crypto::Identity signer_;
    std::string root_pem_;
    std::vector<std::uint8_t> root_der_;
    crypto::Digest fingerprint_;
};

}  // namespace kith::mesh
