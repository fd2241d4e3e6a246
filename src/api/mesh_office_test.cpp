// Invites to the mesh and revocations over HTTP.
#include "api/mesh_office.h"

#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

constexpr const char* kMesh = "/api/v1/mesh";
constexpr const char* kInvites = "/api/v1/mesh/invites";
constexpr const char* kNode = "/api/v1/mesh/nodes/0000000000000002";

class MeshOfficeResource : public ResourceTest {
  protected:
    MeshOfficeResource() {
        rig_.mesh_office.made = {.id = "00000000000000ee",
                                 .token = "kith1.AQ",
                                 .expires_at = WallTime::from_ms(1'800'000'900'000),
                                 .addresses = {"10.0.0.1:7883"}};
    }
    void refuse(MeshRefusal::Kind kind) {
        rig_.mesh_office.refusal = MeshRefusal{.kind = kind, .text = "because"};
    }
    Json audit_lines() { return Json::parse(rig_.get("/api/v1/audit", admin()).body)["items"]; }
};

TEST_F(MeshOfficeResource, MakesAnInviteForOneRouterUnlessAskedForMore) {
    const Answer answer = rig_.send("POST", kInvites, admin(), "{}");
    ASSERT_EQ(answer.status, 201);
    const Json made = Json::parse(answer.body);
    EXPECT_EQ(made["token"], "kith1.AQ");
    EXPECT_EQ(made["role"], "router");
    EXPECT_EQ(made["uses"], 1);
    EXPECT_EQ(made["addresses"][0], "10.0.0.1:7883");
    ASSERT_EQ(rig_.mesh_office.asked_for.size(), 1U);
    EXPECT_EQ(rig_.mesh_office.asked_for[0].lifetime, 15min);
    EXPECT_TRUE(rig_.mesh_office.asked_for[0].addresses.empty());
}

TEST_F(MeshOfficeResource, TakesTheTermsOfAnInvite) {
    const Answer answer = rig_.send(
        "POST", kInvites, admin(),
        R"({"role":"leaf","uses":20,"expires_in_s":7200,"addresses":["gw-1:7883","10.0.0.9:1"]})");
    ASSERT_EQ(answer.status, 201);
    const MeshInviteTerms& terms = rig_.mesh_office.asked_for.at(0);
    EXPECT_EQ(terms.role, "leaf");
    EXPECT_EQ(terms.uses, 20U);
    EXPECT_EQ(terms.lifetime, 2h);
    EXPECT_EQ(terms.addresses, (std::vector<std::string>{"gw-1:7883", "10.0.0.9:1"}));
}

TEST_F(MeshOfficeResource, RefusesTermsThatAreNone) {
    for (const char* body :
         {R"({"role":"king"})", R"({"uses":0})", R"({"uses":1001})", R"({"expires_in_s":59})",
          R"({"expires_in_s":2592001})", R"({"addresses":"gw-1:7883"})", "[]"}) {
        EXPECT_EQ(rig_.send("POST", kInvites, admin(), body).code(), "body.invalid") << body;
    }
    EXPECT_TRUE(rig_.mesh_office.asked_for.empty());
}

TEST_F(MeshOfficeResource, NotesInvitesAndRevocationsInTheAudit) {
    ASSERT_EQ(rig_.send("POST", kInvites, admin(), "{}").status, 201);
    ASSERT_EQ(rig_.send("DELETE", kNode, admin()).status, 204);
    EXPECT_EQ(rig_.mesh_office.revoked, std::vector<std::string>{"0000000000000002"});
    const Json lines = audit_lines();
    const auto has = [&lines](const char* what, const char* detail) {
        return std::any_of(lines.begin(), lines.end(), [&](const Json& line) {
            return line["what"] == what && line["detail"] == detail;
        });
    };
    EXPECT_TRUE(has("mesh.invite", "00000000000000ee")) << lines;
    EXPECT_TRUE(has("mesh.revoke", "0000000000000002")) << lines;
}

TEST_F(MeshOfficeResource, FoundsAMeshOrJoinsOne) {
    rig_.backend.facts.name = "gw-hall-2";
    ASSERT_EQ(rig_.send("POST", kMesh, admin(), "{}").status, 204);
    ASSERT_EQ(rig_.send("POST", kMesh, admin(), R"({"token":"kith1.AQ","name":"cellar"})").status,
              204);
    EXPECT_EQ(rig_.mesh_office.founded, std::vector<std::string>{"gw-hall-2"});
    ASSERT_EQ(rig_.mesh_office.joined.size(), 1U);
    EXPECT_EQ(rig_.mesh_office.joined[0].first, "kith1.AQ");
    EXPECT_EQ(rig_.mesh_office.joined[0].second, "cellar");
    const std::string lines = audit_lines().dump();
    EXPECT_NE(lines.find("mesh.found"), std::string::npos);
    EXPECT_NE(lines.find("mesh.join"), std::string::npos);
    EXPECT_EQ(lines.find("kith1."), std::string::npos);  // a token is a secret
    refuse(MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(rig_.send("POST", kMesh, admin(), "{}").code(), "mesh.conflict");
    EXPECT_EQ(rig_.send("POST", kMesh, admin(), R"({"name":7})").code(), "body.invalid");
}

TEST_F(MeshOfficeResource, ListsInvitesWithWhoUsedThem) {
    rig_.mesh_office.kept = {
        .invites = {{.id = "00000000000000ee",
                     .role = "router",
                     .uses = 2,
                     .uses_left = 1,
                     .used_by = {{.node = "0000000000000002", .name = "cellar", .at = {}}}}},
        .revoked = {{.node = "0000000000000003", .at = {}}}};
    const Json kept = Json::parse(rig_.get(kInvites, admin()).body);
    EXPECT_EQ(kept["items"][0]["uses_left"], 1);
    EXPECT_EQ(kept["items"][0]["used_by"][0]["name"], "cellar");
    EXPECT_EQ(kept["revoked"][0]["node"], "0000000000000003");
}

TEST_F(MeshOfficeResource, SaysWhyItCannot) {
    refuse(MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(rig_.get(kInvites, admin()).code(), "mesh.conflict");
    EXPECT_EQ(rig_.send("POST", kInvites, admin(), "{}").code(), "mesh.conflict");
    EXPECT_EQ(rig_.send("DELETE", kNode, admin()).code(), "mesh.conflict");
    refuse(MeshRefusal::Kind::Unavailable);
    EXPECT_EQ(rig_.get(kInvites, admin()).code(), "mesh.unavailable");
    refuse(MeshRefusal::Kind::Invalid);
    EXPECT_EQ(rig_.send("POST", kInvites, admin(), "{}").code(), "mesh.invalid");
    for (const Json& line : audit_lines()) {
        EXPECT_NE(line["what"], "mesh.invite");
    }
}

TEST_F(MeshOfficeResource, ANodeIsNamedByItsId) {
    for (const char* node : {"gw-2", "000000000000000G", "00000000000000002"}) {
        const std::string path = std::string("/api/v1/mesh/nodes/") + node;
        EXPECT_EQ(rig_.send("DELETE", path, admin()).code(), "mesh.invalid") << node;
    }
    EXPECT_TRUE(rig_.mesh_office.revoked.empty());
}

TEST_F(MeshOfficeResource, IsForAdministrators) {
    EXPECT_EQ(rig_.send("POST", kMesh, operator_(), "{}").status, 403);
    EXPECT_EQ(rig_.get(kInvites, operator_()).status, 403);
    EXPECT_EQ(rig_.send("POST", kInvites, operator_(), "{}").status, 403);
    EXPECT_EQ(rig_.send("DELETE", kNode, operator_()).status, 403);
}

}  // namespace
}  // namespace kith::api
