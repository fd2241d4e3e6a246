#include "sim/record_shelf.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

TEST(RecordShelf, GivesAllTheSameBlock) {
    RecordShelf shelf;
    const SharedBytes first = shelf.share(as_bytes("record"));
    const SharedBytes second = shelf.share(as_bytes("record"));
    EXPECT_EQ(first.bytes().data(), second.bytes().data());
    EXPECT_EQ(as_text(first.bytes()), "record");
    EXPECT_NE(shelf.share(as_bytes("other")).bytes().data(), first.bytes().data());
}

TEST(RecordShelf, ForgetsWhatNobodyKeeps) {
    RecordShelf shelf;
    const SharedBytes kept = shelf.share(as_bytes("kept"));
    for (int i = 0; i < 10'000; ++i) {
        (void)shelf.share(as_bytes(std::to_string(i)));
    }
    EXPECT_LE(shelf.size(), 1024);
    EXPECT_EQ(shelf.share(as_bytes("kept")).bytes().data(), kept.bytes().data());
}

}  // namespace
}  // namespace kith::sim
