#include "broker/detail/topic_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace kith::broker {
namespace {

TEST(TopicTable, FindsWhatItFoundLastAndWhatItDidNot) {
    NodeBudget node(100);
    TopicTable table({.node = node, .own_share = 1, .client_topics_max = 10}, 1);
    TopicEntry& a = table.at("a", SessionId(1));
    TopicEntry& b = table.at("b", SessionId(1));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(&table.at("a", SessionId(2)), &a);
        EXPECT_TRUE(table.is_last("a"));
        EXPECT_FALSE(table.is_last("b"));
        EXPECT_EQ(table.at_if_allowed("a", SessionId(2)), &a);
        EXPECT_EQ(table.at_if_allowed("b", SessionId(2)), &b);
    }
    EXPECT_EQ(table.size(), 2U);
}

TEST(TopicTable, ForgetsWhatItFoundLastWhenThatIsEvicted) {
    NodeBudget node(0);
    TopicTable table({.node = node, .own_share = 1, .client_topics_max = 10}, 1);
    table.at("a", SessionId(1)).message_count = 7;
    EXPECT_EQ(table.at("a", SessionId(1)).message_count, 7U);
    EXPECT_TRUE(table.is_last("a"));
    static_cast<void>(table.at("b", SessionId(1)));  // takes the only place
    EXPECT_EQ(table.evicted_count(), 1U);
    EXPECT_FALSE(table.is_last("a"));
    EXPECT_EQ(table.at("a", SessionId(1)).message_count, 0U);
}

struct Rig {
    NodeBudget node{1000};
    TopicTable table{{.node = node, .own_share = 1000, .client_topics_max = 1000}, 1};

    void publish(const std::string& topic) {
        table.record(table.at(topic, SessionId(1)), {.topic = bus::TopicName::trusted(topic)});
    }
    std::map<std::string, int> drain(std::size_t count_max) {
        std::map<std::string, int> seen;
        table.drain_changed(count_max, [&](const TopicEntry& entry) { ++seen[entry.topic]; });
        return seen;
    }
};

TEST(TopicTable, ADrainTakesSoManyTopicsAndTheRestNextTime) {
    Rig rig;
    for (int i = 0; i < 10; ++i) {
        rig.publish(std::to_string(i));
    }
    std::map<std::string, int> seen;
    for (const std::size_t count : {4U, 4U, 2U, 0U}) {
        const std::map<std::string, int> part = rig.drain(4);
        EXPECT_EQ(part.size(), count);
        seen.insert(part.begin(), part.end());
    }
    EXPECT_EQ(seen.size(), 10U);
}

TEST(TopicTable, NoTopicWaitsForEverWhileOthersKeepChanging) {
    Rig rig;
    rig.publish("quiet");
    int rounds = 0;
    for (bool was_seen = false; !was_seen; ++rounds) {
        ASSERT_LT(rounds, 10);
        for (int i = 0; i < 8; ++i) {
            rig.publish("busy-" + std::to_string(i));
        }
        was_seen = rig.drain(2).contains("quiet");
    }
}

TEST(TopicTable, ATopicThatChangesAgainAfterADrainIsTakenAgain) {
    Rig rig;
    rig.publish("a");
    EXPECT_EQ(rig.drain(5).size(), 1U);
    rig.publish("a");
    rig.publish("a");
    EXPECT_EQ(rig.drain(5), (std::map<std::string, int>{{"a", 1}}));
}

}  // namespace
}  // namespace kith::broker
