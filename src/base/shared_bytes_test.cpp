#include "base/shared_bytes.h"

#include <cstring>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(SharedBytes, ACopyOfBytesIsItsOwn) {
    std::string text = "payload";
    const SharedBytes shared = SharedBytes::copy_of(as_bytes(text));
    text[0] = 'X';
    EXPECT_EQ(as_text(shared.bytes()), "payload");
    EXPECT_EQ(shared.owner_count(), 1U);
}

TEST(SharedBytes, CopiesShareOneBlockAndAreCounted) {
    SharedBytes first = SharedBytes::copy_of(as_bytes("payload"));
    {
        const SharedBytes second = first;
        EXPECT_EQ(second.bytes().data(), first.bytes().data());
        EXPECT_EQ(first.owner_count(), 2U);
    }
    EXPECT_EQ(first.owner_count(), 1U);
}

TEST(SharedBytes, MovingHandsTheReferenceOver) {
    SharedBytes from = SharedBytes::copy_of(as_bytes("payload"));
    const SharedBytes to = std::move(from);
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what is left is under test
    EXPECT_EQ(to.owner_count(), 1U);
    EXPECT_EQ(as_text(to.bytes()), "payload");
}

TEST(SharedBytes, AssignmentReleasesWhatWasHeld) {
    SharedBytes kept = SharedBytes::copy_of(as_bytes("one"));
    const SharedBytes one = kept;
    const SharedBytes two = SharedBytes::copy_of(as_bytes("two"));
    kept = two;
    EXPECT_EQ(one.owner_count(), 1U);
    EXPECT_EQ(two.owner_count(), 2U);
    kept = SharedBytes();
    EXPECT_EQ(two.owner_count(), 1U);
}

TEST(SharedBytes, SelfAssignmentKeepsTheBlock) {
    SharedBytes shared = SharedBytes::copy_of(as_bytes("payload"));
    SharedBytes& same = shared;
    shared = same;
    EXPECT_EQ(shared.owner_count(), 1U);
    EXPECT_EQ(as_text(shared.bytes()), "payload");
}

TEST(SharedBytes, IsFilledBeforeItIsShared) {
    MutableBytes fill;
    const SharedBytes shared = SharedBytes::uninitialized(3, fill);
    ASSERT_EQ(fill.size(), 3U);
    std::memcpy(fill.data(), "abc", 3);
    EXPECT_EQ(as_text(shared.bytes()), "abc");
}

TEST(SharedBytes, NoBlockAndAnEmptyBlockBothHaveNoBytes) {
    const SharedBytes none;
    EXPECT_TRUE(none.empty());
    EXPECT_TRUE(none.bytes().empty());
    EXPECT_EQ(none.owner_count(), 0U);
    const SharedBytes nothing = SharedBytes::copy_of(Bytes());
    EXPECT_TRUE(nothing.empty());
    EXPECT_TRUE(nothing.bytes().empty());
}

}  // namespace
}  // namespace kith
