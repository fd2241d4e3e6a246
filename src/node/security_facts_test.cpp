#include "node/security_facts.h"

#include "crypto/certificate.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kith::node {
namespace {

namespace fs = std::filesystem;

class Directory : public ::testing::Test {
  protected:
    Directory() {
        std::string name = ::testing::TempDir() + "kith-security-XXXXXX";
        path_ = ::mkdtemp(name.data());  // 0700
        for (const char* file : {"control.db", "node.key"}) {
            std::ofstream(path_ / file) << "x";
            fs::permissions(path_ / file, fs::perms(0600));
        }
    }
    ~Directory() override { fs::remove_all(path_); }
    [[nodiscard]] std::vector<std::string> exposed() const { return exposed_files(path_); }

    fs::path path_;
};

using ExposedFiles = Directory;

TEST_F(ExposedFiles, APrivateDirectoryHidesWhateverIsInIt) {
    fs::permissions(path_ / "node.key", fs::perms(0644));
    EXPECT_EQ(exposed(), std::vector<std::string>{});
}

TEST_F(ExposedFiles, AnOpenDirectoryIsNamedItself) {
    fs::permissions(path_, fs::perms(0755));
    EXPECT_EQ(exposed(), std::vector<std::string>{"."});
}

TEST_F(ExposedFiles, FilesThatOthersReachAndReadAreNamedInOrder) {
    fs::permissions(path_, fs::perms(0711));  // others enter, and cannot list
    fs::permissions(path_ / "node.key", fs::perms(0640));
    fs::permissions(path_ / "control.db", fs::perms(0604));
    EXPECT_EQ(exposed(), (std::vector<std::string>{"control.db", "node.key"}));
}

TEST_F(ExposedFiles, AMissingDirectoryExposesNothingAndHasNoDisk) {
    EXPECT_EQ(exposed_files(path_ / "none"), std::vector<std::string>{});
    EXPECT_EQ(disk_space(path_ / "none").bytes, 0U);
    EXPECT_GT(disk_space(path_).bytes, 0U);
    EXPECT_LE(disk_space(path_).free_bytes, disk_space(path_).bytes);
}

TEST(CertificateStatuses, TellWhichAreTheNodesOwn) {
    const WallTime now = WallTime::from_ms(1'800'000'000'000);
    const auto authority = crypto::make_authority("gw-1", now);
    ASSERT_TRUE(authority);
    const auto server = crypto::issue_server_certificate(*authority, {"gw-1"}, now);
    ASSERT_TRUE(server);
    NodeTls tls;
    tls.identity.certificate_chain_pem = server->certificate_pem;
    tls.authority_pem = authority->certificate_pem;
    tls.client_ca_pem = authority->certificate_pem;
    const auto list = certificate_statuses(tls);
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].use, "server");
    EXPECT_EQ(list[0].names, std::vector<std::string>{"gw-1"});
    EXPECT_TRUE(list[0].is_own);
    EXPECT_GT(list[0].not_after, now);
    EXPECT_EQ(list[1].use, "authority");
    EXPECT_EQ(list[2].use, "client authority");
    EXPECT_FALSE(list[2].is_own);
}

TEST(CertificateStatuses, LeaveOutWhatCannotBeRead) {
    NodeTls tls;
    tls.identity.certificate_chain_pem = "no certificate";
    EXPECT_TRUE(certificate_statuses(tls).empty());
}

}  // namespace
}  // namespace kith::node
