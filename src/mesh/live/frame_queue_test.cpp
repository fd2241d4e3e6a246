#include "mesh/live/frame_queue.h"

#include <gtest/gtest.h>

#include <array>
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

/// Frames of a class, of so many bytes.
void fill(FrameQueue& queue, Priority priority, std::size_t count, std::size_t bytes) {
    const std::string text(bytes, static_cast<char>('0' + static_cast<int>(priority)));
    for (std::size_t i = 0; i < count; ++i) {
        queue.push(priority, as_bytes(text), {});
    }
}

TEST(FrameQueue, AnAlarmOvertakesAllThatWaits) {
    FrameQueue queue;
    fill(queue, Priority::Bulk, 1'000, 1'000);
    fill(queue, Priority::Default, 1'000, 1'000);
    static_cast<void>(pop(queue));
    queue.push(Priority::Alarm, as_bytes("fire"), {});
    EXPECT_EQ(pop(queue), "fire");
}

TEST(FrameQueue, AStormOfAlarmsLeavesTheRestAFifth) {
    FrameQueue queue;
    fill(queue, Priority::Bulk, 1'000, 1'000);
    std::size_t bulk = 0;
    for (int i = 0; i < 2'000; ++i) {
        fill(queue, Priority::Alarm, 1, 1'000);
        bulk += pop(queue)[0] == '6' ? 1U : 0U;
    }
    EXPECT_GE(bulk, 350U);
    EXPECT_LE(bulk, 400U);
}

TEST(FrameQueue, WhatIsMoreUrgentGetsMoreAndNobodyNothing) {
    FrameQueue queue;
    std::array<std::size_t, kPriorityCount> counts{};
    for (const auto each : {Priority::Command, Priority::Event, Priority::Default, Priority::Low,
                            Priority::Bulk, Priority::Drain}) {
        fill(queue, each, 100, 500);
    }
    for (int i = 0; i < 10'000; ++i) {
        const auto priority = static_cast<std::size_t>(pop(queue)[0] - '0');
        ++counts[priority];
        fill(queue, static_cast<Priority>(priority), 1, 500);
    }
    EXPECT_NEAR(double(counts[2]), 10'000.0 * 16 / 35, 100);
    EXPECT_NEAR(double(counts[3]), 10'000.0 * 8 / 35, 100);
    EXPECT_NEAR(double(counts[4]), 10'000.0 * 4 / 35, 100);
    EXPECT_NEAR(double(counts[5]), 10'000.0 * 2 / 35, 100);
    EXPECT_NEAR(double(counts[6]), 10'000.0 * 1 / 35, 100);
    EXPECT_NEAR(double(counts[7]), 10'000.0 * 4 / 35, 100);
}

TEST(FrameQueue, SharesBytesAndNotFrames) {
    FrameQueue queue;
    fill(queue, Priority::Default, 20, 100'000);
    fill(queue, Priority::Low, 2'000, 1'000);
    std::size_t low_bytes = 0;
    std::size_t default_bytes = 0;
    while (default_bytes < 1'500'000) {
        const std::string frame = pop(queue);
        (frame[0] == '5' ? low_bytes : default_bytes) += frame.size();
    }
    EXPECT_NEAR(double(low_bytes), double(default_bytes) / 2, 150'000);
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
