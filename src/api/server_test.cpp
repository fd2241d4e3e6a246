// The server as a client sees it: connections, requests, limits.
#include "api/server.h"

#include <gtest/gtest.h>

#include "api/limits.h"
#include "api/testing/api_rig.h"

namespace kith::api {
namespace {

TEST(ApiServer, ConnectionIsKeptForTheNextRequest) {
    ApiRig rig;
    const auto client = rig.connect();
    for (int i = 0; i < 5; ++i) {
        const Answer answer = rig.ask(*client, {.target = "/healthz"});
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "ok\n");
        EXPECT_EQ(answer.headers.count("connection"), 0U);
    }
    EXPECT_FALSE(client->is_closed);
    const Answer last =
        rig.ask(*client, {.target = "/healthz", .headers = {{"Connection", "close"}}});
    EXPECT_EQ(last.headers.at("connection"), "close");
    EXPECT_TRUE(rig.run_until([&] { return client->is_closed; }));
}

TEST(ApiServer, PipelinedRequestsAreAnsweredInTheirOrder) {
    ApiRig rig;
    const auto client = rig.connect();
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += to_text({.target = i % 2 == 0 ? "/healthz" : "/none.txt"}, "gw-1:8080");
    }
    rig.run_on(rig.client_shard(), [&] { client->send(text); });
    for (int i = 0; i < 500; ++i) {
        ASSERT_EQ(rig.await_answer(*client).status, i % 2 == 0 ? 200 : 404) << i;
    }
}

TEST(ApiServer, PipelinedRequestsWaitForSlowAnswers) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    rig.backend.holds_answers = true;
    const auto client = rig.connect();
    const std::string slow =
        to_text({.target = "/api/v1/machines/a", .headers = who.headers()}, "gw-1:8080");
    rig.run_on(rig.client_shard(),
               [&] { client->send(slow + to_text({.target = "/healthz"}, "gw-1:8080")); });
    rig.world().run_for(500ms);
    EXPECT_EQ(client->received, "");
    rig.run_on(rig.shard(), [&] { rig.backend.release_answers(); });
    EXPECT_EQ(rig.await_answer(*client).status, 404);
    EXPECT_EQ(rig.await_answer(*client).status, 200);
}

TEST(ApiServer, HeadIsAnsweredWithoutABody) {
    ApiRig rig;
    const auto client = rig.connect();
    const Answer head = rig.ask(*client, {.method = "HEAD", .target = "/healthz"});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("content-length"), "3");
    EXPECT_EQ(rig.ask(*client, {.target = "/healthz"}).body, "ok\n");
}

TEST(ApiServer, MalformedRequestIsRefusedAndTheConnectionEnds) {
    for (const char* text :
         {"nonsense\r\n\r\n", "\x16\x03\x01\x02", "GET /healthz HTTP/1.1\r\n\r\n",
          "GET /% HTTP/1.1\r\nHost: gw-1\r\n\r\n"}) {
        ApiRig rig;
        const auto client = rig.connect();
        rig.run_on(rig.client_shard(), [&] { client->send(text); });
        const Answer answer = rig.await_answer(*client);
        EXPECT_EQ(answer.status, 400) << text;
        EXPECT_EQ(answer.code(), "request.invalid");
        EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
        EXPECT_TRUE(rig.run_until([&] { return client->is_closed; }));
    }
}

// Goal: slowloris. Somebody who sends a byte now and then does not hold a connection for ever.
TEST(ApiServer, SlowHeadIsCutOffPolitely) {
    ApiRig rig;
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] { client->send("GET /healthz HTTP/1.1\r\n"); });
    const Instant start = rig.world().now();
    while (!client->is_closed && rig.world().now() - start < 60s) {
        rig.world().run_for(1s);
        rig.run_on(rig.client_shard(), [&] { client->send("X"); });
    }
    EXPECT_LE(rig.world().now() - start, kHeadTimeout + 7s) << "timeout and closing grace";
    const auto answer = client->take_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 408);
    EXPECT_EQ(rig.server->counters().refused_timeout, 1U);
}

TEST(ApiServer, SlowHeadOfALaterRequestIsCutOffToo) {
    ApiRig rig;
    const auto client = rig.connect();
    EXPECT_EQ(rig.ask(*client, {.target = "/healthz"}).status, 200);
    rig.world().run_for(kIdleTimeout / 2);
    rig.run_on(rig.client_shard(), [&] { client->send("GET"); });
    rig.world().run_for(kHeadTimeout + 1s);
    const auto answer = client->take_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 408);
}

TEST(ApiServer, NothingIsReadWhileARequestIsWorkedOn) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    rig.backend.holds_answers = true;
    const auto client = rig.connect();
    const std::string flood(8 * 1024 * 1024, 'x');
    rig.run_on(rig.client_shard(), [&] {
        client->send(to_text({.target = "/api/v1/machines/a", .headers = who.headers()}, "gw-1"));
        client->send(flood);
    });
    rig.world().run_for(5s);
    EXPECT_GT(client->stream->unsent_bytes(), flood.size() - 2 * 1024 * 1024);
    rig.run_on(rig.shard(), [&] { rig.backend.release_answers(); });
    EXPECT_EQ(rig.await_answer(*client).status, 404);
    EXPECT_EQ(rig.await_answer(*client).status, 431) << "the flood was no request";
}

TEST(ApiServer, SlowBodyIsCutOffPolitely) {
    ApiRig rig;
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] {
        client->send(
            "POST /api/v1/session HTTP/1.1\r\nHost: gw-1\r\nContent-Type: application/json\r\n"
            "Content-Length: 100\r\n\r\n{");
    });
    EXPECT_EQ(rig.await_answer(*client).status, 408);
    EXPECT_TRUE(rig.run_until([&] { return client->is_closed; }));
}

TEST(ApiServer, SilentConnectionIsClosedWithoutAWord) {
    ApiRig rig;
    const auto never = rig.connect();
    const auto idle = rig.connect();
    EXPECT_EQ(rig.ask(*idle, {.target = "/healthz"}).status, 200);
    rig.world().run_for(kHeadTimeout + 6s);
    EXPECT_TRUE(never->is_closed) << "never sent anything";
    EXPECT_FALSE(idle->is_closed);
    rig.world().run_for(kIdleTimeout);
    EXPECT_TRUE(idle->is_closed);
    EXPECT_EQ(never->received + idle->received, "");
    EXPECT_EQ(rig.server->counters().connections, 0U);
}

TEST(ApiServer, OversizedRequestsAreRefusedWithTheirStatus) {
    ApiRig rig;
    const Credential admin = rig.token("admin");
    EXPECT_EQ(rig.ask({.target = "/healthz", .headers = {{"X", std::string(9000, 'x')}}}).status,
              431);
    EXPECT_EQ(rig.ask({.target = "/" + std::string(9000, 'x')}).status, 431);
    EXPECT_EQ(rig.ask({.target = "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"}).status, 414);
    const std::string large(kSmallBodyBytesMax + 1, ' ');
    EXPECT_EQ(rig.send("POST", "/api/v1/tokens", admin, large).status, 413);
    EXPECT_EQ(rig.send("POST", "/api/v1/tokens", admin, large.substr(1)).status, 400);
    EXPECT_EQ(rig.server->counters().refused_limit, 4U);
}

TEST(ApiServer, BodyIsNotReadBeforeItsSenderIsKnown) {
    ApiRig rig;
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] {
        client->send(
            "POST /api/v1/publish HTTP/1.1\r\nHost: gw-1\r\nContent-Type: application/json\r\n"
            "Content-Length: 1000000\r\n\r\n");
    });
    EXPECT_EQ(rig.await_answer(*client).code(), "session.required");
    EXPECT_TRUE(rig.run_until([&] { return client->is_closed; }));
}

TEST(ApiServer, ClientThatAsksMaySendItsBody) {
    ApiRig rig;
    const Credential who = rig.token("operator");
    const auto client = rig.connect();
    const std::string body = R"({"topic":"a","payload":"1"})";
    rig.run_on(rig.client_shard(), [&] {
        client->send(
            "POST /api/v1/publish HTTP/1.1\r\nHost: gw-1\r\nExpect: 100-continue\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer " +
            who.token + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    });
    EXPECT_EQ(rig.await_answer(*client).status, 100);
    rig.run_on(rig.client_shard(), [&] { client->send(body); });
    EXPECT_EQ(rig.await_answer(*client).status, 200);
    EXPECT_EQ(rig.backend.published.size(), 1U);
}

TEST(ApiServer, ChunkedBodyIsTakenLikeAnother) {
    ApiRig rig;
    const Credential who = rig.token("operator");
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] {
        client->send(
            "POST /api/v1/publish HTTP/1.1\r\nHost: gw-1\r\nTransfer-Encoding: chunked\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer " +
            who.token + "\r\n\r\n10\r\n{\"topic\":\"a\",\"pa\r\nb\r\nyload\":\"1\"}\r\n0\r\n\r\n");
    });
    EXPECT_EQ(rig.await_answer(*client).status, 200);
}

TEST(ApiServer, TooManyConnectionsAreTurnedAway) {
    ApiRig rig;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (std::size_t i = 0; i < kConnectionsMax; ++i) {
        clients.push_back(rig.connect());
        rig.run_on(rig.client_shard(), [&] { clients.back()->send("GET"); });
    }
    EXPECT_TRUE(
        rig.run_until([&] { return rig.server->counters().connections == kConnectionsMax; }));
    const auto late = rig.connect();
    const Answer answer = rig.await_answer(*late);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "connections.limit");
    EXPECT_EQ(answer.headers.at("retry-after"), "5");
    EXPECT_TRUE(rig.run_until([&] { return late->is_closed; }));
    EXPECT_EQ(rig.server->counters().connections_turned_away, 1U);
    clients.pop_back();
    EXPECT_TRUE(
        rig.run_until([&] { return rig.server->counters().connections == kConnectionsMax - 1; }));
    EXPECT_EQ(rig.ask({.target = "/healthz"}).status, 200) << "there is room again";
}

TEST(ApiServer, ClientThatDoesNotReadIsHeldUpThenCutOff) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] { client->stream->pause_reading(); });
    const std::string request =
        to_text({.target = "/api/openapi.json", .headers = who.headers()}, "gw-1:8080");
    std::string many;
    for (int i = 0; i < 200; ++i) {
        many += request;  // 12 MB of answers
    }
    rig.run_on(rig.client_shard(), [&] { client->send(many); });
    rig.world().run_for(5s);
    const std::uint64_t answered = rig.server->counters().responses_2xx;
    EXPECT_LT(answered, 100U) << "answers are not piled up";
    EXPECT_EQ(rig.server->counters().connections, 1U);
    rig.world().run_for(2 * kStalledTimeout + 1s);
    EXPECT_EQ(rig.server->counters().connections, 0U);
    EXPECT_EQ(rig.server->counters().responses_2xx, answered);
}

TEST(ApiServer, ClientThatReadsLateGetsEverything) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    const auto client = rig.connect();
    rig.run_on(rig.client_shard(), [&] { client->stream->pause_reading(); });
    const std::string request =
        to_text({.target = "/api/openapi.json", .headers = who.headers()}, "gw-1:8080");
    std::string many;
    for (int i = 0; i < 60; ++i) {
        many += request;
    }
    rig.run_on(rig.client_shard(), [&] { client->send(many); });
    rig.world().run_for(3s);
    rig.run_on(rig.client_shard(), [&] { client->stream->resume_reading(); });
    for (int i = 0; i < 60; ++i) {
        ASSERT_EQ(rig.await_answer(*client).status, 200) << i;
    }
}

TEST(ApiServer, UnknownPathsAndMethodsAreToldApart) {
    ApiRig rig;
    const Credential who = rig.token("admin");
    const Answer unknown = rig.get("/api/v1/none", who);
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.code(), "route.unknown");
    const Answer method = rig.send("PUT", "/api/v1/tokens", who);
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.code(), "method.refused");
    EXPECT_EQ(method.headers.at("allow"), "GET, HEAD, POST");
    EXPECT_EQ(rig.send("OPTIONS", "/api/v1/node", who).status, 405);
    EXPECT_EQ(rig.send("POST", "/index.html", who).status, 405);
    EXPECT_EQ(rig.get("/api/v1/machines/", who).status, 404);
    EXPECT_EQ(rig.get("/api/v1/node/", who).status, 404);
}

TEST(ApiServer, AnswersOfTheApiAreNotKeptAndNotGuessedAt) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    for (const char* target : {"/api/v1/node", "/api/v1/none", "/healthz", "/metrics"}) {
        const Answer answer = rig.get(target, who);
        EXPECT_EQ(answer.headers.at("cache-control"), "no-store") << target;
        EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << target;
        EXPECT_EQ(answer.headers.count("access-control-allow-origin"), 0U) << target;
    }
    EXPECT_EQ(rig.get("/api/v1/node", {}).headers.at("www-authenticate"), "Bearer");
}

TEST(ApiServer, DrainingAnswersWhatIsUnderWayAndClosesTheRest) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    const auto idle = rig.connect();
    EXPECT_EQ(rig.ask(*idle, {.target = "/healthz"}).status, 200);
    const auto busy = rig.connect();
    rig.backend.holds_answers = true;
    rig.run_on(rig.client_shard(), [&] {
        busy->send(to_text({.target = "/api/v1/machines/a", .headers = who.headers()}, "gw-1"));
    });
    rig.world().run_for(100ms);
    rig.run_on(rig.shard(), [&] { rig.server->drain(); });
    EXPECT_TRUE(rig.run_until([&] { return idle->is_closed; }));
    rig.run_on(rig.shard(), [&] { rig.backend.release_answers(); });
    EXPECT_EQ(rig.await_answer(*busy).headers.at("connection"), "close");
    EXPECT_TRUE(rig.run_until([&] { return busy->is_closed; }));
    const auto late = rig.connect();
    EXPECT_EQ(rig.await_answer(*late).status, 503);
}

TEST(ApiServer, LateAnswerFindsNobody) {
    ApiRig rig;
    const Credential who = rig.token("viewer");
    rig.backend.holds_answers = true;
    {
        const auto client = rig.connect();
        rig.run_on(rig.client_shard(), [&] {
            client->send(
                to_text({.target = "/api/v1/machines/a", .headers = who.headers()}, "gw-1"));
        });
        rig.world().run_for(100ms);
        rig.run_on(rig.client_shard(), [&] { client->stream->abort(); });
    }
    rig.world().run_for(1s);
    rig.run_on(rig.shard(), [&] { rig.backend.release_answers(); });
    EXPECT_TRUE(rig.run_until([&] { return rig.server->counters().connections == 0; }));
}

TEST(ApiServer, ReadinessTellsWhy) {
    ApiRig rig;
    EXPECT_EQ(rig.ask({.target = "/readyz"}).status, 200);
    rig.backend.reason_not_ready = "the store cannot write";
    const Answer answer = rig.ask({.target = "/readyz"});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "the store cannot write\n");
}

}  // namespace
}  // namespace kith::api
