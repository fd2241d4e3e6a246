#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/detail/parse_property.h"

namespace kith::http {
namespace {

/// Feeds everything and expects one whole request.
Request parsed(std::string_view text) {
    RequestParser parser;
    auto progress = parser.feed(as_bytes(text));
    EXPECT_TRUE(progress.has_value() && *progress == Progress::Head) << text;
    progress = parser.resume();
    EXPECT_TRUE(progress.has_value() && *progress == Progress::Complete) << text;
    return parser.take();
}

/// The status with which `text` is refused; 0 if it is not.
int refusal(std::string_view text, const RequestLimits& limits = {}) {
    RequestParser parser(limits);
    auto progress = parser.feed(as_bytes(text));
    if (progress && *progress == Progress::Head) {
        progress = parser.resume();
    }
    return progress ? 0 : progress.error().code;
}

TEST(RequestParser, TakesARequestApart) {
    const Request request = parsed(
        "POST /api/v1/machines/a%2Fb?q=x+y&n=1 HTTP/1.1\r\nHost: gw-1:8080\r\n"
        "Content-Length: 5\r\nX-Kith-Token:  abc \r\n\r\nhello");
    EXPECT_EQ(request.method, Method::Post);
    EXPECT_EQ(request.target, "/api/v1/machines/a%2Fb?q=x+y&n=1");
    EXPECT_EQ(request.segments, (std::vector<std::string>{"api", "v1", "machines", "a/b"}));
    EXPECT_EQ(request.query.find("q"), "x y");
    EXPECT_EQ(request.host, "gw-1:8080");
    EXPECT_EQ(request.headers.find("x-kith-token"), "abc");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_FALSE(request.is_upgrade);
}

TEST(RequestParser, KnowsEveryMethod) {
    for (const Method method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch,
                                Method::Delete, Method::Options}) {
        const std::string text = std::string(to_string(method)) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
        EXPECT_EQ(parsed(text).method, method);
    }
    EXPECT_EQ(parsed("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::Other);
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
    EXPECT_TRUE(parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
    EXPECT_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
    EXPECT_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, PipelinedRequestsComeOneAfterAnother) {
    RequestParser parser;
    const auto first = parser.feed(
        as_bytes("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /2 HTTP/1.1\r\n"
                 "Host: a\r\n\r\nGET /3"));
    ASSERT_EQ(first.value(), Progress::Head);
    ASSERT_EQ(parser.resume().value(), Progress::Complete);
    EXPECT_EQ(parser.take().body, "xy");
    EXPECT_FALSE(parser.is_idle());
    ASSERT_EQ(parser.resume().value(), Progress::Head);
    ASSERT_EQ(parser.resume().value(), Progress::Complete);
    EXPECT_EQ(parser.take().target, "/2");
    EXPECT_EQ(parser.resume().value(), Progress::NeedMore);
    EXPECT_FALSE(parser.is_idle());
    EXPECT_EQ(parser.feed(as_bytes(" HTTP/1.1\r\nHost: a\r\n\r\n")).value(), Progress::Head);
    EXPECT_EQ(parser.resume().value(), Progress::Complete);
    EXPECT_EQ(parser.take().target, "/3");
    EXPECT_TRUE(parser.is_idle());
}

TEST(RequestParser, BytesThatArriveEarlyWait) {
    RequestParser parser;
    ASSERT_EQ(parser.feed(as_bytes("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")).value(), Progress::Head);
    EXPECT_EQ(parser.feed(as_bytes("GET /2 HTTP/1.1\r\n")).value(), Progress::NeedMore);
    ASSERT_EQ(parser.resume().value(), Progress::Complete);
    EXPECT_EQ(parser.feed(as_bytes("Host: a\r\n\r\n")).value(), Progress::NeedMore);
    EXPECT_EQ(parser.take().target, "/1");
    EXPECT_EQ(parser.resume().value(), Progress::Head);
    EXPECT_EQ(parser.request().target, "/2");
}

TEST(RequestParser, WhatFollowsAnUpgradeIsHandedOver) {
    RequestParser parser;
    ASSERT_EQ(parser
                  .feed(as_bytes("GET /mqtt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                 "Upgrade: websocket\r\n\r\n\x82\x80"))
                  .value(),
              Progress::Head);
    ASSERT_EQ(parser.resume().value(), Progress::Complete);
    EXPECT_TRUE(parser.take().is_upgrade);
    EXPECT_EQ(parser.take_rest(), "\x82\x80");
    EXPECT_TRUE(parser.is_idle());
}

TEST(RequestParser, ChunkedBodyIsJoinedAndTrailersAreDropped) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const Request request = parsed(head +
                                   "5;x=\"y\"\r\nhello\r\n1\r\n,\r\n0\r\n"
                                   "Authorization: Bearer x\r\n\r\n");
    EXPECT_EQ(request.body, "hello,");
    EXPECT_EQ(request.headers.find("Authorization"), std::nullopt);
    EXPECT_EQ(parsed(head + "0\r\n\r\n").body, "");
}

TEST(RequestParser, EmptyLinesBeforeARequestAreIgnored) {
    EXPECT_EQ(parsed("\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n").target, "/1");
    RequestParser parser;
    EXPECT_EQ(parser.feed(as_bytes("\r\n")).value(), Progress::NeedMore);
    EXPECT_TRUE(parser.is_idle());
}

TEST(RequestParser, AbsoluteTargetNamesTheHost) {
    const Request request = parsed("GET http://other:1/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(request.host, "other:1");
    EXPECT_EQ(request.segments, (std::vector<std::string>{"x"}));
    EXPECT_EQ(request.query.find("y"), "1");
    EXPECT_EQ(refusal("GET http://other HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(refusal("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestParser, ClientThatExpectsContinueIsSeenBeforeItsBody) {
    RequestParser parser;
    const auto head = parser.feed(as_bytes(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    ASSERT_EQ(head.value(), Progress::Head);
    EXPECT_TRUE(parser.expects_continue());
    EXPECT_EQ(parser.resume().value(), Progress::NeedMore);
    EXPECT_EQ(parser.feed(as_bytes("ok")).value(), Progress::Complete);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), 417);
}

TEST(RequestParser, RefusesWhatIsNotHttp) {
    for (const char* text :
         {"GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "GET /% HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET x HTTP/1.1\r\nHost: a\r\n\r\n"}) {
        EXPECT_EQ(refusal(text), 400) << text;
    }
    for (const char* text :
         {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"}) {
        EXPECT_EQ(refusal(text), 505) << text;
    }
}

TEST(RequestParser, WhatCannotBecomeHttpIsRefusedAtOnce) {
    EXPECT_EQ(refusal("\x16\x03\x01"), 400) << "TLS";
    EXPECT_EQ(refusal("GET / HTTP/1.1\n"), 400) << "bare line feed";
    EXPECT_EQ(refusal(" GET"), 400);
}

// Goal: two readers of one connection must never disagree where a request ends.
TEST(RequestParser, RefusesABodyOfDoubtfulLength) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (const char* fields :
         {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
          "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "Content-Length: 2, 3\r\n\r\nabc",
          "Content-Length: -1\r\n\r\n", "Content-Length: +2\r\n\r\nab",
          "Content-Length: 0x2\r\n\r\nab", "Content-Length: \r\n\r\n",
          "Content-Length: 99999999999999999999\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\nxx\r\n",
          "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
        EXPECT_EQ(refusal(head + fields), 400) << fields;
    }
    for (const char* coding : {"gzip, chunked", "xchunked", "identity", "chunked, identity"}) {
        EXPECT_EQ(refusal(head + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n"), 501)
            << coding;
    }
    EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(RequestParser, HeadHasALimit) {
    const RequestLimits limits{.head_bytes_max = 200};
    const auto request = [](std::size_t filler) {
        return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(filler, 'x') + "\r\n\r\n";
    };
    const std::size_t around = request(0).size();
    EXPECT_EQ(refusal(request(200 - around), limits), 0);
    EXPECT_EQ(refusal(request(201 - around), limits), 431);
    EXPECT_EQ(refusal("GET /" + std::string(300, 'x'), limits), 431);
    EXPECT_EQ(refusal("GET /" + std::string(20'000, 'x')), 431);
}

TEST(RequestParser, PathAndQueryHaveLimits) {
    std::string deep;
    for (std::size_t i = 0; i <= kPathSegmentsMax; ++i) {
        deep += "/x";
    }
    EXPECT_EQ(refusal("GET " + deep + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
}

TEST(RequestParser, BodyHasALimitWhetherAnnouncedOrChunked) {
    const RequestLimits limits{.body_bytes_max = 4};
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(refusal(head + "Content-Length: 4\r\n\r\nabcd", limits), 0);
    EXPECT_EQ(refusal(head + "Content-Length: 5\r\n\r\n", limits), 413);
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(refusal(chunked + "4\r\nabcd\r\n0\r\n\r\n", limits), 0);
    EXPECT_EQ(refusal(chunked + "2\r\nab\r\n3\r\nabc\r\n0\r\n\r\n", limits), 413);
}

TEST(RequestParser, BodyLimitCanBeLoweredOnceTheHeadIsKnown) {
    const auto start = [](RequestParser& parser, std::string_view rest) {
        const std::string text = "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(rest);
        ASSERT_EQ(parser.feed(as_bytes(text)).value(), Progress::Head);
    };
    RequestParser announced;
    start(announced, "Content-Length: 5\r\n\r\nabcde");
    EXPECT_TRUE(announced.limit_body(5).has_value());
    EXPECT_EQ(announced.limit_body(4).error().code, 413);
    RequestParser chunked;
    start(chunked, "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.limit_body(4).has_value());
    EXPECT_EQ(chunked.resume().error().code, 413);
}

TEST(RequestParser, ChunkHeaderAndTrailersHaveALimit) {
    const RequestLimits limits{.head_bytes_max = 200};
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(refusal(head + "1;" + std::string(300, 'x'), limits), 431);
    EXPECT_EQ(refusal(head + "0\r\nX: " + std::string(300, 'x'), limits), 431);
}

// Goal: what the fuzzer found once, and what it starts from, stays right.
TEST(RequestParser, CorpusGivesTheSameRequestsHoweverItIsCut) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("fuzz/request_parser")) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::stringstream content;
        content << file.rdbuf();
        const std::string text = content.str();
        const std::string whole = detail::transcript(as_bytes(text), text.size() + 1);
        EXPECT_EQ(detail::transcript(as_bytes(text), 1), whole) << entry.path();
        EXPECT_EQ(detail::transcript(as_bytes(text), 7), whole) << entry.path();
        ++count;
    }
    EXPECT_GE(count, 10U);
}

}  // namespace
}  // namespace kith::http
