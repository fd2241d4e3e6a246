#include "mesh/trust/authority.h"

#include <fmt/format.h>

#include "base/byte_reader.h"
#include "crypto/member_certificate.h"
#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {

MeshId mesh_id_of(const crypto::Digest& root_fingerprint) {
    return MeshId(ByteReader(root_fingerprint).u64());
}

std::string mesh_name_of(MeshId mesh) {
    return fmt::format("{:016x}", mesh.value());
}

Result<MeshAuthority> MeshAuthority::found(std::string_view name, WallTime now) {
    TRY_ASSIGN(crypto::Identity root, crypto::make_mesh_root(name, now));
    std::string root_pem = root.certificate_pem;
    return create(std::move(root), std::move(root_pem));
}

Result<MeshAuthority> MeshAuthority::create(crypto::Identity signer, std::string root_pem) {
    TRY_ASSIGN(std::vector<std::uint8_t> root_der, crypto::certificate_der(root_pem));
    TRY(crypto::check_mesh_authority(signer));
    return MeshAuthority(std::move(signer), std::move(root_pem), std::move(root_der));
}

Result<std::vector<std::uint8_t>> MeshAuthority::certify(const MemberOrder& order) const {
    TRY_ASSIGN(std::vector<std::uint8_t> chain,
               crypto::issue_member_certificate(signer_, {.public_key = order.public_key,
                                                          .name = order.name,
                                                          .uri = role_uri(order.role),
                                                          .now = order.now,
                                                          .since = order.since}));
    if (!is_root()) {
        TRY_ASSIGN(const std::vector<std::uint8_t> holder,
                   crypto::certificate_der(signer_.certificate_pem));
        chain.insert(chain.end(), holder.begin(), holder.end());
    }
    return chain;
}

Result<Revocation> MeshAuthority::revoke(NodeId node, WallTime now) const {
    Revocation revocation{.node = node, .at = now, .signer = {}, .signature = {}};
    if (!is_root()) {
        TRY_ASSIGN(revocation.signer, crypto::certificate_der(signer_.certificate_pem));
    }
    TRY_ASSIGN(revocation.signature,
               crypto::sign_as_authority(signer_, revocation_statement(fingerprint_, node, now)));
    return revocation;
}

Result<MeshAuthority> MeshAuthority::delegate(std::string_view holder_name, WallTime now) const {
    if (!is_root()) {
        return fail(ErrorKind::Denied, "only the root of a mesh can delegate");
    }
    TRY_ASSIGN(crypto::Identity holder, crypto::delegate_mesh_authority(signer_, holder_name, now));
    return create(std::move(holder), root_pem_);
}

}  // namespace kith::mesh
