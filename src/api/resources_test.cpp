// Node, sessions, tokens and machines: what they answer, and what they refuse.
#include <nlohmann/json.hpp>

#include "access/limits.h"
#include "api/detail/handlers.h"
#include "api/testing/resources_fixture.h"
#include "api/testing/schema_check.h"
#include "crypto/password.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;
using bus::Role;

Json json_of(const Answer& answer) {
    return Json::parse(answer.body, nullptr, false);
}

broker::ClientDetail machine(const std::string& id) {
    broker::ClientDetail detail;
    detail.client.client_id = id;
    detail.client.principal = "token:k3f9";
    detail.client.remote_address = "10.0.0.3:5123";
    detail.client.transport = "tcp";
    detail.client.is_online = true;
    detail.client.protocol_version = 5;
    detail.client.keep_alive_s = 60;
    detail.client.receive_maximum = 20;
    detail.client.connected_at = WallTime::from_ms(1'800'000'000'000);
    return detail;
}

class Resources : public ResourceTest {
  protected:
    Json get(const std::string& target) { return json_of(rig_.get(target, viewer())); }
};

// --- Node ----------------------------------------------------------------------------------------

TEST_F(Resources, NodeTellsWhatItIs) {
    rig_.backend.facts.listeners = {{.kind = "mqtt", .address = "127.0.0.1:1883"}};
    rig_.backend.facts.hosts = {"localhost", "gw-1"};
    rig_.backend.facts.limits = {{"packet_bytes_max", 1048576}};
    rig_.backend.facts.is_store_healthy = false;
    rig_.backend.facts.store_reason = "the disk is full";
    rig_.world().run_for(61s);
    const Json node = get("/api/v1/node");
    EXPECT_EQ(node["name"], "gw-1");
    EXPECT_GE(node["uptime_s"], 61);
    EXPECT_EQ(node["store"], Json({{"state", "degraded"}, {"reason", "the disk is full"}}));
    EXPECT_EQ(node["listeners"][0]["address"], "127.0.0.1:1883");
    EXPECT_EQ(node["limits"]["packet_bytes_max"], 1048576);
    EXPECT_EQ(node["started_at"], "2027-01-15T08:00:00.000Z");
}

TEST_F(Resources, StatsShowTotalsAndRates) {
    rig_.backend.sums.broker.messages_in = 1000;
    rig_.backend.sums.broker.connections = 3;
    rig_.backend.sums.broker.sessions = 5;
    rig_.backend.sums.broker.dropped_slow = 2;
    rig_.backend.sums.broker.dropped_expired = 3;
    rig_.backend.sums.commit_us_max = 1500;
    rig_.backend.sums.mesh = {.unreachable_count = 3, .is_parted = true};
    rig_.world().run_for(2s);
    const Json stats = get("/api/v1/stats");
    EXPECT_EQ(stats["messages_in_total"], 1000);
    EXPECT_EQ(stats["connections"], 3);
    EXPECT_EQ(stats["machines_known"], 5);
    EXPECT_EQ(stats["dropped_messages_total"], 5);
    EXPECT_EQ(stats["commit_ms_max"], 1.5);
    EXPECT_TRUE(stats["delivery_p99_ms"].is_null());
    EXPECT_EQ(stats["mesh_unreachable"], 3);
    EXPECT_EQ(stats["mesh_parted"], true);
}

TEST_F(Resources, StatsCountATopicOnceHoweverManyShardsHaveSeenIt) {
    rig_.backend.sums.broker.topics = 4;  // a topic and its copies on three more shards
    rig_.backend.samples = {sample("plant/a", "1")};
    rig_.world().run_for(2s);
    EXPECT_EQ(get("/api/v1/stats")["topics"], 1);
}

TEST_F(Resources, UsageIsASeriesWithGapsAsNull) {
    rig_.world().run_for(10s);
    const Json usage = get("/api/v1/usage?window_s=60&step_s=2");
    EXPECT_EQ(usage["step_s"], 2);
    ASSERT_EQ(usage["series"]["connections"].size(), 30U);
    EXPECT_TRUE(usage["series"]["connections"][0].is_null());
    EXPECT_EQ(usage["series"]["connections"][29], 0.0);
    EXPECT_EQ(get("/api/v1/usage")["series"]["connections"].size(), 300U);
    for (const char* query :
         {"window_s=61", "step_s=3", "step_s=x", "window_s=99999", "step_s=0"}) {
        const Answer answer = rig_.get(std::string("/api/v1/usage?") + query, viewer());
        EXPECT_EQ(answer.code(), "query.invalid") << query;
    }
}

TEST_F(Resources, EventsComeNewestFirst) {
    for (int i = 0; i < 5; ++i) {
        rig_.backend.event_list.push_back({.at = WallTime::from_ms(1'800'000'000'000 - i),
                                           .kind = "client_connected",
                                           .machine = i == 0 ? "" : "press-07",
                                           .text = "press-07 connected over MQTT 5.0, TCP",
                                           .address = "10.0.0.3:5123",
                                           .reason = {},
                                           .transport = "tcp"});
    }
    const Json events = get("/api/v1/events?limit=2");
    ASSERT_EQ(events["items"].size(), 2U);
    EXPECT_TRUE(events["items"][0]["machine"].is_null());
    EXPECT_EQ(events["items"][1]["machine"], "press-07");
    EXPECT_EQ(events["items"][1]["detail"],
              Json({{"address", "10.0.0.3:5123"}, {"transport", "tcp"}}));
    EXPECT_EQ(rig_.get("/api/v1/events?limit=0", viewer()).code(), "query.invalid");
}

TEST_F(Resources, MetricsAndDescriptionAndCertificateAreServed) {
    const Answer metrics = rig_.get("/metrics", viewer());
    EXPECT_EQ(metrics.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(metrics.body.find("kith_http_connections_total"), std::string::npos);
    EXPECT_EQ(get("/api/openapi.json")["openapi"], "3.1.0");
    const Answer certificate = rig_.ask({.target = "/kith-ca.pem"});
    EXPECT_EQ(certificate.body, rig_.options.ca_pem);
    ApiRig without([](ApiRig& rig) { rig.options.ca_pem.clear(); });
    EXPECT_EQ(without.ask({.target = "/kith-ca.pem"}).code(), "certificate.none");
}

// --- Sessions ------------------------------------------------------------------------------------

Sent claim_request(const std::string& code, const std::string& password = "correct horse") {
    return {.method = "POST",
            .target = "/api/v1/claim",
            .body = Json({{"code", code}, {"name", "anna"}, {"password", password}}).dump(),
            .headers = {{"Content-Type", "application/json"}}};
}

Sent sign_in_request(const std::string& name, const std::string& password) {
    return {.method = "POST",
            .target = "/api/v1/session",
            .body = Json({{"name", name}, {"password", password}}).dump(),
            .headers = {{"Content-Type", "application/json"}}};
}

std::string cookie_of(const Answer& answer) {
    const std::string& header = answer.headers.at("set-cookie");
    return header.substr(0, header.find(';'));
}

TEST_F(Resources, FreshNodeIsClaimedByItsLinkOnce) {
    EXPECT_EQ(json_of(rig_.ask({.target = "/api/v1/claim"})),
              Json({{"node", "gw-1"}, {"claimable", false}}));
    const std::string code = rig_.access.sign_in.issue_claim_code();
    EXPECT_EQ(json_of(rig_.ask({.target = "/api/v1/claim"}))["claimable"], true);
    const Answer wrong = rig_.ask(claim_request("wrong"));
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(wrong.code(), "claim.refused");
    EXPECT_EQ(rig_.ask(claim_request(code, "short")).code(), "user.invalid");
    const Answer claimed = rig_.ask(claim_request(code));
    ASSERT_EQ(claimed.status, 201);
    EXPECT_EQ(json_of(claimed)["user"], Json({{"name", "anna"}, {"role", "admin"}}));
    EXPECT_EQ(json_of(claimed)["node"], "gw-1");
    const std::string& cookie = claimed.headers.at("set-cookie");
    for (const char* attribute :
         {"kith_session=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"}) {
        EXPECT_NE(cookie.find(attribute), std::string::npos) << attribute;
    }
    EXPECT_EQ(cookie.find("Secure"), std::string::npos) << "plain HTTP";
    const Answer session =
        rig_.ask({.target = "/api/v1/session", .headers = {{"Cookie", cookie_of(claimed)}}});
    EXPECT_EQ(json_of(session), json_of(claimed));
    EXPECT_EQ(rig_.ask(claim_request(code)).code(), "claim.refused");
    EXPECT_EQ(json_of(rig_.ask({.target = "/api/v1/claim"}))["claimable"], false);
}

class SignedUp : public Resources {
  protected:
    SignedUp() {
        // Of "correct horse", at a cost that a test can afford.
        EXPECT_TRUE(rig_.access.store
                        .add_user({.name = "anna",
                                   .role = "operator",
                                   .password_hash = "$scrypt$ln=1,r=8,p=1$c29tZSBzYWx0IGhlcmU$"
                                                    "jbQ9OiJqhK1N6Gkk+jqYqKofnm+tOxgLj8MezQrcMWM",
                                   .created_at = rig_.shard().wall_now()})
                        .has_value());
        rig_.world().run_for(access::kStoreCheckInterval + 100ms);
    }
};

TEST_F(SignedUp, PasswordOpensASessionThatCanBeClosed) {
    const Answer opened = rig_.ask(sign_in_request("anna", "correct horse"));
    ASSERT_EQ(opened.status, 200);
    const Json session = json_of(opened);
    EXPECT_EQ(session["user"]["role"], "operator");
    const std::vector<std::pair<std::string, std::string>> headers{
        {"Cookie", cookie_of(opened)}, {"X-Kith-Token", session["csrf_token"]}};
    EXPECT_EQ(rig_.ask({.target = "/api/v1/node", .headers = headers}).status, 200);
    const Answer closed =
        rig_.ask({.method = "DELETE", .target = "/api/v1/session", .headers = headers});
    EXPECT_EQ(closed.status, 204);
    EXPECT_NE(closed.headers.at("set-cookie").find("Max-Age=0"), std::string::npos);
    EXPECT_EQ(rig_.ask({.target = "/api/v1/node", .headers = headers}).status, 401);
    EXPECT_EQ(rig_.ask({.target = "/api/v1/session", .headers = headers}).code(),
              "session.required");
}

TEST_F(SignedUp, WrongPasswordsAreCountedThenPaused) {
    for (int left = 4; left >= 0; --left) {
        const Answer refused = rig_.ask(sign_in_request("anna", "wrong horse"));
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.code(), "session.refused");
        EXPECT_EQ(json_of(refused)["tries_left"], left);
    }
    const Answer paused = rig_.ask(sign_in_request("anna", "correct horse"));
    EXPECT_EQ(paused.status, 429);
    EXPECT_EQ(paused.code(), "limit.tries");
    EXPECT_GE(json_of(paused)["retry_after_s"], 25);
    EXPECT_LE(json_of(paused)["retry_after_s"], 30);
    EXPECT_EQ(paused.headers.at("retry-after"),
              std::to_string(json_of(paused)["retry_after_s"].get<int>()));
    rig_.world().run_for(access::kTriesPause);
    EXPECT_EQ(rig_.ask(sign_in_request("anna", "correct horse")).status, 200);
}

TEST_F(SignedUp, MalformedBodiesAreToldWhatIsWrong) {
    for (const char* body :
         {"", "x", "[]", "{}", R"({"name":"anna"})", R"({"name":1,"password":"x"})",
          R"({"name":"anna","password":null})"}) {
        Sent sent = sign_in_request("", "");
        sent.body = body;
        EXPECT_EQ(rig_.ask(sent).code(), "body.invalid") << body;
    }
}

TEST_F(Resources, TokenIsItsOwnSession) {
    const Json session = get("/api/v1/session");
    EXPECT_EQ(session["user"]["role"], "viewer");
    EXPECT_TRUE(session["user"]["name"].get<std::string>().starts_with("token:"));
    EXPECT_EQ(session["csrf_token"], "");
}

// --- Tokens --------------------------------------------------------------------------------------

TEST_F(Resources, TokensAreMadeListedUsedAndRevoked) {
    const Credential who = admin();
    const Answer made = rig_.send("POST", "/api/v1/tokens", who,
                                  R"({"name":"dashboard","role":"viewer","expires_in_s":3600})");
    ASSERT_EQ(made.status, 201);
    const Json token = json_of(made);
    EXPECT_EQ(token["role"], "viewer");
    EXPECT_EQ(rig_.get("/api/v1/node", {.token = token["token"]}).status, 200);
    rig_.world().run_for(5s);
    const Json list = json_of(rig_.get("/api/v1/tokens", who))["items"];
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[1]["id"], token["id"]);
    EXPECT_EQ(list[1]["name"], "dashboard");
    EXPECT_FALSE(list[1]["expires_at"].is_null());
    EXPECT_TRUE(list[0]["expires_at"].is_null());
    EXPECT_FALSE(list[1]["last_used_at"].is_null());
    EXPECT_EQ(made.body.find("secret_digest"), std::string::npos);
    const std::string path = "/api/v1/tokens/" + token["id"].get<std::string>();
    EXPECT_EQ(rig_.send("DELETE", path, who).status, 204);
    EXPECT_EQ(rig_.send("DELETE", path, who).code(), "token.unknown");
    EXPECT_EQ(rig_.get("/api/v1/node", {.token = token["token"]}).code(), "token.refused");
}

TEST_F(Resources, TokenRequestsAreChecked) {
    const Credential who = admin();
    for (const char* body : {"{}", R"({"name":"x"})", R"({"name":"x","role":"root"})",
                             R"({"name":"x","role":"viewer","expires_in_s":0})",
                             R"({"name":"x","role":"viewer","expires_in_s":"1"})",
                             R"({"name":"x","role":"viewer","expires_in_s":999999999999})"}) {
        EXPECT_EQ(rig_.send("POST", "/api/v1/tokens", who, body).code(), "body.invalid") << body;
    }
    EXPECT_EQ(rig_.send("POST", "/api/v1/tokens", who, R"({"name":" ","role":"viewer"})").code(),
              "token.invalid");
    rig_.access.store.is_broken = true;
    EXPECT_EQ(rig_.send("POST", "/api/v1/tokens", who, R"({"name":"x","role":"viewer"})").code(),
              "token.unavailable");
}

// --- Machines ------------------------------------------------------------------------------------

TEST_F(Resources, MachinesAreListedInPages) {
    for (int i = 0; i < 25; ++i) {
        rig_.backend.machine_list.push_back(machine("m" + std::to_string(100 + i)).client);
        rig_.backend.machine_list.back().is_online = i % 5 == 0;
    }
    std::vector<std::string> seen;
    std::string target = "/api/v1/machines?limit=10";
    for (int page = 0; page < 3; ++page) {
        const Json list = get(target);
        EXPECT_EQ(list["total"], 25);
        EXPECT_EQ(list["online"], 5);
        EXPECT_EQ(list["next"].is_null(), page == 2);
        for (const Json& item : list["items"]) {
            seen.push_back(item["id"]);
        }
        if (page < 2) {
            target = "/api/v1/machines?limit=10&cursor=" + list["next"].get<std::string>();
        }
    }
    EXPECT_EQ(seen.size(), 25U);
    EXPECT_EQ(get("/api/v1/machines?state=online&q=m10")["items"].size(), 2U);
    const Json first = get("/api/v1/machines")["items"][0];
    EXPECT_EQ(first["protocol"], "MQTT 5.0");
    EXPECT_EQ(first["user"], "token:k3f9");
    for (const char* query :
         {"limit=0", "limit=1001", "state=x", "sort=x", "cursor=!", "cursor=eA"}) {
        EXPECT_EQ(rig_.get(std::string("/api/v1/machines?") + query, viewer()).code(),
                  "query.invalid")
            << query;
    }
}

TEST_F(Resources, MachineShowsItsSubscriptionsAndTopics) {
    broker::ClientDetail detail = machine("press-07");
    detail.subscriptions = {
        {.filter = "$share/g/plant/#", .maximum_qos = Qos::ExactlyOnce, .identifier = 7}};
    detail.will = broker::WillView{.topic = "gone", .qos = Qos::AtLeastOnce, .delay_s = 5};
    rig_.backend.details["press-07"] = detail;
    sample_topics({sample("plant/a", "1", 10), sample("plant/b", "2", 20)});
    const Json shown = get("/api/v1/machines/press-07");
    EXPECT_EQ(shown["subscription_list"][0]["filter"], "$share/g/plant/#");
    EXPECT_EQ(shown["subscription_list"][0]["identifier"], 7);
    EXPECT_EQ(shown["will"]["delay_s"], 5);
    EXPECT_EQ(shown["receive_maximum"], 20);
    ASSERT_EQ(shown["topics_published"].size(), 2U);
    EXPECT_EQ(shown["topics_published"][0]["topic"], "plant/b");
    EXPECT_EQ(rig_.get("/api/v1/machines/none", viewer()).code(), "machine.unknown");
}

TEST_F(Resources, MachineWithASlashInItsNameIsReached) {
    rig_.backend.details["hall/2 ü"] = machine("hall/2 ü");
    EXPECT_EQ(get("/api/v1/machines/hall%2F2%20%C3%BC")["id"], "hall/2 ü");
}

TEST_F(Resources, MachinesAreDisconnectedAndForgotten) {
    rig_.backend.details["press-07"] = machine("press-07");
    const Credential who = operator_();
    EXPECT_EQ(rig_.send("POST", "/api/v1/machines/press-07/disconnect", who).status, 204);
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/machines/press-07", who).status, 204);
    EXPECT_EQ(rig_.backend.disconnected, (std::vector<std::string>{"press-07"}));
    EXPECT_EQ(rig_.backend.forgotten, (std::vector<std::string>{"press-07"}));
    EXPECT_EQ(rig_.send("POST", "/api/v1/machines/none/disconnect", who).code(), "machine.unknown");
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/machines/none", who).code(), "machine.unknown");
}

TEST_F(Resources, MessagesOfAMachineAreRecordedFromTheFirstLook) {
    const std::string target = "/api/v1/machines/press-07/messages";
    EXPECT_EQ(get(target)["items"].size(), 0U);
    for (const char* payload : {"1", "2", "\xFF\xFE"}) {
        TappedMessage message;
        message.client = "press-07";
        message.topic = "plant/a";
        message.payload = as_bytes(payload);
        message.qos = Qos::AtLeastOnce;
        rig_.backend.pass(message);
    }
    const Json items = get(target + "?limit=2")["items"];
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0]["encoding"], "base64");
    EXPECT_EQ(items[0]["payload"], "//4=");
    EXPECT_EQ(items[1]["payload"], "2");
    EXPECT_EQ(items[1]["direction"], "in");
    rig_.backend.tap_answer = fail(ErrorKind::Limit, "too many taps");
    EXPECT_EQ(rig_.get("/api/v1/machines/other/messages", viewer()).code(), "machine.limit");
}

TEST_F(Resources, ConnectWatchTellsHowFarAMachineHasCome) {
    const Credential who = viewer();
    const Json waiting = json_of(rig_.get("/api/v1/connect/watch?id=lathe-04", who));
    EXPECT_TRUE(waiting["reached_at"].is_null());
    EXPECT_TRUE(waiting["first_message"].is_null());
    NodeEvent event;
    event.at = WallTime::from_ms(1'800'000'100'000);
    event.kind = "client_connected";
    event.machine = "lathe-04";
    rig_.backend.event_list = {event};
    TopicSample first = sample("$m/lathe-04/series/temp_c", "21.5", 200'000);
    first.publisher = "lathe-04";
    rig_.backend.samples = {first};
    const Json live = json_of(rig_.get("/api/v1/connect/watch?id=lathe-04", who));
    EXPECT_FALSE(live["accepted_at"].is_null());
    EXPECT_EQ(live["first_message"]["payload"], "21.5");
    EXPECT_EQ(rig_.get("/api/v1/connect/watch", who).code(), "query.invalid");
}

TEST_F(Resources, ConnectWatchForgetsWhatWasBeforeTheToken) {
    NodeEvent event;
    event.at = WallTime::from_ms(1'799'999'000'000);
    event.kind = "client_refused";
    event.machine = "lathe-04";
    event.reason = "wrong key";
    rig_.backend.event_list = {event};
    EXPECT_FALSE(get("/api/v1/connect/watch?id=lathe-04")["refused"].is_null());
    (void)rig_.token("machine", "lathe-04");
    EXPECT_TRUE(get("/api/v1/connect/watch?id=lathe-04")["refused"].is_null());
}

TEST(LimitsResource, ShowsWhatEachLimitIsAndHowOftenItWasMet) {
    ApiRig rig;
    rig.backend.sums.limits = {
        {.limit = broker::Limit::Sessions,
         .value = 100,
         .used = 99,
         .count = {.reached_count = 3, .last_reached_at = WallTime::from_ms(1'800'000'000'000)}},
        {.limit = broker::Limit::ClientMessages, .value = 0, .used = std::nullopt, .count = {}}};
    rig.world().run_for(kSampleInterval + 100ms);
    const Answer answer = rig.get("/api/v1/limits", rig.token("operator"));
    EXPECT_EQ(answer.status, 200);
    const auto items = nlohmann::json::parse(answer.body)["items"];
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0]["name"], "sessions");
    EXPECT_EQ(items[0]["key"], "mqtt.sessions_max");
    EXPECT_EQ(items[0]["used"], 99);
    EXPECT_EQ(items[0]["reached_count"], 3);
    EXPECT_TRUE(items[1]["used"].is_null());
    EXPECT_TRUE(items[1]["last_reached_at"].is_null());
    EXPECT_EQ(rig.get("/api/v1/limits", rig.token("viewer")).code(), "role.missing");
}

}  // namespace
}  // namespace kith::api
