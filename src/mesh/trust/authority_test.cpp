#include "mesh/trust/authority.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"
#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {
namespace {

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

/// Who a node with this key is to the mesh, if it shows what `authority` has given it.
Result<NodeId> member_of(const MeshAuthority& mesh, const MeshAuthority& authority) {
    crypto::FakeSecrets secrets(3);
    NodeKey key = NodeKey::generate(secrets);
    TRY_ASSIGN(const auto chain,
               authority.certify({.public_key = key.public_key(), .name = "cellar", .now = kNow}));
    TRY_ASSIGN(const MeshTrust trust,
               MeshTrust::create(std::move(key),
                                 {.root_pem = mesh.root_pem(), .certificate = chain, .now = kNow}));
    return trust.self();
}

TEST(MeshAuthority, CertifiesMembersOfItsMeshAndOfNoOther) {
    const MeshAuthority root = MeshAuthority::found("plant", kNow).value();
    EXPECT_TRUE(root.is_root());
    EXPECT_TRUE(member_of(root, root));
    const MeshAuthority other = MeshAuthority::found("plant", kNow).value();
    EXPECT_NE(root.mesh(), other.mesh());
    EXPECT_EQ(member_of(root, other).error().kind, ErrorKind::Denied);
}

TEST(MeshAuthority, OfAHolderCertifiesForTheSameMesh) {
    const MeshAuthority root = MeshAuthority::found("plant", kNow).value();
    const MeshAuthority holder = root.delegate("second", kNow).value();
    EXPECT_FALSE(holder.is_root());
    EXPECT_EQ(holder.fingerprint(), root.fingerprint());
    EXPECT_TRUE(member_of(root, holder));
    EXPECT_EQ(holder.delegate("third", kNow).error().kind, ErrorKind::Denied);
}

TEST(MeshAuthority, IsReadAsItWasKept) {
    const MeshAuthority root = MeshAuthority::found("plant", kNow).value();
    const auto again = MeshAuthority::create(root.signer(), root.root_pem());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->mesh(), root.mesh());
    EXPECT_EQ(mesh_name_of(root.mesh()), to_hex(root.fingerprint()).substr(0, 16));
    EXPECT_EQ(crypto::sha256(root.root_der()), root.fingerprint());
}

TEST(MeshAuthority, NeedsItsOwnKeyAndARoot) {
    const MeshAuthority root = MeshAuthority::found("plant", kNow).value();
    const MeshAuthority other = MeshAuthority::found("plant", kNow).value();
    crypto::Identity mixed = root.signer();
    mixed.private_key_pem = other.signer().private_key_pem;
    EXPECT_EQ(MeshAuthority::create(mixed, root.root_pem()).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(MeshAuthority::create(root.signer(), "x").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(MeshAuthority::found("", kNow).error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace kith::mesh
