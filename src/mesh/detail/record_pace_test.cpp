#include "mesh/detail/record_pace.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

void send(RecordPace& pace, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        pace.on_sent();
    }
}

TEST(RecordPace, FewRecordsLeaveAtOnce) {
    RecordPace pace;
    for (Instant now = kStart; now < kStart + 100ms; now = now + 1ms) {
        EXPECT_TRUE(pace.may_send(now));
        send(pace, 2);
    }
}

TEST(RecordPace, BehindManyTheyAreGathered) {
    RecordPace pace;
    EXPECT_TRUE(pace.may_send(kStart));
    send(pace, kRecordsAtOnce + 1);
    EXPECT_TRUE(pace.may_send(kStart + 1ms)) << "still the same window";
    const Instant next = pace.next_at();
    EXPECT_TRUE(pace.may_send(next));
    EXPECT_FALSE(pace.may_send(next + 1ms));
    EXPECT_EQ(pace.next_at(), next + kRecordGather);
    EXPECT_TRUE(pace.may_send(next + kRecordGather));
    EXPECT_TRUE(pace.may_send(next + kRecordGather + 1ms)) << "there were not many any more";
}

TEST(RecordPace, ManyThatWereLongAgoAreForgotten) {
    RecordPace pace;
    EXPECT_TRUE(pace.may_send(kStart));
    send(pace, kRecordsAtOnce + 1);
    EXPECT_TRUE(pace.may_send(kStart + 1s));
    EXPECT_TRUE(pace.may_send(kStart + 1s + 1ms));
}

}  // namespace
}  // namespace kith::mesh
