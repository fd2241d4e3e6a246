#include "mesh/live/frame_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace kith::mesh {
namespace {

std::string pop(FrameQueue& queue) {
    const FrameQueue::Entry entry = queue.pop();
    return std::string(as_text(entry.head)) + std::string(as_text(entry.body.bytes()));
}

TEST(FrameQueue, LetsTheMostUrgentClassGoFirstAndKeepsOrderWithinIt) {
    FrameQueue queue;
    queue.push(Priority::Default, as_bytes("d1"), {});
    queue.push(Priority::Drain, as_bytes("drain"), {});
    queue.push(Priority::Control, as_bytes("c1"), {});
    queue.push(Priority::Default, as_bytes("d2"), {});
    queue.push(Priority::Control, as_bytes("c2"), {});
    EXPECT_EQ(pop(queue), "c1");
    EXPECT_EQ(pop(queue), "c2");
    EXPECT_EQ(pop(queue), "d1");
    queue.push(Priority::Alarm, as_bytes("a1"), {});
    EXPECT_EQ(pop(queue), "a1");
    EXPECT_EQ(pop(queue), "d2");
    EXPECT_EQ(pop(queue), "drain");
    EXPECT_TRUE(queue.empty());
}

TEST(FrameQueue, KeepsHeadAndBodyTogetherAndCountsBoth) {
    FrameQueue queue;
    EXPECT_TRUE(queue.empty());
    queue.push(Priority::Bulk, as_bytes("head "), SharedBytes::copy_of(as_bytes("and body")));
    EXPECT_GE(queue.size_bytes(), 13U);
    EXPECT_EQ(pop(queue), "head and body");
    EXPECT_EQ(queue.size_bytes(), 0U);
}

}  // namespace
}  // namespace kith::mesh
