// Topic roles, questions about them, and the audit, over HTTP.
#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

Json json_of(const Answer& answer) {
    return Json::parse(answer.body, nullptr, false);
}

class Roles : public ResourceTest {
  protected:
    Answer put(const std::string& name, const std::string& rules,
               const std::vector<std::pair<std::string, std::string>>& conditions = {}) {
        Sent sent{.method = "PUT",
                  .target = "/api/v1/roles/" + name,
                  .body = Json({{"rules", rules}, {"note", "of the plant"}}).dump(),
                  .headers = who_.headers()};
        sent.headers.emplace_back("Content-Type", "application/json");
        sent.headers.insert(sent.headers.end(), conditions.begin(), conditions.end());
        return rig_.ask(sent);
    }
    Json question(const Json& body) {
        const Answer answer = rig_.send("POST", "/api/v1/acl-test", who_, body.dump());
        EXPECT_EQ(answer.status, 200) << answer.body;
        return json_of(answer);
    }
    Json audit(const std::string& query = "") {
        return json_of(rig_.get("/api/v1/audit" + query, who_));
    }

    const Credential who_ = admin();
};

TEST_F(Roles, AreListedWithTheBuiltInOnesFirst) {
    ASSERT_EQ(put("press", "allow both plant/#").status, 201);
    const Json list = json_of(rig_.get("/api/v1/roles", who_));
    ASSERT_EQ(list["items"].size(), 5U);
    EXPECT_EQ(list["items"][0]["name"], "free");
    EXPECT_EQ(list["items"][0]["built_in"], true);
    EXPECT_TRUE(list["items"][0]["updated_at"].is_null());
    EXPECT_EQ(list["items"][4]["name"], "press");
    EXPECT_EQ(list["items"][4]["built_in"], false);
    EXPECT_EQ(list["items"][4]["rules"], "allow both plant/#");
    EXPECT_EQ(list["items"][4]["note"], "of the plant");
    EXPECT_TRUE(list["next"].is_null());
    const Json page = json_of(rig_.get("/api/v1/roles?limit=4", who_));
    EXPECT_EQ(page["next"], "press");
    const Json rest = json_of(rig_.get("/api/v1/roles?limit=4&cursor=press", who_));
    EXPECT_EQ(rest["items"].size(), 1U);
    EXPECT_EQ(rig_.get("/api/v1/roles?cursor=gone", who_).code(), "query.invalid");
}

TEST_F(Roles, AreReplacedOnlyInTheVersionThatWasRead) {
    const Answer made = put("press", "allow both a", {{"If-None-Match", "*"}});
    ASSERT_EQ(made.status, 201);
    const std::string etag = made.headers.at("etag");
    EXPECT_EQ(etag, "\"" + std::to_string(json_of(made)["version"].get<std::int64_t>()) + "\"");
    EXPECT_EQ(put("press", "allow both b", {{"If-None-Match", "*"}}).code(), "role.changed");
    const Answer changed = put("press", "allow both c", {{"If-Match", etag}});
    ASSERT_EQ(changed.status, 200);
    EXPECT_NE(changed.headers.at("etag"), etag);
    const Answer late = put("press", "allow both d", {{"If-Match", etag}});
    EXPECT_EQ(late.status, 412);
    EXPECT_EQ(late.code(), "role.changed");
    EXPECT_EQ(put("new", "allow both d", {{"If-Match", etag}}).code(), "role.changed");
    EXPECT_EQ(json_of(rig_.get("/api/v1/roles/press", who_))["rules"], "allow both c");
}

TEST_F(Roles, AreRefusedWithLineAndColumn) {
    const Answer wrong = put("press", "allow both a\nallow reed b");
    EXPECT_EQ(wrong.code(), "body.invalid");
    EXPECT_EQ(json_of(wrong)["detail"],
              "`rules`: line 2, column 7: expected publish, subscribe or both");
    EXPECT_EQ(put("Press", "").code(), "role.invalid");
    EXPECT_EQ(put("free", "").code(), "role.refused");
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/roles/all", who_).code(), "role.refused");
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/roles/press", who_).code(), "role.unknown");
    EXPECT_EQ(rig_.get("/api/v1/roles/press", who_).code(), "role.unknown");
    rig_.access.store.is_broken = true;
    EXPECT_EQ(put("press", "").code(), "role.unavailable");
    EXPECT_EQ(rig_.get("/api/v1/audit", who_).code(), "audit.unavailable");
}

TEST_F(Roles, OfTheFileAreReadOnly) {
    rig_.access.registry.set_file_roles({{.name = "press", .text = "allow both a\n"}});
    EXPECT_EQ(json_of(rig_.get("/api/v1/roles/press", who_))["from_file"], true);
    EXPECT_EQ(put("press", "").code(), "role.refused");
    EXPECT_TRUE(json_of(rig_.get("/api/v1/roles", who_))["file_problem"].is_null());
    rig_.access.registry.set_file_problem("roles.acl:1:1: expected allow or deny");
    EXPECT_EQ(json_of(rig_.get("/api/v1/roles", who_))["file_problem"],
              "roles.acl:1:1: expected allow or deny");
}

TEST_F(Roles, AreRemovedAndAudited) {
    ASSERT_EQ(put("press", "allow both a").status, 201);
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/roles/press", who_).status, 204);
    const Json items = audit("?what=role.")["items"];
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0]["what"], "role.remove");
    EXPECT_EQ(items[1]["what"], "role.put");
    EXPECT_EQ(items[1]["detail"], "press");
    EXPECT_EQ(items[1]["outcome"], "ok");
    EXPECT_NE(items[1]["from"], "");
}

TEST_F(Roles, AnswerWhatSomebodyMayDo) {
    ASSERT_EQ(put("press", "allow publish plant/${machine}/#").status, 201);
    const Json allowed = question({{"topic_roles", {"press"}},
                                   {"machine", "press-07"},
                                   {"client_id", "press-07"},
                                   {"action", "publish"},
                                   {"topic", "plant/press-07/temp"}});
    EXPECT_EQ(allowed["allowed"], true);
    EXPECT_EQ(allowed["decided_by"],
              Json({{"role", "press"}, {"line", 1}, {"text", "allow publish plant/${machine}/#"}}));
    const Json denied =
        question({{"topic_roles", "press, gone"}, {"action", "subscribe"}, {"topic", "#"}});
    EXPECT_EQ(denied["allowed"], false);
    EXPECT_TRUE(denied["decided_by"].is_null());
    EXPECT_EQ(denied["unknown_roles"], Json({"gone"}));
    EXPECT_EQ(question({{"role", "viewer"}, {"action", "subscribe"}, {"topic", "#"}})["allowed"],
              true);
    EXPECT_EQ(question({{"role", "press"}, {"action", "publish"}, {"topic", "x"}})["allowed"],
              false);
    EXPECT_EQ(
        question({{"principal", "anonymous"}, {"action", "publish"}, {"topic", "x"}})["allowed"],
        true);
}

TEST_F(Roles, KnowTheRolesOfTokensUsersAndMachines) {
    ASSERT_EQ(put("press", "allow publish plant/${machine}/#").status, 201);
    ASSERT_TRUE(rig_.access.store.add_machine(
        {.name = "press-07", .topic_roles = "press", .created_at = WallTime::from_ms(1)}));
    for (const Json& who :
         {Json({{"machine", "press-07"}}), Json({{"principal", "machine:press-07"}})}) {
        Json body = who;
        body["action"] = "publish";
        body["topic"] = "plant/press-07/temp";
        EXPECT_EQ(question(body)["allowed"], true) << body;
    }
    const Answer made =
        rig_.send("POST", "/api/v1/tokens", who_,
                  R"({"name":"t","role":"machine","topic_roles":["press"],"machine":"press-07"})");
    ASSERT_EQ(made.status, 201);
    const std::string id = json_of(made)["id"];
    EXPECT_EQ(question({{"principal", "token:" + id},
                        {"action", "publish"},
                        {"topic", "plant/press-07/temp"}})["allowed"],
              true);
    const auto code = [this](const Json& body) {
        return rig_.send("POST", "/api/v1/acl-test", who_, body.dump()).code();
    };
    EXPECT_EQ(code({{"machine", "gone"}, {"action", "publish"}, {"topic", "a"}}),
              "machine.unknown");
    EXPECT_EQ(code({{"principal", "token:no"}, {"action", "publish"}, {"topic", "a"}}),
              "body.invalid");
    EXPECT_EQ(code({{"principal", "nonsense"}, {"action", "publish"}, {"topic", "a"}}),
              "body.invalid");
    EXPECT_EQ(code({{"role", "viewer"}, {"action", "read"}, {"topic", "a"}}), "body.invalid");
    EXPECT_EQ(code({{"role", "viewer"}, {"action", "publish"}, {"topic", "a/#"}}), "topic.invalid");
}

TEST_F(Roles, OfATokenAreFreeUnlessToldOtherwise) {
    const std::string id = json_of(
        rig_.send("POST", "/api/v1/tokens", who_, R"({"name":"t","role":"machine"})"))["id"];
    const Json list = json_of(rig_.get("/api/v1/tokens", who_));
    for (const Json& token : list["items"]) {
        if (token["id"] == id) {
            EXPECT_EQ(token["topic_roles"], Json({"free"}));
            EXPECT_EQ(token["machine"], "");
        }
    }
    EXPECT_EQ(rig_.send("POST", "/api/v1/tokens", who_,
                        R"({"name":"t","role":"machine","topic_roles":["A B"]})")
                  .code(),
              "token.invalid");
}

TEST_F(Roles, AuditIsFilteredAndReadPageByPage) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(put("r" + std::to_string(i), "").status, 201);
    }
    const Json page = audit("?what=role.put&limit=2");
    ASSERT_EQ(page["items"].size(), 2U);
    EXPECT_EQ(page["items"][0]["detail"], "r4");
    const Json next = audit("?what=role.put&limit=3&cursor=" + page["next"].get<std::string>());
    ASSERT_EQ(next["items"].size(), 3U);
    EXPECT_EQ(next["items"][0]["detail"], "r2");
    EXPECT_EQ(audit("?who=nobody")["items"].size(), 0U);
    EXPECT_EQ(audit("?what=role.put&since=2099-01-01T00:00:00Z")["items"].size(), 0U);
    EXPECT_EQ(audit("?what=role.put&since=1999-01-01T00:00:00Z")["items"].size(), 5U);
    EXPECT_EQ(rig_.get("/api/v1/audit?since=yesterday", who_).code(), "query.invalid");
    EXPECT_EQ(rig_.get("/api/v1/audit?cursor=-1", who_).code(), "query.invalid");
    EXPECT_EQ(rig_.get("/api/v1/audit", viewer()).code(), "role.missing");
}

TEST_F(Roles, AuditHasRefusedSignInsFolded) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rig_.send("POST", "/api/v1/session", {},
                            R"({"name":"anna","password":"a wrong password"})")
                      .status,
                  401);
    }
    const Json items = audit("?what=sign_in.refused")["items"];
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0]["who"], "user:anna");
    EXPECT_EQ(items[0]["outcome"], "denied");
    EXPECT_NE(items[0]["from"], "");
}

}  // namespace
}  // namespace kith::api
