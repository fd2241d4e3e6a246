// /api/v1/credentials/{machine}/certificates: issued, mapped, listed, revoked; and proxies.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

#include "api/testing/api_rig.h"
#include "crypto/client_certificate.h"

namespace kith::api {
namespace {

using nlohmann::json;

constexpr const char* kPath = "/api/v1/credentials/press-07/certificates";

class CertificatesApi : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(rig_.access.store.add_machine({.name = "press-07"})); }
    Answer post(const std::string& body, const char* path = kPath) {
        return rig_.send("POST", path, rig_.token("admin"), body);
    }

    ApiRig rig_;
};

TEST_F(CertificatesApi, AreIssuedShownOnceListedAndRevoked) {
    const Answer made = post("{}");
    ASSERT_EQ(made.status, 201) << made.body;
    const json issued = json::parse(made.body);
    EXPECT_EQ(issued["machine"], "press-07");
    EXPECT_EQ(issued["subject"], "CN=press-07,O=Kith");
    EXPECT_TRUE(issued["key"].get<std::string>().starts_with("-----BEGIN PRIVATE KEY-----"));
    const Answer listed = rig_.get(kPath, rig_.token("admin"));
    const json item = json::parse(listed.body)["items"].at(0);
    EXPECT_EQ(item["fingerprint"], issued["fingerprint"]);
    EXPECT_TRUE(item["revoked_at"].is_null());
    EXPECT_EQ(listed.body.find("PRIVATE"), std::string::npos);
    const std::string path = std::string(kPath) + "/" + issued["fingerprint"].get<std::string>();
    EXPECT_EQ(rig_.send("DELETE", path, rig_.token("admin")).status, 204);
    EXPECT_FALSE(json::parse(rig_.get(kPath, rig_.token("admin")).body)["items"]
                     .at(0)["revoked_at"]
                     .is_null());
}

TEST_F(CertificatesApi, ACertificateOfAnotherAuthorityIsMapped) {
    const WallTime now = rig_.shard().wall_now();
    const auto authority = crypto::make_client_authority("other", now).value();
    const auto foreign =
        crypto::issue_client_certificate(authority, {.machine = "x", .now = now}).value();
    const std::string body = json{{"certificate", foreign.certificate_pem}}.dump();
    const Answer mapped = post(body);
    ASSERT_EQ(mapped.status, 201) << mapped.body;
    EXPECT_FALSE(json::parse(mapped.body).contains("key"));
    EXPECT_EQ(post(body).status, 409);
}

TEST_F(CertificatesApi, WrongOrdersAreRefused) {
    EXPECT_EQ(post("{}", "/api/v1/credentials/nobody/certificates").status, 404);
    EXPECT_EQ(post(R"({"csr":"nonsense"})").status, 400);
    EXPECT_EQ(post(R"({"certificate":"nonsense"})").status, 400);
    EXPECT_EQ(post(R"({"csr":"a","certificate":"b"})").status, 400);
    EXPECT_EQ(post(R"({"days":0})").status, 400);
    EXPECT_EQ(rig_.send("DELETE", std::string(kPath) + "/abc", rig_.token("admin")).status, 404);
    EXPECT_EQ(
        rig_.send("DELETE", std::string(kPath) + "/" + std::string(64, '0'), rig_.token("admin"))
            .status,
        404);
    EXPECT_EQ(rig_.get("/api/v1/credentials/nobody/certificates", rig_.token("admin")).status, 404);
}

TEST_F(CertificatesApi, AreForAdministrators) {
    EXPECT_EQ(rig_.get(kPath, rig_.token("operator")).status, 403);
    EXPECT_EQ(rig_.send("POST", kPath, rig_.token("operator"), "{}").status, 403);
}

}  // namespace
}  // namespace kith::api
