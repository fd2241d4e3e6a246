#include "broker/detail/small_queue.h"

#include <gtest/gtest.h>

#include <deque>

namespace kith::broker {
namespace {

static_assert(sizeof(SmallQueue<int>) == sizeof(void*));

TEST(SmallQueue, IsAQueueHoweverItGrowsAndShrinks) {
    SmallQueue<int> queue;
    std::deque<int> expected;
    for (int i = 0; i < 10'000; ++i) {
        // Grows in waves, so that the ring turns at every size.
        if (expected.empty() || (i / 100) % 3 != 2) {
            queue.push_back(i);
            expected.push_back(i);
        } else {
            ASSERT_EQ(queue.front(), expected.front());
            queue.pop_front();
            expected.pop_front();
        }
        ASSERT_EQ(queue.size(), expected.size());
    }
    std::vector<int> seen;
    queue.for_each_while([&](const int& value) {
        seen.push_back(value);
        return true;
    });
    EXPECT_EQ(seen, std::vector<int>(expected.begin(), expected.end()));
}

TEST(SmallQueue, StopsWhereItIsTold) {
    SmallQueue<int> queue;
    for (int i = 0; i < 5; ++i) {
        queue.push_back(i);
    }
    queue.for_each_while([](int& value) {
        value += 10;
        return value < 12;
    });
    queue.pop_front();
    EXPECT_EQ(queue.front(), 11);
    queue.pop_front();
    queue.pop_front();
    EXPECT_EQ(queue.front(), 3);
    queue.clear();
    EXPECT_TRUE(queue.empty());
    queue.push_back(7);
    EXPECT_EQ(queue.front(), 7);
}

}  // namespace
}  // namespace kith::broker
