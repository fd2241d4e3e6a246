// The live feed as a console sees it.
#include "api/detail/live_client.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "access/limits.h"
#include "api/limits.h"
#include "api/testing/api_rig.h"
#include "api/testing/schema_check.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;
using bus::Role;

class Live : public ::testing::Test {
  protected:
    void open() { socket_ = std::make_unique<TestSocket>(rig_, handshake("/api/v1/live", who_)); }
    void follow(int id, Json request) {
        request["op"] = "follow";
        request["id"] = id;
        socket_->send(request.dump());
    }
    Json next() { return Json::parse(socket_->next()); }
    /// Everything that comes within a time.
    std::vector<Json> within(Duration time) {
        rig_.world().run_for(time);
        std::vector<Json> messages;
        for (const std::string& text : std::exchange(socket_->messages, {})) {
            messages.push_back(Json::parse(text));
        }
        return messages;
    }
    static TopicSample sample(const std::string& topic, const std::string& payload,
                              std::uint64_t count = 1) {
        return {.shard = ShardId(0),
                .topic = topic,
                .message_count = count,
                .byte_count = payload.size(),
                .payload = payload,
                .payload_bytes = static_cast<std::uint32_t>(payload.size()),
                .at = WallTime::from_ms(1'800'000'000'000 + static_cast<std::int64_t>(count)),
                .publisher = "press-07",
                .qos = Qos::AtMostOnce,
                .is_retain = false};
    }
    void pass(const std::string& client, const std::string& topic, const std::string& payload) {
        TappedMessage message;
        message.client = client;
        message.topic = topic;
        message.payload = as_bytes(payload);
        rig_.backend.pass(message);
    }
    void happen(const std::string& text) {
        NodeEvent event;
        event.at = rig_.shard().wall_now();
        event.kind = "client_connected";
        event.machine = "press-07";
        event.text = text;
        rig_.run_on(rig_.shard(), [&] { rig_.server->on_event(event); });
    }

    ApiRig rig_;
    Credential who_ = rig_.session(Role::Viewer);
    std::unique_ptr<TestSocket> socket_;
};

TEST_F(Live, StatsComeOnceASecond) {
    open();
    ASSERT_EQ(socket_->status, 101);
    follow(1, {{"channel", "stats"}});
    const Json first = next();
    EXPECT_EQ(first["id"], 1);
    EXPECT_EQ(check_schema("Stats", first["data"].dump()), "");
    (void)within(500ms);
    const auto more = within(10s);
    EXPECT_GE(more.size(), 9U);
    EXPECT_LE(more.size(), 11U);
}

// Goal: answers are memory of the node, and whoever does not read them cannot ask for more.
TEST_F(Live, EndsForWhoeverAsksAndDoesNotRead) {
    open();
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->pause_reading(); });
    EXPECT_EQ(rig_.server->counters().live_clients, 1U);
    for (int round = 0; round < 400 && rig_.server->counters().live_clients > 0; ++round) {
        for (int i = 0; i < 200; ++i) {
            socket_->send("{}");
        }
        rig_.world().run_for(100ms);
    }
    EXPECT_EQ(rig_.server->counters().live_clients, 0U);
}

TEST_F(Live, PingTellsThatTheNodeIsThere) {
    open();
    EXPECT_EQ(socket_->ping_count, 1) << "at once";
    rig_.world().run_for(20s);
    EXPECT_GE(socket_->ping_count, 4);
    EXPECT_LE(socket_->ping_count, 5);
}

TEST_F(Live, UnfollowEndsAChannel) {
    open();
    follow(1, {{"channel", "stats"}});
    (void)next();
    socket_->send(R"({"op":"unfollow","id":1})");
    (void)within(500ms);
    EXPECT_TRUE(within(5s).empty());
}

TEST_F(Live, EventsComeOneByOne) {
    open();
    follow(7, {{"channel", "events"}});
    rig_.world().run_for(300ms);
    happen("first");
    happen("second");
    const Json first = next();
    EXPECT_EQ(first["id"], 7);
    EXPECT_EQ(first["data"]["text"], "first");
    EXPECT_EQ(check_schema("Event", first["data"].dump()), "");
    EXPECT_EQ(next()["data"]["text"], "second");
    EXPECT_TRUE(within(5s).empty());
}

TEST_F(Live, MachinesComeWhenTheyChange) {
    for (const char* id : {"a", "b", "c"}) {
        broker::ClientView view;
        view.client_id = id;
        rig_.backend.machine_list.push_back(view);
    }
    open();
    follow(1, {{"channel", "machines"}, {"ids", {"a", "b"}}});
    const Json first = next();
    ASSERT_EQ(first["data"]["machines"].size(), 2U);
    EXPECT_EQ(check_schema("Machine", first["data"]["machines"][0].dump()), "");
    EXPECT_TRUE(within(3s).empty());
    rig_.backend.machine_list[1].bytes_in = 5;
    rig_.backend.machine_list[2].bytes_in = 5;
    const Json changed = next();
    ASSERT_EQ(changed["data"]["machines"].size(), 1U);
    EXPECT_EQ(changed["data"]["machines"][0]["id"], "b");
    follow(2, {{"channel", "machines"}});
    EXPECT_EQ(next()["data"]["machines"].size(), 3U) << "all of them";
}

TEST_F(Live, TopicsComeWhenTheyChange) {
    rig_.backend.samples = {sample("plant/a", "1"), sample("plant/b", "1")};
    open();
    rig_.world().run_for(1100ms);
    follow(1, {{"channel", "topics"}, {"topics", {"plant", "plant/a", "none"}}});
    const Json first = next();
    ASSERT_EQ(first["data"]["topics"].size(), 2U);
    EXPECT_EQ(check_schema("Topic", first["data"]["topics"][1].dump()), "");
    EXPECT_TRUE(first["data"]["new_under"].empty()) << "what was there before is not new";
    (void)within(15s);
    rig_.backend.samples = {sample("plant/a", "2", 2)};
    const Json changed = next();
    ASSERT_EQ(changed["data"]["topics"].size(), 2U) << "the level changes with it";
    EXPECT_EQ(changed["data"]["topics"][1]["last"]["payload"], "2");
    (void)within(15s);
    rig_.backend.samples = {sample("plant/c", "1")};
    EXPECT_EQ(next()["data"]["new_under"], Json({"plant"}));
}

TEST_F(Live, RateOfATopicThatFellSilentIsTold) {
    rig_.backend.samples = {sample("a", "1", 1)};
    open();
    rig_.world().run_for(1100ms);
    follow(1, {{"channel", "topics"}, {"topics", {"a"}}});
    (void)next();
    rig_.backend.samples = {sample("a", "2", 100)};
    double rate = -1;
    for (const Json& message : within(30s)) {
        rate = message["data"]["topics"][0]["messages_per_s"];
    }
    EXPECT_EQ(rate, 0.0);
}

TEST_F(Live, SubscribersOfFollowedTopicsAreAskedNowAndThen) {
    rig_.backend.samples = {sample("a", "1")};
    open();
    follow(1, {{"channel", "topics"}, {"topics", {"a"}}});
    (void)within(3s);
    rig_.backend.subscriber_list["a"] = {"panel"};
    int subscribers = 0;
    for (const Json& message : within(6s)) {
        subscribers = message["data"]["topics"][0]["subscribers"];
    }
    EXPECT_EQ(subscribers, 1);
}

TEST_F(Live, TopicsAreAskedOftenOnlyWhileSomebodyFollows) {
    const auto asked_within = [this](Duration time) {
        const int before = rig_.backend.changed_topics_calls;
        rig_.world().run_for(time);
        return rig_.backend.changed_topics_calls - before;
    };
    EXPECT_LE(asked_within(10s), 11);
    open();
    follow(1, {{"channel", "topics"}, {"topics", Json::array()}});
    EXPECT_GE(asked_within(10s), 45);
    socket_->close();
    rig_.world().run_for(1s);
    EXPECT_LE(asked_within(10s), 11);
}

TEST_F(Live, MessagesFollowAFilterOrAClient) {
    open();
    follow(1, {{"channel", "messages"}, {"filter", "#"}});
    follow(2, {{"channel", "messages"}, {"client", "press-07"}});
    rig_.world().run_for(300ms);
    EXPECT_EQ(rig_.backend.tap_count(), 2U);
    pass("oven-3", "a/b", "1");
    pass("press-07", "a/c", "2");
    const Json by_filter = next();
    EXPECT_EQ(by_filter["id"], 1);
    ASSERT_EQ(by_filter["data"]["messages"].size(), 2U);
    EXPECT_EQ(check_schema("Message", by_filter["data"]["messages"][0].dump()), "");
    EXPECT_EQ(by_filter["data"]["messages"][1]["client"], "press-07");
    const Json by_client = next();
    EXPECT_EQ(by_client["id"], 2);
    EXPECT_EQ(by_client["data"]["messages"].size(), 1U);
    socket_->send(R"({"op":"unfollow","id":2})");
    rig_.world().run_for(300ms);
    EXPECT_EQ(rig_.backend.tap_count(), 1U);
    socket_->close();
    EXPECT_TRUE(rig_.run_until([&] { return rig_.backend.tap_count() == 0; }));
}

TEST_F(Live, FloodOfMessagesIsThinnedOutAndSaysSo) {
    open();
    follow(1, {{"channel", "messages"}, {"filter", "#"}, {"rate_max", 50}});
    rig_.world().run_for(300ms);
    rig_.run_on(rig_.shard(), [&] {
        for (int i = 0; i < 1000; ++i) {
            pass("m", "t", std::to_string(i));
        }
    });
    const Json message = next();
    ASSERT_EQ(message["data"]["messages"].size(), 10U) << "50 a second, five servings a second";
    EXPECT_EQ(message["data"]["messages"][9]["payload"], "999") << "the newest";
    EXPECT_EQ(message["data"]["skipped"], 990);
    EXPECT_EQ(rig_.server->counters().live_messages_skipped, 990U);
}

// Goal: a console that does not read costs a bounded amount of memory, and gets the newest state
// when it reads again.
TEST_F(Live, SlowClientGetsTheNewestStateNotTheBacklog) {
    std::vector<TopicSample> samples;
    Json topics = Json::array();
    for (int i = 0; i < 500; ++i) {
        const std::string topic = "level/of/some/length/topic-" + std::to_string(i);
        samples.push_back(sample(topic, std::string(200, 'x'), 1));
        topics.push_back(topic);
    }
    rig_.backend.samples = samples;
    open();
    follow(1, {{"channel", "topics"}, {"topics", topics}});
    (void)next();
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->pause_reading(); });
    std::uint64_t count = 1;
    for (int round = 0; round < 100; ++round) {
        ++count;
        for (TopicSample& one : samples) {
            one = sample(one.topic, std::string(190, 'x') + std::to_string(count), count);
        }
        rig_.backend.samples = samples;
        rig_.world().run_for(250ms);
    }
    EXPECT_GT(rig_.server->counters().live_updates_conflated, 50U);
    happen("meanwhile");
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->resume_reading(); });
    const auto messages = within(5s);
    std::size_t bytes = 0;
    std::string last;
    for (const Json& message : messages) {
        bytes += message.dump().size();
        for (const Json& topic : message["data"]["topics"]) {
            last = topic["topic"] == topics[499] && !topic["last"].is_null()
                       ? topic["last"]["payload"].get<std::string>()
                       : last;
        }
    }
    EXPECT_LT(bytes, 4U * 1024 * 1024) << "of 100 rounds of 200 kB";
    EXPECT_TRUE(last.ends_with(std::to_string(count))) << "the newest value arrived";
}

TEST_F(Live, SlowClientLosesTheOldestEventsAndTheyAreCounted) {
    open();
    follow(1, {{"channel", "events"}});
    rig_.world().run_for(300ms);
    rig_.run_on(rig_.shard(), [&] {
        for (std::size_t i = 0; i < kLiveEventsMax + 20; ++i) {
            NodeEvent event;
            event.text = std::to_string(i);
            rig_.server->on_event(event);
        }
    });
    const auto messages = within(1s);
    ASSERT_EQ(messages.size(), kLiveEventsMax);
    EXPECT_EQ(messages[0]["data"]["text"], "20");
    EXPECT_EQ(rig_.server->counters().live_events_dropped, 20U);
}

TEST_F(Live, WrongRequestsAreAnsweredWithAProblem) {
    open();
    const std::string many(kFollowedTopicsMax + 1, 'x');
    Json too_many = Json::array();
    for (std::size_t i = 0; i <= kFollowedTopicsMax; ++i) {
        too_many.push_back("t");
    }
    for (const Json& request :
         {Json({{"channel", "none"}}), Json::object(), Json({{"channel", "topics"}}),
          Json({{"channel", "topics"}, {"topics", {1}}}),
          Json({{"channel", "topics"}, {"topics", too_many}}),
          Json({{"channel", "machines"}, {"ids", Json::array()}}),
          Json({{"channel", "machines"}, {"ids", "a"}}), Json({{"channel", "messages"}}),
          Json({{"channel", "messages"}, {"filter", "#"}, {"client", "a"}}),
          Json({{"channel", "messages"}, {"filter", ""}}),
          Json({{"channel", "messages"}, {"filter", "#"}, {"rate_max", 0}}),
          Json({{"channel", "messages"}, {"filter", "#"}, {"rate_max", 501}})}) {
        follow(3, request);
        const Json answer = next();
        EXPECT_EQ(answer["id"], 3) << request;
        EXPECT_EQ(answer["error"]["code"], "feed.invalid") << request;
        EXPECT_EQ(check_schema("Problem", answer["error"].dump()), "");
    }
    for (const char* text : {"x", "[]", "{}", R"({"op":"follow"})", R"({"id":1})",
                             R"({"op":"dance","id":1})", R"({"op":"follow","id":"1"})"}) {
        socket_->send(text);
        EXPECT_EQ(next()["error"]["code"], "feed.invalid") << text;
    }
    rig_.backend.tap_answer = fail(ErrorKind::Invalid, "the filter is wrong");
    follow(4, {{"channel", "messages"}, {"filter", "a/#/b"}});
    EXPECT_EQ(next()["error"]["detail"], "the filter is wrong");
}

TEST_F(Live, NumberOfChannelsIsBounded) {
    open();
    for (int i = 0; i < static_cast<int>(kFollowsMax); ++i) {
        follow(i, {{"channel", "events"}});
    }
    follow(5, {{"channel", "events"}});
    EXPECT_TRUE(within(500ms).empty()) << "the same id takes its own place";
    follow(1000, {{"channel", "events"}});
    EXPECT_EQ(next()["error"]["code"], "feed.limit");
}

TEST_F(Live, NumberOfConsolesIsBounded) {
    std::vector<std::unique_ptr<TestSocket>> sockets;
    for (std::size_t i = 0; i < kLiveClientsMax; ++i) {
        sockets.push_back(std::make_unique<TestSocket>(rig_, handshake("/api/v1/live", who_)));
        ASSERT_EQ(sockets.back()->status, 101);
    }
    TestSocket late(rig_, handshake("/api/v1/live", who_));
    EXPECT_EQ(late.status, 503);
    EXPECT_EQ(late.refusal.code(), "feed.limit");
    sockets.pop_back();
    rig_.world().run_for(1s);
    EXPECT_EQ(TestSocket(rig_, handshake("/api/v1/live", who_)).status, 101);
}

TEST_F(Live, HandshakeNeedsASessionAndAWebSocket) {
    EXPECT_EQ(TestSocket(rig_, handshake("/api/v1/live", {})).status, 401);
    EXPECT_EQ(TestSocket(rig_, handshake("/api/v1/live", rig_.token("machine"))).status, 403);
    EXPECT_EQ(TestSocket(rig_, handshake("/api/v1/live", rig_.token("viewer"))).status, 101);
    EXPECT_EQ(rig_.get("/api/v1/live", rig_.token("viewer")).status, 426);
}

TEST_F(Live, FeedEndsWithTheSession) {
    open();
    follow(1, {{"channel", "events"}});
    rig_.world().run_for(1s);
    rig_.run_on(rig_.shard(), [&] { rig_.access.sessions.close(who_.cookie); });
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_EQ(socket_->close_code, websocket::kPolicyViolation);
}

TEST_F(Live, FeedEndsWithTheToken) {
    who_ = rig_.token("viewer");
    open();
    const std::string id(crypto::token_id(who_.token).value());
    ASSERT_TRUE(rig_.access.revoke_token(id).has_value());
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_EQ(socket_->close_code, websocket::kPolicyViolation);
}

TEST_F(Live, OpenFeedDoesNotKeepASessionAlive) {
    open();
    rig_.world().run_for(access::kSessionIdle + 10s);
    EXPECT_TRUE(socket_->client->is_closed);
}

TEST_F(Live, ClientThatLeavesOrLiesIsForgotten) {
    open();
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->stream->abort(); });
    EXPECT_TRUE(rig_.run_until([&] { return rig_.server->counters().live_clients == 0; }));
    open();
    rig_.run_on(rig_.client_shard(), [&] { socket_->client->send("\xFF\xFF\xFF\xFF"); });
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_EQ(socket_->close_code, websocket::kProtocolError);
    open();
    socket_->send(std::string(kLiveRequestBytesMax + 1, ' '));
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_EQ(socket_->close_code, websocket::kMessageTooBig);
    EXPECT_TRUE(rig_.run_until([&] { return rig_.server->counters().live_clients == 0; }));
}

TEST_F(Live, RequestBehindTheHandshakeIsNotLost) {
    const auto client = rig_.connect();
    Sent sent = handshake("/api/v1/live", who_);
    // {"op":"follow","id":1,"channel":"stats"} in one masked text frame, the mask being zero.
    const std::string request = R"({"op":"follow","id":1,"channel":"stats"})";
    std::string frame = "\x81";
    frame.push_back(static_cast<char>(0x80U | request.size()));
    frame += std::string(4, '\0') + request;
    rig_.run_on(rig_.client_shard(), [&] { client->send(to_text(sent, "gw-1:8080") + frame); });
    EXPECT_TRUE(rig_.run_until(
        [&] { return client->received.find("\"delivery_p99_ms\"") != std::string::npos; }));
}

TEST_F(Live, ConsolesAreToldThatTheNodeStops) {
    open();
    rig_.run_on(rig_.shard(), [&] { rig_.server->drain(); });
    EXPECT_TRUE(rig_.run_until([&] { return socket_->client->is_closed; }));
    EXPECT_EQ(socket_->close_code, websocket::kGoingAway);
}

}  // namespace
}  // namespace kith::api
