#include "mesh/detail/record_outbox.h"

#include <vector>

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);
constexpr Version kFirst{.epoch = 1, .counter = 1};
constexpr Version kSecond{.epoch = 1, .counter = 2};

RecordKey key_of(std::uint16_t part) {
    return {.origin = NodeId(5), .kind = RecordKind::Interest, .part = part};
}

/// Everything that may go now, as if it were sent.
std::vector<RecordKey> send(RecordOutbox& outbox, Instant now, const Version& version = kFirst,
                            std::size_t bytes = 100) {
    std::vector<RecordKey> keys;
    while (const auto key = outbox.take_next()) {
        outbox.on_sent(*key, version, bytes, now);
        keys.push_back(*key);
    }
    return keys;
}

TEST(RecordOutbox, KeysGoOnceInTheirOrder) {
    RecordOutbox outbox;
    EXPECT_TRUE(outbox.is_empty());
    outbox.add(key_of(2), kFirst);
    outbox.add(key_of(1), kFirst);
    outbox.add(key_of(2), kFirst);
    EXPECT_EQ(send(outbox, kStart), (std::vector<RecordKey>{key_of(1), key_of(2)}));
    EXPECT_TRUE(send(outbox, kStart).empty());
    EXPECT_FALSE(outbox.is_empty());
}

TEST(RecordOutbox, WhatIsInFlightIsNotAddedAgainUnlessItIsNewer) {
    RecordOutbox outbox;
    outbox.add(key_of(1), kFirst);
    send(outbox, kStart);
    outbox.add(key_of(1), kFirst);
    EXPECT_TRUE(send(outbox, kStart).empty());
    outbox.add(key_of(1), kSecond);
    EXPECT_EQ(send(outbox, kStart, kSecond).size(), 1U);
}

TEST(RecordOutbox, WhatIsKnownDoesNotGo) {
    RecordOutbox outbox;
    outbox.add(key_of(1), kSecond);
    outbox.on_known(key_of(1), kFirst, kSecond, kStart);  // an older one is not it
    EXPECT_FALSE(outbox.is_empty());
    outbox.on_known(key_of(1), kSecond, kSecond, kStart);
    EXPECT_TRUE(outbox.is_empty());
}

TEST(RecordOutbox, WhatIsThereNoMoreDoesNotGo) {
    RecordOutbox outbox;
    outbox.add(key_of(1), kFirst);
    send(outbox, kStart);
    outbox.add(key_of(2), kFirst);
    outbox.remove(key_of(1));
    outbox.remove(key_of(2));
    EXPECT_TRUE(outbox.is_empty());
    EXPECT_EQ(outbox.deadline(), Instant::never());
}

TEST(RecordOutbox, WhatIsTooMuchWaitsForAcknowledgements) {
    RecordOutbox outbox;
    constexpr std::size_t kBytes = kRecordBytesInFlightMax / 4;
    for (std::uint16_t part = 0; part < 6; ++part) {
        outbox.add(key_of(part), kFirst);
    }
    EXPECT_EQ(send(outbox, kStart, kFirst, kBytes).size(), 4U);
    outbox.on_known(key_of(0), kFirst, kFirst, kStart);
    EXPECT_EQ(send(outbox, kStart, kFirst, kBytes), std::vector<RecordKey>{key_of(4)});
    outbox.remove(key_of(1));
    EXPECT_EQ(send(outbox, kStart, kFirst, kBytes), std::vector<RecordKey>{key_of(5)});
}

TEST(RecordOutbox, SendingAgainTakesNoMoreRoom) {
    RecordOutbox outbox;
    outbox.add(key_of(0), kFirst);
    outbox.add(key_of(1), kFirst);
    EXPECT_EQ(send(outbox, kStart, kFirst, kRecordBytesInFlightMax).size(), 1U);
    const Instant later = kStart + kRecordRetransmitInterval;
    EXPECT_EQ(outbox.deadline(), later);
    EXPECT_TRUE(outbox.take_overdue(later - 1ns).empty());
    ASSERT_EQ(outbox.take_overdue(later).size(), 1U);
    outbox.on_sent(key_of(0), kFirst, kRecordBytesInFlightMax, later);
    outbox.on_known(key_of(0), kFirst, kFirst, later);
    EXPECT_EQ(send(outbox, later).size(), 1U);
}

// Goal: over a link with a long way, nothing is sent twice for being slow.
TEST(RecordOutbox, PatienceFollowsTheTimeThatAcknowledgementsTake) {
    RecordOutbox outbox;
    Instant now = kStart;
    for (std::uint16_t part = 0; part < 20; ++part) {
        outbox.add(key_of(part), kFirst);
        send(outbox, now);
        now = now + 400ms;
        outbox.on_known(key_of(part), kFirst, kFirst, now);
    }
    outbox.add(key_of(99), kFirst);
    send(outbox, now);
    EXPECT_EQ(outbox.deadline(), now + 800ms);
}

TEST(RecordOutbox, WhatIsNeverAcknowledgedMakesRoomInTheEnd) {
    RecordOutbox outbox;
    outbox.add(key_of(0), kFirst);
    send(outbox, kStart);
    Instant now = kStart;
    int sends = 1;
    while (!outbox.is_empty()) {
        now = outbox.deadline();
        for (const RecordKey& key : outbox.take_overdue(now)) {
            outbox.on_sent(key, kFirst, 100, now);
            ++sends;
        }
    }
    EXPECT_EQ(sends, kRecordSendsMax);
    EXPECT_LT(now - kStart, 30s);
}

}  // namespace
}  // namespace kith::mesh
