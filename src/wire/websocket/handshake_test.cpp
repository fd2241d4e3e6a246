#include "wire/websocket/handshake.h"

#include <gtest/gtest.h>

namespace kith::websocket {
namespace {

TEST(AcceptKey, ExampleOfTheStandardIsReproduced) {
    // RFC 6455, section 1.3.
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptKey, OtherKeysGiveOtherAnswers) {
    // The example of the "WebSocket" article of Wikipedia.
    EXPECT_EQ(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
    EXPECT_EQ(accept_key("").size(), 28U);
}

}  // namespace
}  // namespace kith::websocket
