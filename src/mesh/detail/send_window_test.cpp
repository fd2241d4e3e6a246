#include "mesh/detail/send_window.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

TEST(SendWindow, IsFullOnceSoMuchIsUnderWay) {
    SendWindow window;
    std::uint32_t frame = 0;
    while (window.has_room(Priority::Default)) {
        window.on_sent(++frame, Priority::Default, 100'000);
    }
    EXPECT_EQ(frame, kLinkWindowBytes / (100'000 + kLinkWindowMessageBytes) + 1);
    EXPECT_TRUE(window.has_room(Priority::Alarm)) << "each class has its own";
    window.on_settled(1);
    EXPECT_TRUE(window.has_room(Priority::Default));
}

TEST(SendWindow, SmallMessagesAreLimitedInNumber) {
    SendWindow window;
    std::uint32_t frame = 0;
    while (window.has_room(Priority::Bulk)) {
        window.on_sent(++frame, Priority::Bulk, 0);
    }
    EXPECT_EQ(frame, kLinkWindowBytes / kLinkWindowMessageBytes);
}

TEST(SendWindow, FramesAreNumberedBeyondTheEndOfTheirNumbers) {
    SendWindow window;
    window.on_sent(UINT32_MAX, Priority::Event, kLinkWindowBytes);
    window.on_sent(2, Priority::Event, kLinkWindowBytes);  // others in between ask for no window
    EXPECT_FALSE(window.has_room(Priority::Event));
    window.on_settled(1);
    EXPECT_FALSE(window.has_room(Priority::Event));
    window.on_settled(2);
    EXPECT_TRUE(window.has_room(Priority::Event));
}

TEST(SendWindow, IsEmptyAfterItIsCleared) {
    SendWindow window;
    window.on_sent(7, Priority::Event, kLinkWindowBytes);
    window.clear();
    EXPECT_TRUE(window.has_room(Priority::Event));
    window.on_settled(7);
    EXPECT_TRUE(window.has_room(Priority::Event));
}

}  // namespace
}  // namespace kith::mesh
