#include "mesh/trust/mesh_trust.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"
#include "mesh/trust/authority.h"

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

const crypto::Identity& root() {
    static const crypto::Identity made = crypto::make_mesh_root("plant", kNow).value();
    return made;
}

NodeKey key(std::uint64_t seed) {
    crypto::FakeSecrets secrets(seed);
    return NodeKey::generate(secrets);
}

Buffer certificate(const NodeKey& key, NodeRole role = NodeRole::Router) {
    return issue_node_certificate(root(),
                                  {.public_key = key.public_key(), .role = role, .now = kNow})
        .value();
}

/// A node with the key of this seed.
MeshTrust node(std::uint64_t seed, std::optional<WallTime> now = kNow) {
    const Buffer own = certificate(key(seed));
    return MeshTrust::create(key(seed),
                             {.root_pem = root().certificate_pem, .certificate = own, .now = now})
        .value();
}

Buffer signature_of(const NodeKey& key, std::string_view message) {
    Buffer signature(crypto::kEd25519SignatureBytes);
    key.sign(as_bytes(message), signature);
    return signature;
}

std::string admitted(MeshTrust& trust, NodeId origin, const Buffer& certificate) {
    const Status status = trust.admit(origin, certificate);
    return status ? "admitted" : to_string(status.error().kind);
}

TEST(MeshTrust, WhatAMemberSignedIsVerifiedOnceItIsAdmitted) {
    MeshTrust trust = node(1);
    const NodeKey other = key(2);
    const Buffer signature = signature_of(other, "told");
    EXPECT_FALSE(trust.verify(other.id(), as_bytes("told"), signature)) << "nobody knows it";
    EXPECT_EQ(admitted(trust, other.id(), certificate(other)), "admitted");
    EXPECT_TRUE(trust.verify(other.id(), as_bytes("told"), signature));
    EXPECT_FALSE(trust.verify(other.id(), as_bytes("tolD"), signature));
    EXPECT_FALSE(trust.verify(key(3).id(), as_bytes("told"), signature));
    EXPECT_FALSE(trust.verify(trust.self(), as_bytes("told"), signature));
}

TEST(MeshTrust, ANodeVerifiesWhatItSignedItself) {
    MeshTrust trust = node(1);
    Buffer signature(crypto::kEd25519SignatureBytes);
    trust.sign(as_bytes("told"), signature);
    EXPECT_TRUE(trust.verify(trust.self(), as_bytes("told"), signature));
    EXPECT_EQ(trust.self(), key(1).id());
}

TEST(MeshTrust, WhatANodeShowsIsTakenByOthers) {
    MeshTrust one = node(1);
    MeshTrust two = node(2);
    EXPECT_TRUE(two.admit(one.self(), one.certificate()));
    EXPECT_TRUE(one.admit(one.self(), one.certificate())) << "and by itself";
    EXPECT_EQ(one.members().size(), 0U);
}

TEST(MeshTrust, ACertificateIsOfItsNodeAlone) {
    MeshTrust trust = node(1);
    EXPECT_EQ(admitted(trust, key(3).id(), certificate(key(2))), "denied");
    EXPECT_EQ(admitted(trust, trust.self(), certificate(key(2))), "denied");
    EXPECT_EQ(trust.members().size(), 0U);
}

TEST(MeshTrust, NobodyIsARivalOfHimself) {
    MeshTrust trust = node(1);
    EXPECT_FALSE(trust.is_rival(key(2).id(), certificate(key(2)))) << "not known yet";
    ASSERT_TRUE(trust.admit(key(2).id(), certificate(key(2))));
    EXPECT_FALSE(trust.is_rival(key(2).id(), certificate(key(2))));
    EXPECT_FALSE(trust.is_rival(key(2).id(), certificate(key(3)))) << "of another id";
    EXPECT_FALSE(trust.is_rival(key(2).id(), {}));
}

TEST(MeshTrust, TheCertificateSaysTheRole) {
    MeshTrust trust = node(1);
    ASSERT_TRUE(trust.admit(key(2).id(), certificate(key(2), NodeRole::Leaf)));
    ASSERT_TRUE(trust.admit(key(3).id(), certificate(key(3), NodeRole::Router)));
    EXPECT_EQ(trust.members().find(key(2).id())->role, NodeRole::Leaf);
    EXPECT_EQ(trust.members().find(key(3).id())->role, NodeRole::Router);
    const TrustPort& port = trust;
    EXPECT_EQ(port.role_of(key(2).id()), NodeRole::Leaf);
    EXPECT_EQ(port.role_of(key(4).id()), std::nullopt);
    EXPECT_EQ(trust.members().find(key(3).id())->not_after, kNow + crypto::kMemberLifetimeDefault);
}

TEST(MeshTrust, ACertificateWithoutARoleIsDenied) {
    const Buffer certificate =
        crypto::issue_member_certificate(root(), {.public_key = key(2).public_key(),
                                                  .name = "n",
                                                  .uri = "urn:kith:mesh:emperor",
                                                  .now = kNow})
            .value();
    MeshTrust trust = node(1);
    EXPECT_EQ(admitted(trust, key(2).id(), certificate), "denied");
}

TEST(MeshTrust, AHolderMayIssueInTheRootsPlace) {
    const auto holder = crypto::delegate_mesh_authority(root(), "hall 2", kNow).value();
    Buffer chain =
        issue_node_certificate(holder, {.public_key = key(2).public_key(), .now = kNow}).value();
    MeshTrust trust = node(1);
    EXPECT_EQ(admitted(trust, key(2).id(), chain), "denied");
    const Buffer behind = crypto::certificate_der(holder.certificate_pem).value();
    chain.insert(chain.end(), behind.begin(), behind.end());
    EXPECT_EQ(admitted(trust, key(2).id(), chain), "admitted");
    EXPECT_LE(chain.size(), kRecordBodyBytesMax) << "an Identity record holds it";
}

TEST(MeshTrust, DatesCountOnceTheTimeIsKnown) {
    MeshTrust trust = node(1, std::nullopt);
    const Buffer other = certificate(key(2));
    EXPECT_EQ(admitted(trust, key(2).id(), other), "admitted");
    trust.set_time(kNow + crypto::kMemberLifetimeDefault + 1s);
    EXPECT_EQ(admitted(trust, key(2).id(), other), "denied");
    trust.set_time(kNow);
    EXPECT_EQ(admitted(trust, key(2).id(), other), "admitted");
}

TEST(MeshTrust, ItsOwnCertificateIsRenewedByOneForItsKey) {
    MeshTrust trust = node(1);
    const Buffer renewed =
        issue_node_certificate(
            root(), {.public_key = key(1).public_key(), .role = NodeRole::Router, .now = kNow + 1h})
            .value();
    ASSERT_TRUE(trust.set_certificate(renewed)) << "its clock is an hour behind, as they may be";
    EXPECT_EQ(as_text(trust.certificate()), as_text(renewed));
    EXPECT_EQ(trust.set_certificate(certificate(key(2))).error().kind, ErrorKind::Denied);
    EXPECT_EQ(as_text(trust.certificate()), as_text(renewed));
}

TEST(MeshTrust, OfARevokedNodeNothingIsTaken) {
    MeshTrust trust = node(1);
    const Buffer other = certificate(key(2));
    const Buffer signature = signature_of(key(2), "told");
    ASSERT_TRUE(trust.admit(key(2).id(), other));
    ASSERT_TRUE(trust.revoke(key(2).id()));
    EXPECT_FALSE(trust.verify(key(2).id(), as_bytes("told"), signature));
    EXPECT_EQ(admitted(trust, key(2).id(), other), "denied");
    EXPECT_EQ(trust.identify(other).error().kind, ErrorKind::Denied);
    EXPECT_EQ(trust.revoke(trust.self()).error().kind, ErrorKind::Invalid);
}

/// The bodies of the records by which `by` tells that these nodes are revoked.
Buffer revoked_by(const MeshAuthority& by, const std::vector<NodeId>& nodes) {
    RevocationList list;
    for (const NodeId node : nodes) {
        EXPECT_TRUE(list.add(by.revoke(node, kNow).value()));
    }
    return list.to_bodies().at(0);
}

MeshAuthority authority_of(const crypto::Identity& root) {
    return MeshAuthority::create(root, root.certificate_pem).value();
}

TEST(MeshTrust, WhatTheRootOrAHolderRevokesIsToldOnceAndCounts) {
    MeshTrust trust = node(1);
    std::vector<NodeId> told;
    trust.when_revoked([&told](const std::vector<Revocation>& news) {
        for (const Revocation& each : news) {
            told.push_back(each.node);
        }
    });
    ASSERT_TRUE(trust.admit(key(2).id(), certificate(key(2))));
    const MeshAuthority plant = authority_of(root());
    const MeshAuthority holder = plant.delegate("hall 2", kNow).value();
    ASSERT_TRUE(trust.take_revocations(revoked_by(plant, {key(2).id()})));
    EXPECT_EQ(trust.members().find(key(2).id()), nullptr);
    ASSERT_TRUE(trust.take_revocations(revoked_by(holder, {key(2).id(), key(3).id()})));
    EXPECT_EQ(told, (std::vector{key(2).id(), key(3).id()})) << "what was known is no news";
    ASSERT_TRUE(trust.take_revocations(revoked_by(plant, {trust.self()})));
    EXPECT_EQ(told.size(), 2U) << "of itself it hears nothing";
    EXPECT_EQ(trust.identify(certificate(key(3))).error().kind, ErrorKind::Denied);
}

TEST(MeshTrust, NobodyElseRevokes) {
    MeshTrust trust = node(1);
    int told = 0;
    trust.when_revoked([&told](const std::vector<Revocation>&) { ++told; });
    const crypto::Identity strange = crypto::make_mesh_root("plant", kNow).value();
    const Buffer forged = revoked_by(authority_of(strange), {key(2).id()});
    EXPECT_EQ(trust.take_revocations(forged).error().kind, ErrorKind::Denied);
    Buffer altered = revoked_by(authority_of(root()), {key(2).id()});
    altered[1 + 2 + 7] ^= 1U;  // another node
    EXPECT_EQ(trust.take_revocations(altered).error().kind, ErrorKind::Denied);
    EXPECT_EQ(trust.take_revocations(Buffer{9}).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(told, 0);
    EXPECT_EQ(admitted(trust, key(2).id(), certificate(key(2))), "admitted");
}

TEST(MeshTrust, AForgottenNodeMakesRoom) {
    MeshTrust trust = node(1);
    ASSERT_TRUE(trust.admit(key(2).id(), certificate(key(2))));
    trust.forget(key(2).id());
    EXPECT_EQ(trust.members().size(), 0U);
}

TEST(MeshTrust, AHandshakeLearnsWhoIsThereAndTakesNobodyIn) {
    const MeshTrust trust = node(1);
    const auto who = trust.identify(certificate(key(2), NodeRole::Leaf));
    ASSERT_TRUE(who);
    EXPECT_EQ(who->node, key(2).id());
    EXPECT_EQ(who->role, NodeRole::Leaf);
    EXPECT_EQ(trust.members().size(), 0U);
    EXPECT_EQ(trust.identify(Buffer{1, 2}).error().kind, ErrorKind::Malformed);
}

TEST(MeshTrust, ANodeStartsWithACertificateForItsKey) {
    const auto refusal = [](const std::string& root_pem, const Buffer& certificate) {
        const auto made = MeshTrust::create(
            key(1), {.root_pem = root_pem, .certificate = certificate, .now = kNow});
        return made ? "made" : to_string(made.error().kind);
    };
    const auto other = crypto::make_mesh_root("plant", kNow).value();
    EXPECT_STREQ(refusal(root().certificate_pem, certificate(key(1))), "made");
    EXPECT_STREQ(refusal(root().certificate_pem, certificate(key(2))), "denied");
    EXPECT_STREQ(refusal(other.certificate_pem, certificate(key(1))), "denied");
    EXPECT_STREQ(refusal(root().certificate_pem, {}), "malformed");
    EXPECT_STREQ(refusal("nonsense", certificate(key(1))), "malformed");
}

}  // namespace
}  // namespace kith::mesh
