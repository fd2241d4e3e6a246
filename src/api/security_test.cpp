// GET /api/v1/security: whose facts it gathers. What they mean is posture_test.cpp's.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "access/limits.h"
#include "api/posture.h"
#include "api/testing/api_rig.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

Json security(ApiRig& rig) {
    const Answer answer = rig.get("/api/v1/security", rig.token("operator", "watcher"));
    EXPECT_EQ(answer.status, 200);
    return Json::parse(answer.body, nullptr, false);
}

Json check_of(const Json& security, const std::string& id) {
    for (const Json& heading : security["headings"]) {
        for (const Json& check : heading["checks"]) {
            if (check["id"] == id) {
                return check;
            }
        }
    }
    return {};
}

TEST(Security, ShowsFiveHeadingsListenersAndCertificates) {
    ApiRig rig;
    rig.backend.facts.listeners = {
        {.kind = "mqtt", .address = "0.0.0.0:1883", .is_insecure = true}};
    rig.backend.security_facts.certificates = {
        {.use = "server",
         .subject = "CN=gw-1",
         .issuer = "CN=gw-1 authority",
         .names = {"gw-1"},
         .not_before = rig.shard().wall_now(),
         .not_after = rig.shard().wall_now() + std::chrono::days(100) + std::chrono::hours(1),
         .fingerprint = "ab12",
         .is_own = true}};
    const Json answer = security(rig);
    EXPECT_EQ(answer["headings"].size(), 5U);
    EXPECT_EQ(answer["headings"][0]["title"], "Identify");
    EXPECT_EQ(answer["state"], "problem");
    EXPECT_EQ(answer["listeners"][0]["insecure"], true);
    EXPECT_EQ(answer["certificates"][0]["days_left"], 100);
    EXPECT_EQ(check_of(answer, "protect.encryption")["state"], "problem");
}

TEST(Security, CountsUsersAndKeysOfTheRegistry) {
    ApiRig rig;
    EXPECT_EQ(check_of(security(rig), "respond.administrator")["state"], "problem");
    ASSERT_TRUE(rig.access.try_claim({.code = rig.access.sign_in.issue_claim_code(),
                                      .user = {.name = "anna", .password = "correct horse"}}));
    const Json answer = security(rig);  // each asking made a key of an operator without an end
    EXPECT_EQ(check_of(answer, "respond.administrator")["state"], "ok");
    EXPECT_EQ(check_of(answer, "protect.key_expiry")["detail"],
              "2 keys with the role admin or operator never end.");
}

TEST(Security, SeesRefusedMachinesOfTheLastHourOnly) {
    ApiRig rig;
    const WallTime now = rig.shard().wall_now();
    const auto refused = [&](std::chrono::minutes ago, const char* machine) {
        return NodeEvent{.at = now - ago,
                         .kind = "client_refused",
                         .machine = machine,
                         .text = {},
                         .address = {},
                         .reason = {},
                         .transport = {}};
    };
    rig.backend.event_list = {refused(std::chrono::minutes(1), "hmi-9"),
                              refused(std::chrono::minutes(2), "hmi-8"),
                              refused(std::chrono::minutes(90), "hmi-7")};
    EXPECT_EQ(check_of(security(rig), "detect.refused")["detail"],
              "2 connections were refused within the last hour, last hmi-9.");
}

TEST(Security, SeesLimitsThatWereReachedWithinTheLastHourOnly) {
    ApiRig rig;
    const WallTime now = rig.shard().wall_now();
    const auto reached = [&](broker::Limit limit, std::chrono::minutes ago) {
        return broker::LimitView{.limit = limit,
                                 .value = 5,
                                 .used = {},
                                 .count = {.reached_count = 2, .last_reached_at = now - ago}};
    };
    rig.backend.sums.limits = {reached(broker::Limit::Sessions, std::chrono::minutes(90)),
                               reached(broker::Limit::Connections, std::chrono::minutes(2))};
    rig.world().run_for(2s);
    EXPECT_EQ(check_of(security(rig), "detect.limits")["detail"],
              "Within the last hour: as many connections as allowed.");
}

TEST(Security, KnowsTheLastBackupThatWasMadeAndNoneThatFailed) {
    ApiRig rig;
    rig.backups.told.last = BackupRun{.started_at = rig.shard().wall_now(),
                                      .ended_at = rig.shard().wall_now(),
                                      .file = "kith-1.tar",
                                      .bytes = 5,
                                      .problem = "the disk is full"};
    EXPECT_EQ(check_of(security(rig), "recover.backup")["state"], "attention");
    rig.backups.told.last->problem.clear();
    EXPECT_EQ(check_of(security(rig), "recover.backup")["state"], "ok");
}

TEST(Security, SeesThatTriesToSignInWerePaused) {
    ApiRig rig;
    EXPECT_EQ(check_of(security(rig), "detect.sign_in")["state"], "ok");
    for (std::uint32_t i = 0; i <= access::kTriesMax; ++i) {
        (void)rig.ask({.method = "POST",
                       .target = "/api/v1/session",
                       .body = R"({"name":"anna","password":"not this one"})",
                       .headers = {{"Content-Type", "application/json"}}});
    }
    EXPECT_EQ(check_of(security(rig), "detect.sign_in")["state"], "attention");
}

TEST(Security, IsNotForViewers) {
    ApiRig rig;
    EXPECT_EQ(rig.get("/api/v1/security", rig.token("viewer")).code(), "role.missing");
}

}  // namespace
}  // namespace kith::api
