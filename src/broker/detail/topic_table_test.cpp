#include "broker/detail/topic_table.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kith::broker
