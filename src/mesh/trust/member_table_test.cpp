#include "mesh/trust/member_table.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"

namespace kith::mesh {
namespace {

const crypto::Ed25519PublicKey& some_key() {
    static const crypto::Ed25519PublicKey key = [] {
        crypto::FakeSecrets secrets(1);
        return crypto::SigningKey::generate(secrets).public_key();
    }();
    return key;
}

Member member(std::uint64_t node, std::uint8_t key_ends_with = 0) {
    crypto::Ed25519PublicKey public_key = some_key();
    public_key.back() = key_ends_with;
    static const auto key = crypto::VerificationKey::ed25519(some_key()).value();
    return {.node = NodeId(node), .not_after = {}, .public_key = public_key, .key = key};
}

TEST(MemberTable, FindsWhoWasAdmitted) {
    MemberTable table;
    EXPECT_EQ(table.find(NodeId(1)), nullptr);
    ASSERT_TRUE(table.admit(member(1)));
    ASSERT_NE(table.find(NodeId(1)), nullptr);
    EXPECT_EQ(table.find(NodeId(1))->node, NodeId(1));
    EXPECT_EQ(table.find(NodeId(2)), nullptr);
}

TEST(MemberTable, ALaterCertificateReplacesTheOneBefore) {
    MemberTable table;
    ASSERT_TRUE(table.admit(member(1)));
    Member later = member(1);
    later.role = NodeRole::Leaf;
    later.not_after = WallTime::from_ms(5);
    ASSERT_TRUE(table.admit(later));
    EXPECT_EQ(table.find(NodeId(1))->role, NodeRole::Leaf);
    EXPECT_EQ(table.find(NodeId(1))->not_after, WallTime::from_ms(5));
    EXPECT_EQ(table.size(), 1U);
}

TEST(MemberTable, OfTwoKeysWithTheSameIdTheOneThatWasCertifiedFirstCounts) {
    Member early = member(1, 8);
    Member late = member(1, 7);
    early.since = WallTime::from_ms(1000);
    late.since = WallTime::from_ms(2000);
    MemberTable table;
    ASSERT_TRUE(table.admit(early));
    EXPECT_EQ(table.admit(late).error().kind, ErrorKind::Conflict);
    EXPECT_EQ(table.find(NodeId(1))->public_key.back(), 8);

    MemberTable other;
    ASSERT_TRUE(other.admit(late));
    ASSERT_TRUE(other.admit(early));
    EXPECT_EQ(other.find(NodeId(1))->public_key.back(), 8);
    EXPECT_EQ(other.size(), 1U);
}

TEST(MemberTable, OfTwoKeysOfTheSameSecondAllTakeTheSame) {
    MemberTable table;
    ASSERT_TRUE(table.admit(member(1, 8)));
    ASSERT_TRUE(table.admit(member(1, 7)));
    EXPECT_EQ(table.admit(member(1, 8)).error().kind, ErrorKind::Conflict);
    EXPECT_EQ(table.find(NodeId(1))->public_key.back(), 7);
}

TEST(MemberTable, WhoIsRevokedDoesNotComeBack) {
    MemberTable table;
    ASSERT_TRUE(table.admit(member(1)));
    ASSERT_TRUE(table.revoke(NodeId(1)));
    EXPECT_EQ(table.find(NodeId(1)), nullptr);
    EXPECT_TRUE(table.is_revoked(NodeId(1)));
    EXPECT_EQ(table.admit(member(1)).error().kind, ErrorKind::Denied);
    EXPECT_TRUE(table.revoke(NodeId(1))) << "again changes nothing";
}

TEST(MemberTable, WhoIsForgottenMayComeBack) {
    MemberTable table;
    ASSERT_TRUE(table.admit(member(1, 7)));
    table.forget(NodeId(1));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(table.admit(member(1, 8)));
}

TEST(MemberTable, HasALimitOfEach) {
    MemberTable table;
    for (std::uint64_t node = 1; node <= kNodesMax; ++node) {
        ASSERT_TRUE(table.admit(member(node)));
    }
    EXPECT_EQ(table.admit(member(kNodesMax + 1)).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(table.admit(member(1))) << "who is there already stays";
    table.forget(NodeId(1));
    EXPECT_TRUE(table.admit(member(kNodesMax + 1)));

    for (std::uint64_t node = 1; node <= kNodesMax; ++node) {
        ASSERT_TRUE(table.revoke(NodeId(node)));
    }
    EXPECT_EQ(table.revoke(NodeId(kNodesMax + 1)).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(table.revoke(NodeId(1)));
}

}  // namespace
}  // namespace kith::mesh
