#include "mesh/trust/node_key.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/client_certificate.h"
#include "crypto/fake_secrets.h"

namespace kith::mesh {
namespace {

TEST(NodeKey, TheIdIsTheBeginningOfSha256OverThePublicKey) {
    // RFC 8032, 7.1, test 1; SHA-256 of its SubjectPublicKeyInfo computed elsewhere.
    crypto::Ed25519PublicKey key{};
    const auto bytes = from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    std::copy(bytes.begin(), bytes.end(), key.begin());
    EXPECT_EQ(node_name_of(node_id_of(key)), "06e3fd8fda29bb60");
}

TEST(NodeKey, SurvivesItsFile) {
    crypto::FakeSecrets secrets(1);
    const NodeKey key = NodeKey::generate(secrets);
    const NodeKey again = NodeKey::parse(key.to_pem()).value();
    EXPECT_EQ(again.id(), key.id());
    EXPECT_EQ(again.public_key(), key.public_key());
    EXPECT_NE(NodeKey::generate(secrets).id(), key.id());
}

TEST(NodeKey, AFileOfAnythingElseIsRefused) {
    EXPECT_EQ(NodeKey::parse("nonsense").error().kind, ErrorKind::Malformed);
    const auto other = crypto::make_authority("x", WallTime::from_ms(1'800'000'000'000)).value();
    EXPECT_EQ(NodeKey::parse(other.private_key_pem).error().kind, ErrorKind::Invalid);
}

TEST(NodeKey, NamesHaveSixteenDigits) {
    EXPECT_EQ(node_name_of(NodeId(0x0102)), "0000000000000102");
}

}  // namespace
}  // namespace kith::mesh
