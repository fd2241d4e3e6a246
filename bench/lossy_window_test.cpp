#include "bench/lossy_window.h"

#include <gtest/gtest.h>

namespace kith::bench {
namespace {

Instant at(Duration since_start) {
    return Instant::from_ns(1'000'000'000) + since_start;
}

TEST(LossyWindow, APublishIsUnderWayUntilAllReceiversHaveIt) {
    LossyWindow window(4, 3);
    EXPECT_EQ(window.credit(), 4U);
    window.on_sent(4);
    EXPECT_EQ(window.credit(), 0U);
    window.on_received(2);
    EXPECT_EQ(window.credit(), 0U);
    window.on_received(1);
    EXPECT_EQ(window.credit(), 1U);
    window.on_received(9);
    EXPECT_EQ(window.credit(), 4U);
    window.on_received(3);  // more than were sent: no more credit than the window
    EXPECT_EQ(window.credit(), 4U);
}

TEST(LossyWindow, WhatDoesNotComeIsGivenUpAfterThePatience) {
    LossyWindow window(4, 1);
    EXPECT_FALSE(window.gives_up(at(0s)));
    EXPECT_FALSE(window.gives_up(at(10s))) << "nothing was sent";
    window.on_sent(4);
    window.on_received(1);
    EXPECT_FALSE(window.gives_up(at(10s)));
    EXPECT_FALSE(window.gives_up(at(10s + 499ms)));
    EXPECT_EQ(window.credit(), 1U);
    EXPECT_TRUE(window.gives_up(at(10s + 500ms)));
    EXPECT_EQ(window.credit(), 4U);
}

}  // namespace
}  // namespace kith::bench
