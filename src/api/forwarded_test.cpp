#include "api/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace kith::api {
namespace {

using Fields = std::vector<std::pair<const char*, std::string>>;

/// Who asks, for a node that believes proxies in 10.0.0.0/8; "" if it is the peer itself.
std::string client(const char* peer, const Fields& fields) {
    static const std::vector<runtime::AddressRange> proxies{
        runtime::AddressRange::parse("10.0.0.0/8").value()};
    http::Request request;
    for (const auto& [name, value] : fields) {
        request.headers.add(name, value);
    }
    const auto found =
        forwarded_client(request, runtime::SocketAddress::parse(peer).value(), proxies);
    return found ? found->host_to_string() : "";
}

TEST(Forwarded, OnlyProxiesAreBelieved) {
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "192.0.2.7"}}), "192.0.2.7");
    EXPECT_EQ(client("192.0.2.9:5", {{"X-Forwarded-For", "127.0.0.1"}}), "");
    EXPECT_EQ(client("127.0.0.1:5", {{"Forwarded", "for=192.0.2.7"}}), "");
    EXPECT_EQ(client("10.0.0.1:5", {}), "");
}

TEST(Forwarded, WhatTheClientWroteItselfStandsLeftOfItsAddress) {
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "127.0.0.1, 192.0.2.7"}}), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "127.0.0.1"},
                                    {"x-forwarded-for", "192.0.2.7 , 10.0.0.2"}}),
              "192.0.2.7")
        << "two proxies, two fields";
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}), "10.0.0.3");
}

TEST(Forwarded, AddressesHaveManyForms) {
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "192.0.2.7:5123"}}), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "2001:db8::7"}}), "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "[2001:db8::7]:80"}}), "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1:5", {{"Forwarded", "proto=https;For=\"[2001:db8::7]:80\""}}),
              "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1:5", {{"Forwarded", "for=127.0.0.1, for=192.0.2.7;by=10.0.0.1"}}),
              "192.0.2.7");
}

TEST(Forwarded, WhatCannotBeReadIsTheProxysOwn) {
    for (const char* text : {"", "unknown", "_hidden", "localhost", "192.0.2.7, ,", "300.0.0.1",
                             ":80", "192.0.2.7, localhost:80"}) {
        EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", text}}), "10.0.0.1") << text;
    }
    EXPECT_EQ(client("10.0.0.1:5", {{"Forwarded", "proto=https"}}), "10.0.0.1");
    EXPECT_EQ(
        client("10.0.0.1:5", {{"Forwarded", "for=192.0.2.7"}, {"X-Forwarded-For", "192.0.2.8"}}),
        "10.0.0.1")
        << "which of the two has the proxy written?";
    std::string many;
    for (std::size_t i = 0; i < 4 * kForwardedMax; ++i) {
        many += "10.0.0.2,";
    }
    EXPECT_EQ(client("10.0.0.1:5", {{"X-Forwarded-For", "192.0.2.7," + many + "10.0.0.2"}}),
              "10.0.0.2");
}

}  // namespace
}  // namespace kith::api
