// Users, credentials, claim codes and provisioning over HTTP.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "access/limits.h"
#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

Json json_of(const Answer& answer) {
    return Json::parse(answer.body, nullptr, false);
}

class AccountResources : public ResourceTest {
  protected:
    Answer send(const char* method, const std::string& target, const std::string& body = "") {
        return rig_.send(method, target, who_, body);
    }
    Json get(const std::string& target) { return json_of(rig_.get(target, who_)); }
    Answer provision(const Json& body) {
        return rig_.ask({.method = "POST",
                         .target = "/api/v1/provision",
                         .body = body.dump(),
                         .headers = {{"Content-Type", "application/json"}}});
    }

    Credential who_ = admin();
};

TEST_F(AccountResources, UsersAreAddedListedChangedAndRemoved) {
    const Answer added = send("POST", "/api/v1/users",
                              R"({"name":"anna","password":"correct horse","role":"admin"})");
    ASSERT_EQ(added.status, 201);
    EXPECT_EQ(json_of(added), Json({{"name", "anna"}, {"role", "admin"}}));
    EXPECT_EQ(send("POST", "/api/v1/users",
                   R"({"name":"anna","password":"correct horse","role":"viewer"})")
                  .code(),
              "user.conflict");
    const Json list = get("/api/v1/users")["items"];
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0]["name"], "anna");
    EXPECT_EQ(list[0]["has_scram"], true);
    EXPECT_EQ(list[0].dump().find("scrypt"), std::string::npos);
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", R"({"role":"viewer"})").code(), "user.conflict")
        << "the last administrator";
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", R"({"password":"another horse"})").status, 204);
    EXPECT_EQ(send("PATCH", "/api/v1/users/ben", R"({"role":"viewer"})").code(), "user.unknown");
    EXPECT_EQ(send("DELETE", "/api/v1/users/anna").code(), "user.conflict");
    EXPECT_EQ(send("DELETE", "/api/v1/users/ben").code(), "user.unknown");
    for (const char* body : {R"({"name":"x","password":"correct horse","role":"machine"})",
                             R"({"name":"x"})", R"({"name":"x","password":"correct horse"})"}) {
        EXPECT_EQ(send("POST", "/api/v1/users", body).code(), "body.invalid") << body;
    }
    EXPECT_EQ(
        send("POST", "/api/v1/users", R"({"name":"x","password":"x","role":"viewer"})").code(),
        "user.invalid");
}

TEST_F(AccountResources, CredentialsAreMadeListedChangedAndRemoved) {
    const Answer made = send("POST", "/api/v1/credentials",
                             R"({"machine":"press","note":"hall 3","password":"generate"})");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(json_of(made)["password"].get<std::string>().size(), 32U);
    EXPECT_EQ(json_of(made)["topic_roles"], Json({"own"}));
    const Json shown = get("/api/v1/credentials/press");
    EXPECT_FALSE(shown.contains("password"));
    EXPECT_EQ(shown["has_password"], true);
    EXPECT_EQ(shown["note"], "hall 3");
    ASSERT_EQ(
        send("POST", "/api/v1/credentials", R"({"machine":"oven","topic_roles":["free"]})").status,
        201);
    const Json page = get("/api/v1/credentials?limit=1");
    EXPECT_EQ(page["items"][0]["machine"], "oven");
    EXPECT_EQ(page["next"], "oven");
    EXPECT_EQ(page["items"][0]["has_password"], false);
    const Json last = get("/api/v1/credentials?limit=1&cursor=oven");
    EXPECT_EQ(last["items"][0]["machine"], "press");
    EXPECT_TRUE(last["next"].is_null());
    EXPECT_EQ(get("/api/v1/credentials?query=HALL")["items"].size(), 1U);
    const Answer changed =
        send("PATCH", "/api/v1/credentials/press",
             R"({"enabled":false,"topic_roles":["free","own"],"password":null})");
    ASSERT_EQ(changed.status, 200);
    EXPECT_EQ(json_of(changed)["enabled"], false);
    EXPECT_EQ(json_of(changed)["has_password"], false);
    EXPECT_EQ(json_of(changed)["topic_roles"], Json({"free", "own"}));
    EXPECT_EQ(send("DELETE", "/api/v1/credentials/press").status, 204);
    EXPECT_EQ(send("DELETE", "/api/v1/credentials/press").code(), "machine.unknown");
    EXPECT_EQ(rig_.get("/api/v1/credentials/press", who_).code(), "machine.unknown");
    EXPECT_EQ(send("PATCH", "/api/v1/credentials/press", "{}").code(), "machine.unknown");
    EXPECT_EQ(send("POST", "/api/v1/credentials", R"({"machine":"oven"})").code(),
              "machine.conflict");
}

TEST_F(AccountResources, CredentialsThatCannotBeAreToldWhy) {
    for (const char* body :
         {R"({})", R"({"machine":"a","topic_roles":"own"})", R"({"machine":"a","topic_roles":[1]})",
          R"({"machine":"a","password":5})"}) {
        EXPECT_EQ(send("POST", "/api/v1/credentials", body).code(), "body.invalid") << body;
    }
    for (const char* body :
         {R"({"machine":"a/b"})", R"({"machine":"a","password":"short"})",
          R"({"machine":"a","topic_roles":["Not A Name"]})", R"({"machine":"a","note":"\n"})"}) {
        EXPECT_EQ(send("POST", "/api/v1/credentials", body).code(), "machine.invalid") << body;
    }
    EXPECT_EQ(send("PATCH", "/api/v1/credentials/a", R"({"enabled":1})").code(), "body.invalid");
    EXPECT_EQ(rig_.get("/api/v1/credentials?limit=0", who_).code(), "query.invalid");
}

TEST_F(AccountResources, ADeviceProvisionsItselfOnce) {
    const Answer made = send("POST", "/api/v1/claim-codes", R"({"note":"trucks","uses":1})");
    ASSERT_EQ(made.status, 201);
    const std::string code = json_of(made)["code"];
    const Json list = get("/api/v1/claim-codes")["items"];
    ASSERT_EQ(list.size(), 1U);
    EXPECT_FALSE(list[0].contains("code"));
    EXPECT_EQ(list[0]["uses_left"], 1);
    EXPECT_EQ(provision({{"code", "wrong"}, {"machine", "box"}}).code(), "provision.refused");
    EXPECT_EQ(provision({{"code", code}}).code(), "machine.invalid") << "it has to say its name";
    EXPECT_EQ(provision({{"machine", "box"}}).code(), "body.invalid");
    const Answer device = provision({{"code", code}, {"machine", "box"}});
    ASSERT_EQ(device.status, 201);
    EXPECT_EQ(json_of(device)["machine"], "box");
    EXPECT_EQ(json_of(device)["password"].get<std::string>().size(), 32U);
    EXPECT_EQ(provision({{"code", code}, {"machine", "box-2"}}).code(), "provision.refused");
    EXPECT_EQ(get("/api/v1/claim-codes")["items"].size(), 0U);
    EXPECT_EQ(get("/api/v1/credentials/box")["has_scram"], true);
}

TEST_F(AccountResources, WhoGuessesAtCodesIsPaused) {
    for (std::uint32_t i = 0; i < access::kAddressTriesMax; ++i) {
        EXPECT_EQ(provision({{"code", std::to_string(i)}, {"machine", "box"}}).status, 403);
    }
    const Answer paused = provision({{"code", "next"}, {"machine", "box"}});
    EXPECT_EQ(paused.status, 429);
    EXPECT_EQ(paused.code(), "limit.tries");
}

TEST_F(AccountResources, ClaimCodesAreRemoved) {
    const Json made = json_of(send("POST", "/api/v1/claim-codes", R"({"machine":"press"})"));
    const std::string path = "/api/v1/claim-codes/" + made["id"].get<std::string>();
    EXPECT_EQ(send("DELETE", path).status, 204);
    EXPECT_EQ(send("DELETE", path).code(), "claim_code.unknown");
    EXPECT_EQ(send("POST", "/api/v1/claim-codes", R"({"uses":0})").code(), "body.invalid");
    EXPECT_EQ(send("POST", "/api/v1/claim-codes", R"({"machine":"a/b"})").code(),
              "claim_code.invalid");
}

}  // namespace
}  // namespace kith::api
