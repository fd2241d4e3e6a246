// The resources for a closer look: traces, slow clients, the packets of one client.
#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

class Observe : public ResourceTest {};

Json json_of(const Answer& answer) {
    return Json::parse(answer.body, nullptr, false);
}

broker::TraceEvent event(std::uint64_t number, broker::TraceStage stage) {
    return {.sequence = number,
            .at = WallTime::from_ms(1'800'000'000'000),
            .stage = stage,
            .client_id = "sensor",
            .topic = "a/b",
            .message = 7,
            .packet_id = PacketId(3),
            .qos = Qos::AtLeastOnce,
            .payload_bytes = 4,
            .text = "published",
            .payload = "96.5"};
}

TEST_F(Observe, StartsATraceAndShowsItsEventsPageByPage) {
    const Credential who = operator_();
    const Answer begun = rig_.send("POST", "/api/v1/traces", who,
                                   R"({"topic":"a/#","seconds":5,"count_max":10,"payload":true})");
    ASSERT_EQ(begun.status, 201);
    const TraceOrder& order = rig_.backend.observed.pages[0].facts.order;
    EXPECT_EQ(order.topic, "a/#");
    EXPECT_EQ(order.seconds, 5);
    EXPECT_EQ(order.events_max, 10);
    EXPECT_TRUE(order.with_payload);
    EXPECT_EQ(order.started_by.substr(0, 6), "token:");
    const std::string path = "/api/v1/traces/" + json_of(begun)["id"].get<std::string>();

    TracePage& page = rig_.backend.observed.pages[0];
    page.events = {event(1, broker::TraceStage::Publish), event(2, broker::TraceStage::Match)};
    page.events[1].client_id.clear();
    page.events[1].packet_id = {};
    const Json first = json_of(rig_.get(path + "?limit=1", who));
    ASSERT_EQ(first["items"].size(), 1U);
    EXPECT_EQ(first["items"][0]["stage"], "publish");
    EXPECT_EQ(first["items"][0]["payload"], "96.5");
    EXPECT_EQ(first["items"][0]["packet_id"], 3);
    EXPECT_EQ(first["next"], "1");
    page.facts.is_running = false;
    page.facts.end_reason = "its time is over";
    const Json rest = json_of(rig_.get(path + "?cursor=1", who));
    ASSERT_EQ(rest["items"].size(), 1U);
    EXPECT_TRUE(rest["items"][0]["client"].is_null());
    EXPECT_TRUE(rest["items"][0]["packet_id"].is_null());
    EXPECT_FALSE(rest["items"][0].contains("payload"));
    EXPECT_TRUE(rest["next"].is_null());
    EXPECT_EQ(rest["state"], "done");

    EXPECT_EQ(json_of(rig_.get("/api/v1/traces", who))["items"].size(), 1U);
    EXPECT_EQ(rig_.send("DELETE", path, who).status, 204);
    EXPECT_EQ(rig_.send("DELETE", path, who).code(), "trace.unknown");
    EXPECT_EQ(rig_.get(path, who).code(), "trace.unknown");
}

TEST_F(Observe, RefusesATraceOfNothingOrOfTwoThings) {
    const Credential who = operator_();
    for (const char* body : {"{}", R"({"topic":"a","client":"b"})", R"({"topic":"a","seconds":0})",
                             R"({"topic":"a","count_max":5001})", "no json"}) {
        EXPECT_EQ(rig_.send("POST", "/api/v1/traces", who, body).code(), "body.invalid") << body;
    }
    rig_.backend.observed.answer = fail(ErrorKind::Limit, "too many");
    EXPECT_EQ(rig_.send("POST", "/api/v1/traces", who, R"({"client":"b"})").code(), "trace.limit");
    rig_.backend.observed.answer = fail(ErrorKind::Invalid, "no filter");
    EXPECT_EQ(rig_.send("POST", "/api/v1/traces", who, R"({"topic":"#/b"})").code(),
              "trace.invalid");
    EXPECT_EQ(rig_.send("POST", "/api/v1/traces", viewer(), R"({"client":"b"})").status, 403);
}

TEST_F(Observe, ListsSlowClientsByWhatWaitsForThem) {
    rig_.backend.observed.slow_list = {
        {.client_id = "a", .remote_address = "10.0.0.3:1", .unsent_bytes = 10},
        {.client_id = "b",
         .remote_address = "10.0.0.3:2",
         .unsent_bytes = 5,
         .queued_bytes = 100,
         .waits_for = 2500ms}};
    const Json items = json_of(rig_.get("/api/v1/slow-clients", operator_()))["items"];
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0]["client"], "b");
    EXPECT_EQ(items[0]["waiting_bytes"], 105);
    EXPECT_EQ(items[0]["waits_for_s"], 2.5);
    EXPECT_EQ(json_of(rig_.get("/api/v1/slow-clients?limit=1", operator_()))["items"].size(), 1U);
    EXPECT_EQ(rig_.get("/api/v1/slow-clients?limit=0", operator_()).code(), "query.invalid");
    EXPECT_EQ(rig_.get("/api/v1/slow-clients", viewer()).status, 403);
}

TEST_F(Observe, LogsThePacketsOfAClientForAWhile) {
    const Credential who = operator_();
    const std::string path = "/api/v1/log-clients/press-07";
    EXPECT_EQ(rig_.get(path, who).code(), "log.unknown");
    EXPECT_EQ(rig_.send("PUT", path, who, R"({"seconds":60})").status, 200);
    LoggedClient& logged = rig_.backend.observed.logs["press-07"];
    EXPECT_EQ(logged.ends_at.ms(), 1'800'000'060'000);
    logged.packet_count = 9;
    logged.packets.push_back({.at = WallTime::from_ms(1'800'000'000'000),
                              .is_from_client = false,
                              .type = "PUBACK",
                              .packet_id = 4,
                              .text = "success"});
    const Json shown = json_of(rig_.get(path, who));
    EXPECT_EQ(shown["packets"], 9);
    EXPECT_EQ(shown["items"][0]["packet"], "PUBACK");
    EXPECT_EQ(shown["items"][0]["direction"], "out");
    EXPECT_EQ(json_of(rig_.get("/api/v1/log-clients", who))["items"][0]["client"], "press-07");
    EXPECT_EQ(rig_.send("PUT", path, who, R"({"seconds":0})").code(), "body.invalid");
    EXPECT_EQ(rig_.send("DELETE", path, who).status, 204);
    EXPECT_EQ(rig_.send("DELETE", path, who).code(), "log.unknown");
    rig_.backend.observed.answer = fail(ErrorKind::Limit, "too many");
    EXPECT_EQ(rig_.send("PUT", path, who, "{}").code(), "log.limit");
}

}  // namespace
}  // namespace kith::api
