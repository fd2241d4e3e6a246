#include "node/certificates.h"

#include "crypto/certificate.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kith::node {
namespace {

constexpr WallTime kNow = WallTime::from_ms(1'800'000'000'000);

class CertificatesTest : public ::testing::Test {
  protected:
    OrProblem<NodeTls> load(const NodeConfig& config, WallTime now = kNow) {
        const auto data = NodeDirectory::open(temp_.file("data"));
        return load_tls(config, *data, "gw-1", now);
    }
    storage::testing::TempDirectory temp_;
};

TEST_F(CertificatesTest, AreMadeOnceAndKept) {
    const auto first = load({});
    ASSERT_TRUE(first) << first.error().text;
    const auto second = load({});
    ASSERT_TRUE(second);
    EXPECT_EQ(first->identity.certificate_chain_pem, second->identity.certificate_chain_pem);
    EXPECT_EQ(first->authority_pem, second->authority_pem);
    EXPECT_EQ(first->fingerprint.size(), 64U);
}

// Clients keep trusting the authority; only the leaf changes.
TEST_F(CertificatesTest, AreRenewedUnderTheSameAuthority) {
    const auto first = load({});
    const auto later = load({}, kNow + std::chrono::days(800));
    ASSERT_TRUE(first && later);
    EXPECT_NE(first->identity.certificate_chain_pem, later->identity.certificate_chain_pem);
    EXPECT_EQ(first->authority_pem, later->authority_pem);
}

TEST_F(CertificatesTest, AreMadeAnewForANewName) {
    const auto first = load({});
    NodeConfig config;
    config.names = {"kith.example"};
    const auto second = load(config);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->identity.certificate_chain_pem, second->identity.certificate_chain_pem);
    const auto facts = crypto::read_certificate(second->identity.certificate_chain_pem);
    ASSERT_TRUE(facts);
    EXPECT_NE(std::ranges::find(facts->names, "kith.example"), facts->names.end());
}

TEST_F(CertificatesTest, OfTheOwnerAreUsedAsTheyAre) {
    const auto own = load({});
    ASSERT_TRUE(write_private_file(temp_.file("c.pem"), own->identity.certificate_chain_pem));
    ASSERT_TRUE(write_private_file(temp_.file("k.pem"), own->identity.private_key_pem));
    NodeConfig config;
    config.tls_certificate_file = temp_.file("c.pem");
    config.tls_key_file = temp_.file("k.pem");
    const auto given = load(config);
    ASSERT_TRUE(given);
    EXPECT_TRUE(given->authority_pem.empty());
    EXPECT_EQ(given->identity.private_key_pem, own->identity.private_key_pem);
    config.tls_key_file = temp_.file("missing");
    EXPECT_FALSE(load(config));
}

}  // namespace
}  // namespace kith::node
