#include "node/certificates.h"

#include "crypto/certificate.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

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

TEST_F(CertificatesTest, MachinesHaveAnAuthorityOfTheirOwn) {
    const auto first = load({});
    ASSERT_TRUE(first) << first.error().text;
    const auto second = load({});
    EXPECT_NE(first->client_authority.certificate_pem, first->authority_pem);
    EXPECT_EQ(first->client_authority.certificate_pem, second->client_authority.certificate_pem);
    EXPECT_EQ(crypto::read_certificate(first->client_authority.certificate_pem)->subject,
              "CN=gw-1 clients,O=Kith");
}

TEST_F(CertificatesTest, AKeyThatOthersCanReadIsRefused) {
    ASSERT_TRUE(load({}));
    const std::string key = temp_.file("data") + "/node.key";
    for (const auto& [mode, is_good] :
         {std::pair(0600, true), std::pair(0640, true), std::pair(0644, false),
          std::pair(0660, false), std::pair(0602, false)}) {
        std::filesystem::permissions(key, static_cast<std::filesystem::perms>(mode));
        const auto loaded = load({});
        EXPECT_EQ(loaded.has_value(), is_good) << mode;
        if (!loaded) {
            EXPECT_NE(loaded.error().text.find("chmod 600"), std::string::npos);
        }
    }
}

TEST_F(CertificatesTest, ListsOfRevokedOnesAreReadWithTheirAuthority) {
    ASSERT_TRUE(write_private_file(temp_.file("ca.pem"), "authority"));
    ASSERT_TRUE(write_private_file(temp_.file("crl.pem"), "list"));
    NodeConfig config;
    config.tls_client_ca_file = temp_.file("ca.pem");
    config.tls_client_crl_file = temp_.file("crl.pem");
    const auto loaded = load(config);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->client_ca_pem, "authority");
    EXPECT_EQ(loaded->client_crl_pem, "list");
    config.tls_client_crl_file = temp_.file("missing");
    EXPECT_FALSE(load(config));
}

}  // namespace
}  // namespace kith::node
