#include "http/response.h"

#include <gtest/gtest.h>

namespace kith::http {
namespace {

const WallTime kDate = WallTime::from_ms(784'111'777'000);

std::string serialized(const Response& response, SerializeOptions options) {
    options.date = kDate;
    std::string out;
    serialize(response, options, out);
    return out;
}

TEST(Response, DatesAreAsRfc9110WritesThem) {
    EXPECT_EQ(to_http_date(kDate), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(to_http_date(WallTime()), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Response, SaysItsLengthAndWhetherTheConnectionStays) {
    Response response;
    response.headers.add("Content-Type", "text/plain");
    response.body = "ok\n";
    EXPECT_EQ(serialized(response, {}),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
    EXPECT_EQ(serialized(response, {.keep_alive = KeepAlive::No, .send_body = SendBody::No}),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(Response, StatusesWithoutABodyHaveNoLength) {
    for (const std::uint16_t status :
         {std::uint16_t{101}, std::uint16_t{204}, std::uint16_t{304}}) {
        Response response;
        response.status = status;
        EXPECT_EQ(serialized(response, {}).find("Content-Length"), std::string::npos) << status;
    }
}

TEST(Response, StaticBodyIsSentInsteadOfText) {
    static constexpr std::uint8_t kBytes[] = {'a', 0, 'b'};
    Response response;
    response.static_body = kBytes;
    EXPECT_TRUE(serialized(response, {}).ends_with(std::string_view("3\r\n\r\na\0b", 8)));
}

TEST(ResponseDeathTest, HeaderCannotCarryALineBreak) {
    Response response;
    response.headers.add("Location", "/a\r\nSet-Cookie: b=c");
    EXPECT_DEATH(serialized(response, {}), "bad header value");
}

}  // namespace
}  // namespace kith::http
