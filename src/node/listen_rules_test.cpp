#include "node/listen_rules.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

TEST(ListenRules, LetEverythingListenOnLoopback) {
    const auto plan = plan_listeners(NodeConfig{});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->mqtt && plan->mqtts && plan->http);
    EXPECT_FALSE(plan->http_uses_tls);
}

TEST(ListenRules, RefusePlainMqttFromOtherHosts) {
    NodeConfig config;
    config.mqtt.address = "0.0.0.0:1883";
    const auto plan = plan_listeners(config);
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().text.find("mqtt.insecure"), std::string::npos);
    config.mqtt.insecure = true;
    EXPECT_TRUE(plan_listeners(config));
}

TEST(ListenRules, ServeOtherHostsOverTlsUnlessToldOtherwise) {
    NodeConfig config;
    config.http.address = "0.0.0.0:8080";
    EXPECT_TRUE(plan_listeners(config)->http_uses_tls);
    config.http.insecure = true;
    EXPECT_FALSE(plan_listeners(config)->http_uses_tls);
}

TEST(ListenRules, LeaveOutWhatIsOff) {
    NodeConfig config;
    config.mqtt.address = "off";
    config.mqtts.address = "off";
    config.http.address = "off";
    const auto plan = plan_listeners(config);
    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->mqtt || plan->mqtts || plan->http);
}

}  // namespace
}  // namespace kith::node
