#include "api/upgrade.h"

#include <gtest/gtest.h>

#include <map>

namespace kith::api {
namespace {

/// A right handshake, with some headers set otherwise; empty removes one.
http::Request handshake(const std::map<std::string, std::string>& changes = {}) {
    std::map<std::string, std::string> fields = {
        {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Sec-WebSocket-Protocol", "chat, mqtt"},
    };
    for (const auto& [name, value] : changes) {
        fields[name] = value;
    }
    http::Request request;
    request.is_upgrade = fields["Connection"] == "Upgrade";
    for (const auto& [name, value] : fields) {
        if (!value.empty()) {
            request.headers.add(name, value);
        }
    }
    return request;
}

// RFC 6455, 1.3: the key of the example and its answer.
TEST(Upgrade, AnswersTheHandshakeOfTheStandard) {
    const auto response = accept_websocket(handshake(), "");
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 101);
    EXPECT_EQ(response->headers.find("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(response->headers.count("Sec-WebSocket-Protocol"), 0U);
}

// [MQTT-6.0.0-4]: the server selects "mqtt" of what the client offers.
TEST(Upgrade, ChoosesTheSubprotocolThatIsOffered) {
    EXPECT_EQ(accept_websocket(handshake(), "mqtt")->headers.find("Sec-WebSocket-Protocol"),
              "mqtt");
    for (const char* offered : {"", "chat", "mqttv3.1"}) {
        const auto response =
            accept_websocket(handshake({{"Sec-WebSocket-Protocol", offered}}), "mqtt");
        ASSERT_FALSE(response.has_value()) << offered;
        EXPECT_EQ(response.error().status, 400);
    }
}

TEST(Upgrade, RequestThatIsNoHandshakeIsToldSo) {
    http::Request post = handshake();
    post.method = http::Method::Post;
    for (const http::Request& request :
         {handshake({{"Upgrade", ""}}), handshake({{"Upgrade", "h2c"}}),
          handshake({{"Connection", "keep-alive"}}), post}) {
        const auto response = accept_websocket(request, "");
        ASSERT_FALSE(response.has_value());
        EXPECT_EQ(response.error().status, 426);
    }
    for (const http::Request& request :
         {handshake({{"Sec-WebSocket-Version", "8"}}), handshake({{"Sec-WebSocket-Version", ""}}),
          handshake({{"Sec-WebSocket-Key", ""}}), handshake({{"Sec-WebSocket-Key", "c2hvcnQ="}}),
          handshake({{"Sec-WebSocket-Key", "not base64 at all!!!!!=="}})}) {
        const auto response = accept_websocket(request, "");
        ASSERT_FALSE(response.has_value());
        EXPECT_EQ(response.error().status, 400);
        EXPECT_EQ(response.error().code, "upgrade.invalid");
    }
}

}  // namespace
}  // namespace kith::api
