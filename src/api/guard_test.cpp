#include "api/guard.h"

#include <gtest/gtest.h>

namespace kith::api {
namespace {

const Guard kGuard({"gw-1", "Gateway.Example", "10.0.0.7", "2001:db8::7"});

std::string code_of(const std::string& host, const std::vector<std::string>& origins,
                    Scheme scheme = Scheme::Http) {
    http::Request request;
    request.host = host;
    for (const std::string& origin : origins) {
        request.headers.add("Origin", origin);
    }
    const auto problem = kGuard.check(request, scheme);
    return problem ? std::string(problem->code) : "";
}

TEST(Guard, KnowsItsNamesWithAndWithoutPort) {
    for (const char* host : {"gw-1", "GW-1:8080", "gateway.example", "gateway.example.",
                             "10.0.0.7:1", "[2001:db8::7]:8080", "localhost:8080", "127.0.0.1",
                             "127.1.2.3:80", "[::1]:8080", "[::1]"}) {
        EXPECT_TRUE(kGuard.is_known_host(host)) << host;
    }
}

TEST(Guard, RefusesEveryOtherHost) {
    for (const char* host :
         {"", ":8080", "evil.example", "gw-1.evil.example", "gw-1:80:80", "gw-1:", "gw-1:80a",
          "10.0.0.8", "0.0.0.0", "127.0.0.1.evil.example", "[::1", "::1", "[::2]", "localhost@evil",
          "gw-1/", "localhost.evil.example", "[evil]:80", "user@gw-1"}) {
        EXPECT_FALSE(kGuard.is_known_host(host)) << host;
        EXPECT_EQ(code_of(host, {}), "host.refused") << host;
    }
}

TEST(Guard, OriginMustBeThisVeryServer) {
    EXPECT_EQ(code_of("gw-1:8080", {}), "");
    EXPECT_EQ(code_of("gw-1:8080", {"http://gw-1:8080"}), "");
    EXPECT_EQ(code_of("gw-1:8080", {"https://gw-1:8080"}), "");
    EXPECT_EQ(code_of("gw-1", {"https://GW-1"}, Scheme::Https), "");
    for (const char* origin :
         {"http://evil.example", "http://gw-1", "http://gw-1:8081", "https://gw-1",
          "http://gw-1:8080.evil.example", "null", "", "http://localhost:8080", "gw-1:8080"}) {
        EXPECT_EQ(code_of("gw-1:8080", {origin}), "origin.refused") << origin;
    }
    EXPECT_EQ(code_of("gw-1:8080", {"http://gw-1:8080", "http://gw-1:8080"}), "origin.refused");
    EXPECT_EQ(code_of("gw-1", {"http://gw-1"}, Scheme::Https), "origin.refused");
}

// An image, a script or a frame for a page elsewhere: browsers send no Origin with these.
TEST(Guard, RefusesWhatABrowserFetchesForOtherPages) {
    const auto code_of_fetch = [](http::Method method, const char* site, const char* mode,
                                  const char* destination) {
        http::Request request;
        request.method = method;
        request.host = "gw-1:8080";
        request.headers.add("Sec-Fetch-Site", site);
        request.headers.add("Sec-Fetch-Mode", mode);
        request.headers.add("Sec-Fetch-Dest", destination);
        const auto problem = kGuard.check(request, Scheme::Http);
        return problem ? std::string(problem->code) : "";
    };
    using enum http::Method;
    for (const char* site : {"cross-site", "same-site"}) {
        EXPECT_EQ(code_of_fetch(Get, site, "no-cors", "image"), "origin.refused") << site;
        EXPECT_EQ(code_of_fetch(Get, site, "no-cors", "script"), "origin.refused") << site;
        EXPECT_EQ(code_of_fetch(Get, site, "navigate", "iframe"), "origin.refused") << site;
        EXPECT_EQ(code_of_fetch(Post, site, "navigate", "document"), "origin.refused") << site;
        EXPECT_EQ(code_of_fetch(Get, site, "navigate", "document"), "") << site;
    }
    for (const char* site : {"none", "same-origin"}) {
        EXPECT_EQ(code_of_fetch(Get, site, "no-cors", "image"), "") << site;
        EXPECT_EQ(code_of_fetch(Get, site, "navigate", "document"), "") << site;
    }
}

TEST(Guard, ForwardedRequestIsNeverFromLoopback) {
    const auto loopback = runtime::SocketAddress::loopback(1);
    http::Request request;
    EXPECT_TRUE(is_direct_from_loopback(request, loopback));
    EXPECT_FALSE(is_direct_from_loopback(request, runtime::SocketAddress::v4({10, 0, 0, 1}, 1)));
    for (const char* header : {"Forwarded", "X-Forwarded-For", "x-forwarded-for"}) {
        http::Request forwarded;
        forwarded.headers.add(header, "10.0.0.1");
        EXPECT_FALSE(is_direct_from_loopback(forwarded, loopback)) << header;
    }
}

}  // namespace
}  // namespace kith::api
