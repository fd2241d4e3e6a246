#include "api/connect_state.h"

#include <gtest/gtest.h>

namespace kith::api {
namespace {

WallTime at(std::int64_t ms) {
    return WallTime::from_ms(ms);
}

NodeEvent event(std::int64_t ms, const std::string& kind, const std::string& machine) {
    NodeEvent made;
    made.at = at(ms);
    made.kind = kind;
    made.machine = machine;
    made.reason = "reason of " + std::to_string(ms);
    return made;
}

TopicSample sample(const std::string& topic, const std::string& publisher, std::int64_t ms) {
    return {.shard = ShardId(0),
            .topic = topic,
            .message_count = 1,
            .byte_count = 1,
            .payload = "7",
            .payload_bytes = 1,
            .at = at(ms),
            .publisher = publisher,
            .qos = Qos::AtLeastOnce,
            .is_retain = false};
}

TEST(ConnectState, NothingHasHappenedAtFirst) {
    const ConnectState state = connect_state("lathe-04", at(0), {}, TopicBoard());
    EXPECT_EQ(state.reached_at, WallTime());
    EXPECT_EQ(state.accepted_at, WallTime());
    EXPECT_EQ(state.refused_at, WallTime());
    EXPECT_FALSE(state.first_message.has_value());
}

TEST(ConnectState, RefusalThenSuccessAreBothTold) {
    const std::vector<NodeEvent> newest_first = {
        event(50, "client_connected", "lathe-04"), event(45, "client_connected", "oven-3"),
        event(40, "client_connected", "lathe-04"), event(30, "client_refused", "lathe-04"),
        event(20, "client_refused", "lathe-04"),   event(5, "client_connected", "lathe-04")};
    const ConnectState state = connect_state("lathe-04", at(10), newest_first, TopicBoard());
    EXPECT_EQ(state.reached_at, at(20)) << "the first try since then";
    EXPECT_EQ(state.refused_at, at(30)) << "the last refusal";
    EXPECT_EQ(state.refused_reason, "reason of 30");
    EXPECT_EQ(state.accepted_at, at(40)) << "the first success";
}

TEST(ConnectState, FirstMessageIsTheEarliestOfThisMachineSinceThen) {
    TopicBoard topics;
    topics.apply(sample("old", "lathe-04", 5));
    topics.apply(sample("b", "lathe-04", 30));
    topics.apply(sample("a", "lathe-04", 20));
    topics.apply(sample("c", "oven-3", 15));
    const ConnectState state = connect_state("lathe-04", at(10), {}, topics);
    ASSERT_TRUE(state.first_message.has_value());
    EXPECT_EQ(state.first_message->topic, "a");
    EXPECT_EQ(state.first_message->payload, "7");
    EXPECT_EQ(state.first_message->client, "lathe-04");
    EXPECT_EQ(state.first_message->at, at(20));
}

}  // namespace
}  // namespace kith::api
