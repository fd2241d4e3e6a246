// Topics and publishing over HTTP: what is listed, found, shown, sent and refused.
#include <nlohmann/json.hpp>

#include "api/detail/handlers.h"
#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

Json json_of(const Answer& answer) {
    return Json::parse(answer.body, nullptr, false);
}

class Messages : public ResourceTest {
  protected:
    Json get(const std::string& target) { return json_of(rig_.get(target, viewer())); }
};

// --- Topics --------------------------------------------------------------------------------------

TEST_F(Messages, TopicsAreListedLevelByLevel) {
    rig_.backend.subscriber_list["plant/h2/temp"] = {"historian", "panel"};
    sample_topics({sample("plant/h2/temp", "184.2"), sample("plant/h1/x", "\x01\x02"),
                   sample("$SYS/uptime", "1")});
    const Json root = get("/api/v1/topics");
    ASSERT_EQ(root["items"].size(), 1U);
    EXPECT_EQ(root["items"][0]["topic"], "plant");
    EXPECT_EQ(root["items"][0]["topics"], 2);
    EXPECT_EQ(root["totals"]["topics"], 3);
    EXPECT_EQ(get("/api/v1/topics?sys=1")["items"].size(), 2U);
    const Json leaf = get("/api/v1/topics?parent=plant%2Fh2")["items"][0];
    EXPECT_EQ(leaf["name"], "temp");
    EXPECT_EQ(leaf["subscribers"], 2);
    EXPECT_EQ(leaf["last"]["payload"], "184.2");
    EXPECT_EQ(leaf["last"]["truncated"], false);
    EXPECT_EQ(get("/api/v1/topics?parent=plant%2Fh1")["items"][0]["last"]["encoding"], "base64");
    EXPECT_EQ(rig_.get("/api/v1/topics?parent=none", viewer()).code(), "topic.unknown");
    EXPECT_EQ(rig_.get("/api/v1/topics?retained=2", viewer()).code(), "query.invalid");
}

TEST_F(Messages, TopicLevelsComeInPages) {
    std::vector<TopicSample> samples;
    for (int i = 0; i < 7; ++i) {
        samples.push_back(sample("p/" + std::to_string(i), "1"));
    }
    sample_topics(samples);
    std::vector<std::string> seen;
    std::string target = "/api/v1/topics?parent=p&limit=3";
    for (int page = 0; page < 3; ++page) {
        const Json list = get(target);
        for (const Json& item : list["items"]) {
            seen.push_back(item["name"]);
        }
        EXPECT_EQ(list["next"].is_null(), page == 2);
        if (page < 2) {
            target = "/api/v1/topics?parent=p&limit=3&cursor=" + list["next"].get<std::string>();
        }
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6"}));
    EXPECT_EQ(rig_.get("/api/v1/topics?parent=p&cursor=x", viewer()).code(), "query.invalid");
}

TEST_F(Messages, TopicsAreFoundByNameAndValue) {
    sample_topics(
        {sample("oven/temp_c", "61"), sample("oven/speed", "99"), sample("press/temp_c", "12")});
    const Json found = get("/api/v1/topics?q=temp+%3E+60");
    ASSERT_EQ(found["items"].size(), 1U);
    EXPECT_EQ(found["items"][0]["topic"], "oven/temp_c");
    EXPECT_EQ(found["matches"], 1);
    EXPECT_EQ(found["took_ms"], 1.5) << "what the clock of the test says";
    EXPECT_EQ(rig_.get("/api/v1/topics?q=", viewer()).code(), "search.invalid");
    EXPECT_EQ(rig_.get("/api/v1/topics?q=" + std::string(300, 'x'), viewer()).code(),
              "search.limit");
}

TEST_F(Messages, OneTopicShowsItsHistoryAndSubscribers) {
    rig_.backend.subscriber_list["oven/temp_c"] = {"historian"};
    sample_topics({sample("oven/temp_c", "60", 10, 1)});
    sample_topics({sample("oven/temp_c", "61.5", 20, 2)});
    const Json topic = get("/api/v1/topics?name=oven%2Ftemp_c");
    EXPECT_EQ(topic["publisher"], "press-07");
    ASSERT_EQ(topic["history"].size(), 2U);
    EXPECT_EQ(topic["history"][1]["value"], 61.5);
    EXPECT_EQ(topic["subscriber_list"], Json({"historian"}));
    EXPECT_EQ(rig_.get("/api/v1/topics?name=oven", viewer()).code(), "topic.unknown")
        << "a level, not a topic";
}

TEST_F(Messages, LongValueIsCutWithoutTearingACharacter) {
    sample_topics({sample("a", std::string(kPayloadPrefixBytes - 1, 'x') + "ü and more")});
    const Json last = get("/api/v1/topics?name=a")["last"];
    EXPECT_EQ(last["truncated"], true);
    EXPECT_EQ(last["encoding"], "text");
    EXPECT_EQ(last["payload"], std::string(kPayloadPrefixBytes - 1, 'x'));
    EXPECT_EQ(last["bytes"], kPayloadPrefixBytes - 1 + 11);
}

TEST_F(Messages, RetainedFromTheStartIsShown) {
    ApiRig rig([](ApiRig& made) {
        made.backend.retained_list = {{.topic = "a/b", .payload = "on", .payload_bytes = 2}};
        made.backend.sums.broker.retained = 1;
    });
    rig.world().run_for(100ms);
    const Json list = json_of(rig.get("/api/v1/topics?parent=a&retained=1", rig.token("viewer")));
    ASSERT_EQ(list["items"].size(), 1U);
    EXPECT_EQ(list["items"][0]["retained"], true);
    EXPECT_EQ(list["totals"]["retained"], 1);
}

TEST_F(Messages, RetainedIsReadAgainWhenItsNumberIsWrong) {
    rig_.backend.retained_list = {{.topic = "late", .payload = "on", .payload_bytes = 2}};
    rig_.backend.sums.broker.retained = 1;
    rig_.world().run_for(35s);
    EXPECT_EQ(get("/api/v1/topics?retained=1")["items"].size(), 1U);
}

TEST_F(Messages, RetainedMessageIsClearedByAnEmptyOne) {
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/topics?name=a%2Fb", operator_()).status, 204);
    ASSERT_EQ(rig_.backend.published.size(), 1U);
    EXPECT_EQ(rig_.backend.published[0].topic, "a/b");
    EXPECT_TRUE(rig_.backend.published[0].retain);
    EXPECT_TRUE(rig_.backend.published[0].payload.empty());
    for (const char* name : {"", "a%2F%23", "%2B"}) {
        EXPECT_EQ(
            rig_.send("DELETE", std::string("/api/v1/topics?name=") + name, operator_()).code(),
            "topic.invalid")
            << name;
    }
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/topics", operator_()).code(), "topic.invalid");
    rig_.backend.publish_answer = fail(ErrorKind::Denied, "not there");
    EXPECT_EQ(rig_.send("DELETE", "/api/v1/topics?name=a", operator_()).code(), "topic.refused");
}

// --- Publish -------------------------------------------------------------------------------------

TEST_F(Messages, PublishHandsEverythingOn) {
    rig_.backend.publish_answer = PublishReceipt{.is_durable = true, .receiver_count = 3};
    const Credential who = operator_();
    const Answer answer = rig_.send(
        "POST", "/api/v1/publish", who,
        R"({"topic":"a/ü","payload":"21.5","qos":1,"retain":true,"content_type":"text/plain",)"
        R"("response_topic":"r","user_properties":[["k","v"],["k","w"]]})");
    EXPECT_EQ(json_of(answer), Json({{"accepted", true}, {"durable", true}, {"receivers", 3}}));
    ASSERT_EQ(rig_.backend.published.size(), 1U);
    const PublishOrder& order = rig_.backend.published[0];
    EXPECT_EQ(order.topic, "a/ü");
    EXPECT_EQ(order.payload, "21.5");
    EXPECT_EQ(order.qos, Qos::AtLeastOnce);
    EXPECT_TRUE(order.retain);
    EXPECT_EQ(order.content_type, "text/plain");
    EXPECT_EQ(order.response_topic, "r");
    ASSERT_EQ(order.user_properties.size(), 2U);
    EXPECT_EQ(order.user_properties[1].second, "w");
    EXPECT_TRUE(order.published_by.starts_with("token:"));
}

TEST_F(Messages, NobodySpeaksForAMachineButAdministrators) {
    const std::string body = R"({"topic":"$m/press-07/state","payload":"1"})";
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", operator_(), body).code(), "topic.forbidden");
    EXPECT_EQ(
        rig_.send("DELETE", "/api/v1/topics?name=%24m%2Fpress-07%2Fstate", operator_()).code(),
        "topic.forbidden");
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", admin(), body).status, 200);
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", operator_(),
                        R"({"topic":"$m/press-07/command/stop","payload":"1"})")
                  .status,
              200);
}

TEST_F(Messages, PublishTakesBytesAndTheLargestPayload) {
    const Credential who = operator_();
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", who, R"({"topic":"a","payload_base64":"AP8="})")
                  .status,
              200);
    EXPECT_EQ(rig_.backend.published[0].payload, std::string("\x00\xFF", 2));
    const std::string large =
        R"({"topic":"a","payload_base64":")" + std::string((1024 * 1024 / 3) * 4, 'A') + "\"}";
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", who, large).status, 200);
    EXPECT_EQ(rig_.backend.published[1].payload.size(), 1024U * 1024 / 3 * 3);
    const std::string larger(kPublishBodyBytesMax + 1, ' ');
    EXPECT_EQ(rig_.send("POST", "/api/v1/publish", who, larger).status, 413);
}

TEST_F(Messages, PublishRefusesWhatIsNoMessage) {
    const Credential who = operator_();
    for (const char* body :
         {"{}", R"({"topic":"a"})", R"({"payload":"x"})", R"({"topic":"a","payload":1})",
          R"({"topic":"a","payload":"x","payload_base64":"eA=="})",
          R"({"topic":"a","payload_base64":"eA"})", R"({"topic":"a","payload":"x","qos":3})",
          R"({"topic":"a","payload":"x","retain":"yes"})",
          R"({"topic":"a","payload":"x","user_properties":{"k":"v"}})",
          R"({"topic":"a","payload":"x","user_properties":[["k"]]})",
          R"({"topic":"a","payload":"x","user_properties":[["k",1]]})", "not json"}) {
        EXPECT_EQ(rig_.send("POST", "/api/v1/publish", who, body).code(), "body.invalid") << body;
    }
    for (const char* topic : {"", "a/#", "+", "a\\u0000b"}) {
        const std::string body = std::string(R"({"topic":")") + topic + R"(","payload":"x"})";
        EXPECT_EQ(rig_.send("POST", "/api/v1/publish", who, body).code(), "topic.invalid") << topic;
    }
    EXPECT_TRUE(rig_.backend.published.empty());
    rig_.backend.publish_answer = fail(ErrorKind::Limit, "too many retained messages");
    const Answer limited =
        rig_.send("POST", "/api/v1/publish", who, R"({"topic":"a","payload":"x"})");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.code(), "publish.limit");
}

}  // namespace
}  // namespace kith::api
